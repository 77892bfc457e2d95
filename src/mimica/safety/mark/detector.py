"""Read the mark: `read_mark`.

The frames' normalised canvases are averaged (what moves or was re-encoded differently cancels, the mark stays). Then
three questions, each only asked when the one before found nothing: is there a mark as it was written? is there one
somewhere else, of another scale, turned or mirrored? is there one in the middle frame alone (a picture that moves
across the screen)?

An answer counts when the *evidence*, −ln of the probability that a picture without mark correlates this well with
sync and word, minus ln of the number of things that were tried, passes a threshold. So no estimate of noise and no
tuned correlation is needed, and the threshold itself states the chance of a false alarm; docs/bench/mark.md has the
measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mimica.safety.mark.canvas import Canvas, normalised, to_canvas
from mimica.safety.mark.carrier import CANVAS_PX, SMALL_CANVAS_PX, TILE_PX, carriers, soft_bits
from mimica.safety.mark.codec import CODE_BITS, MARK_ID_BITS, decode, evidence
from mimica.safety.mark.reading import Geometry, MarkReading
from mimica.safety.mark.search import ANGLES_DEG, SCALES, Placement, Spectrum, refine, search, untouched

THRESHOLD: Final = 16.0
"""Evidence (nats) for a mark. Chance reaches x, a sum of two pieces of evidence, with e⁻ˣ (1 + x) (Fisher): 2e-6."""
MIN_CERTAINTY: Final = 0.999
"""Of the id against all others."""
MAX_FRAMES: Final = 64
_CANVASES: Final = (CANVAS_PX, SMALL_CANVAS_PX, 2 * CANVAS_PX)
_CANDIDATES: Final = 3
_RINGS: Final = 4
_WORTH_REFINING: Final = 13.0
"""Evidence of the sync before refining; of pictures without mark, a quarter reach it by chance."""
_MIN_SIDE_PX: Final = 16
_MAX_ASPECT: Final = 8
_TRIED_ON_THE_SPOT: Final = math.log(4)
_TRIED_IN_SEARCH: Final = math.log(2 * len(_CANVASES) * len(SCALES) * len(ANGLES_DEG) * 24**2 * 1e3)  # × refined
_IDS: Final = MARK_ID_BITS * math.log(2)


@dataclass(frozen=True, slots=True)
class _Finding:
    """The best explanation so far: `weight` is its evidence in nats, `short_px` the canvas it was found on."""

    weight: float
    mark_id: int
    certainty: float
    placement: Placement
    short_px: int

    @property
    def counts(self) -> bool:
        return self.weight >= THRESHOLD and self.certainty >= MIN_CERTAINTY


def read_mark(frames: Iterable[NDArray[np.uint8]]) -> MarkReading:
    """Look for a mark in the frames of one clip (some tens of sampled frames are plenty), or in one picture.

    frames: each (H, W, 3) uint8 RGB; all of one clip, so that one geometry holds; frames of another size than the
    first are skipped, and so are those beyond MAX_FRAMES. Never raises on odd pictures: no frames, tiny, grey, black
    ones read as not found.
    """
    usable = _usable(frames)
    if not usable:
        return MarkReading(found=False, mark_id=None, confidence=0.0, frames=0)
    best = _look(usable, _CANVASES)
    if not best.counts and len(usable) > 1:
        single = _look(usable[len(usable) // 2 :][:1], _CANVASES[:1])
        best = single if single.counts else best
    if not best.counts:
        confidence = 0.499 * min(max(best.weight / THRESHOLD, 0.0), 1.0)
        return MarkReading(found=False, mark_id=None, confidence=confidence, frames=len(usable))
    confidence = 1.0 - 0.5 * math.exp((THRESHOLD - best.weight) / 30)
    return MarkReading(True, best.mark_id, confidence, len(usable), _geometry(best))


def _usable(frames: Iterable[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    usable: list[NDArray[np.uint8]] = []
    for frame in frames:
        picture = np.asarray(frame)
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            continue
        short, long = sorted(picture.shape[:2])
        if short < _MIN_SIDE_PX or long > _MAX_ASPECT * short or (usable and picture.shape != usable[0].shape):
            continue
        usable.append(picture)
        if len(usable) == MAX_FRAMES:
            break
    return usable


def _look(frames: list[NDArray[np.uint8]], canvases: tuple[int, ...]) -> _Finding:
    """On the spot first, then everywhere, canvas after canvas; the first finding that counts, else the strongest."""
    findings: list[_Finding] = []
    sync_parts = 2 * int(carriers().is_sync.sum())
    for short_px in canvases:
        spectrum, canvas = _spectrum(frames, short_px)
        if short_px <= CANVAS_PX:
            for mirrored in (False, True):
                findings.append(_judge(spectrum, untouched(canvas, mirrored), short_px, _TRIED_ON_THE_SPOT))
                if findings[-1].counts:
                    return findings[-1]
        candidates = [*search(spectrum, False, _CANDIDATES), *search(spectrum, True, _CANDIDATES)]
        candidates.sort(key=lambda candidate: -candidate[0])
        for correlation, start in candidates[:_CANDIDATES]:
            if findings and evidence(correlation, sync_parts) < _WORTH_REFINING:
                break
            _, placement = refine(spectrum, start)
            findings.append(_judge(spectrum, placement, short_px, _TRIED_IN_SEARCH))
            if findings[-1].counts:
                return findings[-1]
    return max(findings, key=lambda finding: finding.weight)


def _spectrum(frames: list[NDArray[np.uint8]], short_px: int) -> tuple[Spectrum, Canvas]:
    total = normalised(to_canvas(frames[0], short_px))[0].astype(np.float64)
    for frame in frames[1:]:
        total += normalised(to_canvas(frame, short_px))[0]
    mean = (total / len(frames)).astype(np.float32)
    return Spectrum(mean), mean


def _judge(spectrum: Spectrum, placement: Placement, short_px: int, tried: float) -> _Finding:
    """Read the payload at a placement, each carrier weighed by how well the sync carriers of its ring came through."""
    parts = spectrum.coefficients(placement)
    layout = carriers()
    weights = _ring_weights(parts)
    decoded = decode(soft_bits(parts, weights))
    sync = parts[layout.is_sync].ravel()
    size = float(np.sqrt(sync.size * float(sync @ sync)))
    correlation = float(sync.sum()) / size if size > 0 else 0.0
    weight = evidence(correlation, sync.size) + evidence(decoded.correlation, CODE_BITS) - _IDS - tried
    return _Finding(weight, decoded.mark_id, decoded.certainty, placement, short_px)


def _ring_weights(parts: NDArray[np.float32]) -> NDArray[np.float64]:
    """Weight of each carrier (N,): gain / noise² as the sync carriers of the same ring of frequencies show it."""
    layout = carriers()
    ring = np.searchsorted(np.quantile(layout.radii, np.arange(1, _RINGS) / _RINGS), layout.radii)
    weights = np.empty(len(ring))
    overall = float(np.mean(parts[layout.is_sync]))
    for index in range(_RINGS):
        seen = parts[layout.is_sync & (ring == index)].ravel()
        power = float(np.mean(seen**2)) + 1e-20
        gain = 0.75 * float(seen.mean()) + 0.25 * overall
        gain = min(max(gain, 0.05 * math.sqrt(power)), 0.98 * math.sqrt(power))
        weights[ring == index] = gain / (power - gain**2)
    return weights


def _geometry(finding: _Finding) -> Geometry:
    expected = finding.short_px / CANVAS_PX * TILE_PX
    side_x, side_y = finding.placement.tile_px
    return Geometry(
        scale_x=round(side_x / expected, 4),
        scale_y=round(side_y / expected, 4),
        rotation_deg=round(finding.placement.angle_deg, 2),
        mirrored=finding.placement.mirrored,
    )
