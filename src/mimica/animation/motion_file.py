"""Motion files: what a driver does, saved to be used again without its pixels (docs/adr/0017-motion-files.md).

A NumPy archive without pickles: one array a quantity, times as whole numbers, and a JSON text that says what it is.
Such files come from strangers: nothing of one is believed, and no more of it is read than its kind may hold. This
module does not know videos.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mimica import __version__
from mimica.animation.driver import Driver
from mimica.animation.shots import measure_shots
from mimica.core.motion import EXPRESSION_NAMES, MotionTrack
from mimica.errors import UnreadableMediaError
from mimica.media.limits import read_limits
from mimica.media.unfinished_file import UnfinishedFile, output_error

SCHEMA: Final = "mimica.motion"
VERSION: Final = 1
LARGEST_ABOUT_BYTES: Final = 1_000_000
_ZIP: Final = b"PK"
"""How every NumPy archive begins."""
_HEADER_BYTES: Final = 4096
"""Room for a NumPy array's own header."""

_FLOATS: Final[dict[str, tuple[tuple[int, ...], float, float]]] = {
    "expression": ((len(EXPRESSION_NAMES),), -4, 4),
    "angles_deg": ((3,), -360, 360),
    "position": ((2,), -1e6, 1e6),
    "scale": ((), 1e-6, 1e6),
    "gaze_deg": ((2, 2), -180, 180),
    "confidence": ((), 0, 1),
}
"""Of each array: shape of a frame, least and largest value."""
_WHOLE: Final = ("times", "durations")
"""(T, 2) int64: numerator and denominator of seconds; an unknown duration is 0/0."""


@dataclass(frozen=True, slots=True)
class MotionAbout:
    """What a motion file says of itself.

    source_sha256: of the file the motion was read from. weights: network → sha256 of what read it, none for motion that
    was measured elsewhere. mimica: version that wrote it.
    """

    source_sha256: str
    weights: Mapping[str, str] = field(default_factory=dict[str, str])
    mimica: str = __version__


def save_motion(path: Path, driver: Driver, about: MotionAbout) -> None:
    """Write a motion file; the same driver gives the same bytes. Raises OutputError."""
    track = driver.track
    cuts = [shot.start for shot in driver.shots if shot.start > 0]
    text = {
        "schema": SCHEMA, "version": VERSION, "mimica": about.mimica, "frames": len(driver),
        "expression_names": list(EXPRESSION_NAMES), "source_sha256": about.source_sha256,
        "weights": dict(about.weights), "rate": _written(driver.rate), "time_base": _written(driver.time_base),
        "cuts": cuts, "notes": list(driver.notes),
    }  # fmt: skip
    arrays: dict[str, NDArray[Any]] = {
        "about": np.frombuffer(json.dumps(text).encode(), np.uint8),
        **{name: getattr(track, name).astype("<f4") for name in _FLOATS},
        "times": np.array([time.as_integer_ratio() for time in driver.times], "<i8"),
        "durations": np.array([(0, 0) if d is None else d.as_integer_ratio() for d in driver.durations], "<i8"),
    }
    unfinished = UnfinishedFile(path)
    try:
        with zipfile.ZipFile(unfinished.path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, values in arrays.items():
                stream = io.BytesIO()
                np.lib.format.write_array(stream, values, version=(1, 0), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), stream.getvalue(), zipfile.ZIP_DEFLATED)
        unfinished.finish()
    except OSError as error:
        unfinished.discard()
        raise output_error(path, error) from error
    except BaseException:
        unfinished.discard()
        raise


