"""Face CSV: ARKit coefficients with a time code, one row a frame, as Live Link Face exports them; read and written.

What the numbers mean is `arkit`'s affair.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.animation.arkit import COLUMN_INDEX, COLUMNS, EYE_NAMES, HEAD_NAMES, arkit_from_track, track_from_arkit
from mimica.animation.driver import Driver
from mimica.animation.losses import bridge_losses
from mimica.animation.retarget import BASELINE_LIMIT, OF_FEATURES
from mimica.animation.shots import measure_shots
from mimica.errors import NoFaceError, UnreadableMediaError
from mimica.media.limits import read_limits
from mimica.media.unfinished_file import UnfinishedFile, output_error

RATES: Final = (24, 25, 30, 48, 50, 60, 100, 120, 240)
USUAL_RATE: Final = 60
"""Live Link Face counts sixty frames a second unless told otherwise."""
LARGEST_BYTES: Final = 2_000_000_000
LARGEST_RADIANS: Final = 3.2
"""Angles beyond this cannot be a head's in radians: they are degrees."""
LARGEST_VALUE: Final = 1000.0

_CODE = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})[:;](\d{1,4})(?:\.(\d{1,6}))?")


def load_face_csv(path: Path) -> Driver:
    """The driver that a face CSV holds; mute. Rows without values are moments in which the app saw no face.

    Raises:
        UnreadableMediaError: it is no such table, or its numbers or times make no sense.
        NoFaceError: no row has values.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UnreadableMediaError(f"face CSV {path}: is larger than {LARGEST_BYTES // 10**9} GB; cut it")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UnreadableMediaError(f"face CSV {path}: cannot be read ({error}); export it again") from error
    codes, values, notes = _table(path, text)
    seen: NDArray[np.bool_] = ~np.isnan(values[:, 0])
    if not seen.any():
        raise NoFaceError(f"face CSV {path}: no row has values; record it again with the face in view")
    rate, times, kept = _times(path, codes, notes)
    if times[-1] > read_limits().video_s:
        raise UnreadableMediaError(f"face CSV {path}: is longer than a video may be; cut it")
    values, seen = values[kept], seen[kept]
    angles = [COLUMN_INDEX[name] for name in (*HEAD_NAMES, *EYE_NAMES)]
    if float(np.nanmax(np.abs(values[:, angles]))) > LARGEST_RADIANS:
        values[:, angles] = np.radians(values[:, angles])
        notes.append("its angles are taken as degrees: they are too large for radians")
    times_s = np.array([float(time) for time in times])
    track = track_from_arkit(np.nan_to_num(values), seen.astype(np.float32))
    track, told = bridge_losses(track, times_s)
    rest, shots = measure_shots(track, times_s, ())
    # a camera that knows the face's shape measures strengths from a true nought: brows that stay up are held up
    rest = replace(rest, expression=np.clip(rest.expression, -BASELINE_LIMIT, BASELINE_LIMIT))
    durations = [*(later - earlier for earlier, later in pairwise(times)), None]
    return Driver(
        track, rest, tuple(times), tuple(durations), (*notes, *told), shots, _usual_rate(times),
        Fraction(1, rate * 1000),
    )  # fmt: skip


def save_face_csv(path: Path, driver: Driver) -> None:
    """Write a driver as a face CSV, one row a frame, its time code counting frames of the next usual rate.

    What faces differ in at rest (`core.motion.FEATURES`) is written from the actor's own rest, as ARKit means it.

    Raises:
        OutputError: it cannot be written.
    """
    rate = min((usual for usual in RATES if usual >= (driver.rate or USUAL_RATE)), default=RATES[-1])
    own = np.stack([driver.rest_at(index).expression for index in range(len(driver))]) * OF_FEATURES
    rows = arkit_from_track(replace(driver.track, expression=driver.track.expression - own))
    unfinished = UnfinishedFile(path)
    try:
        with unfinished.path.open("w", encoding="ascii", newline="") as file:
            table = csv.writer(file)
            table.writerow(["Timecode", "BlendshapeCount", *COLUMNS])
            for time, row, sure in zip(driver.times, rows, driver.track.confidence, strict=True):
                numbers = [f"{value:.9g}" for value in row] if sure > 0 else ["" for _ in row]
                table.writerow([_code(time - driver.times[0], rate), len(COLUMNS) if sure > 0 else 0, *numbers])
        unfinished.finish()
    except OSError as error:
        unfinished.discard()
        raise output_error(path, error) from error
    except BaseException:
        unfinished.discard()
        raise


def _code(time: Fraction, rate: int) -> str:
    """HH:MM:SS:FF.ffffff, the last part a share of a frame, rounded to the millionth."""
    millionths = math.floor(time * rate * 1_000_000 + Fraction(1, 2))
    frames, part = divmod(millionths, 1_000_000)
    seconds, frame = divmod(frames, rate)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:02d}.{part:06d}"


def _table(path: Path, text: str) -> tuple[list[str], NDArray[np.float64], list[str]]:
    """Time codes, and values (T, 61) in the order of `COLUMNS`, NaN in rows without."""
    rows = _rows(path, text)
    header = {_bare(name): place for place, name in enumerate(next(rows, []))}
    places = {COLUMN_INDEX[name]: header[name.lower()] for name in COLUMNS if name.lower() in header}
    if "timecode" not in header or not places:
        raise UnreadableMediaError(
            f"face CSV {path}: has no column Timecode, or none of ARKit's; export it from Live Link Face or alike"
        )
    missing = len(COLUMNS) - len(places)
    notes = [f"{missing} of {len(COLUMNS)} columns are missing and taken as zero"] if missing else []
    codes: list[str] = []
    found: list[NDArray[np.float64]] = []
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(codes) >= read_limits().video_frames:
            raise UnreadableMediaError(f"face CSV {path}: has more rows than a video may have frames; cut it")
        cells = [cell.strip() for cell in row] + [""] * max(len(header) - len(row), 0)
        codes.append(cells[header["timecode"]])
        found.append(_frame({target: cells[place] for target, place in places.items()}, f"{path}, line {number}"))
    if not found:
        raise UnreadableMediaError(f"face CSV {path}: has no row besides its header; record it again")
    return codes, np.stack(found), notes


def _bare(name: str) -> str:
    """`EyeBlinkLeft`, `eyeBlinkLeft` and `eyeBlink_L` are one column."""
    spelled = re.sub(r"_([LR])$", lambda side: "Left" if side[1] == "L" else "Right", name.strip())
    return spelled.replace("_", "").lower()


def _frame(cells: Mapping[int, str], told: str) -> NDArray[np.float64]:
    """(61,) from the cells of a row, by their place in `COLUMNS`; NaN for a row without values."""
    frame = np.zeros(len(COLUMNS))
    if not any(cells.values()):
        return np.full_like(frame, np.nan)
    for place, cell in cells.items():
        try:
            frame[place] = float(cell)
        except ValueError:
            raise UnreadableMediaError(f"face CSV {told}: {cell!r} is no number; export it again") from None
    if not bool(np.all(np.abs(frame) <= LARGEST_VALUE)):  # false for NaN too
        raise UnreadableMediaError(f"face CSV {told}: a value makes no sense; export it again")
    return frame


def _rows(path: Path, text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text))
    except csv.Error as error:
        raise UnreadableMediaError(f"face CSV {path}: is no table ({error}); export it again") from error


def _times(path: Path, codes: list[str], notes: list[str]) -> tuple[int, list[Fraction], list[int]]:
    """Frames a second of the time code, each kept row's time from zero on, and which rows are kept."""
    read: list[tuple[int, Fraction]] = []
    for code in codes:
        match = _CODE.fullmatch(code.strip())
        if match is None:
            raise UnreadableMediaError(f"face CSV {path}: {code!r} is no time code such as 14:03:52:28.207")
        hours, minutes, seconds, frame, part = match.groups()
        share = Fraction(int(part), 10 ** len(part)) if part else Fraction(0)
        read.append((int(hours) * 3600 + int(minutes) * 60 + int(seconds), int(frame) + share))
    rate = _code_rate(read, notes)
    times: list[Fraction] = []
    kept: list[int] = []
    days, before = 0, Fraction(-1)
    for row, (second, frame) in enumerate(read):
        time = second + frame / rate
        if time + days * 86_400 < before - 43_200:
            days += 1  # past midnight
        time += days * 86_400
        if time > before:
            times.append(time)
            kept.append(row)
            before = time
    if len(kept) < len(read):
        notes.append(f"{len(read) - len(kept)} rows whose time does not increase were left out")
    return rate, [time - times[0] for time in times], kept


def _code_rate(read: list[tuple[int, Fraction]], notes: list[str]) -> int:
    highest = max(frame for _, frame in read)
    if highest >= RATES[-1]:
        return 1000  # milliseconds in the frames' place
    if read[0][0] == read[-1][0] and highest < USUAL_RATE:
        notes.append(f"its time code is taken to count {USUAL_RATE} frames a second: it is too short to tell")
        return USUAL_RATE
    return next(rate for rate in RATES if rate > highest)


def _usual_rate(times: list[Fraction]) -> Fraction | None:
    """The nominal rate of these times, None where they are irregular."""
    if len(times) < 2:
        return None
    mean = (times[-1] - times[0]) / (len(times) - 1)
    rate = min(RATES, key=lambda rate: abs(1 / mean - rate))
    even = all(abs((later - earlier) - Fraction(1, rate)) < Fraction(1, 4 * rate) for earlier, later in pairwise(times))
    return Fraction(rate) if even and abs(1 / mean - rate) < rate / Fraction(100) else None
