"""The three nodes. Each makes files of what is connected, calls Mimica's public API, and reads the finished file back.

So what a workflow goes on with is what was released: looked at by the gate, labelled, marked, signed and on record.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import mimica
from mimica.animation.controls import CONTROLS
from mimica.cli.verify import lines
from mimica.safety.consent import BASES, PURPOSES

from . import host, pictures

UNCHOSEN: Final = "choose…"
SLIDERS: Final = (
    "smile", "frown", "pout", "open-mouth", "blink", "raise-brows", "lower-brows", "surprise", "gaze-x", "gaze-y",
    "yaw", "pitch", "roll",
)  # fmt: skip
"""Controls of `mimica edit` that are sliders of the node; `more` takes all the others."""

Made = TypeVar("Made")


def in_one_line(work: Callable[..., Made]) -> Callable[..., Made]:
    """Tell what Mimica refuses in one line, without the places in the code where it was found out."""

    @wraps(work)
    def wrapped(*words: Any, **named: Any) -> Made:
        try:
            return work(*words, **named)
        except mimica.MimicaError as error:
            raise type(error)(" ".join(str(error).split())) from None

    return wrapped


def chosen(consent: str) -> str:
    """The basis that a person chose. Raises ConsentError for the entry that stands there first."""
    if consent not in BASES:
        raise mimica.ConsentError(
            f"consent: no basis was chosen, so nothing was computed; choose one of {', '.join(BASES)}"
        )
    return consent


def refusal(consent: str | None) -> bool | str:
    """ComfyUI's question before anything runs: True, or why not. None: another node will say."""
    try:
        return consent is None or bool(chosen(consent))
    except mimica.ConsentError as error:
        return str(error)


@cache
def animator() -> mimica.Animator:
    """The networks, loaded once for all nodes."""
    return mimica.Animator.load()


def consent_inputs() -> dict[str, Any]:
    """Whose word, which every node that makes something requires."""
    words = "\n".join(f"{basis.name}: {basis.asserts}" for basis in BASES.values())
    return {
        "consent": ([UNCHOSEN, *BASES], {"default": UNCHOSEN, "tooltip": f"On whose word? It goes on record.\n{words}"})
    }


def agreement_inputs() -> dict[str, Any]:
    """What a basis may need besides."""
    return {
        "receipt": ("STRING", {"default": "", "tooltip": "The signed agreement (receipt) or licence: a file's path."}),
        "purpose": (list(PURPOSES), {"default": "personal", "tooltip": "A receipt may allow some only."}),
    }  # fmt: skip


def number(default: float, low: float, high: float, words: str, step: float = 0.05) -> tuple[str, dict[str, Any]]:
    return "FLOAT", {"default": default, "min": low, "max": high, "step": step, "tooltip": words}


