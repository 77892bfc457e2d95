"""A campaign of mutated files against the readers; `python tests/fuzz/campaign.py --files 50000` (`make fuzz`).

File number n is the same on every run. What crashes, hangs or raises the wrong error is kept in --keep.
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
from collections import Counter
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

    def __str__(self) -> str:
        told = f"{self.files} of {self.asked} files: {dict(self.counts)}, slowest {self.slowest_s:.2f} s, "
        told += f"reader's processor time {self.cpu_s:.1f} s, peak memory {self.peak_bytes / 1e6:.0f} MB"
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


def run(files: int, budget_s: float, keep: Path, first: int = 0) -> Outcome:
    """Try files number `first` … until there are `files`, or the reader has used `budget_s` of processor time."""
    out = Outcome(asked=files)
    spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        seeds = every(Path(folder))
        reader = Reader()
        reader.ask(Path(folder) / "none", "photo", 120)  # starting is not reading
        for number in range(first, first + files):
            dice = random.Random(number)
            kind, name, data = dice.choice(seeds)
            path = Path(folder) / name
            path.write_bytes(mutated(data, dice.choice(seeds)[2], dice))
            answer = reader.ask(path, kind, 2 * HANG_S)
            what = answer if isinstance(answer, str) else answer[0]
            if not isinstance(answer, str):
                out.slowest_s = max(out.slowest_s, answer[1])
                out.cpu_s, out.peak_bytes = spent + answer[2], max(out.peak_bytes, answer[3])
                if answer[1] > HANG_S:
                    what = f"hang of {answer[1]:.1f} s"
            else:
                spent = out.cpu_s
                reader = Reader()
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
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--budget", type=float, default=float("inf"), help="processor seconds of the reader")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args()
    outcome = run(given.files, given.budget, given.keep, given.first)
    print(outcome)
    sys.exit(bool(outcome.findings) or outcome.peak_bytes > MOST_BYTES)
