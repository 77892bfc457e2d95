"""Measurements of a run as CSV, one value a row, cut back to the checkpoint when a run resumes."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

METRICS_FILE = "metrics.csv"
COLUMNS = ("step", "minutes", "split", "name", "value")


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One value: `split` is "train" (mean over the logged steps) or "held_out"."""

    step: int
    minutes: float
    split: str
    name: str
    value: float


def read_metrics(path: Path) -> Iterator[MetricRow]:
    """The rows of a log; a last row that a kill cut short is left out."""
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                yield MetricRow(int(row["step"]), float(row["minutes"]), row["split"], row["name"], float(row["value"]))
            except (TypeError, ValueError):
                continue


class MetricsLog:
    """Appends rows to `run_dir`/metrics.csv; rows after `step` are dropped, for the resumed run repeats them."""

    def __init__(self, run_dir: Path, step: int) -> None:
        path = run_dir / METRICS_FILE
        kept = [row for row in read_metrics(path) if row.step <= step] if step and path.exists() else []
        temporary = path.with_suffix(".csv.part")
        with temporary.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(_cells(row) for row in kept)
        temporary.replace(path)
        self._file = path.open("a", newline="")
        self._writer = csv.writer(self._file)

    def append(self, step: int, minutes: float, split: str, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.writerow(_cells(MetricRow(step, minutes, split, name, value)))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _cells(row: MetricRow) -> tuple[int, str, str, str, str]:
    value = f"{row.value:.6g}" if math.isfinite(row.value) else str(row.value)
    return row.step, f"{row.minutes:.4f}", row.split, row.name, value