def load_motion(path: Path) -> tuple[Driver, MotionAbout]:
    """Read a motion file: the driver, mute, and what the file says of itself.

    Raises:
        UnreadableMediaError: it is none, or damaged, or its numbers make no sense, or it is longer than a video may be.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) != _ZIP:
                raise UnreadableMediaError(
                    f"motion file {path}: is none; give what `mimica motion extract VIDEO -o motion.npz` writes"
                )
            with zipfile.ZipFile(file) as archive:
                return _read(archive)
    except _Wrong as wrong:
        raise UnreadableMediaError(f"motion file {path}: {wrong}; extract it again: mimica motion extract") from wrong
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError) as error:
        raise UnreadableMediaError(
            f"motion file {path}: cannot be read ({' '.join(str(error).split()) or type(error).__name__}); extract it "
            f"again: mimica motion extract"
        ) from error


class _Wrong(Exception):
    """Why a file is refused."""


def _read(archive: zipfile.ZipFile) -> tuple[Driver, MotionAbout]:
    wanted = {f"{name}.npy" for name in ("about", *_FLOATS, *_WHOLE)}
    if sorted(archive.namelist()) != sorted(wanted):
        raise _Wrong("does not hold what a motion file holds")
    about = _about(_array(archive, "about", "|u1", None).tobytes())
    count: int = about["frames"]
    floats = {name: _values(archive, name, count) for name in _FLOATS}
    times = [_fraction(*pair) for pair in _array(archive, "times", "<i8", (count, 2)).tolist()]
    durations = [
        None if pair == [0, 0] else _fraction(*pair)
        for pair in _array(archive, "durations", "<i8", (count, 2)).tolist()
    ]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise _Wrong("its times do not increase")
    if times[-1] > read_limits().video_s:
        raise _Wrong("it is longer than a video may be")
    track = MotionTrack(**floats)
    rest, shots = measure_shots(track, np.array([float(time) for time in times]), about["cuts"])
    driver = Driver(
        track, rest, tuple(times), tuple(durations), tuple(about["notes"]), shots, about["rate"], about["time_base"]
    )
    return driver, MotionAbout(about["source_sha256"], about["weights"], about["mimica"])


def _array(archive: zipfile.ZipFile, name: str, kind: str, shape: tuple[int, ...] | None) -> NDArray[Any]:
    """One member, (n,) when `shape` is None; its bytes are counted before they become an array."""
    most = LARGEST_ABOUT_BYTES if shape is None else math.prod(shape) * np.dtype(kind).itemsize
    with archive.open(f"{name}.npy") as member:
        data = member.read(most + _HEADER_BYTES + 1)
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise _Wrong(f"{name} is no array of the kind we write")
    found, column_major, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=_HEADER_BYTES)
    body = data[stream.tell() :]
    if dtype != np.dtype(kind) or column_major or (found != shape if shape is not None else len(found) != 1):
        raise _Wrong(f"{name} has shape {found} and type {dtype}, which is wrong")
    if len(body) != math.prod(found) * dtype.itemsize:
        raise _Wrong(f"{name} holds more or less than it says")
    return np.frombuffer(body, dtype).reshape(found)


def _values(archive: zipfile.ZipFile, name: str, count: int) -> NDArray[np.float32]:
    shape, least, largest = _FLOATS[name]
    values = _array(archive, name, "<f4", (count, *shape)).astype(np.float32)
    if not bool(np.all((values >= np.float32(least)) & (values <= np.float32(largest)))):  # false for NaN too
        raise _Wrong(f"{name} has values that are no numbers or beyond {least:g} to {largest:g}")
    return values


def _fraction(numerator: int, denominator: int) -> Fraction:
    if numerator < 0 or denominator <= 0:
        raise _Wrong("a time is below zero or no number")
    return Fraction(numerator, denominator)


def _about(data: bytes) -> dict[str, Any]:
    """The JSON text with every field checked, rates as fractions."""
    try:
        text = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _Wrong("does not say what it is") from error
    if not isinstance(text, dict) or text.get("schema") != SCHEMA:
        raise _Wrong("does not say that it is a motion file")
    if text.get("version") != VERSION:
        raise _Wrong(f"is of version {text.get('version')!r}, this Mimica reads {VERSION}; update Mimica")
    if text.get("expression_names") != list(EXPRESSION_NAMES):
        raise _Wrong("names other expressions than this Mimica knows")
    count, cuts, notes, weights = (text.get(key) for key in ("frames", "cuts", "notes", "weights"))
    if type(count) is not int or not 1 <= count <= read_limits().video_frames:
        raise _Wrong("has no frames, or more than a video may have")
    if not isinstance(cuts, list) or any(type(cut) is not int or not 0 < cut < count for cut in cuts):
        raise _Wrong("its cuts make no sense")
    if any(later <= earlier for earlier, later in pairwise(cuts)):
        raise _Wrong("its cuts make no sense")
    if not isinstance(notes, list) or any(not isinstance(note, str) for note in notes):
        raise _Wrong("its notes are no texts")
    if not isinstance(weights, dict) or any(not isinstance(value, str) for value in weights.values()):
        raise _Wrong("does not say what read it")
    for key in ("source_sha256", "mimica"):
        if not isinstance(text.get(key), str):
            raise _Wrong(f"its {key} is no text")
    return {**text, "rate": _rate(text.get("rate")), "time_base": _rate(text.get("time_base"))}


def _rate(value: object) -> Fraction | None:
    if value is None:
        return None
    pair = value if isinstance(value, list) and len(value) == 2 else [0, 0]
    if any(type(part) is not int or not 0 < part < 2**31 for part in pair):
        raise _Wrong("its rate is no fraction")
    return Fraction(pair[0], pair[1])


def _written(rate: Fraction | None) -> list[int] | None:
    return None if rate is None else list(rate.as_integer_ratio())
