"""TrustMark (Bui, Agarwal and Collomosse, ICCV 2025; package ``trustmark``, MIT) as `Marker` and `read_mark`.

    from mimica.safety.mark import engine
    trustmark = engine("trustmark")

Of its 61 bits (variant Q, BCH_5) 16 hold the id and 45 a check that belongs to it: TrustMark's own code accepts about
one unmarked picture in thirty. Its weights are fetched by the package when it is first used; here that is forbidden, so
the user does it once, see `REMEDY`. This module does not know torch.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mimica.errors import UsageError
from mimica.safety.mark.codec import MARK_ID_BITS, encode
from mimica.safety.mark.reading import MarkReading

BITS: Final = 61
"""Payload of TrustMark's encoding BCH_5, the package's default."""
CHECK_BITS: Final = BITS - MARK_ID_BITS
MAX_FRAMES: Final = 16
REMEDY: Final = (
    "pip install trustmark, then fetch its weights by your own word: "
    "python -c 'from trustmark import TrustMark; TrustMark(loadRemover=False)'"
)


class Marker:
    """Writes one id with TrustMark; frame by frame.

    mark_id: 0..65535. Raises UsageError when it is outside, or the package or its weights are missing.
    """

    def __init__(self, mark_id: int) -> None:
        encode(mark_id)  # refuses what is no id
        self.mark_id = int(mark_id)
        self._secret = payload(self.mark_id)
        self._network = network()

    def mark(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A marked copy of `frame` (H, W, 3) uint8 RGB."""
        with redirect_stdout(io.StringIO()):
            marked = self._network.encode(Image.fromarray(np.ascontiguousarray(frame)), self._secret, MODE="binary")
        return np.asarray(marked.convert("RGB"), np.uint8)


def read_mark(frames: Iterable[NDArray[np.uint8]]) -> MarkReading:
    """Look for an id that a `Marker` of this module wrote; frames: (H, W, 3) uint8 RGB each, of one clip.

    confidence: 0.5 to 1, by the share of frames that hold the id. Raises UsageError as `Marker`.
    """
    reader = network()
    votes: dict[int, int] = {}
    read = 0
    for frame in frames:
        if read == MAX_FRAMES:
            break
        read += 1
        with redirect_stdout(io.StringIO()):
            secret, detected, _ = reader.decode(Image.fromarray(np.ascontiguousarray(frame)), MODE="binary")
        mark_id = checked_id(str(secret)) if detected else None
        if mark_id is not None:
            votes[mark_id] = votes.get(mark_id, 0) + 1
    if not votes:
        return MarkReading(found=False, mark_id=None, confidence=0.0, frames=read)
    best = max(votes, key=lambda mark_id: votes[mark_id])
    return MarkReading(True, best, 0.5 + 0.5 * votes[best] / read, read)


def payload(mark_id: int) -> str:
    """The 61 bits for an id, as text of 0 and 1: the id, highest bit first, and its check."""
    return f"{mark_id:0{MARK_ID_BITS}b}{_check(mark_id)}"


def checked_id(secret: str) -> int | None:
    """The id that 61 bits hold, None when its check does not fit."""
    if len(secret) != BITS or set(secret) - {"0", "1"}:
        return None
    mark_id = int(secret[:MARK_ID_BITS], 2)
    return mark_id if secret[MARK_ID_BITS:] == _check(mark_id) else None


def _check(mark_id: int) -> str:
    digest = hashlib.sha256(f"mimica trustmark 1: {mark_id}".encode()).digest()
    return f"{int.from_bytes(digest[:8], 'big'):064b}"[:CHECK_BITS]


@cache
def network() -> Any:
    """The package's object, made from weights that are there. Raises UsageError."""
    try:
        package = import_module("trustmark")
        checksums: dict[str, str] = import_module("trustmark.trustmark").MODEL_CHECKSUMS
    except (ImportError, AttributeError) as error:
        raise UsageError(f"mark 'trustmark': cannot be loaded ({error}); {REMEDY}") from error

    class Offline(package.TrustMark):
        """The package's class, which fetches what is missing, made to refuse that."""

        def check_and_download(self, filename: str) -> None:
            content = Path(filename).read_bytes()
            if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksums.get(Path(filename).name):
                raise ValueError(f"{filename} is not the file that the package expects")

    try:
        with redirect_stdout(io.StringIO()):
            made = Offline(verbose=False, model_type="Q", loadRemover=False)
    except (OSError, ValueError, RuntimeError, AssertionError, TypeError) as error:
        raise UsageError(f"mark 'trustmark': cannot be loaded ({' '.join(str(error).split())}); {REMEDY}") from error
    if made.encoder is None or made.decoder is None:
        raise UsageError(f"mark 'trustmark': its weights are not there, or not those it expects; {REMEDY}")
    return made
