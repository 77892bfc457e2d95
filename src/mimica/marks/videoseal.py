"""VideoSeal (Meta, https://github.com/facebookresearch/videoseal, MIT; the 256-bit model) as `Marker` and `read_mark`.

    MIMICA_VIDEOSEAL=/path/to/y_256b_img.jit python …
    videoseal = engine("videoseal")

The model is one TorchScript file, which its authors publish and the user downloads; only torch is needed to run it. Its
256 bits carry four copies of the id's BCH(63, 16) word under fixed random signs, read softly, so that whichever way the
network leans on pictures without mark points nowhere among the words; `evidence` then decides as for Mimica's own mark.
"""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.safety.mark.codec import CODE_BITS, MARK_ID_BITS, decode, encode, evidence
from mimica.safety.mark.detector import MIN_CERTAINTY, THRESHOLD
from mimica.safety.mark.reading import MarkReading

VARIABLE: Final = "MIMICA_VIDEOSEAL"
BITS: Final = 256
MAX_FRAMES: Final = 16
REMEDY: Final = f"download y_256b_img.jit from its authors, set {VARIABLE} to the file, and pip install torch"


class Marker:
    """Writes one id with VideoSeal; each frame by itself, so that any frame alone can be read.

    mark_id: 0..65535. Raises UsageError when it is outside, or torch or the model is missing.
    """

    def __init__(self, mark_id: int) -> None:
        self._message = message(mark_id)
        self.mark_id = int(mark_id)
        self._model = model()

    def mark(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A marked copy of `frame` (H, W, 3) uint8 RGB."""
        torch = import_module("torch")
        with torch.no_grad():
            marked = self._model.embed(_tensor([frame]), torch.from_numpy(self._message[None]), is_video=False)
        levels = np.asarray(marked[0].permute(1, 2, 0).cpu().numpy(), np.float32) * 255
        return np.rint(np.clip(levels, 0, 255)).astype(np.uint8)


def read_mark(frames: Iterable[NDArray[np.uint8]]) -> MarkReading:
    """Look for an id that a `Marker` of this module wrote; frames: (H, W, 3) uint8 RGB each, of one clip.

    The model's answers are averaged over the frames. confidence as `safety.mark.read_mark` gives it. Raises UsageError
    as `Marker`.
    """
    answers: list[NDArray[np.float32]] = []
    reader = model()
    torch = import_module("torch")
    for frame in frames:
        if len(answers) == MAX_FRAMES:
            break
        with torch.no_grad():
            told = np.asarray(reader.detect(_tensor([frame]), is_video=False).cpu().numpy(), np.float32)
        answers.append(told.reshape(told.shape[1], -1).mean(axis=1)[1:])  # the first tells a mask, which is not used
    if not answers or any(len(answer) != BITS for answer in answers):
        return MarkReading(found=False, mark_id=None, confidence=0.0, frames=len(answers))
    soft = np.mean(answers, axis=0) * _signs()
    decoded = decode(np.asarray(np.bincount(np.arange(BITS) % CODE_BITS, soft, CODE_BITS), np.float64))
    weight = evidence(decoded.correlation, CODE_BITS) - MARK_ID_BITS * math.log(2)
    if weight < THRESHOLD or decoded.certainty < MIN_CERTAINTY:
        confidence = 0.499 * min(max(weight / THRESHOLD, 0.0), 1.0)
        return MarkReading(found=False, mark_id=None, confidence=confidence, frames=len(answers))
    return MarkReading(True, decoded.mark_id, 1.0 - 0.5 * math.exp((THRESHOLD - weight) / 30), len(answers))


def message(mark_id: int) -> NDArray[np.float32]:
    """The 256 bits for an id, float32 of 0 and 1. Raises UsageError for what is no id."""
    word = encode(mark_id)[np.arange(BITS) % CODE_BITS]
    return (word * _signs() > 0).astype(np.float32)


@cache
def _signs() -> NDArray[np.float32]:
    drawn = np.frombuffer(hashlib.shake_256(b"mimica videoseal 1").digest(BITS // 8), np.uint8)
    return np.unpackbits(drawn).astype(np.float32) * 2 - 1


@cache
def model() -> Any:
    """The TorchScript model that the environment names. Raises UsageError."""
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        raise UsageError(f"mark 'videoseal': no model is named; {REMEDY}")
    try:
        torch = import_module("torch")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch would like another format than theirs
            loaded = torch.jit.load(str(Path(named).expanduser()), map_location="cpu").eval()
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        cause = " ".join(str(error).split())[:200]
        raise UsageError(f"mark 'videoseal': {named} cannot be loaded ({cause}); {REMEDY}") from error
    missing = [name for name in ("embed", "detect") if not hasattr(loaded, name)]
    if missing:
        raise UsageError(f"mark 'videoseal': {named} has no {' and no '.join(missing)}; {REMEDY}")
    return loaded


def _tensor(frames: list[NDArray[np.uint8]]) -> Any:
    """(F, 3, H, W) float32, 0..1."""
    pictures = np.stack(frames).astype(np.float32).transpose(0, 3, 1, 2) / 255
    return import_module("torch").from_numpy(np.ascontiguousarray(pictures))
