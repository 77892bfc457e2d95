from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimica.errors import UsageError
from mimica.safety.mark.codec import CODE_BITS, CORRECTABLE_BITS, decode, encode, evidence

IDS = st.integers(0, 65_535)


@given(IDS)
def test_the_ids_bits_come_first(mark_id: int) -> None:
    word = encode(mark_id)
    assert int("".join("1" if bit > 0 else "0" for bit in word[:16]), 2) == mark_id
    assert set(np.unique(word)) <= {-1.0, 1.0}


@given(IDS, IDS)
def test_words_differ_in_23_bits_or_more(one: int, other: int) -> None:
    if one != other:
        assert np.count_nonzero(encode(one) != encode(other)) >= 23


@given(IDS, st.sets(st.integers(0, CODE_BITS - 1), max_size=CORRECTABLE_BITS))
def test_eleven_wrong_bits_are_corrected(mark_id: int, wrong: set[int]) -> None:
    received = encode(mark_id)
    received[list(wrong)] *= -1
    assert decode(received).mark_id == mark_id


def test_soft_values_beat_hard_ones() -> None:
    """At 0 dB a soft value, on average 10 bits of 63 are wrong, often more than 11, and the word is still found."""
    random = np.random.default_rng(0)
    word = encode(4711)
    received = [word + random.standard_normal(CODE_BITS) for _ in range(60)]
    assert max(np.count_nonzero(np.sign(values) != word) for values in received) > CORRECTABLE_BITS
    assert sum(decode(values).mark_id == 4711 for values in received) >= 59


def test_a_clean_word_is_certain_and_noise_is_not() -> None:
    clean = decode(encode(1))
    assert clean.correlation == pytest.approx(1)
    assert clean.certainty == pytest.approx(1)
    assert decode(np.random.default_rng(1).standard_normal(CODE_BITS)).certainty < 0.9
    assert decode(np.zeros(CODE_BITS)).certainty == 0


def test_evidence_bounds_the_frequency_of_chance() -> None:
    """Correlation above ρ with one pattern happens no more often than e^−evidence says, and not much less often."""
    noise = np.random.default_rng(2).standard_normal((200_000, 20))
    correlations = noise.sum(1) / np.sqrt(20 * (noise**2).sum(1))
    for correlation in (0.3, 0.5, 0.6):
        seen = float(np.mean(correlations > correlation))
        assert seen <= math.exp(-evidence(correlation, 20)) <= 20 * seen * 4


@pytest.mark.parametrize("wrong", [-1, 65_536, True, 1.5, "7", None])
def test_other_ids_are_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="mark id"):
        encode(wrong)  # pyright: ignore[reportArgumentType]
