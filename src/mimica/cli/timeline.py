"""The options that say which part of a driver is played, shared by the commands that read one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer

from mimica.core.timing import exact_rate, parse_time
from mimica.errors import UsageError

if TYPE_CHECKING:
    from mimica.animation.timeline import Timeline

StartOption = Annotated[
    str | None, typer.Option("--start", metavar="TIME", help="Begin here in DRIVING: seconds, or 1:30.5.")
]
EndOption = Annotated[str | None, typer.Option("--end", metavar="TIME", help="End here in DRIVING.")]
DurationOption = Annotated[
    str | None, typer.Option("--duration", metavar="TIME", help="The result ends after this at the latest.")
]
FpsOption = Annotated[
    str | None, typer.Option("--fps", metavar="RATE", help="Frames a second: 25, 29.97, 30000/1001; else DRIVING's.")
]
SpeedOption = Annotated[str | None, typer.Option("--speed", metavar="X", help="Play X times as fast, 0.1 to 10.")]
LoopOption = Annotated[
    int, typer.Option("--loop", metavar="N", min=0, help="Play it N times; 0: again and again until --duration.")
]
PingPongOption = Annotated[bool, typer.Option("--ping-pong", help="Play it there and back again.")]


def timeline_options(
    start: str | None, end: str | None, duration: str | None, fps: str | None, speed: str | None, loop: int, *,
    ping_pong: bool,
) -> Timeline:  # fmt: skip
    """The timeline that the options describe. Raises UsageError for what is no time, rate or number, or no sense."""
    from mimica.animation.timeline import Timeline

    return Timeline(
        start=_read(start, "--start", parse_time) or Fraction(0), end=_read(end, "--end", parse_time),
        fps=_read(fps, "--fps", exact_rate), loop=loop, ping_pong=ping_pong,
        duration=_read(duration, "--duration", parse_time), speed=_read(speed, "--speed", exact_rate) or Fraction(1),
    )  # fmt: skip


def _read(text: str | None, option: str, reader: Callable[[str], Fraction]) -> Fraction | None:
    if text is None:
        return None
    try:
        return reader(text)
    except ValueError as error:
        raise UsageError(f"{option} {error}") from error
