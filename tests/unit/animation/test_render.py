"""Rendering: what does not move stays the photo to the bit, and what moves goes where it must."""

from __future__ import annotations

import numpy as np
import pytest

from mimica.animation.feature_textures import well_inside
from mimica.core.camera import rotation_from_angles


def test_without_motion_the_photo_comes_back(portrait) -> None:
    result = portrait.renderer.render(portrait.motion())
    assert result.dtype == np.uint8
    assert result.shape == portrait.photo.shape
    difference = np.abs(result.astype(int) - portrait.photo)
    assert difference.mean() < 1.0
    assert np.percentile(difference, 99) < 12


def test_outside_the_patch_the_photo_is_untouched(make_portrait) -> None:
    portrait = make_portrait(500, 420, (150.0, 140.0), 4.0)
    motion = portrait.motion(jaw=1.0, turn=rotation_from_angles(25, 5, 10))
    result, patch = portrait.renderer.render(motion), portrait.renderer.patch
    outside = np.ones(result.shape[:2], bool)
    outside[patch.y0 : patch.y0 + patch.height, patch.x0 : patch.x0 + patch.width] = False
    assert outside.any()
    assert (result[outside] == portrait.photo[outside]).all()


def test_a_frame_depends_on_its_motion_alone(portrait) -> None:
    motion = portrait.motion(jaw=0.6, turn=rotation_from_angles(10, 5, 0))
    first = portrait.renderer.render(motion)
    portrait.renderer.render(portrait.motion(jaw=1.0))
    assert (portrait.renderer.render(motion) == first).all()


def test_an_open_jaw_shows_the_mouth(portrait) -> None:
    at = portrait.pixel(0, -5.6).astype(int)
    shut, opened = (portrait.renderer.render(portrait.motion(jaw=jaw))[at[1], at[0]] for jaw in (0.0, 1.0))
    assert np.abs(opened.astype(int) - shut).max() > 25
    assert opened.mean() < 0.75 * shut.mean()  # darker than skin between the rows of teeth


def test_a_tongue_comes_out_over_the_lower_lip(portrait) -> None:
    inside, out = (portrait.renderer.render(portrait.motion(jaw=0.6, tongue=t)).astype(int) for t in (0.0, 1.0))
    changed = np.abs(out - inside).max(-1) > 20
    rows = np.nonzero(changed)[0]
    assert changed.sum() > 30
    assert rows.max() > portrait.pixel(0, -6.2)[1]
    redness = out[changed][:, 0] - out[changed][:, 2]
    assert np.median(redness) > 20


@pytest.mark.parametrize("yaw", [-20, 20])
def test_gaze_moves_the_iris(portrait, yaw: float) -> None:
    straight, aside = (portrait.renderer.render(portrait.motion(look=(look, 0))).astype(int) for look in (0, yaw))
    corner, other = portrait.pixel(3.2 - 1.2, 3.3 + 0.5).astype(int), portrait.pixel(3.2 + 1.2, 3.3 - 0.5).astype(int)
    window = np.s_[corner[1] : other[1], corner[0] : other[0]]
    columns = np.arange(other[0] - corner[0])
    places = [
        float((columns * (255 - picture[window].mean(-1)).clip(80).sum(0)).sum() /
              (255 - picture[window].mean(-1)).clip(80).sum())
        for picture in (straight, aside)
    ]  # fmt: skip
    assert np.sign(places[1] - places[0]) == np.sign(yaw)
    assert abs(places[1] - places[0]) > 0.4


def test_mouth_and_eyes_lie_well_inside_the_face_whatever_they_show() -> None:
    face = np.zeros((208, 208), np.float32)
    face[30:180, 40:160] = 1
    face[130:140, 80:120] = 0  # an open mouth
    inside = well_inside(face)
    assert inside[130:140, 80:120].min() == 1
    assert inside[60:120, 50:150].min() == 1
    assert inside[:, 156:].max() == 0
