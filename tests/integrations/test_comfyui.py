"""The ComfyUI nodes without ComfyUI: loaded as it loads them, asked what it asks, run on its tensors and folders."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import sys
import tomllib
import types
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mimica
from mimica.errors import ConsentError, ReceiptError, UsageError
from mimica.media import load_photo, open_video
from mimica.safety.consent import BASES

torch = pytest.importorskip("torch", reason="ComfyUI brings it; the extra `train` has it")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "integrations" / "comfyui"
DEMO = ROOT / "src" / "mimica" / "demo"
TAKEN = {
    "mimica.media": {"load_photo", "open_video"},
    "mimica.animation.controls": {"CONTROLS"},
    "mimica.cli.verify": {"lines"},
    "mimica.safety.consent": {"BASES", "PURPOSES"},
}
"""All that the nodes take from Mimica's rooms: nothing that renders, or writes pixels past the release."""
CALLED = {"animate", "edit", "verify", "Animator", "Progress"}


def load_as_comfyui_does(folder: Path) -> types.ModuleType:
    """The package at `folder`, under the name ComfyUI gives it: its path."""
    name = str(folder).replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def nodes() -> Iterator[dict[str, Any]]:
    package = load_as_comfyui_does(FOLDER)
    yield package.NODE_CLASS_MAPPINGS
    for name in [name for name in sys.modules if name.startswith(package.__name__)]:
        del sys.modules[name]


@pytest.fixture
def comfyui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ComfyUI's three folders in `tmp_path`, told as ComfyUI tells them; no place for temporary files but one."""
    host = types.ModuleType("folder_paths")
    for room in ("input", "output", "temp", "system"):
        (tmp_path / room).mkdir()
    host.get_directory_by_type = lambda room: str(tmp_path / room)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "folder_paths", host)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "system"))
    return tmp_path


def tensor(*pictures: NDArray[np.uint8]) -> Any:
    return torch.from_numpy(np.stack(pictures)).to(torch.float32) / 255


@pytest.fixture(scope="module")
def portrait() -> Any:
    return tensor(load_photo(DEMO / "portrait.jpg").image)


@pytest.fixture(scope="module")
def performance() -> list[NDArray[np.uint8]]:
    with open_video(DEMO / "driver.mp4") as video:
        return [frame.image for frame, _ in zip(video, range(6), strict=False)]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_comfyui_finds_what_it_looks_for(nodes: dict[str, Any]) -> None:
    package = sys.modules[str(FOLDER).replace(".", "_x_")]
    assert set(package.NODE_DISPLAY_NAME_MAPPINGS) == set(nodes)
    assert sorted(package.NODE_DISPLAY_NAME_MAPPINGS.values()) == [
        "Mimica: Animate Portrait", "Mimica: Edit Portrait", "Mimica: Verify",
    ]  # fmt: skip
    assert all(key.startswith("Mimica") for key in nodes)  # shared with every other package of nodes
    assert len(set(nodes.values())) == len(nodes)


@pytest.mark.parametrize("key", ["MimicaAnimatePortrait", "MimicaEditPortrait", "MimicaVerify"])
def test_a_node_says_what_comfyui_asks(nodes: dict[str, Any], key: str) -> None:
    node = nodes[key]
    assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES)
    assert set(node.RETURN_TYPES) <= {"IMAGE", "STRING", "FLOAT", "BOOLEAN"}
    assert node.CATEGORY == "Mimica"
    asked = node.INPUT_TYPES()
    assert set(asked) <= {"required", "optional"}
    assert json.loads(json.dumps(asked))  # that is how the page gets them
    inputs = {name: entry for group in asked.values() for name, entry in group.items()}
    for kind, *options in inputs.values():
        assert isinstance(kind, list) or kind in {"IMAGE", "STRING", "FLOAT"}
        for rule in options:
            if isinstance(kind, list):
                assert rule["default"] in kind
            elif kind == "FLOAT":
                assert rule["min"] <= rule["default"] <= rule["max"]
    parameters = inspect.signature(getattr(node(), node.FUNCTION)).parameters
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values()):
        assert set(inputs) <= set(parameters)
    for name in set(asked.get("optional", {})) & set(parameters):
        assert parameters[name].default is not parameters[name].empty, f"{name}: ComfyUI may leave it out"


