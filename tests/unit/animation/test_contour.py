from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimica.animation.contour import find_contour

NEARER_CM, FARTHER_CM = 50.0, 80.0


def half(height: int = 12, width: int = 20, edge: int = 10) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cells of 2 px: left of `edge` a near surface from 40 px further right, right of it a far, still one."""
    cells = np.zeros((height, width, 2), np.float32)
    cells[:, :edge, 0] = 40
    depth = np.full((height, width), FARTHER_CM, np.float32)
    depth[:, :edge] = NEARER_CM
    return cells, depth


def test_a_smooth_flow_has_none() -> None:
    cells = np.zeros((12, 20, 2), np.float32)
    cells[..., 0] = np.arange(20) * 3  # squeezed, but evenly
    kept, contour = find_contour(cells, np.full((12, 20), NEARER_CM, np.float32), 40, 24)
    assert contour is None
    assert kept is cells


def test_pixels_between_two_surfaces_show_some_of_both() -> None:
    kept, contour = find_contour(*half(), 40, 24)
    assert contour is not None
    np.testing.assert_array_equal(kept, half()[0])
    assert sorted(set(contour.columns.tolist())) == [19, 20]  # between the middles of cells 9 and 10
    assert len(contour.rows) == 2 * 24
    np.testing.assert_array_equal(contour.shifts[0], np.tile([40, 0], (48, 1)))  # each surface with its own flow
    np.testing.assert_array_equal(contour.shifts[1], np.zeros((48, 2)))
    inner = (contour.rows > 1) & (contour.rows < 22)
    for column, share in ((19, 0.75), (20, 0.25)):
        np.testing.assert_allclose(contour.nearer[inner & (contour.columns == column)], share, atol=1e-6)


def test_the_corner_of_a_surface_is_its_own_too() -> None:
    cells, depth = half()
    cells[6:], depth[6:] = 0, FARTHER_CM
    _, contour = find_contour(cells, depth, 40, 24)
    assert contour is not None
    assert {tuple(shift) for shift in contour.shifts[0].tolist()} == {(40, 0)}
    assert {tuple(shift) for shift in contour.shifts[1].tolist()} == {(0, 0)}


def test_what_is_seen_from_the_side_is_not_drawn() -> None:
    for wide in (1, 2):
        cells, depth = half()
        cells[:, 10 - wide : 10, 0] = np.array([20.0, 5.0])[:wide] if wide == 1 else [26, 13]
        depth[:, 10 - wide : 10] = NEARER_CM + np.arange(1, wide + 1)
        kept, contour = find_contour(cells, depth, 40, 24)
        assert contour is not None
        np.testing.assert_array_equal(kept, half(edge=10 - wide)[0])
        assert set(contour.columns.tolist()) == {19 - 2 * wide, 20 - 2 * wide}


def test_contours_do_not_depend_on_where_they_lie() -> None:
    cells, depth = half(40, 60, 30)
    cells[:15], depth[:15] = 0, FARTHER_CM
    _, whole = find_contour(cells, depth, 120, 80)
    _, part = find_contour(np.ascontiguousarray(cells[5:35, 10:50]), np.ascontiguousarray(depth[5:35, 10:50]), 80, 60)
    assert whole is not None
    assert part is not None
    inside = (whole.rows >= 10) & (whole.rows < 68) & (whole.columns >= 22)  # beside the edges that the part lacks
    within = (part.rows < 58) & (part.columns >= 2)
    np.testing.assert_array_equal(whole.rows[inside] - 10, part.rows[within])
    np.testing.assert_array_equal(whole.columns[inside] - 20, part.columns[within])
    np.testing.assert_allclose(whole.nearer[inside], part.nearer[within], atol=1e-6)
