"""Engines: who carries out a stage for many items. The stages do not know; the pipeline sees this protocol only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Stage(Protocol[In, Out]):
    """A typed function of one item: pure but for files that it writes whole, so that it may be repeated; picklable."""

    @property
    def name(self) -> str: ...

    def __call__(self, item: In, /) -> Out: ...


class Engine(Protocol):
    """Carries out a stage; a worker that dies is replaced and its items are done again."""

    @property
    def name(self) -> str: ...

    def map(self, stage: Stage[ItemT, ResultT], items: Sequence[ItemT]) -> Iterator[ResultT]:
        """The stage's result for every item, each once, in whatever order they come."""
        ...


class InlineEngine:
    """One item after another, in this process."""

    name = "inline"

    def map(self, stage: Stage[ItemT, ResultT], items: Sequence[ItemT]) -> Iterator[ResultT]:
        return (stage(item) for item in items)
