"""The sentry: a process of its own that looks at a file from a stranger before this process does.

It opens the file, reads its head and decodes the first picture, under limits of time and memory. When a decoder
crashes, hangs or eats memory there, the sentry dies and the file is refused in one line. It is started at the first
file, serves the following ones in a few milliseconds each, and ends with this process. This module does not know
formats: ``image`` and ``video_reader`` do; and it does not see what lies behind the first picture (docs/adr/0010).
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Literal

from mimica.errors import MimicaError, UnreadableMediaError
from mimica.media.limits import Limits

Kind = Literal["photo", "video"]

START_S = 60
"""Wall clock for starting the sentry's interpreter: 0.2 s on an idle machine, but a machine may be busy."""


def look_first(path: Path, kind: Kind, limits: Limits) -> None:
    """Let the sentry open ``path``; returns when it survived and found a picture.

    Raises ``UnreadableMediaError`` with the sentry's reason, or because it crashed, took more than
    ``limits.sentry_s`` or could not be started.
    """
    if not _inside:
        _sentry.look(path, kind, limits)


@dataclass(slots=True)
class _Sentry:
    """One helper process, started when needed and again after it died. Threads take turns."""

    process: subprocess.Popen[str] | None = None
    owner: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, path: Path, kind: Kind, limits: Limits) -> None:
        absolute = str(path.absolute())
        request = json.dumps({"path": absolute, "kind": kind, "limits": asdict(limits)})
        with self.lock:
            process = self._running(path)
            answer, late = _ask(process, request, limits.sentry_s)
            if not answer:
                code = _end(process)
                self.process = None
                raise UnreadableMediaError(f"{path} {_cause_of_death(late, code, limits)}; do not trust this file")
        said = json.loads(answer)
        if said["error"]:
            raise UnreadableMediaError(said["error"].replace(absolute, str(path)))

    def _running(self, path: Path) -> subprocess.Popen[str]:
        if self.owner != os.getpid():  # a forked child must not talk into its parent's pipe
            self.process, self.owner = None, os.getpid()
        if self.process is not None and self.process.poll() is None:
            return self.process
        # The same modules as here, and none from the working folder: `-m` would put that first.
        code = f"import sys; sys.path[:] = {sys.path!r}; from mimica.media.sentry import serve; serve()"
        command = [sys.executable, "-W", "ignore", "-c", code]
        pipe = subprocess.PIPE
        try:
            process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, encoding="ascii", start_new_session=True
            )
        except OSError as error:
            raise UnreadableMediaError(f"{path} was not opened: the sentry cannot be started ({error})") from error
        ready, _ = _ask(process, "", START_S)
        if not ready:
            code = _end(process)
            raise UnreadableMediaError(
                f"{path} was not opened: the sentry ended at once (exit code {code}); run `mimica doctor`"
            )
        self.process = process
        return process

    def close(self) -> None:
        """End the process, if it is ours."""
        if self.process is not None and self.owner == os.getpid():
            _end(self.process)
        self.process = None


def _ask(process: subprocess.Popen[str], request: str, seconds: float) -> tuple[str, bool]:
    """Send a line (none when empty) and read one; ("", late) when the process ended, or was ended for being late."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        if request:
            process.stdin.write(request + "\n")
            process.stdin.flush()
        return process.stdout.readline(), late.is_set()
    except (OSError, ValueError):
        return "", late.is_set()
    finally:
        timer.cancel()


def _end(process: subprocess.Popen[str]) -> int:
    """Stop the process, close its pipes and give its exit code."""
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()  # it ends by itself when it is idle
    try:
        code = process.wait(0.5)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    if process.stdout is not None:
        process.stdout.close()
    return code


def _cause_of_death(late: bool, code: int, limits: Limits) -> str:
    if late or code == -getattr(signal, "SIGPROF", -1):
        return f"took more than {limits.sentry_s:g} s to open and was given up"
    return f"made its decoder crash (exit code {code})"


_sentry = _Sentry()
_inside = False
"""Whether this process is a sentry: it does not ask another."""

atexit.register(_sentry.close)


def serve() -> None:
    """The sentry's own life: a line of JSON in, a line of JSON out, until the pipe ends."""
    global _inside
    _inside = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asked
    for name in ("mimica.media.image", "mimica.media.video_reader"):  # now, so that no file pays for it
        import_module(name)

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what libraries print is no answer
    _say(answers, {"ready": True})
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        limits = Limits(**request["limits"])
        _restrict(limits)
        _say(answers, {"error": _look(Path(request["path"]), request["kind"], limits)})


def _say(answers: IO[str], what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _look(path: Path, kind: Kind, limits: Limits) -> str:
    """Why the file is refused, or nothing."""
    from mimica.media.image import glance_at_photo
    from mimica.media.video_reader import glance_at_video

    try:
        (glance_at_photo if kind == "photo" else glance_at_video)(path, limits)
    except MimicaError as error:
        return str(error)
    except MemoryError:
        return f"{path} takes more than {limits.sentry_bytes / 1e6:.0f} MB to open; scale it down or trim it first"
    return ""


def _restrict(limits: Limits) -> None:
    """Memory, processor time and written bytes of the next file, where the system knows such limits."""
    if sys.platform == "win32":
        return
    import resource

    # Outlives a parent that was killed: processor time counts even when nobody waits for the answer any more.
    signal.setitimer(signal.ITIMER_PROF, 2 * limits.sentry_s)
    wanted = {"RLIMIT_AS": int(limits.sentry_bytes), "RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0}
    for name, value in wanted.items():
        kind = getattr(resource, name)
        with suppress(ValueError, OSError):  # macOS refuses some
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
