"""Fitting the toy head back from its own landmarks, and the shape that can close mouth and lids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toy

from mimica.errors import InputError
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.camera import euler_to_matrix, matrix_to_euler, project
from mimica.synthesis.closing import blink_directions, close_lips
from mimica.synthesis.correspondence import LOWER_INNER_LIP, LOWER_LID, UPPER_INNER_LIP, UPPER_LID
from mimica.synthesis.fit import FitConfig, HeadFitter
from mimica.synthesis.fitted import FittedPortrait


@pytest.fixture(scope="module")
def fitter(atlas: HeadAtlas) -> HeadFitter:
    return HeadFitter(atlas, FitConfig(identity_modes=6))


def landmarks_of(
    atlas: HeadAtlas, angles: tuple[float, float, float], weights: np.ndarray, noise_px: float = 0
) -> np.ndarray:
    rig = atlas.rig
    shape = rig.neutral + 0.8 * rig.identity[1] - 0.5 * rig.identity[4] + np.tensordot(weights, rig.expression, 1)
    points = shape @ euler_to_matrix(*angles).T + np.array([1.5, -2, -88.0])
    landmarks = toy.make_fitted(atlas).landmarks.copy()
    landmarks[:468, :2] = project(points[atlas.correspondence.vertex])
    landmarks[:468, :2] += np.random.default_rng(0).normal(0, noise_px, (468, 2)) if noise_px else 0
    return landmarks


def test_pose_and_expression_are_recovered(atlas: HeadAtlas, fitter: HeadFitter) -> None:
    weights = np.zeros(len(toy.NAMES))
    weights[toy.NAMES.index("jawOpen")] = 0.6
    fit = fitter.fit(landmarks_of(atlas, (12, -5, 4), weights), {"jawOpen": 0.9})
    np.testing.assert_allclose(matrix_to_euler(fit.rotation), [12, -5, 4], atol=1.0)
    assert fit.expression[toy.NAMES.index("jawOpen")] == pytest.approx(0.6, abs=0.08)
    assert fit.residual_px.mean() < 0.01 * fit.face_height_px
    assert (fit.expression >= 0).all()
    assert (fit.expression <= 1.1).all()


def test_the_residual_field_puts_vertices_on_landmarks(atlas: HeadAtlas, fitter: HeadFitter) -> None:
    fit = fitter.fit(landmarks_of(atlas, (0, 0, 0), np.zeros(len(toy.NAMES)), noise_px=2.0))
    assert fit.corrected_px.mean() < 0.6 * fit.residual_px.mean()
    teeth = atlas.rig.part("upper_teeth")
    moved = fit.shape[teeth] - atlas.rig.neutral[teeth]
    moved -= np.tensordot(fit.identity, atlas.rig.identity[:, teeth], 1)
    assert np.ptp(moved, axis=0).max() < 1e-4  # the row of teeth moves as one


def test_bounds_hold_under_a_wrong_prior(atlas: HeadAtlas, fitter: HeadFitter) -> None:
    scores = {"mouthSmileLeft": 1.0, "eyeBlinkRight": 1.0, "browDownLeft": 1.0, "nonsense": 1.0}
    fit = fitter.fit(landmarks_of(atlas, (0, 0, 0), np.zeros(len(toy.NAMES))), scores, np.eye(4))
    assert fit.expression.max() < 0.4
    assert fit.expression.min() >= 0


def test_a_rig_without_identity_is_refused(atlas: HeadAtlas) -> None:
    bare = replace(atlas.rig, identity=atlas.rig.identity[:0])
    with pytest.raises(InputError, match="identity=True"):
        HeadFitter(HeadAtlas(bare, atlas.correspondence))


def test_lips_meet_in_the_target_shape(atlas: HeadAtlas) -> None:
    rig, vertex = atlas.rig, atlas.correspondence.vertex
    upper, lower = vertex[list(UPPER_INNER_LIP)], vertex[list(LOWER_INNER_LIP)]
    ajar = rig.shape(np.eye(len(toy.NAMES))[toy.NAMES.index("jawOpen")] * 0.4)
    neutral = (rig.neutral[upper] - rig.neutral[lower])[:, 1]
    before = (ajar[upper] - ajar[lower])[:, 1] - neutral
    closed = close_lips(atlas, ajar)
    after = (closed[upper] - closed[lower])[:, 1] - neutral
    assert before.mean() > 0.3
    assert np.abs(after).mean() < 0.2 * before.mean()
    assert (closed[rig.neutral[:, 1] > 0] == ajar[rig.neutral[:, 1] > 0]).all()


def test_a_full_blink_closes_this_persons_lids(atlas: HeadAtlas) -> None:
    rig, vertex = atlas.rig, atlas.correspondence.vertex
    wide = rig.neutral.copy()
    upper_half = (rig.neutral[:, 1] > toy.EYE_Y) & (np.arange(len(wide)) < atlas.face_count)
    wide[upper_half, 1] += 0.15
    for side in "LR":
        row = rig.index(f"eyeBlink_{side}")
        blink = blink_directions(atlas, wide)[row]
        middle = slice(2, 5)
        upper, lower = vertex[list(UPPER_LID[side])][middle], vertex[list(LOWER_LID[side])][middle]
        gap = (wide[upper] - wide[lower])[:, 1]
        left = (wide[upper] + blink[upper] - wide[lower] - blink[lower])[:, 1]
        assert np.abs(left).max() < np.abs(gap).max()


def test_fitted_portraits_survive_the_disk(atlas: HeadAtlas, tmp_path: Path) -> None:
    fitted = toy.make_fitted(atlas)
    fitted.save(tmp_path / "a.npz")
    again = FittedPortrait.load(tmp_path / "a.npz")
    assert (again.key, again.source, again.licence, again.crop) == ("a", "toy", "CC0-1.0", (0.0, 0.0, 512.0))
    np.testing.assert_array_equal(again.image, fitted.image)
    np.testing.assert_array_equal(again.shape, fitted.shape)
    with pytest.raises(InputError, match="not a fitted portrait"):
        FittedPortrait.load(tmp_path / "none.npz")
