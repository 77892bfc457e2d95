"""Posing and rendering the toy head: what is promised of every pixel holds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import toy

from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.camera import project
from mimica.synthesis.portrait import Morph, Portrait, build_portrait
from mimica.synthesis.posing import Performance, photo_pose, pose
from mimica.synthesis.scene import Render, Viewport, face_gbuffer, photo_crop, render
from mimica.synthesis.shading import BACKGROUND, BACKGROUND_DEPTH_CM, CARRIER, EYE, FACE, GUMS, SOCKET, TEETH, TONGUE

SIZE = 128
REST = (4.0, 2.0, 0.0)


def weights(**values: float) -> np.ndarray:
    out = np.zeros(len(toy.NAMES), np.float32)
    for name, value in values.items():
        out[toy.NAMES.index(name)] = value
    return out


def act(portrait: Portrait, angles: tuple[float, float, float] = REST, **values: float) -> Render:
    return render(portrait, pose(portrait, Performance(weights(**values), np.array(angles))), None, SIZE)


def pixel_centres(viewport: Viewport, size: int = SIZE) -> np.ndarray:
    line = (np.arange(size) + 0.5) / size * viewport.side_px
    return np.stack(np.meshgrid(line + viewport.x0, line + viewport.y0), -1)


def test_the_photo_explains_itself(portrait: Portrait) -> None:
    drawn = face_gbuffer(portrait, Viewport(), SIZE)
    truth = drawn.truth
    assert truth is not None
    np.testing.assert_array_equal(drawn.image, photo_crop(portrait, Viewport(), SIZE))
    drawable = np.isin(truth.part, (BACKGROUND, CARRIER, FACE))
    error = np.linalg.norm(truth.source_xy - pixel_centres(Viewport()), axis=-1)
    assert error[drawable].max() < 1.5  # an output pixel is four of the photo's
    assert np.median(error[drawable]) < 0.05
    assert truth.visibility[truth.part == FACE].mean() > 0.9


def test_rendering_the_photos_pose_gives_the_photo(portrait: Portrait) -> None:
    drawn = render(portrait, photo_pose(portrait), None, SIZE)
    assert drawn.truth is not None
    seen = (drawn.truth.part == FACE) & (drawn.truth.visibility > 0.95)
    difference = np.abs(drawn.image.astype(float) - photo_crop(portrait, Viewport(), SIZE))
    assert difference[seen].mean() < 1.5


def test_flow_carries_the_photo_to_the_target(portrait: Portrait) -> None:
    drawn = act(portrait, (14, -4, 5), jawOpen=0.4)
    truth = drawn.truth
    assert truth is not None
    place = (truth.source_xy - 0.5).astype(np.float32)
    carried = cv2.remap(portrait.fitted.image, place[..., 0], place[..., 1], cv2.INTER_LINEAR)
    seen = (truth.part == FACE) & (truth.visibility > 0.95)
    light_free = np.abs(np.log((carried[seen] + 1.0) / (drawn.image[seen] + 1.0)))
    assert np.median(light_free) < 0.08  # what is left is the relighting


def test_landmarks_move_rigidly(portrait: Portrait) -> None:
    posed = pose(portrait, Performance(weights(), np.array([15, 5, -8.0]), shift_cm=np.array([0.5, -0.2, 3])))
    np.testing.assert_allclose(posed.angles_deg, [15, 5, -8], atol=1e-4)
    marks = [mark for mark in portrait.atlas.rig.landmarks if portrait.neck[mark] == 1]
    rigid = portrait.target_shape[marks] @ posed.rotation.T + posed.translation
    np.testing.assert_allclose(posed.points[marks], rigid, atol=1e-3)
    drawn = render(portrait, posed, Viewport(40, 30, 1.2), SIZE, truth=False)
    number = portrait.atlas.rig.landmarks.index(marks[0])
    expected = (project(rigid[:1])[0] - [40, 30]) * 1.2 / 512
    np.testing.assert_allclose(drawn.landmarks[number], expected, atol=1e-4)
    assert drawn.truth is None


def test_the_neck_stays(portrait: Portrait) -> None:
    posed = pose(portrait, Performance(weights(), np.array([25, 0, 0.0])))
    held = portrait.neck < 0.03
    assert held.any()
    still = portrait.target_shape[: len(held)] @ portrait.rotation.T + portrait.translation
    np.testing.assert_allclose(posed.points[held], still[held], atol=0.2)


def test_great_turns_are_limited(portrait: Portrait) -> None:
    posed = pose(portrait, Performance(weights(), np.array([70.0, 2, 0])), max_turn_deg=20)
    assert posed.angles_deg[0] == pytest.approx(24, abs=0.5)


def test_an_open_jaw_shows_the_mouth(portrait: Portrait) -> None:
    shut, opened = act(portrait), act(portrait, jawOpen=1.0)
    assert shut.truth is not None
    assert opened.truth is not None
    mouth = [np.isin(truth.part, (SOCKET, GUMS, TEETH, TONGUE)).sum() for truth in (shut.truth, opened.truth)]
    assert mouth[1] > 2 * mouth[0]
    assert opened.truth.vertex[opened.truth.part == TEETH].max() < portrait.atlas.drawn_count


def test_the_tongue_comes_out(portrait: Portrait) -> None:
    jaw = weights(jawOpen=1.0)
    rest, shown = (
        render(portrait, pose(portrait, Performance(jaw, np.array(REST), tongue=np.array([out, 0.3, 0]))), None, SIZE)
        for out in (0, 1)
    )
    assert rest.truth is not None
    assert shown.truth is not None
    assert (shown.truth.part == TONGUE).sum() > (rest.truth.part == TONGUE).sum()
    assert shown.motion[-3:].tolist() == pytest.approx([1, 0.3, 0])
    assert shown.truth.depth[shown.truth.part == TONGUE].min() < rest.truth.depth[rest.truth.part == TONGUE].min()


def test_a_blink_hides_the_eye(portrait: Portrait) -> None:
    opened, shut = act(portrait), act(portrait, eyeBlink_L=1.0)
    assert opened.truth is not None
    assert shut.truth is not None
    left = np.s_[:, SIZE // 2 :]
    assert (shut.truth.part[left] == EYE).sum() < 0.5 * (opened.truth.part[left] == EYE).sum()
    right = np.s_[:, : SIZE // 2]
    assert (shut.truth.part[right] == EYE).sum() == (opened.truth.part[right] == EYE).sum()


def test_gaze_turns_each_eye(portrait: Portrait) -> None:
    gaze = np.array([[0.3, 0.1], [-0.2, 0.0]])
    posed = pose(portrait, Performance(weights(), np.array(REST), gaze_rad=gaze))
    np.testing.assert_allclose(posed.gaze_deg - portrait.gaze_deg, np.degrees(0.72 * gaze), atol=0.3)


def test_canonical_places_follow_the_skin(portrait: Portrait) -> None:
    drawn = act(portrait, (12, 0, 0), mouthSmile_L=0.8)
    truth = drawn.truth
    assert truth is not None
    face = truth.part == FACE
    near = portrait.atlas.canonical[truth.vertex[face]]
    assert np.linalg.norm(truth.canonical[face].astype(np.float32) - near, axis=1).max() < 0.6
    assert (truth.vertex[np.isin(truth.part, (BACKGROUND, CARRIER))] == -1).all()
    background = truth.part == BACKGROUND
    assert (truth.depth[background] == BACKGROUND_DEPTH_CM).all()
    assert (truth.depth[face] < 90).all()
    assert (truth.depth[face] > 60).all()


def test_the_same_bytes_again(atlas: HeadAtlas, portrait: Portrait) -> None:
    again = build_portrait(atlas, toy.make_fitted(atlas))
    first, second = (act(p, (10, 3, 2), jawOpen=0.5) for p in (portrait, again))
    assert first.truth is not None
    assert second.truth is not None
    assert first.image.tobytes() == second.image.tobytes()
    for name in ("part", "vertex", "canonical", "depth", "source_xy", "visibility"):
        assert getattr(first.truth, name).tobytes() == getattr(second.truth, name).tobytes(), name


def test_sub_samples_smooth_edges_only(portrait: Portrait) -> None:
    posed = pose(portrait, Performance(weights(), np.array([15, 0, 0.0])))
    one, two, three = (render(portrait, posed, None, SIZE, samples=s).image.astype(float) for s in (1, 2, 3))
    assert np.abs(two - three).mean() < np.abs(one - three).mean() < 2


def test_views_beyond_the_photo_repeat_its_border(portrait: Portrait) -> None:
    viewport = Viewport(-100, -100, 512 / 712)
    drawn = render(portrait, photo_pose(portrait), viewport, SIZE)
    assert drawn.truth is not None
    outside = pixel_centres(viewport)[..., 0] < -10
    assert drawn.truth.visibility[outside].max() == 0
    crop = photo_crop(portrait, viewport, SIZE)
    corner = crop[:10, :10].reshape(-1, 3).astype(int)
    assert np.ptp(corner, axis=0).max() <= 2
    np.testing.assert_allclose(drawn.image[:10, :10].reshape(-1, 3), corner, atol=3)


def test_a_morph_changes_poses_but_not_the_photo(atlas: HeadAtlas, portrait: Portrait) -> None:
    other = toy.make_fitted(atlas, "bcd")
    morphed = build_portrait(atlas, toy.make_fitted(atlas), Morph(other, 0.5))
    np.testing.assert_array_equal(photo_pose(morphed).points, photo_pose(portrait).points)
    expected = portrait.source_shape + 0.5 * (other.shape - portrait.source_shape)
    far_from_lips = atlas.rig.neutral[:, 1] > 0
    np.testing.assert_allclose(morphed.target_shape[far_from_lips], expected[far_from_lips], atol=1e-4)
    assert np.abs(act(morphed).landmarks - act(portrait).landmarks).max() > 1e-3
