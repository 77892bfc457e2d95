"""A campaign of mutated files against the readers; `python tests/fuzz/campaign.py --files 50000 --jobs 4`.

File number n is the same on every run, whichever of the jobs, each with a reader of its own, it falls to. What crashes,
hangs or raises the wrong error is kept in --keep; a file hangs when it does so twice, since the machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutation import mutated
from seeds import every

HANG_S = 10.0
"""Longer than the sentry may take is a hang; so is a file that takes this long in all."""
SENTRY_S = "8"
MOST_BYTES = 1_500_000_000


@dataclass
class Outcome:
    """files: tried. counts: by what became of them. findings: (file number, what, where it is kept)."""

    files: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str, Path]] = field(default_factory=list)
    peak_bytes: int = 0
    slowest_s: float = 0.0
    cpu_s: float = 0.0
    asked: int = 0
    seconds: float = 0.0

    def __add__(self, other: Outcome) -> Outcome:
        """Both together; the peak memory is that of the larger reader."""
        return Outcome(
            self.files + other.files,
            self.counts + other.counts,
            self.findings + other.findings,
            max(self.peak_bytes, other.peak_bytes),
            max(self.slowest_s, other.slowest_s),
            self.cpu_s + other.cpu_s,
            self.asked + other.asked,
            max(self.seconds, other.seconds),
        )

    def __str__(self) -> str:
        told = f"{self.files} of {self.asked} files: {dict(self.counts)}, slowest {self.slowest_s:.2f} s, "
        told += f"reader's processor time {self.cpu_s:.1f} s, peak memory {self.peak_bytes / 1e6:.0f} MB, "
        told += f"{self.seconds:.0f} s by the clock"
        if self.files < self.asked:
            told += "; the clock ran out before the rest"
        return "\n".join([told, *(f"FOUND file {n}: {what}; kept as {path}" for n, what, path in self.findings)])


class Reader:
    """The process under test."""

    def __init__(self) -> None:
        environment = os.environ | {"MIMICA_LIMIT_SENTRY_S": SENTRY_S}
        command = [sys.executable, str(Path(__file__).with_name("reader.py"))]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

    def ask(self, path: Path, kind: str, seconds: float) -> list | str:
        """[outcome, seconds, processor seconds, peak bytes], or what went wrong."""
        hung = threading.Event()
        timer = threading.Timer(seconds, lambda: (hung.set(), self.process.kill()))
        timer.start()
        try:
            self.process.stdin.write(json.dumps([str(path), kind]) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError:
            answer = ""
        finally:
            timer.cancel()
        if answer:
            return json.loads(answer)
        self.close()
        return "hang" if hung.is_set() else f"crash (exit code {self.process.returncode})"

    def close(self) -> None:
        with self.process:
            self.process.stdin.close()


def run(files: int, budget_s: float, keep: Path, first: int = 0, jobs: int = 1) -> Outcome:
    """Try `files` from number `first` on, until the readers have used `budget_s` of processor time.

    jobs: how many readers at a time; each waits for its sentry most of the time.
    """
    every_file = range(first, first + files)
    if jobs == 1:
        return _tried(every_file, budget_s, keep)
    with ThreadPoolExecutor(jobs) as pool:
        parts = [pool.submit(_tried, every_file[job::jobs], budget_s / jobs, keep) for job in range(jobs)]
        return sum((part.result() for part in parts), Outcome())


def _started(folder: Path, seeds: Sequence[tuple[str, str, bytes]]) -> Reader:
    """A reader that has read a good photo and a good video: starting, its sentry too, is not reading."""
    reader = Reader()
    for kind, name, data in (seeds[0], seeds[-1]):
        (folder / name).write_bytes(data)
        reader.ask(folder / name, kind, 120)
    return reader


def _tried(numbers: Sequence[int], budget_s: float, keep: Path) -> Outcome:
    out = Outcome(asked=len(numbers))
    spent, begun = 0.0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seeds = every(Path(folder))
        reader = _started(Path(folder), seeds)
        for number in numbers:
            dice = random.Random(number)
            kind, name, data = dice.choice(seeds)
            path = Path(folder) / name
            path.write_bytes(mutated(data, dice.choice(seeds)[2], dice))
            answer = reader.ask(path, kind, 2 * HANG_S)
            if answer == "hang" or (not isinstance(answer, str) and answer[1] > HANG_S):
                spent = out.cpu_s
                reader.close()
                reader = _started(Path(folder), seeds)
                answer = reader.ask(path, kind, 2 * HANG_S)
            what = answer if isinstance(answer, str) else answer[0]
            if not isinstance(answer, str):
                out.slowest_s = max(out.slowest_s, answer[1])
                out.cpu_s, out.peak_bytes = spent + answer[2], max(out.peak_bytes, answer[3])
                if answer[1] > HANG_S:
                    what = f"hang of {answer[1]:.1f} s"
            else:
                spent = out.cpu_s
                reader = _started(Path(folder), seeds)
            out.files += 1
            out.counts[what.split(":")[0].split("(")[0].strip()] += 1
            if not what.startswith(("read", "refused")):
                keep.mkdir(parents=True, exist_ok=True)
                saved = keep / f"{number}-{name}"
                saved.write_bytes(path.read_bytes())
                out.findings.append((number, what, saved))
            if out.cpu_s > budget_s:
                break
        reader.close()
    out.seconds = time.monotonic() - begun
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--budget", type=float, default=float("inf"), help="processor seconds of the reader")
    parser.add_argument("--jobs", type=int, default=1, help="readers at a time")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args()
    outcome = run(given.files, given.budget, given.keep, given.first, given.jobs)
    print(outcome)
    sys.exit(bool(outcome.findings) or outcome.peak_bytes > MOST_BYTES)
