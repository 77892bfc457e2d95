"""Smooth steps."""

from __future__ import annotations

import numpy as np

from mimica.core.easing import smoothstep


def test_smoothstep_is_clamped() -> None:
    assert smoothstep(np.array([-1.0, 0.5, 2.0]), 0, 1).tolist() == [0, 0.5, 1]
