"""Meshes: at rest they show the photo, turned they keep their outline, and depth is where a head's would be."""

from __future__ import annotations

import numpy as np
import pytest

from mimica.animation.head_maps import MID_HEAD_CM
from mimica.animation.motion_field import View, place, rasterise
from mimica.animation.portrait_mesh import along_slit, grid_triangles
from mimica.core.camera import rotation_from_angles


def sheets(portrait):
    return (portrait.mesh.base, *portrait.mesh.upper, *portrait.mesh.lower)


def test_without_motion_every_vertex_shows_where_it_is(portrait) -> None:
    for sheet in sheets(portrait):
        shown = portrait.mesh.camera.project(place(portrait.mesh, sheet, portrait.motion()))
        still = np.ones(len(shown), bool)
        still[sheet.moving] = np.abs(sheet.neutral).max(1) < 1e-6
        assert np.abs(shown - sheet.source_px)[still].max() < 0.02
        assert still.mean() > 0.3


def test_the_jaw_takes_the_chin_down_and_leaves_the_brow(portrait) -> None:
    rest, opened = (place(portrait.mesh, portrait.mesh.base, portrait.motion(jaw=jaw)) for jaw in (0.0, 1.0))
    moved = (opened - rest)[:, 1]
    source = portrait.mesh.base.source_px
    chin, brow = (np.square(source - portrait.pixel(0, y)).sum(1).argmin() for y in (-6.8, 5.0))
    assert moved[chin] == pytest.approx(-2.0, abs=0.3)
    assert moved[brow] == pytest.approx(0.0, abs=1e-4)


def test_a_turn_moves_the_front_and_leaves_the_outline(portrait) -> None:
    turn = rotation_from_angles(25, 0, 0)
    rest, turned = (portrait.mesh.camera.project(place(portrait.mesh, portrait.mesh.base, portrait.motion(turn=t)))
                    for t in (None, turn))  # fmt: skip
    across = (turned - rest)[:, 0] / portrait.reading.scale
    source = portrait.mesh.base.source_px
    nose, outline = (np.square(source - portrait.pixel(0, y)).sum(1).argmin() for y in (0.0, 8.4))
    assert across[nose] > 3.0
    assert abs(across[outline]) < 0.65 * across[nose]  # maps are coarse: half a centimetre of them is the outline


def test_depth_goes_from_the_face_to_the_middle_of_the_head(portrait) -> None:
    middle = -(portrait.mesh.rotation @ MID_HEAD_CM + portrait.mesh.origin_cm)[2]
    depth = -portrait.mesh.base.camera_cm[:, 2]
    source = portrait.mesh.base.source_px
    front, outline = (np.square(source - portrait.pixel(0, y)).sum(1).argmin() for y in (2.0, 8.45))
    assert depth[front] == pytest.approx(-portrait.mesh.origin_cm[2] - 8.0, abs=0.3)
    assert depth[front] + 3.0 < depth[outline] < middle + 1.0


def test_the_region_border_never_moves(portrait) -> None:
    sheet, region = portrait.mesh.base, portrait.mesh.region
    border = np.abs(region.to_crop(sheet.source_px) - 0.5).max(1) > 0.4999
    assert border.any()
    motion = portrait.motion(jaw=1.0, turn=rotation_from_angles(30, 10, 10), shift_cm=(2, 1, 3))
    shown = portrait.mesh.camera.project(place(portrait.mesh, sheet, motion))
    assert np.abs(shown - sheet.source_px)[border].max() < 0.02


def test_rasterised_at_rest_every_cell_comes_from_its_own_place(portrait) -> None:
    mesh = portrait.mesh
    view = View(60.0, 50.0, 160.0, 140.0, 80, 70)
    layer = rasterise(mesh, mesh.base, place(mesh, mesh.base, portrait.motion()), view)
    assert layer.covered.all()
    x, y = np.meshgrid((np.arange(80) + 0.5) * 2 + 60, (np.arange(70) + 0.5) * 2 + 50)
    assert np.abs(layer.source_px - np.stack([x, y], -1)).max() < 1.0


def test_beside_a_sheet_nothing_moves(portrait) -> None:
    mesh = portrait.mesh
    sheet = mesh.upper[0]
    corner = sheet.source_px.min(0) - 40  # averaged with what is covered, an empty cell must not lead far away
    layer = rasterise(mesh, sheet, place(mesh, sheet, portrait.motion()), View(*map(float, corner), 120, 100, 60, 50))
    assert 0.1 < layer.covered.mean() < 0.9
    assert (layer.shift_px[~layer.covered] == 0).all()
    assert np.abs(layer.shift_px).max() < 5


def test_what_is_cut_from_a_sheet_lies_where_it_lay(portrait) -> None:
    mesh = portrait.mesh
    sheet = mesh.lower[0]
    chosen = sheet.source_px[:, 0] < np.median(sheet.source_px[:, 0])
    part, motion = sheet.cut(chosen), portrait.motion(jaw=0.7, turn=rotation_from_angles(10, 0, 0))
    assert 0.4 * len(chosen) < len(part.source_px) < 0.65 * len(chosen)
    assert part.triangles.max() == len(part.source_px) - 1
    kept = [int(np.flatnonzero((sheet.source_px == point).all(1))[0]) for point in part.source_px]
    np.testing.assert_allclose(place(mesh, part, motion), place(mesh, sheet, motion)[kept], atol=1e-5)


def test_a_sheet_in_which_nothing_moves_can_be_cut(portrait) -> None:
    still = portrait.mesh.base.cut(np.arange(len(portrait.mesh.base.source_px)) < 3)  # at the region's edge
    assert len(still.moving) == 0
    nothing = still.cut(np.zeros(len(still.source_px), bool))
    assert len(nothing.source_px) == len(nothing.triangles) == 0
    assert nothing.basis.shape == still.basis.shape == (0, portrait.mesh.base.basis.shape[1])


def test_a_grid_is_covered_once() -> None:
    triangles = grid_triangles(3, 4)
    assert triangles.shape == (12, 3)
    assert len({tuple(sorted(triangle)) for triangle in triangles.tolist()}) == 12
    assert set(triangles.ravel().tolist()) == set(range(12))


def test_sheets_part_between_the_corners_only() -> None:
    canonical = np.float32([[0, -4, 10], [2.0, -4, 10], [3.5, -4, 10]])
    weight = along_slit(canonical, "mouth")
    assert weight[0] == weight[1] == 1
    assert weight[2] == 0
