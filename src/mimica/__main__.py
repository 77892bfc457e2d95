"""The program `mimica`, and `python -m mimica`: loads the command line, which a Ctrl-C may already break off."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Load the command line and run it."""
    try:
        from mimica.cli.main import main as run
    except KeyboardInterrupt:
        print("mimica: error: interrupted; nothing half-written is left", file=sys.stderr)
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