def test_no_consent_is_no_default(nodes: dict[str, Any]) -> None:
    for key in ("MimicaAnimatePortrait", "MimicaEditPortrait"):
        bases, rule = nodes[key].INPUT_TYPES()["required"]["consent"]
        assert bases == ["choose…", *BASES]
        assert rule["default"] == "choose…"
        refused = nodes[key].VALIDATE_INPUTS("choose…")
        assert refused == f"consent: no basis was chosen, so nothing was computed; choose one of {', '.join(BASES)}"
        assert all(nodes[key].VALIDATE_INPUTS(basis) is True for basis in (*BASES, None))


def test_a_performance_as_pictures_becomes_a_released_video(
    nodes: dict[str, Any], comfyui: Path, portrait: Any, performance: list[NDArray[np.uint8]]
) -> None:
    node = nodes["MimicaAnimatePortrait"]()
    made = node.animate(
        portrait=portrait, consent="fictional", driving_frames=tensor(*performance), driving_fps=29.97002997
    )
    frames, path, fps = made["result"]
    assert Path(path) == comfyui / "output" / "mimica" / "portrait_00001.mp4"
    assert files(comfyui) == ["output/mimica/portrait_00001.mp4"]  # what was written for a while is gone
    assert made["ui"]["images"] == [{"filename": "portrait_00001.mp4", "subfolder": "mimica", "type": "output"}]
    assert fps == float(Fraction(30000, 1001))
    with open_video(path) as video:
        released = np.stack([frame.image for frame in video])
    assert frames.dtype == torch.float32
    assert frames.shape == (6, 512, 512, 3)
    assert np.array_equal(np.rint(frames.numpy() * 255), released)

    found = mimica.verify(path)
    assert found.marked
    assert found.mark.found
    assert found.manifest.state in ("valid", "trusted")
    assert found.registry is not None
    assert "file" in found.registry[0].found_by
    assert found.registry[0].job.started.consent["basis"] == "fictional"

    report, marked = nodes["MimicaVerify"]().verify(path=path)["result"]
    assert marked
    assert "marked as made by a machine" in report.splitlines()[0]
    assert "consent: fictional" in report


def test_a_video_is_found_in_the_input_folder_and_nowhere_else(
    nodes: dict[str, Any], comfyui: Path, portrait: Any, performance: list[NDArray[np.uint8]]
) -> None:
    node = nodes["MimicaAnimatePortrait"]
    pictures = sys.modules[f"{node.__module__.removesuffix('.nodes')}.pictures"]
    pictures.write_clip(tensor(*performance[:2]), 25, comfyui / "input" / "take.mp4", "frames")
    with open_video(comfyui / "input" / "take.mp4") as video:  # nothing is lost on the way to Mimica
        assert all(np.array_equal(frame.image, performance[frame.index]) for frame in video)
        assert video.info.rate == 25
    before = node.IS_CHANGED(driving_video="take.mp4", consent="fictional")
    made = node().animate(
        portrait=portrait, consent="fictional", driving_video="take.mp4", filename_prefix="take", label="always"
    )
    assert made["result"][0].shape[0] == 2
    assert files(comfyui) == ["input/take.mp4", "output/take_00001.mp4"]
    assert node.IS_CHANGED(driving_video="take.mp4") == before
    pictures.write_clip(tensor(*performance[:3]), 25, comfyui / "input" / "take.mp4", "frames")
    assert node.IS_CHANGED(driving_video="take.mp4") != before
    for outside in ("../secret.mp4", str(DEMO / "driver.mp4")):
        with pytest.raises(UsageError, match="lies outside ComfyUI's folders"):
            node().animate(portrait=portrait, consent="fictional", driving_video=outside)
    with pytest.raises(UsageError, match="leads out of"):
        node().animate(portrait=portrait, consent="fictional", driving_video="take.mp4", filename_prefix="../out")


def test_sliders_become_a_released_picture(nodes: dict[str, Any], comfyui: Path, portrait: Any) -> None:
    node = nodes["MimicaEditPortrait"]
    required = node.INPUT_TYPES()["required"]
    sliders = {name: rule["default"] for name, (kind, rule) in required.items() if kind == "FLOAT"}
    assert set(sliders.values()) == {0}  # the photo as it is
    image, path = node().edit(
        portrait=portrait.to(torch.float16),
        consent="fictional",
        **sliders | {"smile": 0.8, "yaw": 12.0},
        more="jaw-left=0.3",
    )["result"]
    assert files(comfyui) == ["output/mimica/edit_00001.png"]
    assert np.array_equal(np.rint(image.numpy()[0] * 255), load_photo(path).image)
    assert float((image - portrait).abs().max()) > 0.2
    found = mimica.verify(path)
    assert found.mark.found
    assert found.registry is not None
    assert found.registry[0].job.started.settings["edits"] == {"smile": 0.8, "yaw": 12.0, "jaw-left": 0.3}


