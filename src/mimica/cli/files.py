"""Arguments and options of the command line that name a file to read.

typer would look itself whether such a file can be read, before the command does, and say so in words of its own; the
command names input, cause and remedy (`animation.request.check_input_file`).
"""

from __future__ import annotations

from typing import Any

import typer


def input_argument(*, metavar: str, help: str) -> Any:
    """As `typer.Argument`."""
    return typer.Argument(readable=False, metavar=metavar, help=help)


def input_option(*names: str, metavar: str, help: str) -> Any:
    """As `typer.Option`; names: spellings, such as "--from"."""
    return typer.Option(*names, readable=False, metavar=metavar, help=help)
