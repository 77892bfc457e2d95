"""`python -m mimica.cli.reference`: the command line's reference page, written from the commands' own signatures.

A test compares the page in docs/reference/cli.md with this, so the page cannot go stale.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mimica.cli.main import EXIT_CODES, app, root

HEAD = """# Command line

Written by `python -m mimica.cli.reference` (`make docs`); a test fails when this page and the commands differ.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD, section("mimica", root)]
    for command in app.registered_commands:
        assert command.callback is not None
        parts.append(section(f"mimica {command.name}", command.callback))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        callback = group.typer_instance.registered_callback
        if callback is not None and callback.callback is not None:
            parts.append(section(f"mimica {group.name}", callback.callback))
        for command in group.typer_instance.registered_commands:
            assert command.callback is not None
            name = command.name or command.callback.__name__
            parts.append(section(f"mimica {group.name} {name}", command.callback))
    return "\n".join([*parts, "## Exit codes\n", EXIT_CODES, ""])


def section(title: str, command: Callable[..., object]) -> str:
    """One command: its purpose, then a table of its arguments and options."""
    hints = get_type_hints(command, include_extras=True)
    parameters = {name: value for name, value in inspect.signature(command).parameters.items() if get_args(hints[name])}
    rows = [row(parameter, hints[name]) for name, parameter in parameters.items()]
    table = "\n".join(["| argument or option | default | meaning |", "|---|---|---|", *rows])
    return f"## {title}\n\n{inspect.getdoc(command)}\n\n{table}\n"


def row(parameter: inspect.Parameter, hint: Any) -> str:
    """One argument or option as a row of the table."""
    kind, information = get_args(hint)
    required = parameter.default is inspect.Parameter.empty
    # In Annotated, typer keeps the first spelling where a default would be.
    given = [word for word in (information.default, *(information.param_decls or ())) if isinstance(word, str)]
    word = parameter.name.replace("_", "-")
    spellings = given or [f"--{word}"]
    if type(information).__name__ == "ArgumentInfo":
        name = f"`{information.metavar}{'…' if get_origin(kind) is list else ''}`"
    elif kind is bool and not given:
        name = f"`{spellings[0]}`, `--no-{word}`"
    else:
        name = ", ".join(f"`{spelling}`" for spelling in spellings)
        taken = " / ".join(get_args(kind)) if get_origin(kind) is Literal else information.metavar
        name += "" if kind is bool else f" {taken}"
    default = "required" if required else value(parameter.default)
    cells = (cell.replace("|", r"\|") for cell in (name, default, information.help))
    return f"| {' | '.join(cells)} |"


def value(default: object) -> str:
    """A default as the table shows it."""
    if default is None:
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return default.as_posix() if isinstance(default, Path) else str(default)


if __name__ == "__main__":
    print(page(), end="")
