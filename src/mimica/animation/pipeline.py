"""Pipeline: one stage works ahead of the next in threads, in order and within bounds.

NumPy, OpenCV, ONNX Runtime and FFmpeg let go of Python's lock while they compute, so threads use all cores. What comes
out is the same, in the same order, as without threads. This module does not know what is computed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from typing import TypeVar

from mimica.runtime.providers import thread_count, usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def meanwhile(function: Callable[[], Result]) -> Generator[Future[Result]]:
    """Let `function` run in a thread of its own while the block runs, which ends not before it."""
    with ThreadPoolExecutor(1, thread_name_prefix="mimica-meanwhile") as pool:
        yield pool.submit(function)


MOST_WORKERS = 8
"""More than this would only wait for the encoder, and every frame at work takes memory."""


def workers() -> int:
    """How many frames are made at the same time: as many as there are cores, or as MIMICA_THREADS says."""
    return max(1, min(thread_count() or usable_cores() or 2, MOST_WORKERS))


def in_order(function: Callable[[Item], Result], items: Iterable[Item], count: int | None = None) -> Generator[Result]:
    """`function` of each item, in order, while up to `count` further ones are at work; `workers()` when None.

    At most 2 · `count` results wait. What a call raises is raised in its turn, and later items are then not begun.
    """
    count = count or workers()
    waiting: deque[Future[Result]] = deque()
    todo = iter(items)
    pool = ThreadPoolExecutor(count, thread_name_prefix="mimica")
    try:
        waiting.extend(pool.submit(function, item) for item in islice(todo, 2 * count))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(todo, 1))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def ahead(items: Generator[Item] | Iterable[Item], depth: int = 4) -> Generator[Item]:
    """`items` in order, up to `depth` of them taken in a thread of its own before they are asked for."""
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="mimica-ahead") as pool:
        waiting: deque[Future[list[Item]]] = deque()

        def take() -> list[Item]:
            return list(islice(source, 1))

        try:
            waiting.extend(pool.submit(take) for _ in range(depth))
            while found := waiting.popleft().result():
                waiting.append(pool.submit(take))
                yield found[0]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            if isinstance(source, Generator):
                with closing(source):
                    pass
