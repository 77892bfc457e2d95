"""Crops laid over a head's origin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimica.core.framing import CROP_CM, ORIGIN_IN_CROP, crop_around, placement_in_photo


@given(st.floats(-2000, 2000), st.floats(-2000, 2000), st.floats(0.5, 200))
def test_a_placement_read_in_its_own_crop_leads_back(x: float, y: float, scale: float) -> None:
    crop = crop_around(x, y, scale)
    assert crop.side_px == pytest.approx(CROP_CM * scale)
    found = placement_in_photo(crop, (*ORIGIN_IN_CROP, math.log(1 / CROP_CM)))
    np.testing.assert_allclose(found, (x, y, scale), rtol=1e-9, atol=1e-6)
