"""Motion samples: what is written down is what the crop shows, in the conventions of `core.motion`."""

from __future__ import annotations

import numpy as np
import pytest

from mimica.core.camera import gaze_direction
from mimica.core.framing import CROP_CM, ORIGIN_IN_CROP
from mimica.core.motion import EXPRESSION_INDEX
from mimica.faces.alignment import CROP_LIFT, CROP_PER_FACE_HEIGHT
from mimica.synthesis.camera import matrix_to_euler, project
from mimica.synthesis.motions import BROAD, ExpressionSampler, sample_performance
from mimica.synthesis.portrait import Portrait
from mimica.synthesis.posing import Performance, photo_pose, pose
from mimica.synthesis.scene import render
from mimica.training import motion_rendering as rendering

SIZE = 48


def performance(portrait: Portrait, **changes: object) -> Performance:
    values: dict = {"expression": np.zeros(len(portrait.atlas.rig.names), np.float32), "angles_deg": np.zeros(3)}
    return Performance(**(values | changes))


def row_of(portrait: Portrait, asked: Performance) -> tuple[dict, np.ndarray]:
    """The row of a motion, cropped by the head's origin without jitter, and its vertices in crop units."""
    posed = pose(portrait, asked, 90)
    viewport = rendering.viewport_of(rendering.by_origin(posed.translation))
    row = rendering.motion_row(portrait, render(portrait, posed, viewport, SIZE, truth=False), 1.0)
    return row, viewport.to_unit(project(posed.points))


def test_a_crop_by_the_origin_has_it_where_the_run_time_puts_it(toy_portrait: Portrait) -> None:
    row, _ = row_of(toy_portrait, performance(toy_portrait, angles_deg=np.array([20.0, -8.0, 15.0])))
    np.testing.assert_allclose(row["placement"][:2], ORIGIN_IN_CROP, atol=1e-4)
    assert np.exp(row["placement"][2]) == pytest.approx(1 / CROP_CM, rel=1e-4)


def test_a_crop_by_the_box_is_the_finders(toy_portrait: Portrait) -> None:
    posed = photo_pose(toy_portrait)
    x0, y0, x1, y1 = toy_portrait.fitted.face_box
    crop = rendering.by_box(toy_portrait, posed)
    assert crop.side_px == pytest.approx(CROP_PER_FACE_HEIGHT * (y1 - y0), rel=0.01)
    assert crop.center_x_px == pytest.approx((x0 + x1) / 2, abs=2)
    assert crop.center_y_px == pytest.approx((y0 + y1) / 2 - CROP_LIFT * (y1 - y0), abs=2)


def test_rotation_and_placement_project_the_head_onto_its_landmarks(toy_portrait: Portrait) -> None:
    row, _ = row_of(toy_portrait, performance(toy_portrait, angles_deg=np.array([12.0, 6.0, -10.0])))
    marks = toy_portrait.target_shape[list(toy_portrait.atlas.rig.landmarks)] @ row["rotation"].T
    units_per_cm = np.exp(row["placement"][2])
    flat = row["placement"][:2] + units_per_cm * marks[:, :2] * [1, -1]  # weak perspective
    assert np.abs(flat - row["landmarks"][:68]).max() < 0.06


def test_angles_and_gaze_have_the_signs_of_the_motion(toy_portrait: Portrait) -> None:
    gaze_rad = np.array([[0.3, 0.2], [0.3, 0.2]])
    asked = performance(toy_portrait, angles_deg=np.array([15.0, 7.0, 5.0]), gaze_rad=gaze_rad)
    row, _ = row_of(toy_portrait, asked)
    np.testing.assert_allclose(matrix_to_euler(row["rotation"]), [15, 7, 5], atol=1e-3)
    assert row["landmarks"][30, 0] > row["placement"][0]  # the nose went to the image's right
    yaw, pitch = row["gaze_deg"][:2]
    assert yaw > 5
    assert pitch < -5  # upwards, and down is positive
    assert gaze_direction(yaw, pitch)[1] > 0


