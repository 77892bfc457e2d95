"""The geometry is found on a bare tile pattern, where every answer is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mimica.safety.mark.carrier import CANVAS_PX, TILE_PX, carriers, synthesise
from mimica.safety.mark.search import Spectrum, refine, search, untouched


def pattern(width_px: int = CANVAS_PX) -> np.ndarray:
    """A canvas (256, width) of the tile with all coefficients positive."""
    tile = synthesise(np.ones((len(carriers().is_sync), 2)))
    return np.tile(tile, (4, -(-width_px // TILE_PX)))[:, :width_px]


@pytest.mark.parametrize("width_px", [256, 300, 455])
@pytest.mark.parametrize("mirrored", [False, True])
def test_an_untouched_picture_is_read_on_the_spot(width_px: int, mirrored: bool) -> None:
    canvas = pattern(width_px)
    canvas = np.ascontiguousarray(canvas[:, ::-1]) if mirrored else canvas
    parts = Spectrum(canvas).coefficients(untouched(canvas, mirrored))
    assert parts.min() > 0
    assert parts.std() < 0.25 * parts.mean()


@pytest.mark.parametrize(
    ("angle_deg", "scale", "mirrored"),
    [(0, 1, False), (3, 1, False), (-5, 1.2, False), (1.3, 0.8, True), (0, 1.35, True)],
)
def test_scale_turn_and_mirror_are_found(angle_deg: float, scale: float, mirrored: bool) -> None:
    canvas = pattern()
    canvas = np.ascontiguousarray(canvas[:, ::-1]) if mirrored else canvas
    turn = cv2.getRotationMatrix2D((113.0, 140.0), -angle_deg, scale)  # OpenCV turns counter-clockwise
    moved = np.asarray(cv2.warpAffine(canvas, turn, (CANVAS_PX, CANVAS_PX), flags=cv2.INTER_CUBIC), np.float32)
    spectrum = Spectrum(moved)
    correlation, placement = refine(spectrum, search(spectrum, mirrored, 1)[0][1])
    assert correlation > 0.9
    assert placement.tile_px == pytest.approx((TILE_PX * scale, TILE_PX * scale), rel=0.01)
    assert placement.angle_deg == pytest.approx(angle_deg, abs=0.5)
    assert placement.mirrored == mirrored


def test_noise_fits_nowhere_well() -> None:
    spectrum = Spectrum(np.random.default_rng(0).standard_normal((CANVAS_PX, CANVAS_PX)).astype(np.float32))
    assert search(spectrum, False, 1)[0][0] < 0.6
