"""`pip install mimica` brings neither torch nor Ray: whatever it pulls in, however deep, is looked through."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DEVELOPERS_ONLY = {
    "torch", "ray", "pyarrow", "pandas", "scipy", "numba", "moderngl", "mediapipe", "scenedetect-headless", "onnx",
    "opencv-python", "webdataset", "fastapi", "sqlalchemy",
}  # fmt: skip


PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pulled_in(*asked: str) -> dict[str, str]:
    """Every package that requirements bring, and who asks for it. Those that are not installed here end the walk."""
    found: dict[str, str] = {}
    waiting = [("mimica", line) for line in asked]
    seen: set[tuple[str, str]] = set()
    while waiting:
        who, line = waiting.pop()
        need = Requirement(line)
        name = canonicalize_name(need.name)
        found.setdefault(name, who)
        for extra in need.extras or {""}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                lines = PROJECT["optional-dependencies"][extra] if name == "mimica" else requires(name) or []
            except PackageNotFoundError:
                continue
            for each in lines:
                marker = Requirement(each).marker
                if marker is None or marker.evaluate({"extra": extra}):
                    waiting.append((name, each))
    return found


def test_a_users_installation_is_free_of_torch_and_ray() -> None:
    found = pulled_in(*PROJECT["dependencies"])
    assert {"numpy", "onnxruntime", "av", "cffi"} <= found.keys()  # the walk does walk: cryptography asks for the last
    assert not {name: who for name, who in found.items() if name in DEVELOPERS_ONLY}


def test_the_walk_would_find_them() -> None:
    extras = PROJECT["optional-dependencies"]
    assert pulled_in(*extras["dev"])["torch"] == "mimica"
    assert pulled_in(*extras["ray"])["ray"] == "mimica"
