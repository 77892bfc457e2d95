"""Rig samples: crops and windows lie where the run time lays them, and every pixel's truth is its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import toy

from mimica.core.framing import CROP_CM, MOUTH_WINDOW, ORIGIN_IN_CROP
from mimica.core.motion import EXPRESSION_INDEX
from mimica.synthesis.portrait import Portrait
from mimica.synthesis.posing import Performance, pose
from mimica.training.rig_data import IGNORED
from mimica.training.rig_rendering import FACE_MAP_PX, RigSampler, Row, Square, photo_rows, rendered_rows


class Still:
    """A generator without jitter."""

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: int | None = None) -> float | np.ndarray:
        return loc if size is None else np.full(size, loc)


def sample(portrait: Portrait, angles_deg: Sequence[float] = (0, 0, 0), **expression: float) -> Row:
    weights = np.zeros(len(portrait.atlas.rig.names), np.float32)
    for name, value in expression.items():
        weights[portrait.atlas.rig.index(name)] = value
    sampler = RigSampler(portrait)
    posed = pose(portrait, Performance(weights, np.array(angles_deg, float)))
    return sampler.sample(sampler.render(posed), None, Still())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def calm(toy_portrait: Portrait) -> Row:
    return sample(toy_portrait)


@pytest.fixture(scope="module")
def opened(toy_portrait: Portrait) -> Row:
    return sample(toy_portrait, jawOpen=1.0, mouthSmile_L=0.5)


def pixel(x_cm: float, y_cm: float) -> tuple[int, int]:
    """Row and column of the face maps where a point of an upright head shows, as seen from very far."""
    column = (ORIGIN_IN_CROP[0] + x_cm / CROP_CM) * FACE_MAP_PX
    row = (ORIGIN_IN_CROP[1] - y_cm / CROP_CM) * FACE_MAP_PX
    return int(row), int(column)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 0), (-3, 0), (0, 5), (4, 1), (-5, -1)])
def test_canonical_coordinates_and_depth_are_the_ellipsoids(calm: Row, x: float, y: float) -> None:
    depth = float(toy.skin_z(np.array(x), np.array(y)))
    enlarged = 85 / (85 - depth)  # what is nearer to the camera shows further out
    at = pixel(x * enlarged, y * enlarged)
    assert calm["face"][at] == 1
    np.testing.assert_allclose(calm["face_canonical"][at].astype(float)[:2], [x, y], atol=0.8)
    assert float(calm["face_depth"][at]) == pytest.approx(depth, abs=1.0)


def test_canonical_places_below_the_lips_lie_on_the_dropped_jaw(toy_portrait: Portrait, calm: Row) -> None:
    atlas = toy_portrait.atlas
    chin = int(np.argmin(np.abs(atlas.rig.neutral[: atlas.face_count, :2] - [0, -7]).sum(1)))
    drop = float(atlas.rig.neutral[chin, 1] - atlas.canonical[chin, 1])
    assert drop > 0.5
    at = pixel(0, -7 * 85 / (85 - float(toy.skin_z(np.array(0), np.array(-7)))))
    assert float(calm["face_canonical"][at][1]) == pytest.approx(-7 - drop, abs=0.8)


def test_the_corners_show_no_face(calm: Row) -> None:
    assert not calm["face"][[0, 0], [0, -1]].any()


def test_a_turned_head_shows_the_same_places_elsewhere(toy_portrait: Portrait, calm: Row) -> None:
    turned = sample(toy_portrait, (20, 0, 0))
    at = pixel(0, 0)
    assert float(turned["face_canonical"][at][0]) < float(calm["face_canonical"][at][0]) - 2


def test_an_open_mouth_has_lips_and_an_opening_between(calm: Row, opened: Row) -> None:
    region = opened["mouth_region"]
    rows = np.indices(region.shape)[0]
    assert (region == 2).sum() > 30
    assert (calm["mouth_region"] == 2).mean() < (region == 2).mean() / 3
    middle = slice(region.shape[1] // 2 - 6, region.shape[1] // 2 + 6)
    upper, inside, lower = (rows[:, middle][region[:, middle] == kind].mean() for kind in (0, 2, 1))
    assert upper < inside < lower
    assert set(np.unique(region)) <= {0, 1, 2, IGNORED}
    y = opened["mouth_canonical"][..., 1].astype(float)
    assert y[region == 0].mean() > y[region == 1].mean() + 1


def test_windows_have_their_share_of_the_crop(calm: Row) -> None:
    x = calm["mouth_canonical"][..., 0].astype(float)[calm["mouth_region"] < 2]
    assert np.ptp(x) == pytest.approx(MOUTH_WINDOW[0] * CROP_CM, rel=0.2)


def test_both_eyes_look_like_a_left_eye(calm: Row) -> None:
    for eye in (0, 1):
        skin = calm["eye_region"][eye] < 2
        x, y = (calm["eye_canonical"][eye][..., axis].astype(float)[skin] for axis in (0, 1))
        assert x.mean() == pytest.approx(toy.EYE_X, abs=0.6)
        assert y.mean() == pytest.approx(toy.EYE_Y, abs=0.6)
        assert np.corrcoef(np.nonzero(skin)[1], x)[0, 1] > 0.95


def test_expressions_land_in_their_columns(opened: Row) -> None:
    expected = np.zeros(52, np.float32)
    expected[EXPRESSION_INDEX["jawOpen"]], expected[EXPRESSION_INDEX["mouthSmile_L"]] = 1.0, 0.5
    np.testing.assert_allclose(opened["expression"], expected)


def test_photos_keep_their_own_pixels_and_matte(toy_portrait: Portrait) -> None:
    (row,) = photo_rows(toy_portrait, np.random.default_rng(0), 1)
    assert list(photo_rows(toy_portrait, np.random.default_rng(0), 0)) == []
    matte = row["wide_matte"]
    assert matte[0, 0] == 0
    assert matte[60, 64] == 255
    assert row["face_image"].std() > 5
    np.testing.assert_allclose(row["expression"][:49], 0)


def test_rows_are_a_function_of_the_generator(toy_portrait: Portrait) -> None:
    first, second = (next(rendered_rows(toy_portrait, np.random.default_rng(4), 1)) for _ in range(2))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def test_an_area_maps_onto_its_pixels() -> None:
    matrix = Square(10, 20, 40, 80).matrix(20, 40)
    # pixel centres at integers: the area's corner (10, 20) is 9.5, 19.5 there and −0.5, −0.5 of the result
    np.testing.assert_allclose(matrix @ [9.5, 19.5, 1], [-0.5, -0.5])
    np.testing.assert_allclose(matrix @ [49.5, 99.5, 1], [19.5, 39.5])
