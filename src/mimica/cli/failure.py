"""How an error reaches a person or a program: one line, an exit code, and a traceback only when asked for.

This module does not know which errors exist beyond ``mimica.errors``; it knows how each kind is told.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass

from mimica.errors import ConsentError, Interrupted, MimicaError


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it is told. kind: the class name. explanation: a page for the person, shown after the line."""

    kind: str
    message: str
    exit_code: int
    explanation: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """The failure that `error` amounts to; anything not raised on purpose is "unexpected", exit code 1."""
        if isinstance(error, KeyboardInterrupt):
            return cls(Interrupted.__name__, "interrupted; nothing half-written is left", Interrupted.exit_code)
        if type(error) is ConsentError:  # a receipt that does not hold says why by itself
            from mimica.safety.consent import explanation

            return cls(type(error).__name__, one_line(str(error)), error.exit_code, explanation())
        if isinstance(error, MimicaError):
            return cls(type(error).__name__, one_line(str(error)), error.exit_code)
        detail = one_line(f"{type(error).__name__}: {error}")
        return cls("Unexpected", f"unexpected {detail}; run again with --debug for the traceback", 1)

    def tell(self, *, as_json: bool, error: BaseException | None = None, debug: bool = False) -> int:
        """Write the failure, `as_json` to stdout, else to stderr, and return the exit code."""
        if debug and error is not None:
            traceback.print_exception(error, file=sys.stderr)
        if as_json:
            print(json.dumps({"error": {"type": self.kind, "message": self.message, "exit_code": self.exit_code}}))
            return self.exit_code
        print(f"mimica: error: {self.message}", file=sys.stderr)
        if self.explanation:
            print(f"\n{self.explanation}", file=sys.stderr)
        return self.exit_code


def one_line(text: str) -> str:
    """`text` with every run of white space as one space, and what a terminal would obey as replacement characters."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in " ".join(text.split()))
