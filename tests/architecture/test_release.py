"""Nothing leaves but through ``safety/release.py``: proven from the syntax trees, import by import and call by call."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import get_type_hints

import pytest
from sources import imports, room, trees

from mimica.safety.consent import ConsentRecord
from mimica.safety.face_chart import save_face_chart
from mimica.safety.job import ReleaseTerms
from mimica.safety.release import FrameRelease, VideoRelease, release_image
from mimica.safety.signer import ProvenanceSigner
from mimica.safety.stream import StreamRelease

WRITERS = {"mimica.media.video_writer", "mimica.media.image_writer"}
WRITER_NAMES = {"VideoWriter", "save_image", "picture_bytes"}

MAY_WRITE = {
    "safety/release.py": "the way out",
    "safety/stream.py": "the way out of pictures that become no file",
    "safety/face_chart.py": "a photo as its file has it, faces numbered; it takes a path, never pixels",
    "media/__init__.py": "names them, lazily, for the tests' own clips",
    "safety/verify.py": "reads tags with image_writer.read_metadata",
    "curation/shards.py": "crops of consented films for training, as they are; nothing is animated",
    "evaluation/benchmark_writer.py": "renders of people who do not exist, as truth to measure against",
}
"""Who may name a writer at all, and why."""

MAY_RENDER = {
    "animation/take.py": "makes them",
    "animation/animator.py": "hands them to the release",
    "animation/film.py": "hands them to the release",
    "evaluation/systems/mimica_system.py": "measures frames as they are; its films leave through the release",
}
"""Who may touch frames that are not released, and why."""

MAY_EDIT = {
    "animation/edit.py": "makes them",
    "animation/still.py": "hands them to the release",
    "service/studio.py": "hands them to a stream's release",
}
"""Who may touch edited stills that are not released, and why; previews go through safety.stream."""

MAY_OPEN_FOR_WRITING = {"media/video_writer.py"}
MAY_ENCODE = {
    "safety/film_preview.py": "small pictures while a film is made: gated, labelled, marked; of the release only",
    "synthesis/encoding.py": "training pictures of nobody into shards",
    "training/finder_styles.py": "JPEG damage as augmentation, decoded at once",
    "evaluation/report_strips.py": "stills of released videos, label and mark included, for the report",
    "evaluation/safety_rates.py": "JPEG damage whose effect is measured, decoded at once",
}
MAY_START = {
    "animation/batch.py": {"multiprocessing"},
    "service/supervisor.py": {"subprocess"},
    "service/desk.py": {"subprocess"},
}
"""Python processes that run `animate`, the way out, and nothing else: see the tests of the batch and the service."""

RECORDERS = {
    "imageio",
    "imageio_ffmpeg",
    "moviepy",
    "skvideo",
    "vidgear",
    "ffmpeg",
    "ffmpegcv",
    "torchvision",
    "decord",
}


def attribute_calls(path: str) -> list[ast.Call]:
    nodes = ast.walk(trees()[path])
    return [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]


def names(path: str) -> set[str]:
    """Every name that a module imports or uses as an attribute, and every text in it that is an identifier."""
    found: set[str] = set()
    for node in ast.walk(trees()[path]):
        if isinstance(node, ast.alias):
            found.add(node.name.split(".")[-1])
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)  # getattr(media, "VideoWriter")
    return found


@pytest.mark.parametrize("path", sorted(trees()))
def test_only_the_release_names_a_writer(path: str) -> None:
    if path in MAY_WRITE or path in {"media/video_writer.py", "media/image_writer.py"}:
        return
    assert not [f"{path}:{line}" for name, line in imports(path) if name in WRITERS]
    assert not names(path) & WRITER_NAMES


@pytest.mark.parametrize("path", sorted(trees()))
def test_only_takes_their_release_and_their_measurement_touch_unreleased_frames(path: str) -> None:
    assert "unreleased_frames" not in names(path) or path in MAY_RENDER


@pytest.mark.parametrize("path", sorted(trees()))
def test_only_their_release_touches_unreleased_stills(path: str) -> None:
    assert "edit_still" not in names(path) or path in MAY_EDIT


@pytest.mark.parametrize("path", sorted(MAY_WRITE))
def test_no_exception_has_outlived_its_reason(path: str) -> None:
    assert {name for name, _ in imports(path)} & WRITERS or names(path) & WRITER_NAMES


@pytest.mark.parametrize("path", sorted(trees()))
def test_no_other_code_opens_a_video_for_writing(path: str) -> None:
    for call in attribute_calls(path):
        assert isinstance(call.func, ast.Attribute)
        owner = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
        if (owner, call.func.attr) == ("av", "open"):
            mode = (
                next((word.value for word in call.keywords if word.arg == "mode"), None)
                or (call.args[1:2] or [None])[0]
            )
            reads = mode is None or (isinstance(mode, ast.Constant) and mode.value == "r")
            assert reads or path in MAY_OPEN_FOR_WRITING, f"{path}:{call.lineno} opens a container for writing"


@pytest.mark.parametrize("path", sorted(trees()))
def test_no_picture_or_video_is_encoded_elsewhere(path: str) -> None:
    used = names(path)
    assert not used & {"imwrite", "imwritemulti", "VideoWriter_fourcc"}, path
    assert not (used & {"imencode", "imencodemulti"} and path not in MAY_ENCODE), path
    assert not [name for name, _ in imports(path) if name.split(".")[0] in RECORDERS]
    users = {"animation", "cli", "faces", "runtime", "safety", "service", "core", ""}
    if room(path) in users:  # no program is started that could write one
        starters = {"subprocess", "multiprocessing"} - MAY_START.get(path, set())
        assert not [name for name, _ in imports(path) if name.split(".")[0] in starters]


def test_the_batch_starts_nothing_but_animate() -> None:
    submitted = [call.args[0] for call in attribute_calls("animation/batch.py") if _method(call) == "submit"]
    assert [argument.id for argument in submitted if isinstance(argument, ast.Name)] == ["make_job", "make_job"]
    assert len(submitted) == 2
    assert "Process" not in names("animation/batch.py")
    assert "animate" in names("animation/batch.py")


@pytest.mark.parametrize(("path", "module"), [("service/supervisor.py", "worker"), ("service/desk.py", "answers")])
def test_the_service_starts_nothing_but_its_own_processes(path: str, module: str) -> None:
    started = [call for call in attribute_calls(path) if _method(call) in {"Popen", "run", "call", "check_output"}]
    assert len(started) == 1
    assert ast.unparse(started[0].args[0]) == "[sys.executable, '-c', code]"
    codes = [
        node.value
        for node in ast.walk(trees()[path])
        if isinstance(node, ast.Assign) and "code" in ast.unparse(node.targets[0])
    ]
    assert [ast.unparse(code) for code in codes] == [
        f"f'import sys; sys.path[:] = {{sys.path!r}}; from mimica.service.{module} import main; main()'"
    ]


def test_the_services_work_is_animate() -> None:
    assert "animate" in names("service/work.py")
    assert not {name for name, _ in imports("service/work.py")} & WRITERS


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def test_the_release_takes_consent_and_a_signer_by_type() -> None:
    hints = get_type_hints(ReleaseTerms)
    assert hints["consent"] is ConsentRecord
    assert hints["signer"] is ProvenanceSigner
    for way_out in (FrameRelease.__init__, VideoRelease.__init__, StreamRelease.__init__, release_image):
        terms = inspect.signature(way_out).parameters["terms"]
        assert terms.default is inspect.Parameter.empty
        assert get_type_hints(way_out)["terms"] is ReleaseTerms


def test_the_terms_have_no_default_for_what_protects() -> None:
    required = [
        name for name, parameter in inspect.signature(ReleaseTerms).parameters.items()
        if parameter.default is inspect.Parameter.empty
    ]  # fmt: skip
    assert required == ["consent", "signer", "gate"]


def test_the_chart_of_faces_takes_a_file_and_no_pixels() -> None:
    hints = get_type_hints(save_face_chart)
    assert hints["photo"] is Path
    assert list(inspect.signature(save_face_chart).parameters) == ["photo", "boxes", "out"]
    writes = [call for call in ast.walk(trees()["safety/face_chart.py"]) if isinstance(call, ast.Call)]
    saved = [call for call in writes if isinstance(call.func, ast.Name) and call.func.id == "save_image"]
    assert [ast.unparse(call.args[1]) for call in saved] == ["drawn_chart(load_photo(photo).image, boxes)"]
