"""The whole of a run as one JSON file, and what it says of each system in each suite.

This module does not make or measure films.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mimica.errors import OutputError, UsageError
from mimica.evaluation.metrics import METRICS
from mimica.evaluation.runner import Piece

FORMAT = "mimica-evaluation/1"
FILE_NAME = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """settings: reader, perceptual distance, versions, hashes, limits. pieces: every system on every case. cases: key
    "suite/name" → the inputs' hashes and the reference's curves. seconds: of the whole run, this time."""

    settings: dict[str, Any]
    cases: dict[str, dict[str, Any]]
    pieces: tuple[Piece, ...]

    @property
    def suites(self) -> list[str]:
        return list(dict.fromkeys(piece.suite for piece in self.pieces))

    @property
    def systems(self) -> list[str]:
        return list(dict.fromkeys(piece.system for piece in self.pieces))

    def values(self, suite: str, system: str, metric: str) -> dict[str, float]:
        """Case → value, of the cases for which there is one."""
        return {
            piece.case: piece.numbers[metric]
            for piece in self.pieces
            if piece.suite == suite and piece.system == system and metric in piece.numbers
        }

    def mean(self, suite: str, system: str, metric: str) -> float:
        """Over the cases of a suite; NaN where no case has a value."""
        values = list(self.values(suite, system, metric).values())
        return float(np.mean(values)) if values else float("nan")

    def metrics(self, suite: str) -> list[str]:
        """The metrics that anything in this suite has a value of, in the registry's order."""
        present = {name for piece in self.pieces if piece.suite == suite for name in piece.numbers}
        return [name for name in METRICS if name in present]

    def summary(self) -> dict[str, dict[str, dict[str, float]]]:
        """suite → system → metric → mean over its cases."""
        return {
            suite: {
                system: {
                    metric: round(self.mean(suite, system, metric), 6)
                    for metric in self.metrics(suite)
                    if self.values(suite, system, metric)
                }
                for system in self.systems
                if any(piece.suite == suite and piece.system == system for piece in self.pieces)
            }
            for suite in self.suites
        }

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "settings": self.settings, "summary": self.summary(), "cases": self.cases,
            "pieces": [asdict(piece) for piece in self.pieces],
        }  # fmt: skip

    def save(self, path: Path) -> None:
        """Write it whole. Raises OutputError."""
        part = path.with_name(path.name + ".part")
        try:
            part.write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise OutputError(f"output {path}: cannot be written ({error.strerror}); choose another folder") from error

    @classmethod
    def load(cls, path: Path) -> Evaluation:
        """Read what `save` wrote; a folder stands for its `evaluation.json`. Raises UsageError when it is not one."""
        path = path / FILE_NAME if path.is_dir() else path
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(f"format {content['format']}")
            pieces = tuple(Piece(**row) for row in content["pieces"])
            return cls(content["settings"], content["cases"], pieces)
        except OSError as error:
            raise UsageError(
                f"evaluation {path}: cannot be read ({error.strerror}); give the {FILE_NAME} of `mimica evaluate`, or "
                "its folder"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path}: is not the result of an evaluation ({error}); give the {FILE_NAME} of `mimica evaluate`"
            ) from error


def collect(
    pieces: Iterable[Piece], settings: dict[str, Any], out: Path, inputs: dict[str, dict[str, Any]]
) -> Evaluation:
    """Pieces and the curves of their cases, read from `out`, as one evaluation."""
    cases: dict[str, dict[str, Any]] = {}
    pieces = tuple(pieces)
    for piece in pieces:
        key = f"{piece.suite}/{piece.case}"
        file = out / "results" / piece.suite / piece.case / "case.json"
        if key not in cases:
            own = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
            cases[key] = {**inputs.get(key, {}), **own}
    return Evaluation(settings, cases, pieces)
