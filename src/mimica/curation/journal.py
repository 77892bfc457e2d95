"""The journal of a corpus: what each source's analysis found, so that a run goes on where it was killed.

It lies in `.work` of the corpus, one file a source, named by the film's bytes and a digest of settings, version, the
weights that look and the denylist: with others, other things would be seen, so what was seen before is not mixed in.
This module does not know what an analysis holds beyond its JSON.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mimica import __version__
from mimica.curation.config import CurationConfig
from mimica.curation.records import Analysis, Clip, Source
from mimica.curation.shards import put_file
from mimica.errors import OutputError
from mimica.runtime.weights import read_registry
from mimica.safety.denylist import denylist_path, is_enabled
from mimica.safety.perceptual_hash import file_sha256

WORK = ".work"
LOOKING = ("face_finder", "motion_encoder")
"""Networks whose answers an analysis depends on."""


class AnalysisJournal:
    """Analyses by source. Raises OutputError when the folder cannot be made, WeightsError when the weights are gone."""

    def __init__(self, corpus: Path, config: CurationConfig) -> None:
        weights = {name: entry.sha256 for name, entry in read_registry().items() if name in LOOKING}
        denied = file_sha256(denylist_path()) if is_enabled() else ""
        facts = json.dumps([__version__, weights, denied, config.to_mapping()], sort_keys=True)
        self._mark = hashlib.sha256(facts.encode()).hexdigest()[:12]
        self._folder = corpus / WORK
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{corpus}: cannot be made ({error.strerror}); choose another folder") from error

    def find(self, source: Source) -> Analysis | None:
        """What was found in these bytes, with the rights that the source has today; None when it is not known."""
        try:
            found = Analysis.from_mapping(json.loads(self._path(source).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        clips = tuple(_of(clip, source) for clip in found.clips)
        return Analysis(found.source, clips, found.refusals, found.costs)

    def add(self, source: Source, analysis: Analysis) -> None:
        """Put an analysis on record. Raises OutputError."""
        put_file(self._path(source), json.dumps(analysis.as_mapping(), sort_keys=True).encode())

    def _path(self, source: Source) -> Path:
        who = hashlib.sha256(source.rights.subject.encode()).hexdigest()[:8]
        return self._folder / f"{source.name}-{who}-{self._mark}.json"


def _of(clip: Clip, source: Source) -> Clip:
    return Clip(
        clip.key, source, clip.start, clip.end, clip.frames, clip.crop, clip.measures, clip.prints
    )  # fmt: skip
