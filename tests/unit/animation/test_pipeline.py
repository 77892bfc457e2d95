"""The pipeline: the same results in the same order, bounded, stopped when its reader stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from mimica.animation.pipeline import ahead, in_order, meanwhile


def test_results_come_in_order_however_long_each_takes() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.003 * (5 - number % 5))
        return number * number

    assert list(in_order(slow_first, range(23), count=4)) == [number * number for number in range(23)]


def test_several_are_at_work_at_once() -> None:
    both = threading.Barrier(2, timeout=120)
    assert len(list(in_order(lambda _: both.wait(), range(6), count=2))) == 6


def test_no_more_is_begun_than_the_bound_allows() -> None:
    begun: list[int] = []
    results = in_order(lambda number: begun.append(number), range(100), count=2)
    next(results)
    results.close()
    assert len(begun) <= 6


def test_an_error_is_raised_in_its_turn() -> None:
    results = in_order(lambda number: 1 // (3 - number), range(10), count=3)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_ahead_gives_everything_and_closes_its_source() -> None:
    closed: list[bool] = []

    def numbers() -> Iterator[int]:
        try:
            yield from range(50)
        finally:
            closed.append(True)

    assert list(ahead(numbers())) == list(range(50))
    reading = ahead(numbers(), depth=3)
    assert next(reading) == 0
    reading.close()
    assert closed == [True, True]


def test_ahead_raises_what_its_source_raises() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("torn")

    reading = ahead(broken())
    assert next(reading) == 1
    with pytest.raises(ValueError, match="torn"):
        next(reading)


def test_something_else_is_done_meanwhile() -> None:
    both = threading.Barrier(2, timeout=120)
    with meanwhile(lambda: both.wait() >= 0) as other:
        both.wait()
    assert other.result()


def test_what_went_wrong_meanwhile_is_told_when_it_is_asked_for() -> None:
    with meanwhile(lambda: 1 // 0) as other:
        pass
    with pytest.raises(ZeroDivisionError):
        other.result()
