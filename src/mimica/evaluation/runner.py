"""Run systems over cases, measure, and keep every finished piece, so that a killed run goes on where it was.

A piece is one system on one case: `results/SUITE/CASE/SYSTEM.json`, written last and whole, and its film beside the
others in `films/SUITE/CASE/`. It carries a digest of all that it depends on; a run redoes only what is missing or was
made of something else. Films are made here leave by `safety.release`, like every animation; what is measured are the
frames before label and mark are drawn into them. This module does not know the metrics' names.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mimica.errors import MimicaError
from mimica.evaluation.cases import Case, Image
from mimica.evaluation.loaded_case import CaseLoader, LoadedCase
from mimica.evaluation.measure import Ruler
from mimica.evaluation.metrics.comparison import curves
from mimica.evaluation.release_film import film_checks, write_film
from mimica.evaluation.systems.system import System

Told = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """One system on one case.

    numbers: by the names of `metrics.METRICS`, unknown ones left out. curves: (T,) lists, None where unknown. checks:
    "same_times", "same_sound" of the film against its driver, where one was written. error: why there is nothing.
    film: its path below the output folder, or elsewhere for films of others. frames_per_second: of making the frames.
    """

    suite: str
    case: str
    system: str
    digest: str
    numbers: dict[str, float] = field(default_factory=dict[str, float])
    curves: dict[str, list[float | None]] = field(default_factory=dict[str, list[float | None]])
    checks: dict[str, bool] = field(default_factory=dict[str, bool])
    film: str = ""
    frames: int = 0
    frames_per_second: float = 0.0
    error: str = ""


class Runner:
    """Measures `systems` on cases with one ruler, into one folder.

    settings: everything that decides numbers besides the case and the system; goes into the digest. films: whether to
    write them.
    """

    def __init__(
        self, out: Path, ruler: Ruler, systems: Sequence[System], settings: dict[str, Any], *, films: bool = True
    ) -> None:
        self.out, self.ruler, self.systems, self.films = out, ruler, systems, films
        self._loader = CaseLoader(ruler.reader, ruler.identity)
        self._settings = settings | {"metrics": ruler_sha256()}

    def run(self, cases: Sequence[Case], tell: Told | None = None) -> list[Piece]:
        """Every system that takes it on every case; what is there already is not made again."""
        asked = [(case, [system for system in self.systems if system.takes(case)]) for case in cases]
        total, done = sum(len(systems) for _, systems in asked), 0
        pieces: list[Piece] = []
        for case, systems in asked:
            missing: list[tuple[System, str]] = []
            for system in systems:
                digest = self._digest(case, system)
                kept = self._kept(case, system, digest)
                if kept is None:
                    missing.append((system, digest))
                else:
                    pieces.append(kept)
                    done += 1
            if not missing:
                continue
            loaded: LoadedCase | MimicaError
            try:
                loaded = self._loader.load(case)
                self._write_case(loaded)
            except MimicaError as error:
                loaded = error
            for system, digest in missing:
                if tell is not None:
                    tell(done, total, f"{case.key} {system.name}")
                piece = self._make(case, loaded, system, digest)
                _write(self.path(case, system.name), asdict(piece))
                pieces.append(piece)
                done += 1
        order = {(case.suite, case.name): index for index, case in enumerate(cases)}
        return sorted(pieces, key=lambda piece: order[piece.suite, piece.case])

    def path(self, case: Case, name: str) -> Path:
        """The file of one piece; `case` for the case's own curves."""
        return self.out / "results" / case.suite / case.name / f"{name}.json"

    def _make(self, case: Case, loaded: LoadedCase | MimicaError, system: System, digest: str) -> Piece:
        piece = Piece(case.suite, case.name, system.name, digest)
        if isinstance(loaded, MimicaError):
            return _replaced(piece, error=str(loaded))
        started = time.monotonic()
        try:
            frames: list[Image] = list(system.animate(loaded))
            seconds = max(time.monotonic() - started, 1e-6)
            film, checks = "", {}
            if not system.releases:
                film = str(getattr(system, "film", lambda _: "")(case) or "")
            elif self.films:
                path = self.out / "films" / case.suite / case.name / f"{system.name}.mp4"
                write_film(path, loaded, frames, {"system": system.name, "suite": case.suite, "case": case.name})
                film, checks = path.relative_to(self.out).as_posix(), film_checks(path, loaded)
            measured = self.ruler.measure(loaded, frames)
        except MimicaError as error:
            return _replaced(piece, error=str(error))
        return _replaced(
            piece, numbers={name: value for name, value in measured.numbers.items() if math.isfinite(value)},
            curves={name: known(values) for name, values in measured.curves.items()}, checks=checks, film=film,
            frames=len(frames), frames_per_second=round(len(frames) / seconds, 2),
        )  # fmt: skip

    def _write_case(self, loaded: LoadedCase) -> None:
        own = curves(loaded.reference)
        _write(
            self.path(loaded.case, "case"),
            {"times_s": loaded.times_s, "curves": {name: known(values.tolist()) for name, values in own.items()}},
        )

    def _digest(self, case: Case, system: System) -> str:
        inputs = {"case": case.inputs(), "frames": case.frames, "photo_px": case.photo_px, "anchor": case.anchor}
        content = {**inputs, "system": system.fingerprint(case), "settings": self._settings}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _kept(self, case: Case, system: System, digest: str) -> Piece | None:
        try:
            piece = Piece(**json.loads(self.path(case, system.name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        wanted = self.films and system.releases and not piece.error
        if piece.digest != digest or (wanted and not (piece.film and (self.out / piece.film).is_file())):
            return None
        return piece


def known(values: list[float]) -> list[float | None]:
    """Numbers for JSON: rounded to six places, None for what is not finite."""
    return [round(value, 6) if math.isfinite(value) else None for value in values]


def ruler_sha256() -> str:
    """Of the code that measures, so that a changed metric is not mixed with the old one."""
    root = Path(__file__).parent
    files = [*sorted((root / "metrics").glob("*.py")), *(root / name for name in ("measure.py", "face_trace.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _replaced(piece: Piece, **changes: Any) -> Piece:
    from dataclasses import replace

    return replace(piece, **changes)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content) + "\n", encoding="utf-8")
    part.replace(path)
