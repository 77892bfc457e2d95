"""What a person sees while frames are made: a bar on a terminal, nothing in a pipe.

This module does not know what is being made; it shows `Progress` and speaks on stderr, so that stdout holds results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimica.animation.report import Progress


class ProgressDisplay:
    """A context manager that is called with each `Progress`; silent when stderr is no terminal or `quiet` is set."""

    def __init__(self, *, quiet: bool = False, terminal: bool | None = None) -> None:
        """terminal: whether stderr is one; asked of stderr itself when None."""
        self._shown = not quiet and (sys.stderr.isatty() if terminal is None else terminal)
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> ProgressDisplay:
        if self._shown:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[count]}"),
                TextColumn("{task.fields[speed]}"),
                TextColumn("{task.fields[left]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("preparing", total=None, count="", speed="", left="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        if self._bar is None:
            return
        self._bar.update(
            self._task,
            description=progress.stage,
            completed=progress.done,
            total=progress.total,
            **describe(progress),
        )


def describe(progress: Progress) -> dict[str, str]:
    """The words beside the bar: frames done of all, frames per second, time remaining; empty where not known."""
    total = "?" if progress.total is None else str(progress.total)
    left = progress.remaining_s
    return {
        "count": f"{progress.done}/{total} frames",
        "speed": f"{progress.fps:.1f} fps" if progress.fps > 0 else "",
        "left": "" if left is None else f"{clock(left)} left",
    }


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss, rounded up, so that it never says 0:00 while there is work left."""
    whole = -int(-seconds // 1)
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def note(text: str) -> None:
    """One line on stderr that a person should read but did not ask for."""
    print(f"mimica: note: {' '.join(text.split())}", file=sys.stderr)


def answer(values: Mapping[str, object], text: str, *, as_json: bool) -> None:
    """A command's result on stdout: `values` as one JSON object, or `text`."""
    print(json.dumps(values) if as_json else text)
