import numpy as np
import pytest

from mimica.core.lips import LIPS_GAP_CM, lips_gap, part_lips
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES
from mimica.runtime.weights import load_network

JAW, CLOSE, SMILE = (EXPRESSION_INDEX[name] for name in ("jawOpen", "mouthClose", "mouthSmile_L"))


def strengths(**named: float) -> np.ndarray:
    values = np.zeros(len(EXPRESSION_NAMES), np.float32)
    for name, value in named.items():
        values[EXPRESSION_INDEX[name]] = value
    return values


def test_the_table_is_what_the_shipped_field_does_to_the_lips() -> None:
    upper = np.array([[-0.98, -3.56, 10.94], [0.0, -3.49, 11.26], [0.98, -3.56, 10.94]], np.float32)
    lower = np.array([[-1.05, -5.53, 9.77], [0.0, -5.86, 9.90], [1.05, -5.53, 9.77]], np.float32)
    network = load_network("rig_field", "cpu")
    directions = [network.run({"canonical": points})["directions"][..., 1] for points in (upper, lower)]
    np.testing.assert_allclose((directions[0] - directions[1]).mean(0), LIPS_GAP_CM, atol=0.02)


@pytest.mark.parametrize("gap", [0.0, 0.4, 1.5])
def test_lips_part_as_far_as_they_are_told(gap: float) -> None:
    before = strengths(jawOpen=0.3, mouthClose=0.25, mouthUpperUp_L=0.4, mouthSmile_L=0.7)
    after = part_lips(before, gap)
    assert lips_gap(after) == pytest.approx(gap, abs=1e-3)
    changed = np.flatnonzero(before != after)
    assert set(changed) <= {JAW, CLOSE}


def test_what_closes_is_released_before_the_jaw_opens() -> None:
    after = part_lips(strengths(jawOpen=0.3, mouthClose=0.2), 0.5)
    assert after[JAW] == pytest.approx(0.3)
    assert after[CLOSE] < 0.2


def test_pressing_lips_stay_together_and_the_jaw_has_an_end() -> None:
    assert lips_gap(part_lips(strengths(jawOpen=0.2), -1.0)) == pytest.approx(0.0, abs=1e-6)
    assert part_lips(strengths(), 99.0)[JAW] == pytest.approx(1.25)
    closed = strengths(jawOpen=0.3, mouthClose=0.3)
    assert part_lips(closed, 0.0)[CLOSE] <= part_lips(closed, 0.0)[JAW] + 1e-6