def state_of(*names: str | None) -> tuple[tuple[str, int, int], ...]:
    """Changes when one of the files does: ComfyUI then runs the node again though its inputs are the same."""
    found: list[tuple[str, int, int]] = []
    for name in filter(None, names):
        try:
            stat = host.find(name, "file").stat()
        except (mimica.UsageError, OSError):
            continue  # told by the run itself
        found.append((name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


class AnimatePortrait:
    """One picture and a performance in, a signed video out."""

    CATEGORY = "Mimica"
    DESCRIPTION = "The portrait performs what the actor does. The video is labelled, marked and signed."
    FUNCTION = "animate"
    RETURN_TYPES = ("IMAGE", "STRING", "FLOAT")
    RETURN_NAMES = ("frames", "video_path", "fps")
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        seen = 'When "AI" is seen in the picture: in the first seconds and after cuts, or always.'
        driver = "A video in ComfyUI's input folder, by its name. Or connect driving_frames."
        return {
            "required": {"portrait": ("IMAGE", {"tooltip": "One picture."}), **consent_inputs()},
            "optional": {
                "driving_video": ("STRING", {"default": "", "tooltip": driver}),
                "driving_frames": ("IMAGE", {"tooltip": "The actor's frames, in place of a video; no sound."}),
                "driving_fps": number(25, 1, 240, "Frames a second of driving_frames.", 0.001),
                "expression": number(1, 0, 2, "How much of the actor's expression; 0 keeps the photo's own."),
                "pose": number(1, 0, 2, "How much of the head's motion; 0 holds it still."),
                "gaze": number(1, 0, 2, "How much of the eyes' motion; 0 keeps the photo's own."),
                "label": (["start", "always"], {"default": "start", "tooltip": seen}),
                **agreement_inputs(),
                "filename_prefix": ("STRING", {"default": "mimica/portrait"}),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, consent: str | None) -> bool | str:
        return refusal(consent)

    @classmethod
    def IS_CHANGED(cls, driving_video: str | None = "", receipt: str | None = "", **_: Any) -> object:
        return state_of(driving_video, receipt)

    @in_one_line
    def animate(
        self, portrait: Any, consent: str, driving_video: str = "", driving_frames: Any = None,
        driving_fps: float = 25.0, expression: float = 1.0, pose: float = 1.0, gaze: float = 1.0, label: str = "start",
        receipt: str = "", purpose: str = "personal", filename_prefix: str = "mimica/portrait",
        folder: Path | str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """frames as released, the video's path, frames a second. `folder`: where to, outside ComfyUI."""
        basis = chosen(consent)
        if bool(driving_video.strip()) == (driving_frames is not None):
            raise mimica.UsageError("driver: give either driving_video or driving_frames, one of them")
        with tempfile.TemporaryDirectory(prefix="mimica-comfyui-") as inputs:
            photo, driver = Path(inputs) / "portrait.png", Path(inputs) / "driver.mp4"
            pictures.write_photo(portrait, photo, "portrait")
            if driving_frames is None:
                driver = host.find(driving_video, "driving_video")
            else:
                pictures.write_clip(driving_frames, driving_fps, driver, "driving_frames")
            report = mimica.animate(
                photo, driver, host.new_output(filename_prefix, ".mp4", folder), consent=basis,
                receipt=receipt_file(receipt), purpose=purpose, expression=expression, pose=pose, gaze=gaze,
                label=label, overwrite=False, animator=animator(), progress=host.progress_bar(),
            )  # fmt: skip
        frames, fps = pictures.read_clip(report.out, report.frames)
        return {"ui": host.shown(report.out, moving=True), "result": (frames, str(report.out), fps)}


class EditPortrait:
    """One picture and sliders in, a signed picture out."""

    CATEGORY = "Mimica"
    DESCRIPTION = "Changes expression, gaze and pose of one face. The picture is labelled, marked and signed."
    FUNCTION = "edit"
    RETURN_TYPES = ("IMAGE", "STRING")
    RETURN_NAMES = ("image", "image_path")
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        sliders = {
            name.replace("-", "_"): number(0, control.low, control.high, control.words, 0.5 if control.unit else 0.05)
            for name, control in ((name, CONTROLS[name]) for name in SLIDERS)
        }
        more = "Further names of `mimica edit --list`: jaw-left=0.3, mouth-funnel=0.5"
        return {
            "required": {"portrait": ("IMAGE", {"tooltip": "One picture."}), **consent_inputs(), **sliders},
            "optional": {
                "more": ("STRING", {"default": "", "tooltip": more}),
                **agreement_inputs(),
                "filename_prefix": ("STRING", {"default": "mimica/edit"}),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, consent: str | None) -> bool | str:
        return refusal(consent)

    @classmethod
    def IS_CHANGED(cls, receipt: str | None = "", **_: Any) -> object:
        return state_of(receipt)

    @in_one_line
    def edit(
        self, portrait: Any, consent: str, more: str = "", receipt: str = "", purpose: str = "personal",
        filename_prefix: str = "mimica/edit", folder: Path | str | None = None, **sliders: float,
    ) -> dict[str, Any]:  # fmt: skip
        """The picture as released, and its path. `sliders`: by the names in SLIDERS, - written as _."""
        basis = chosen(consent)
        edits = {name.replace("_", "-"): value for name, value in sliders.items() if value} | named_values(more)
        with tempfile.TemporaryDirectory(prefix="mimica-comfyui-") as inputs:
            photo = Path(inputs) / "portrait.png"
            pictures.write_photo(portrait, photo, "portrait")
            report = mimica.edit(
                photo, host.new_output(filename_prefix, ".png", folder), consent=basis, edits=edits,
                receipt=receipt_file(receipt), purpose=purpose, overwrite=False, animator=animator(),
            )  # fmt: skip
        return {"ui": host.shown(report.out), "result": (pictures.read_photo(report.out), str(report.out))}


class Verify:
    """A file in, what it says of itself out."""

    CATEGORY = "Mimica"
    DESCRIPTION = "Reads manifest, invisible mark, ledger row and tags of any picture or video."
    FUNCTION = "verify"
    RETURN_TYPES = ("STRING", "BOOLEAN")
    RETURN_NAMES = ("report", "marked")
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        words = "A file in ComfyUI's output folder, or the whole path that another node gives."
        return {"required": {"path": ("STRING", {"default": "", "tooltip": words})}}

    @classmethod
    def IS_CHANGED(cls, **_: Any) -> object:
        return float("nan")  # never the same: the ledger counts too

    @in_one_line
    def verify(self, path: str) -> dict[str, Any]:
        """The report that `mimica verify` prints, and whether a layer that proves something says: by a machine."""
        found = mimica.verify(host.find(path, "path", room="output"))
        report = "\n".join(lines(found))
        return {"ui": {"text": [report]}, "result": (report, found.marked)}


def receipt_file(name: str) -> Path | None:
    return host.find(name, "receipt") if name.strip() else None


def named_values(more: str) -> dict[str, float]:
    """`jaw-left=0.3, mouth-funnel=0.5` as numbers by name. Raises UsageError for anything else."""
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in more.replace("\n", ",").split(","))):
        name, _, value = part.partition("=")
        try:
            values[name.strip()] = float(value)
        except ValueError:
            raise mimica.UsageError(f"more {part}: is not NAME=NUMBER; write as in jaw-left=0.3") from None
    return values
