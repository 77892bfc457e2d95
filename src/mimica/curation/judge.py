"""Judge: which takes are worth keeping, by numbers and stated bounds. Pure; this module sees no pixel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mimica.core.framing import WIDE_PER_CROP
from mimica.curation.config import CurationConfig
from mimica.curation.observe import Take
from mimica.curation.records import Clip, Measures, Refusal, Source

DIGITS = 4
"""Numbers are kept to so many decimals: more would be noise of the last bits."""
ANGLE_UNIT_DEG = 45.0


def measure(take: Take) -> Measures:
    """A take in numbers; see `Measures`."""
    samples = take.samples
    found = [sample for sample in samples if sample.face_px] or samples
    face_px = float(np.median([sample.face_px for sample in found]))
    expression = np.stack([sample.motion.expression for sample in samples])
    angles = np.stack([sample.motion.angles_deg for sample in samples]).astype(np.float64)
    gaze = np.stack([sample.motion.gaze_deg.mean(0) for sample in samples]).astype(np.float64)
    channels = np.concatenate([expression, angles / ANGLE_UNIT_DEG], axis=1)
    return Measures(
        face_px=_rounded(face_px),
        face_share=_rounded(face_px / take.film_height),
        sharpness=_rounded(np.median([sample.sharpness for sample in found])),
        luma=_rounded(np.median([sample.luma for sample in found])),
        clipped=_rounded(np.median([sample.clipped for sample in found])),
        seen=_rounded(np.mean([sample.face_px > 0 for sample in samples])),
        disagreement=_rounded(np.quantile([sample.disagreement for sample in found], 0.9)),
        overlay=_rounded(take.overlay.share),
        motion=_rounded(channels.std(0).mean()),
        angles_deg=_row(np.median(angles, 0)),
        angles_span_deg=_row(np.quantile(angles, 0.95, 0) - np.quantile(angles, 0.05, 0)),
        gaze_deg=_row(np.median(gaze, 0)),
        gaze_span_deg=_row(np.quantile(gaze, 0.95, 0) - np.quantile(gaze, 0.05, 0)),
        expression=_row(np.quantile(expression, 0.95, 0)),
    )


def objections(take: Take, found: Measures, config: CurationConfig) -> Iterator[str]:
    """Everything that speaks against a take, in words."""
    seconds = float(take.end - take.start)
    if take.objection:
        yield take.objection
    if seconds < config.shortest_s:
        yield f"short: {seconds:.2f} s"
    if found.face_px < config.face_px:
        yield f"small: the face has {found.face_px:.0f} px"
    if not config.face_share[0] <= found.face_share <= config.face_share[1]:
        yield f"framing: the face takes {found.face_share:.2f} of the height"
    if abs(found.angles_deg[0]) > config.yaw_deg:
        yield f"framing: the head is turned by {abs(found.angles_deg[0]):.0f}°"
    if found.sharpness < config.sharpness:
        yield f"blurred: sharpness {found.sharpness:.4f}"
    if not config.darkest <= found.luma <= config.brightest:
        yield f"exposure: luma {found.luma:.0f}"
    if found.clipped > config.clipped:
        yield f"exposure: {found.clipped:.0%} of the face is black or white out"
    if found.seen < config.seen:
        yield f"hidden: the face is seen {found.seen:.0%} of the time"
    if found.disagreement > config.disagreement:
        yield f"hidden: eyes and mouth are read {found.disagreement:.2f} crops apart"
    if found.overlay > config.overlay:
        yield f"overlay: letters over {found.overlay:.1%} of the picture"
    if found.motion < config.motion:
        yield f"still: motion {found.motion:.4f}"


def judge(source: Source, take: Take, number: int, config: CurationConfig) -> Clip | Refusal:
    """The `number`-th take of a source as a clip, or all that speaks against it."""
    found = measure(take)
    key = f"{source.name}-{number:04d}"
    reasons = list(objections(take, found, config))
    if reasons:
        return Refusal(key, source.rights.subject, "quality", "; ".join(reasons))
    return Clip(key, source, take.start, take.end, take.frames, window(take), found, tuple(take.prints))


def window(take: Take) -> tuple[float, float, float]:
    """Centre x, y and side, px, of one square at rest in which the head stays for the whole take."""
    centers = np.array([sample.crop.center_px for sample in take.samples])
    sides = np.array([sample.crop.side_px for sample in take.samples])
    low, high = (centers - sides[:, None] / 2).min(0), (centers + sides[:, None] / 2).max(0)
    side = max(float((high - low).max()), WIDE_PER_CROP * float(np.median(sides)))
    x, y = (low + high) / 2
    return _rounded(x, 1), _rounded(y, 1), _rounded(side, 1)


def _rounded(value: float | np.floating, digits: int = DIGITS) -> float:
    return round(float(value), digits)


def _row(values: NDArray[np.floating]) -> tuple[float, ...]:
    return tuple(_rounded(value) for value in values)
