"""The `mimica` command: its subcommands, and the one place where errors become exit codes.

This module does not know what a subcommand does; importing it loads neither NumPy nor any codec or network.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import Abort, TyperException

from mimica import __version__
from mimica.cli import (
    animate,
    batch,
    consent,
    curate,
    data,
    demo,
    denylist,
    doctor,
    edit,
    evaluate,
    faces,
    ledger,
    live,
    motion,
    serve,
    synthesize,
    train,
    verify,
)
from mimica.cli.failure import Failure, one_line
from mimica.errors import Interrupted, MimicaError, OutputError
from mimica.runtime.memory import return_freed_memory

EXIT_CODES = (
    "Exit codes: 0 done; 1 unexpected error; 2 wrong usage or no consent; 3 a photo or video cannot be read; "
    "4 no face, or not the face asked for; 5 the output cannot be written; 6 weights missing or damaged; "
    "7 the device is not available; 8 refused: intimate content or an opted-out person; "
    "9 the ledger cannot be written or believed; 130 interrupted."
)

PATIENCE_S = 3.0
"""For so long after a Ctrl-C a further one changes nothing: what the first began, cleaning up, is given its time."""

app = typer.Typer(
    name="mimica",
    help="One photo, one driving video: the photo performs what the actor does and stays the same person.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="animate", epilog=EXIT_CODES)(animate.animate)
app.command(name="batch", short_help="Animate every job of a table.")(batch.batch)
app.command(name="edit", short_help="Change a photo's expression, pose and gaze.")(edit.with_every_control(edit.edit))
app.command(name="live", short_help="A camera moves a photo.")(live.live)
app.command(name="verify", short_help="Say what provenance files carry.")(verify.verify)
app.command(name="faces")(faces.faces)
app.command(name="serve", short_help="Serve the page and the REST interface.")(serve.serve)
app.command(name="demo", short_help="Animate the shipped photos.")(demo.demo)
app.command(name="doctor", short_help="Check this installation and this machine.")(doctor.doctor)
app.command(name="curate", short_help="Turn consented films into training shards.")(curate.curate)
app.command(name="synthesize", short_help="Render a training data set.")(synthesize.synthesize)
app.add_typer(motion.app, name="motion", short_help="Motion as a file: extract, show, export.")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(consent.app, name="consent")
app.add_typer(ledger.app, name="ledger")
app.add_typer(denylist.app, name="denylist", short_help="People who asked not to be animated.")
app.add_typer(data.app, name="data")
app.command(name="train", short_help="Train a network by a recipe and export it.")(train.train)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"mimica {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; works anywhere.")] = False,
) -> None:
    """One photo, one driving video: the photo performs what the actor does and stays the same person."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; never raises.

    arguments: without the program's name. `--debug` and `--json` are recognised anywhere before a bare `--`, so that
    even a wrong option is told in the form that was asked for.
    """
    arguments = list(arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    debug = "--debug" in arguments[:end]
    as_json = "--json" in arguments[:end]
    arguments = [word for word in arguments[:end] if word != "--debug"] + arguments[end:]
    try:
        with warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")  # a warning of a library is no message to a person
            result: Any = typer.main.get_command(app).main(arguments, prog_name="mimica", standalone_mode=False)
            _flush()
        if result == Interrupted.exit_code:  # typer turns Ctrl-C into this code and says nothing
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except MimicaError as error:
        return Failure.of(error).tell(as_json=as_json, error=error, debug=debug)
    except TyperException as error:
        return _wrong_usage(error, as_json=as_json)
    except (KeyboardInterrupt, Abort):
        return Failure.of(KeyboardInterrupt()).tell(as_json=as_json)
    except (BrokenPipeError, SystemExit):  # typer turns the first into the second
        # The reader of our output is gone (`| head`): say nothing, and keep the interpreter's last flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 the last line of defence turns any bug into one line
        return Failure.of(error).tell(as_json=as_json, error=error, debug=debug)


def _wrong_usage(error: TyperException, *, as_json: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # `mimica` alone: the message is the help page itself
        print(error.format_message(), file=sys.stderr)
        return 2
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "mimica"
    message = f"{_in_our_words(one_line(error.format_message())).rstrip('.')}; see {command} --help"
    return Failure("UsageError", message, 2).tell(as_json=as_json)


def _in_our_words(message: str) -> str:
    """A parser's message without what the library that checks types says of itself."""
    message = message.replace("Value error, ", "").replace("Input should be", "must be")
    return re.sub(r", unable to parse string as an? \w+$", "", message)


def _flush() -> None:
    """Write out what was printed, if there is anywhere to. Raises OutputError when that fails, as on a full disk."""
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] it is, in a program started without one
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the interpreter's last flush
        raise OutputError(f"standard output: cannot be written ({error.strerror}); check where it goes") from error


def interrupter(clock: Callable[[], float] = time.monotonic) -> Callable[[int, object], None]:
    """A handler of signals that raises KeyboardInterrupt, but not again within `PATIENCE_S` of `clock`'s seconds.

    Whoever presses Ctrl-C twice would else break off what removes temporary files after the first.
    """
    raised_at = -PATIENCE_S

    def stop(_signal: int, _frame: object) -> None:
        nonlocal raised_at
        if clock() - raised_at >= PATIENCE_S:
            raised_at = clock()
            raise KeyboardInterrupt

    return stop


def main() -> NoReturn:
    """Entry point of the `mimica` program."""
    stop = interrupter()
    signal.signal(signal.SIGTERM, stop)  # so that temporary files are removed as on Ctrl-C
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as a shell's background job has it
        signal.signal(signal.SIGINT, stop)
    return_freed_memory()
    raise SystemExit(run(sys.argv[1:]))
