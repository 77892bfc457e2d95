"""Analyse: everything that one source alone decides, from its bytes to clips worth keeping. A map stage.

probe → shots → takes → quality and motion. A film that cannot be read is a row, never a stop.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from mimica.curation.config import CurationConfig
from mimica.curation.judge import judge
from mimica.curation.observe import Instruments, observe
from mimica.curation.records import Analysis, Clip, Costs, Refusal, Source
from mimica.curation.shots import find_shots
from mimica.errors import MediaError
from mimica.media.video_reader import open_video

MOST_SOURCE_CLIPS = 10_000
"""Clips are numbered in four digits."""


@dataclass(frozen=True, slots=True)
class Analyse:
    """The stage: `Source` → `Analysis`. A pure function of the film's bytes and the settings; run it again at will.

    Raises WeightsError or GateError when this machine cannot look at films at all.
    """

    config: CurationConfig

    @property
    def name(self) -> str:
        return "analyse"

    def __call__(self, source: Source) -> Analysis:
        instruments = Instruments.load()  # what is missing here is missing for every film: not a row of the report
        costs = Costs(float)
        clips: list[Clip] = []
        refusals: list[Refusal] = []
        subject = source.rights.subject
        try:
            self._analyse(source, instruments, clips, refusals, costs)
        except MediaError as error:
            clips, refusals = [], [Refusal(source.name, subject, "probe", _told(error, source))]
        except Exception as error:  # noqa: BLE001 a bug in one film of a million is a row of its report
            told = f"unexpected {type(error).__name__}: {_told(error, source)}"
            clips, refusals = [], [Refusal(source.name, subject, "analyse", told)]
        return Analysis(source.name, tuple(clips), tuple(refusals), dict(costs))

    def _analyse(
        self, source: Source, instruments: Instruments, clips: list[Clip], refusals: list[Refusal], costs: Costs
    ) -> None:
        started = time.process_time()
        with open_video(Path(source.path)) as film:
            costs["probe_s"] += time.process_time() - started
            started = time.process_time()
            shots = find_shots(film)
            costs["shots_s"] += time.process_time() - started
            costs["film_s"] += float(film.info.duration_s or 0)
            started = time.process_time()
            for number, take in enumerate(observe(film, shots, self.config, instruments, costs)):
                if number >= MOST_SOURCE_CLIPS:
                    raise ValueError(f"more than {MOST_SOURCE_CLIPS} takes; split the film")
                costs["takes"] += 1
                outcome = judge(source, take, number, self.config)
                if isinstance(outcome, Clip):
                    clips.append(outcome)
                else:
                    refusals.append(outcome)
            costs["observe_s"] += time.process_time() - started
        if not clips and not refusals:
            refusals.append(Refusal(source.name, source.rights.subject, "tracks", "no face was found in it"))


def _told(error: Exception, source: Source) -> str:
    """An error in one line that does not tell where the film lies."""
    return " ".join(str(error).split()).replace(source.path, "the film")
