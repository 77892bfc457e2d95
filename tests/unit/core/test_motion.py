"""The driver's motion as a record."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from mimica.core.motion import (
    EXPRESSION_INDEX,
    EXPRESSION_MIRROR,
    EXPRESSION_MIRROR_SIGN,
    EXPRESSION_NAMES,
    RIG_NAMES,
    MotionTrack,
)


def parts(count: int) -> dict[str, np.ndarray]:
    shapes = {"expression": (52,), "angles_deg": (3,), "position": (2,), "scale": (), "gaze_deg": (2, 2)}
    rng = np.random.default_rng(3)
    arrays = {name: rng.normal(size=(count, *shape)).astype(np.float32) for name, shape in shapes.items()}
    return {**arrays, "confidence": np.ones(count, np.float32)}


def test_names_are_distinct_and_counted() -> None:
    assert (len(RIG_NAMES), len(EXPRESSION_NAMES), len(set(EXPRESSION_NAMES))) == (49, 52, 52)


def test_mirroring_twice_changes_nothing() -> None:
    values = np.random.default_rng(1).normal(size=52)

    def mirror(row: np.ndarray) -> np.ndarray:
        return row[list(EXPRESSION_MIRROR)] * EXPRESSION_MIRROR_SIGN

    np.testing.assert_array_equal(mirror(mirror(values)), values)
    assert mirror(values)[EXPRESSION_INDEX["jawLeft"]] == values[EXPRESSION_INDEX["jawRight"]]
    assert mirror(values)[EXPRESSION_INDEX["eyeBlink_L"]] == values[EXPRESSION_INDEX["eyeBlink_R"]]
    assert mirror(values)[EXPRESSION_INDEX["tongueSide"]] == -values[EXPRESSION_INDEX["tongueSide"]]
    assert mirror(values)[EXPRESSION_INDEX["jawOpen"]] == values[EXPRESSION_INDEX["jawOpen"]]


@pytest.mark.parametrize("name", [field.name for field in fields(MotionTrack)][1:])
def test_wrong_shape_is_named(name: str) -> None:
    arrays = parts(4)
    arrays[name] = arrays[name][:3]
    with pytest.raises(ValueError, match=f"{name} has shape"):
        MotionTrack(**arrays)


def test_rows_are_selected_together() -> None:
    track = MotionTrack(**parts(5))
    picked = track[np.array([4, 1])]
    assert len(picked) == 2
    for field in fields(MotionTrack):
        np.testing.assert_array_equal(getattr(picked, field.name), getattr(track, field.name)[[4, 1]])
    assert len(track[1:3]) == 2


def test_another_expression_leaves_the_rest() -> None:
    track = MotionTrack(**parts(2))
    other = track.with_expression(np.zeros((2, 52), np.float64))
    assert other.expression.dtype == np.float32
    assert other.angles_deg is track.angles_deg
