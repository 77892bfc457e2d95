"""The mouth's inside: it hangs in the face, opens with the jaw, and stays where the head is."""

from __future__ import annotations

import numpy as np
import pytest

from mimica.animation import mouth as module
from mimica.animation.motion_field import View
from mimica.animation.mouth import (
    RAISED_CM,
    SEEN_OF_TEETH,
    Mouth,
    in_shade,
    lips_shadow,
    middle_and_width,
    shipped_interior,
    vertex_normals,
)
from mimica.core.camera import rotation_from_angles
from mimica.core.mouth_interior import GUMS, LIPS_MEET_CM, LOWER_TEETH, UPPER_TEETH, Interior
from mimica.errors import WeightsError


@pytest.fixture
def view(portrait) -> View:
    corner = portrait.pixel(-4, -1.0)
    return View(float(corner[0]), float(corner[1]), 8 * portrait.reading.scale, 9 * portrait.reading.scale, 160, 180)


def test_the_shipped_mesh_is_a_mouth() -> None:
    interior = shipped_interior()
    assert interior.triangles.max() < len(interior.points)
    upper, lower = (interior.points[interior.part == part] for part in (UPPER_TEETH, LOWER_TEETH))
    assert upper[:, 1].mean() > lower[:, 1].mean()
    assert np.abs(upper.mean(0)[0]) < 0.05
    opened = interior.jaw[0][interior.part == LOWER_TEETH]
    assert opened[:, 1].mean() < -1.0
    assert np.abs(interior.jaw[:, interior.part == UPPER_TEETH]).max() < 0.02


def test_teeth_hang_at_the_lips(portrait, view: View) -> None:
    picture = portrait.renderer.mouth.draw(portrait.motion(), view)
    rows, columns = np.nonzero(picture.teeth > 0.5)
    middle = portrait.pixel(0, -4.6)
    cell = portrait.reading.scale * 8 / 160
    assert abs(columns.mean() * cell + view.x0_px - middle[0]) < 0.5 * portrait.reading.scale
    assert abs(rows.mean() * cell + view.y0_px - middle[1]) < 1.5 * portrait.reading.scale


def test_the_lower_row_goes_down_with_the_jaw(portrait, view: View) -> None:
    shut, opened = (portrait.renderer.mouth.draw(portrait.motion(jaw=jaw), view).teeth for jaw in (0.0, 1.0))
    assert np.nonzero(opened > 0.5)[0].max() > np.nonzero(shut > 0.5)[0].max() + 10
    assert abs(int(np.nonzero(opened > 0.5)[0].min()) - int(np.nonzero(shut > 0.5)[0].min())) <= 2


def test_the_tongue_comes_nearer(portrait, view: View) -> None:
    rest, out = (portrait.renderer.mouth.draw(portrait.motion(jaw=0.7, tongue=t), view) for t in (0.0, 1.0))
    assert out.tongue.sum() > 1.5 * rest.tongue.sum()
    assert out.tongue_depth[out.tongue > 0].min() < rest.tongue_depth[rest.tongue > 0].min() - 2


def test_front_teeth_have_the_colour_that_is_given(portrait, view: View) -> None:
    mesh, lips, skin = portrait.mesh, shipped_interior().lips, np.full(3, 0.5, np.float32)
    colours = np.float32([[0.7, 0.66, 0.6], [0.35, 0.33, 0.3]])
    shown = []
    for colour in colours:
        picture = Mouth(mesh, lips, skin, colour, shipped_interior()).draw(portrait.motion(), view)
        seen = np.percentile(picture.colour[picture.teeth > 0.9], 90, axis=0) / 255
        shown.append(seen * in_shade(np.float32([SEEN_OF_TEETH])))
    assert np.allclose(shown[0] / shown[1], 2, atol=0.02)
    assert np.allclose(shown[0] / shown[0][0], colours[0] / colours[0][0], atol=0.03)
    assert 0.8 < shown[0][0] / colours[0][0] < 1.2


