"""The process under test: reads the files it is told as Mimica does, and says what became of each.

`python reader.py`, then a line of JSON a file; it stands for the process of a person, so nothing may end or stop it.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import islice
from pathlib import Path

from mimica.errors import UnreadableMediaError
from mimica.media import load_photo, open_video, sentry

MOST_FRAMES = 100
"""A mutated clock may announce thousands: what matters is that they come."""


def read(path: Path, kind: str) -> str:
    """ "read" or "refused"; any other exception is a finding."""
    try:
        if kind == "photo":
            load_photo(path)
        else:
            with open_video(path) as video:
                for _ in islice(video, MOST_FRAMES):
                    pass
    except UnreadableMediaError as error:
        if "\n" in str(error) or not str(error).startswith(str(path)):
            return f"unclear error: {error}"
        return "refused, sentry ended" if "do not trust" in str(error) else "refused"
    except Exception as error:  # noqa: BLE001 this is what is looked for
        return f"wrong error: {type(error).__name__}: {error}"
    return "read"


def peak_bytes() -> int:
    """The most memory that this process or its sentry ever held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    # Linux counts in ru_maxrss what a process was forked from, so for living ones /proc is asked
    own = _most_held("self") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    alive = sentry._sentry.process
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    return max(own, ended, _most_held(str(alive.pid)) if alive else 0)


def _most_held(process: str) -> int:
    """Peak memory of a living process on Linux, 0 elsewhere."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    for line in sys.stdin:
        name, kind = json.loads(line)
        started = time.monotonic()
        outcome = read(Path(name), kind)
        seconds = time.monotonic() - started
        print(json.dumps([outcome, seconds, time.process_time(), peak_bytes()]), flush=True)
