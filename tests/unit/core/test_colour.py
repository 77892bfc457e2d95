from __future__ import annotations

import numpy as np
import pytest

from mimica.core.colour import (
    PEAK_CD,
    REFERENCE_WHITE_CD,
    hlg_to_scene,
    pq_to_linear,
    rgb_to_xyz,
    shoulder,
    to_bt709_matrix,
    to_sdr,
)


def test_matrices_are_those_of_the_standards():
    # ITU-R BT.709 and BT.2087 (BT.2020 to BT.709), four digits as printed there
    np.testing.assert_allclose(rgb_to_xyz("bt709")[1], [0.2126, 0.7152, 0.0722], atol=1e-4)
    np.testing.assert_allclose(rgb_to_xyz("bt2020")[1], [0.2627, 0.6780, 0.0593], atol=1e-4)
    expected = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    np.testing.assert_allclose(to_bt709_matrix("bt2020"), expected, atol=1e-4)
    np.testing.assert_allclose(to_bt709_matrix("p3").sum(1), 1.0)


def test_transfer_functions_pass_through_known_points():
    # SMPTE ST 2084: 0.5081 is 100 cd/m², 0.5806 is 203, 0.7518 is 1000, 1.0 is 10000; BT.2100: HLG 0.5 is 1/12
    light = pq_to_linear(np.array([0.0, 0.5081, 0.5806, 0.7518, 1.0])) * REFERENCE_WHITE_CD
    np.testing.assert_allclose(light, [0, 100, 203, 1000, 10000], rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(hlg_to_scene(np.array([0.0, 0.5, 1.0])), [0, 1 / 12, 1], atol=1e-6)


def test_shoulder_is_smooth_and_bounded():
    light = np.linspace(0, 60, 20001)
    curve = shoulder(light)
    assert (np.diff(curve) >= 0).all()
    assert curve.max() == 1.0
    np.testing.assert_array_equal(curve[light <= 0.6], light[light <= 0.6])
    np.testing.assert_allclose(shoulder(np.array([PEAK_CD / REFERENCE_WHITE_CD])), 1.0)


@pytest.mark.parametrize("transfer", ["sdr", "pq", "hlg"])
@pytest.mark.parametrize("primaries", ["bt709", "bt2020", "p3"])
def test_greys_stay_grey_and_in_order(transfer, primaries):
    ramp = np.repeat(np.linspace(0, 65535, 512).astype(np.uint16)[None, :, None], 3, axis=2)
    out = to_sdr(ramp, transfer, primaries).astype(int)
    assert np.ptp(out, axis=2).max() <= 1
    assert (np.diff(out[0, :, 1]) >= 0).all()
    assert out[0, 0].max() == 0
    assert out[0, -1].min() >= 254


def test_plain_sdr_is_unchanged():
    ramp = (np.arange(256, dtype=np.uint16) * 257)[None, :, None].repeat(3, 2)
    assert np.abs(to_sdr(ramp, "sdr", "bt709").astype(int)[0, :, 0] - np.arange(256)).max() <= 1


def test_result_does_not_depend_on_the_strips():
    image = np.random.default_rng(0).integers(0, 65536, (700, 500, 3), np.uint16)
    whole = to_sdr(image, "pq", "bt2020")
    assert np.array_equal(whole[333:340], to_sdr(image[333:340], "pq", "bt2020"))
