"""Losses: what a face does while the actor's is not seen. It holds for a moment, eases to rest, and eases back.

A short loss is passed over on the way from before it to after it. Nothing is bridged across a cut. This module does not
know why a face was lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.animation.retarget import DriverRest, driver_rest
from mimica.core.easing import smoothstep
from mimica.core.motion import MotionTrack
from mimica.core.motion_mix import mix_tracks

SHORT_S: Final = 0.5
"""Losses up to this are bridged; a blink or a plosive is shorter, a turn away is longer."""
HOLD_S: Final = 0.25
TO_REST_S: Final = 0.8
BACK_S: Final = 0.4
LONG_S: Final = 0.3
BEFORE_S: Final = 0.2
AFTER_S: Final = 0.08
"""Before a loss this long the face was already half covered or turning away, and is so for a moment after it."""
MOST_TOLD: Final = 5

Gap = tuple[int, int]
"""First frame that is not seen, and the first that is seen again."""


def bridge_losses(
    track: MotionTrack, times_s: NDArray[np.float64], cuts: Sequence[int] = ()
) -> tuple[MotionTrack, tuple[str, ...]]:
    """`track` with every frame of confidence 0 filled in, and what a person should know about that.

    times_s: (T,). cuts: frames that begin a new shot. What the track says where nothing was seen is not looked at; a
    shot without any face rests as the whole does.
    """
    starts, ends = [0, *cuts], [*cuts, len(track)]
    if bool(np.all(track.confidence > 0)) or not bool(np.any(track.confidence > 0)):
        return track, ()
    whole = driver_rest(track)
    parts: list[MotionTrack] = []
    told: list[tuple[float, float]] = []
    short = 0
    for start, end in zip(starts, ends, strict=True):
        part, moments = track[start:end], times_s[start:end]
        seen = part.confidence > 0
        rest = _held(driver_rest(part) if seen.any() else whole)
        for gap in _gaps(seen):
            part = _filled(part, moments, gap, rest)
            if _is_short(moments, gap):
                short += 1
            else:
                last = times_s[start + gap[1]] if start + gap[1] < len(times_s) else moments[-1]
                told.append((float(moments[gap[0]]), float(last)))
                if len(told) > 1 and told[-2][1] == told[-1][0]:  # on both sides of a cut
                    told[-2:] = [(told[-2][0], told[-1][1])]
        parts.append(part)
    return _joined(parts), tuple(_notes(told, short))


def widened(confidence: NDArray[np.float32], times_s: NDArray[np.float64], cuts: Sequence[int]) -> NDArray[np.float32]:
    """The confidence (T,) with the moments around long losses lost too; a cut bounds them. cuts: of the camera."""
    wide = confidence.copy()
    for start, end in zip([0, *cuts], [*cuts, len(confidence)], strict=True):
        seen, moments, part = confidence[start:end] > 0, times_s[start:end], wide[start:end]
        for first, after in _gaps(seen):
            if moments[after - 1] - moments[first] < LONG_S:
                continue
            if first:
                part[np.searchsorted(moments, moments[first] - BEFORE_S) : first] = 0
            if after < len(moments):
                part[after : np.searchsorted(moments, moments[after] + AFTER_S)] = 0
    return wide


def acting_cuts(confidence: NDArray[np.float32], times_s: NDArray[np.float64], cuts: Sequence[int]) -> tuple[int, ...]:
    """The cuts that matter to the actor: a shot without a face is a loss, during which the next shot begins.

    Its end, in which the face eases back, belongs to the shot after it, the rest to the shot before it: so both are
    measured from a rest, and nothing jumps. confidence, times_s: (T,).
    """
    starts, ends = [0, *cuts], [*cuts, len(confidence)]
    shown = [bool(np.any(confidence[start:end] > 0)) for start, end in zip(starts, ends, strict=True)]
    if not any(shown):
        return ()
    found: list[int] = []
    for number in np.flatnonzero(shown)[1:]:
        start = starts[number]
        while not shown[number - 1]:
            number -= 1
        first = starts[number]
        if first < start:
            first += int(np.searchsorted(times_s[first:start], times_s[start] - BACK_S - HOLD_S))
        found.append(min(first, start))
    return tuple(found)


def _gaps(seen: NDArray[np.bool_]) -> Iterator[Gap]:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], seen, [True]]).astype(np.int8)))
    for first, after in edges.reshape(-1, 2):
        yield int(first), int(after)


def _is_short(times_s: NDArray[np.float64], gap: Gap) -> bool:
    first, after = gap
    return first > 0 and after < len(times_s) and times_s[after] - times_s[first - 1] <= SHORT_S


def _filled(part: MotionTrack, times_s: NDArray[np.float64], gap: Gap, rest: MotionTrack) -> MotionTrack:
    first, after = gap
    inside = times_s[first:after]
    rows = after - first
    still = rest[np.zeros(rows, np.intp)]
    before = part[np.full(rows, first - 1, np.intp)] if first else still
    behind = part[np.full(rows, after, np.intp)] if after < len(part) else still
    if _is_short(times_s, gap):
        filled = mix_tracks(before, behind, smoothstep(inside, times_s[first - 1], times_s[after]))
    else:
        lost_s, found_s = times_s[max(first - 1, 0)], times_s[min(after, len(part) - 1)]
        away = smoothstep(inside, lost_s + HOLD_S, lost_s + HOLD_S + TO_REST_S) if first else np.ones(rows)
        back = smoothstep(inside, found_s - BACK_S, found_s) if after < len(part) else np.zeros(rows)
        filled = mix_tracks(mix_tracks(before, still, away), behind, back)
    return _joined([part[:first], filled, part[after:]], part.confidence)


def _held(rest: DriverRest) -> MotionTrack:
    """The rest as a track of one frame."""
    return MotionTrack(
        rest.expression[None].astype(np.float32), rest.angles_deg[None].astype(np.float32),
        rest.position[None].astype(np.float32), np.array([rest.scale], np.float32),
        rest.gaze_deg[None].astype(np.float32), np.zeros(1, np.float32),
    )  # fmt: skip


def _joined(parts: Sequence[MotionTrack], confidence: NDArray[np.float32] | None = None) -> MotionTrack:
    names = ("expression", "angles_deg", "position", "scale", "gaze_deg", "confidence")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return MotionTrack(**(arrays if confidence is None else arrays | {"confidence": confidence}))


def _notes(told: Sequence[tuple[float, float]], short: int) -> Iterator[str]:
    if told:
        when = ", ".join(f"{start:.1f}–{end:.1f} s" for start, end in told[:MOST_TOLD])
        more = f" and {len(told) - MOST_TOLD} times more" if len(told) > MOST_TOLD else ""
        yield f"the actor's face was lost {when}{more}; the portrait then holds and eases to rest"
    if short:
        yield (
            f"{short} short losses of the actor's face were bridged"
            if short > 1
            else ("a short loss of the actor's face was bridged")
        )
