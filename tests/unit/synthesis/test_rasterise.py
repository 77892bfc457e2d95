"""The rasteriser against brute force, and the rules it promises."""

from __future__ import annotations

import numpy as np

from mimica.synthesis.rasterise import NOTHING, ZBuffer, barycentric, interpolate, vertex_normals

F = np.float32


def brute_force(screen: np.ndarray, inverse: np.ndarray, triangles: np.ndarray, size: int) -> np.ndarray:
    numbers, nearest = np.full((size, size), NOTHING), np.zeros((size, size))
    centre = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), -1)
    for m, (a, b, c) in enumerate(triangles):
        edge = np.stack([screen[b] - screen[a], screen[c] - screen[a]], 1).astype(np.float64)
        if abs(np.linalg.det(edge)) < 1e-9:
            continue
        weights = (centre - screen[a]) @ np.linalg.inv(edge).T
        inside = (weights >= 0).all(-1) & (weights.sum(-1) <= 1)
        depth = inverse[a] + weights @ (inverse[[b, c]] - inverse[a])
        better = inside & (depth.astype(F) > nearest.astype(F))
        numbers[better], nearest[better] = m, depth[better]
    return numbers


def scene(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-5, 45, (count, 1, 2))
    screen = (centres + rng.normal(0, 6, (count, 3, 2))).reshape(-1, 2).astype(F)
    return screen, rng.uniform(0.01, 0.05, 3 * count).astype(F), np.arange(3 * count, dtype=np.int32).reshape(-1, 3)


def test_equals_brute_force() -> None:
    for seed in range(5):
        screen, inverse, triangles = scene(seed)
        buffer = ZBuffer(40, 40)
        buffer.draw(screen, inverse, triangles)
        expected = brute_force(screen, inverse, triangles, 40)
        assert (buffer.triangle == expected).mean() > 0.999  # a pixel centre may fall on an edge


def test_a_mesh_has_no_cracks() -> None:
    x, y = np.meshgrid(np.linspace(-3.3, 43.7, 30), np.linspace(-2.1, 44.9, 30))
    rng = np.random.default_rng(0)
    screen = (np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(-0.4, 0.4, (900, 2))).astype(F)
    row, column = np.meshgrid(np.arange(29), np.arange(29), indexing="ij")
    a = (row * 30 + column).ravel()
    triangles = np.concatenate([np.stack([a, a + 30, a + 1], 1), np.stack([a + 1, a + 30, a + 31], 1)]).astype(np.int32)
    buffer = ZBuffer(40, 40)
    buffer.draw(screen, np.full(900, 0.02, F), triangles)
    assert (buffer.triangle != NOTHING).all()


def test_interpolation_is_perspective_correct() -> None:
    """A value that is linear in space is recovered at the space point that a pixel sees."""
    points = np.array([[-4, -4, 20], [6, -4, 60], [0, 6, 30]], float)
    screen, inverse = (points[:, :2] / points[:, 2:] * 100 + 30).astype(F), (1 / points[:, 2]).astype(F)
    triangle = np.array([[0, 1, 2]], np.int32)
    buffer = ZBuffer(60, 60)
    buffer.draw(screen, inverse, triangle)
    x = interpolate(screen, inverse, triangle, buffer.triangle, points[:, 0].astype(F), np.nan)
    depth = interpolate(screen, inverse, triangle, buffer.triangle, points[:, 2].astype(F), np.nan)
    rows, columns = np.nonzero(buffer.triangle == 0)
    assert len(rows) > 100
    np.testing.assert_allclose(x[rows, columns] / depth[rows, columns] * 100 + 30, columns + 0.5, atol=1e-3)
    np.testing.assert_allclose(1 / depth[rows, columns], buffer.inverse_depth[rows, columns], rtol=1e-4)


def test_weights_are_one_at_corners() -> None:
    screen, inverse, _ = scene(3, 1)
    weights = barycentric(screen, inverse, 0, 1, 2, float(screen[1, 0]), float(screen[1, 1]))
    np.testing.assert_allclose(weights, [0, 1, 0], atol=1e-5)


def test_a_second_layer_shows_only_what_is_nearer() -> None:
    triangles = np.array([[0, 1, 2]], np.int32)
    screen = np.array([[0, 0], [20, 0], [0, 20]], F)
    front = ZBuffer(10, 10)
    front.draw(screen, np.full(3, 0.02, F), triangles)
    behind, before = front.behind(), front.behind()
    behind.draw(screen, np.full(3, 0.01, F), triangles)
    before.draw(screen, np.full(3, 0.03, F), triangles)
    assert (behind.triangle == NOTHING).all()
    assert (before.triangle[:5, :5] == 0).all()


def test_outside_degenerate_and_behind_are_skipped() -> None:
    screen = np.array([[-9, -9], [-5, -9], [-9, -5], [1, 1], [4, 4], [7, 7], [0, 0], [9, 0], [0, 9]], F)
    inverse = np.array([1, 1, 1, 1, 1, 1, -1, 1, 1], F)
    buffer = ZBuffer(10, 10)
    buffer.draw(screen, inverse, np.arange(9, dtype=np.int32).reshape(3, 3))
    assert (buffer.triangle == NOTHING).all()


def test_normals_point_out() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]], F)
    normals = vertex_normals(points, np.array([[0, 1, 2]], np.int32))
    np.testing.assert_allclose(normals, [[0, 0, 1]] * 3 + [[0, 0, 0]], atol=1e-6)