def test_what_is_refused_is_one_line_and_leaves_no_file(
    nodes: dict[str, Any], comfyui: Path, portrait: Any, performance: list[NDArray[np.uint8]]
) -> None:
    animate, edit = nodes["MimicaAnimatePortrait"]().animate, nodes["MimicaEditPortrait"]().edit
    two, frames = tensor(*performance[:2]), tensor(*performance)
    nobody = tensor(np.full((240, 240, 3), 128, np.uint8))
    good: dict[str, Any] = {"portrait": portrait, "consent": "fictional"}
    for work, words, error, says in (
        (animate, good | {"consent": "choose…", "driving_frames": frames}, ConsentError, "choose one of self, receipt"),
        (edit, good | {"consent": "choose…", "smile": 1.0}, ConsentError, "choose one of self, receipt"),
        (animate, good, UsageError, "one of them"),
        (animate, good | {"driving_frames": frames, "driving_video": "take.mp4"}, UsageError, "one of them"),
        (animate, good | {"driving_frames": frames[:1]}, UsageError, "no performance"),
        (animate, good | {"driving_frames": frames, "driving_fps": 1e-6}, UsageError, "1 to 1000"),
        (animate, good | {"portrait": two, "driving_frames": frames}, UsageError, "2 pictures are connected"),
        (animate, good | {"portrait": portrait * float("nan"), "driving_frames": frames}, UsageError, "no numbers"),
        (animate, good | {"portrait": portrait[0], "driving_frames": frames}, UsageError, "no IMAGE"),
        (animate, good | {"consent": "receipt", "driving_frames": frames}, ConsentError, "needs the signed agreement"),
        (edit, good | {"consent": "receipt", "receipt": "ben.jws"}, ReceiptError, "does not exist"),
        (edit, good | {"more": "smile"}, UsageError, "NAME=NUMBER"),
        (edit, good | {"more": "smlie=1"}, UsageError, "smlie"),
        (edit, good | {"portrait": nobody}, mimica.NoFaceError, "no face"),
    ):
        with pytest.raises(error, match=says) as refused:
            work(**words)
        assert "\n" not in str(refused.value)
        assert refused.value.__cause__ is None
        assert files(comfyui) == []


def test_it_runs_outside_comfyui_into_a_given_folder(nodes: dict[str, Any], tmp_path: Path, portrait: Any) -> None:
    assert "folder_paths" not in sys.modules
    made = nodes["MimicaEditPortrait"]().edit(portrait=portrait, consent="fictional", smile=0.5, folder=tmp_path)
    assert files(tmp_path) == ["mimica/edit_00001.png"]
    assert made["ui"] == {}


def test_a_cancelled_run_leaves_no_file(
    nodes: dict[str, Any], comfyui: Path, portrait: Any, performance: list[NDArray[np.uint8]], monkeypatch: Any
) -> None:
    class Cancelled(Exception):
        pass

    told: list[tuple[int, int]] = []

    class ProgressBar:
        def __init__(self, total: int) -> None: ...
        def update_absolute(self, value: int, total: int) -> None:
            told.append((value, total))

    def throw_exception_if_processing_interrupted() -> None:
        if told:
            raise Cancelled

    for name, held in (("model_management", throw_exception_if_processing_interrupted), ("utils", ProgressBar)):
        module = types.ModuleType(f"comfy.{name}")
        setattr(module, held.__name__, held)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, "comfy", types.ModuleType("comfy"))
    with pytest.raises(Cancelled):
        nodes["MimicaAnimatePortrait"]().animate(
            portrait=portrait, consent="fictional", driving_frames=tensor(*performance)
        )
    assert len(told) == 1
    assert files(comfyui) == []


def test_nothing_but_the_release_is_within_reach() -> None:
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                assert all(name.name == "mimica" or not name.name.startswith("mimica") for name in node.names), where
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mimica"):
                assert {name.name for name in node.names} <= TAKEN.get(node.module or "", set()), where
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mimica":
                assert node.attr in CALLED or node.attr.endswith("Error"), where


def test_the_registry_reads_what_pip_installs() -> None:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == mimica.__version__
    assert project["project"]["dependencies"] == (FOLDER / "requirements.txt").read_text(encoding="utf-8").split()
    assert {"PublisherId", "DisplayName"} <= set(project["tool"]["comfy"])