def test_expressions_land_in_their_columns(toy_portrait: Portrait) -> None:
    weights = np.zeros(len(toy_portrait.atlas.rig.names), np.float32)
    weights[toy_portrait.atlas.rig.index("jawOpen")] = 0.7
    row, _ = row_of(toy_portrait, performance(toy_portrait, expression=weights, tongue=np.array([0.6, -0.4, 0.2])))
    expected = np.zeros(52, np.float32)
    for name, value in (("jawOpen", 0.7), ("tongueOut", 0.6), ("tongueSide", -0.4), ("tongueUp", 0.2)):
        expected[EXPRESSION_INDEX[name]] = value
    np.testing.assert_allclose(row["expression"], expected)
    row, _ = row_of(toy_portrait, performance(toy_portrait, tongue=np.array([0.0, -0.4, 0.2])))
    assert not row["expression"].any()  # a tongue that is in has no direction


def test_turns_stay_near_the_photo_but_leaning_is_free(toy_portrait: Portrait) -> None:
    asked = performance(toy_portrait, angles_deg=np.array([-60.0, 0.0, 30.0]))
    angles = rendering.within_reach(asked, toy_portrait).angles_deg
    own = toy_portrait.fitted.angles_deg
    assert np.hypot(*(angles[:2] - own[:2])) == pytest.approx(rendering.LARGEST_TURN_DEG)
    assert angles[2] == 30
    near = performance(toy_portrait, angles_deg=np.array([-20.0, 10.0, 0.0]))
    np.testing.assert_allclose(rendering.within_reach(near, toy_portrait).angles_deg, [-20, 10, 0])


def test_rows_are_a_function_of_the_generator(toy_portrait: Portrait) -> None:
    first, second = (
        list(rendering.rendered_rows(toy_portrait, np.random.default_rng(4), 2, SIZE)) for _ in range(2)
    )  # fmt: skip
    for a, b in zip(first, second, strict=True):
        assert a["image"].shape == (SIZE, SIZE, 3)
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
    assert (first[0]["image"] != first[1]["image"]).any()


def test_photos_are_untouched_and_half_trusted(toy_portrait: Portrait) -> None:
    (row,) = rendering.photo_rows(toy_portrait, np.random.default_rng(1), 1, SIZE)
    assert row["trust"] == rendering.PHOTO_TRUST
    np.testing.assert_allclose(row["rotation"], toy_portrait.rotation)
    column, line = (row["placement"][:2] * SIZE).astype(int)
    x, y = project(toy_portrait.translation[None])[0].astype(int)
    around = toy_portrait.fitted.image[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(0)
    np.testing.assert_allclose(row["image"][line, column], around, atol=8)


def test_the_broad_motion_leaves_nothing_rare() -> None:
    from mimica.core.motion import RIG_NAMES

    sampler, rng = ExpressionSampler(RIG_NAMES), np.random.default_rng(0)
    drawn = [sample_performance(sampler, rng, BROAD)[0] for _ in range(3000)]
    expression = np.stack([one.expression for one in drawn])
    share = dict(zip(RIG_NAMES, (expression > 0.3).mean(0), strict=True))
    assert {name for name, value in share.items() if value < 0.045} == set()
    assert (np.abs(expression[:, 10] - expression[:, 11]) > 0.4).mean() > 0.05  # winks
    closed = (expression[:, RIG_NAMES.index("mouthClose")] > 0.2) & (expression[:, RIG_NAMES.index("jawOpen")] > 0.2)
    assert closed.mean() > 0.04
    assert np.mean([one.tongue[0] > 0.3 for one in drawn]) > 0.06
    gaze = np.degrees(np.stack([one.gaze_rad[0] for one in drawn])) * 0.72
    assert (np.percentile(gaze, 97, axis=0) > [25, 16]).all()
    assert (np.abs(gaze).max(1) > 3).mean() > 0.65
    angles = np.stack([one.angles_deg for one in drawn])
    assert (angles.max(0) > [39, 24.9, 25]).all()
    assert ((expression > 0.15).sum(1) == 0).mean() > 0.02
