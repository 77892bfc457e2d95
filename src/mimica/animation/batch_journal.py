"""The journal of a batch: which outputs are finished, and of which job, so that a batch goes on where it stopped.

This module does not know how a job is made.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import is_dataclass
from pathlib import Path

from mimica import __version__
from mimica.animation.batch_table import Job
from mimica.animation.timeline import Timeline
from mimica.errors import MimicaError, OutputError
from mimica.safety.perceptual_hash import file_sha256

JOURNAL = "mimica-batch.jsonl"
"""In the output folder: one line of JSON for each finished job."""


def fingerprint(job: Job) -> str:
    """sha256 of what makes a job's output: the bytes of every file that it reads, and the settings."""
    receipts = {str(number): file_sha256(path) for number, path in job.receipts.items()}
    facts = {
        "photo": file_sha256(job.photo), "driving": file_sha256(job.driving), "version": __version__,
        "receipt": receipts.get("0") if set(receipts) <= {"0"} else receipts,
        "settings": {
            name: _plain(value)
            for name, value in job.settings.items()
            if name not in ("receipt", "drivers", "resume")  # how often it was begun changes nothing
        },
    }  # fmt: skip
    if job.drivers:
        facts["drivers"] = {str(number): file_sha256(path) for number, path in job.drivers.items()}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    """A setting in types that JSON knows."""
    if isinstance(value, Timeline):
        return value.as_dict()
    return str(value) if is_dataclass(value) else value


class Journal:
    """Which outputs are finished: output path → (fingerprint of the job, sha256 of the file)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, tuple[str, str]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    row = json.loads(line)
                    self._rows[row["out"]] = (row["job"], row["sha256"])
                except (ValueError, KeyError, TypeError):
                    continue  # a line that a kill cut off: its job is made again

    def holds(self, job: Job) -> bool:
        """Whether the output is there, unchanged, and was made by the same job."""
        row = self._rows.get(str(job.out.resolve()))
        try:
            return row is not None and job.out.is_file() and row == (fingerprint(job), file_sha256(job.out))
        except (OSError, MimicaError):
            return False

    def add(self, job: Job, made: str, sha256: str) -> None:
        """Put a finished job on record, durably; raises OutputError."""
        row = {"out": str(job.out.resolve()), "job": made, "sha256": sha256}
        self._rows[row["out"]] = (made, sha256)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" * _cut_off(self.path) + json.dumps(row) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({error.strerror}); check the disk") from error


def _cut_off(path: Path) -> bool:
    """Whether a file does not end with a line's end."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if not file.tell():
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
