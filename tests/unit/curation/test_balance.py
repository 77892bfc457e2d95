"""Copies go at any offset, crowds are thinned by lot, and no order of arrival matters."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mimica.core.motion import EXPRESSION_NAMES
from mimica.curation.balance import balanced, cell, without_copies
from mimica.curation.config import CurationConfig
from mimica.curation.records import Clip, Measures, Rights, Source
from mimica.curation.shards import group_of, plan_shards

BITS = 14


def clip(
    key: str, subject: str = "Ann", yaw_deg: float = 0.0, prints: tuple[str, ...] = (), path: str = "a.mp4"
) -> Clip:
    found = Measures(
        100, 0.4, 0.05, 120, 0, 1, 0.05, 0, 0.04, (yaw_deg, 0, 0), (0, 0, 0), (0, 0), (0, 0),
        (0.0,) * len(EXPRESSION_NAMES),
    )  # fmt: skip
    source = Source(path, key * 16, Rights(subject, "s", "MIT", "fictional"))
    return Clip(key, source, Fraction(0), Fraction(2), 50, (1.0, 2.0, 3.0), found, prints or (some_print(key),))


def some_print(name: str) -> str:
    return np.random.default_rng(list(name.encode())).bytes(32).hex()


def flipped(text: str, bits: list[int]) -> str:
    value = int(text, 16)
    for bit in bits:
        value ^= 1 << bit
    return f"{value:064x}"


@given(st.lists(st.integers(0, 255), min_size=0, max_size=BITS, unique=True))
def test_every_copy_within_the_bound_is_found(bits: list[int]) -> None:
    first = clip("a", prints=(some_print("x"), some_print("y")))
    second = clip("b", prints=tuple(flipped(text, bits) for text in first.prints))
    kept, left = without_copies([second, first], BITS)
    assert ([each.key for each in kept], left[0].reason) == (["a"], "copy of a")


@given(st.lists(st.integers(0, 255), min_size=BITS + 1, max_size=60, unique=True))
def test_beyond_the_bound_is_no_copy(bits: list[int]) -> None:
    kept, _ = without_copies([clip("a"), clip("b", prints=(flipped(some_print("a"), bits),))], BITS)
    assert len(kept) == 2


def test_a_piece_of_a_clip_is_its_copy_at_any_offset() -> None:
    long = tuple(some_print(str(index)) for index in range(8))
    kept, left = without_copies([clip("a", prints=long), clip("b", prints=long[3:6])], BITS)
    assert ([each.key for each in kept], len(left)) == (["a"], 1)


def crowd() -> list[Clip]:
    many = [clip(f"m{index:03d}", "Ann") for index in range(90)]
    few = [clip(f"f{index:03d}", f"p{index}", yaw_deg=15) for index in range(10)]
    rare = [clip(f"r{index:03d}", f"q{index}", yaw_deg=30) for index in range(5)]
    return many + few + rare


def test_nobody_and_nothing_crowds_out_the_rest() -> None:
    config = CurationConfig(clips_per_subject=50, cell_factor=2)
    kept, left = balanced(crowd(), config)
    assert Counter(cell(each).split(",")[0] for each in kept) == {"frontal": 20, "turned": 10, "far turned": 5}
    assert len(left) == 90 - 20
    assert sum("the subject has" in each.reason for each in left) == 40


def test_order_does_not_matter_and_the_seed_does() -> None:
    config = CurationConfig(clips_per_subject=20)
    mixed = crowd()
    random.Random(4).shuffle(mixed)
    assert balanced(mixed, config) == balanced(crowd(), config)
    other, _ = balanced(crowd(), CurationConfig(clips_per_subject=20, seed=1))
    assert other != balanced(crowd(), config)[0]


def test_shards_hold_one_subject_and_are_named_by_content() -> None:
    config = CurationConfig(clips_per_shard=40)
    orders = plan_shards(crowd(), config)
    assert all(len({each.source.rights.subject for each in order.clips}) == 1 for order in orders)
    assert sorted(len(order.clips) for order in orders if order.name.startswith(group_of("Ann"))) == [10, 40, 40]
    moved = plan_shards([clip("a", path="elsewhere/a.mp4")], config)
    assert moved[0].name == plan_shards([clip("a")], config)[0].name
    assert moved[0].name != plan_shards([clip("b")], config)[0].name
    assert moved[0].name != plan_shards([clip("a")], CurationConfig(size=128))[0].name
    assert "Ann" not in orders[0].name