def test_upper_teeth_show_a_little_below_the_resting_lip() -> None:
    interior = shipped_interior()
    edge = interior.points[interior.part == UPPER_TEETH][:, 1].min()
    assert 0.1 < LIPS_MEET_CM - edge < 0.3


@pytest.mark.parametrize(("higher_cm", "raised_cm"), [(0.15, 0.15), (-0.05, -0.05), (0.9, RAISED_CM[1])])
def test_teeth_hang_from_where_the_lips_meet(portrait, higher_cm: float, raised_cm: float) -> None:
    interior, grey = shipped_interior(), np.full(3, 0.5, np.float32)
    low, high = (
        Mouth(portrait.mesh, interior.lips, grey, grey, interior, meet).tongue(portrait.motion())
        for meet in (LIPS_MEET_CM, LIPS_MEET_CM + higher_cm)
    )
    assert np.linalg.norm(high - low, axis=1) == pytest.approx(abs(raised_cm), abs=0.01)
    assert np.sign((high - low)[:, 1].mean()) == np.sign(raised_cm)


def test_shade_in_a_mouth_is_red() -> None:
    light = np.float32([[0.0], [0.5], [1.0]])
    dark, half, full = in_shade(light)
    assert not dark.any()
    assert half[0] > 0.5 > half[1] > half[2]
    assert np.allclose(full, 1)


def test_gums_are_pink_beside_the_teeth(portrait, view: View) -> None:
    mesh, skin, teeth = portrait.mesh, np.full(3, 0.5, np.float32), np.full(3, 0.6, np.float32)
    mouth = Mouth(mesh, shipped_interior().lips, skin, teeth, shipped_interior())
    gums, whites = (mouth.albedo[mouth.interior.part == part].max(0) for part in (GUMS, UPPER_TEETH))
    assert 0.6 < gums[0] / whites[0] < 0.9
    assert gums[1] < 0.7 * gums[0]


@pytest.mark.parametrize("yaw_deg", [35.0, -35.0, 5.0])
def test_a_turned_mouth_is_measured_by_its_nearer_half(yaw_deg: float) -> None:
    lips = shipped_interior().lips.copy()
    middle, width = middle_and_width(lips, np.eye(3))
    assert width == pytest.approx(np.linalg.norm(lips[0] - lips[6]))
    far = lips[:, 0] * yaw_deg > 0  # a face that turns to the picture's right shows little of what is there
    lips[far, 0] *= 0.5
    found, read = middle_and_width(lips, rotation_from_angles(yaw_deg, 0, 0))
    if abs(yaw_deg) < 12:
        assert read < 0.85 * width
    else:
        assert found == pytest.approx(middle, abs=0.05)
        assert read == pytest.approx(width, rel=0.03)


def test_lips_shade_what_lies_behind_them() -> None:
    opening = np.zeros((40, 60), np.float32)
    opening[10:30, 10:50] = 1
    factor = lips_shadow(opening, 100.0, np.zeros_like(opening))
    assert factor[11, 30] < factor[25, 30] <= 1
    assert lips_shadow(opening, 100.0, np.ones_like(opening))[11, 30] > factor[11, 30]


def test_normals_of_a_flat_square_point_to_the_viewer() -> None:
    points = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    normals = vertex_normals(points, np.int32([[0, 1, 2], [0, 2, 3]]))
    assert np.allclose(normals, [0, 0, 1])


def test_an_interior_survives_saving(tmp_path) -> None:
    interior = shipped_interior()
    interior.save(tmp_path / "again.npz")
    again = Interior.load(tmp_path / "again.npz")
    assert np.array_equal(again.points, interior.points)
    assert np.array_equal(again.triangles, interior.triangles)


def test_a_damaged_interior_is_named(tmp_path, monkeypatch) -> None:
    (tmp_path / module.INTERIOR_FILE).write_bytes(b"no mesh")
    monkeypatch.setattr(module, "PACKAGE_FOLDER", tmp_path)
    shipped_interior.cache_clear()
    with pytest.raises(WeightsError, match=r"mouth_interior\.npz: cannot be read"):
        shipped_interior()
    shipped_interior.cache_clear()
