from __future__ import annotations

import numpy as np

from mimica.animation.eyeball import LASHES_SHADE, lashes


def lids(gap: int) -> tuple[np.ndarray, np.ndarray]:
    """The upper lid from above to `gap` rows before the lower one, which begins at row 20."""
    upper, lower = np.zeros((40, 30), np.float32), np.zeros((40, 30), np.float32)
    upper[: 20 - gap], lower[20:] = 1, 1
    return upper, lower


def test_lids_that_came_together_are_dark_where_they_meet() -> None:
    dark = lashes(*lids(0), np.full((40, 30), 0.6, np.float32), 20.0)
    assert 0.7 * LASHES_SHADE < dark[18:22].max(0).min() <= dark.max() <= LASHES_SHADE
    assert dark[:15].max() < 0.01
    assert dark[25:].max() < 0.01


def test_lids_apart_or_at_rest_are_as_the_photo_has_them() -> None:
    assert lashes(*lids(8), np.full((40, 30), 0.6, np.float32), 20.0).max() < 0.02
    assert not lashes(*lids(0), np.zeros((40, 30), np.float32), 20.0).any()
