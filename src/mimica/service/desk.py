"""The desk: a process that answers at once what takes a moment, such as checking a file, one question at a time.

It is apart from the process that talks to people, because it decodes files of strangers; when it crashes or is late it
is ended, the one who asked gets an error, and the next question finds a new one. This module does not know the
questions.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, Final

from starlette.concurrency import run_in_threadpool

from mimica.service.problems import Problem

MOST_WAITING: Final = 8


class Desk:
    """One process that answers; `close` ends it."""

    def __init__(self, seconds: float = 120.0) -> None:
        """seconds: that one answer may take."""
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._waiting = 0

    async def ask(self, question: str, **details: Any) -> dict[str, Any]:
        """The answer. Raises Problem: the error of Mimica that it is, 422 after a crash, 429 when too many wait."""
        if self._waiting >= MOST_WAITING:
            raise Problem(429, "busy", "too many are waiting for this; try again soon", headers={"Retry-After": "5"})
        self._waiting += 1
        asked = asyncio.ensure_future(run_in_threadpool(self._ask, json.dumps({"question": question, **details})))
        asked.add_done_callback(self._answered)
        answer = await asyncio.shield(asked)  # who hangs up does not leave half a line in the pipe
        if "problem" in answer:
            told = answer["problem"]
            raise Problem(told["status"], told["kind"], told["detail"], exit_code=told["exit_code"])
        return answer["answer"]

    def _answered(self, asked: asyncio.Future[dict[str, Any]]) -> None:
        self._waiting -= 1
        if not asked.cancelled():
            asked.exception()

    def _ask(self, line: str) -> dict[str, Any]:
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            timer = threading.Timer(self._seconds, process.kill)
            timer.daemon = True
            timer.start()
            answer = ""
            try:
                with suppress(OSError, ValueError):
                    process.stdin.write(line + "\n")
                    process.stdin.flush()
                    answer = process.stdout.readline()
            finally:
                timer.cancel()
            if not answer.endswith("\n"):
                self._end()
                raise Problem(
                    422, "gave-up",
                    f"the file made its reader crash, or took more than {self._seconds:g} s; do not trust it",
                    exit_code=3,
                )  # fmt: skip
        return json.loads(answer)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            code = f"import sys; sys.path[:] = {sys.path!r}; from mimica.service.answers import main; main()"
            pipe = subprocess.PIPE
            self._process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, encoding="utf-8")
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def close(self) -> None:
        """End the process; a question under way is lost."""
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._end()


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The desk's own life: a line of JSON in, a line of JSON out, until the pipe ends.

    answer: takes a question with its details, raises Problem for what cannot be answered.
    """
    answers: IO[str] = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what libraries print is no answer
    for line in sys.stdin:
        try:
            said: dict[str, Any] = {"answer": answer(json.loads(line))}
        except Problem as problem:
            said = {"problem": vars(problem)}
        answers.write(json.dumps(said) + "\n")
        answers.flush()
