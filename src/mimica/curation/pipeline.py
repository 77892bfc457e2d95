"""The pipeline: rights, analysis of every source, balance over all of them, shards, and the papers of the corpus.

Whatever engine carries it out, whatever was killed on the way: the same sources, ledger and settings give the same
bytes. This module does not know how a film is looked at.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimica.curation.analyse import Analyse
from mimica.curation.balance import balanced, without_copies
from mimica.curation.card import write_papers
from mimica.curation.config import CurationConfig
from mimica.curation.engine import Engine
from mimica.curation.journal import AnalysisJournal
from mimica.curation.records import Analysis, Costs, Refusal, Source
from mimica.curation.rights import Fingerprint, SourceLedger, TakeFingerprint, films_below
from mimica.curation.shards import ShardOrder, WriteShard, json_lines, plan_shards, put_file
from mimica.errors import InputError, OutputError

Report = Callable[[str, int, int], None]
"""Called with the stage's name, how many of its items are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What lies in the folder. refused: by the stage that refused. costs: CPU seconds (names with
    "wall": of the clock) and counts of this run by stage."""

    folder: Path
    clips: int
    seconds: float
    subjects: int
    shards: int
    refused: Mapping[str, int]
    costs: Mapping[str, float] = field(default_factory=dict)


def curate(
    sources: Iterable[Path], ledger: Path, out: Path, config: CurationConfig, engine: Engine, *, date: str,
    opt_outs: frozenset[str] = frozenset(), report: Report | None = None,
) -> Corpus:  # fmt: skip
    """Turn films into a corpus in the folder `out`.

    Run it again after a kill, or with more films: what is there is kept, what no longer belongs is removed.

    Args:
        ledger: JSON lines, see ``rights``; films without a row are refused.
        date: ISO 8601, for the papers.
        opt_outs: subjects who said no; those forgotten from this corpus are never taken in again.

    Raises:
        UsageError: there is no film.
        InputError: the ledger cannot be used, or nothing is left worth keeping.
        OutputError: the folder cannot be written.
    """
    tell = report or (lambda stage, done, total: None)
    costs = Costs(float)
    journal = AnalysisJournal(out, config)
    admitted, refusals = _admitted(films_below(sources), SourceLedger(ledger), opt_outs | forgotten(out), engine, tell)
    analyses = _analysed(admitted, journal, engine, config, costs, tell)
    refusals += [refusal for analysis in analyses for refusal in analysis.refusals]
    started = time.perf_counter()
    clips = [clip for analysis in analyses for clip in analysis.clips]
    distinct, copies = without_copies(clips, config.same_bits)
    chosen, crowd = balanced(distinct, config)
    orders = plan_shards(chosen, config)
    costs["global_s"] += time.perf_counter() - started
    refusals += copies + crowd + _written(orders, out, engine, config, costs, tell)
    started = time.perf_counter()
    rows = sorted(
        (refusal.as_row() for refusal in refusals), key=lambda row: (row["stage"], row["item"], row["reason"])
    )
    put_file(out / "report.jsonl", json_lines(rows))
    _sweep(out, orders)
    ledger_rows = _joined(out, orders)
    write_papers(out, date)
    costs["papers_s"] += time.perf_counter() - started
    if not ledger_rows:
        raise InputError(f"{out}: no clip is worth keeping or may be kept; report.jsonl there says why")
    return Corpus(
        out, len(ledger_rows), round(sum(row["seconds"] for row in ledger_rows), 3),
        len({row["portrait"] for row in ledger_rows}), len(orders), Counter(row["stage"] for row in rows), costs,
    )  # fmt: skip


def forgotten(corpus: Path) -> frozenset[str]:
    """Subjects whom `mimica data forget` took out of a corpus. Raises InputError when the list is damaged."""
    path = corpus / "forgotten.jsonl"
    if not path.exists():
        return frozenset()
    try:
        return frozenset(str(json.loads(line)["portrait"]) for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({error}), so nobody knows who must stay out; restore it") from error


def _admitted(
    films: list[Path], ledger: SourceLedger, opt_outs: frozenset[str], engine: Engine, tell: Report
) -> tuple[list[Source], list[Refusal]]:
    """Films that may be used, each content once, by name; and why the others may not."""
    refusals = [refusal for film in films if (refusal := ledger.refuse(film, opt_outs)) is not None]
    waiting = [str(film) for film in films if ledger.refuse(film, opt_outs) is None]
    stage = TakeFingerprint()
    taken: list[Fingerprint] = []
    for done, fingerprint in enumerate(engine.map(stage, waiting), 1):
        taken.append(fingerprint)
        tell(stage.name, done, len(waiting))
    admitted: dict[str, Source] = {}
    for each in sorted(taken, key=lambda fingerprint: fingerprint.path):
        film = Path(each.path)
        answer = ledger.admit(film, each.sha256) if each.sha256 else Refusal(film.name, "", "rights", each.error)
        if isinstance(answer, Refusal):
            refusals.append(answer)
        elif answer.sha256 in admitted:
            twin = Path(admitted[answer.sha256].path).name
            refusals.append(Refusal(film.name, answer.rights.subject, "duplicates", f"the same file as {twin}"))
        else:
            admitted[answer.sha256] = answer
    return [admitted[name] for name in sorted(admitted)], refusals


def _analysed(
    sources: list[Source], journal: AnalysisJournal, engine: Engine, config: CurationConfig, costs: Costs,
    tell: Report,
) -> list[Analysis]:  # fmt: skip
    """The analysis of every source, by name; those on record are not made again."""
    stage = Analyse(config)
    found = {source.name: analysis for source in sources if (analysis := journal.find(source)) is not None}
    waiting = {source.name: source for source in sources if source.name not in found}
    tell(stage.name, len(found), len(sources))
    started = time.perf_counter()
    for analysis in engine.map(stage, list(waiting.values())):
        journal.add(waiting[analysis.source], analysis)
        found[analysis.source] = analysis
        for name, value in analysis.costs.items():
            costs[name] += value
        tell(stage.name, len(found), len(sources))
    costs["analyse_wall_s"] += time.perf_counter() - started
    return [found[source.name] for source in sources]


def _written(
    orders: list[ShardOrder], out: Path, engine: Engine, config: CurationConfig, costs: Costs, tell: Report
) -> list[Refusal]:
    """Write every shard; gives the clips that were lost. Raises OutputError when a shard is not there at the end."""
    stage = WriteShard(config, str(out.resolve()))
    lost: list[Refusal] = []
    errors: list[str] = []
    started = time.perf_counter()
    tell(stage.name, 0, len(orders))
    for done, result in enumerate(engine.map(stage, orders), 1):
        lost += result.lost
        errors += [f"{result.name}: {result.error}"] * bool(result.error)
        costs["encode_s"] += result.seconds
        costs["bytes"] += result.bytes
        tell(stage.name, done, len(orders))
    costs["encode_wall_s"] += time.perf_counter() - started
    if errors:
        raise OutputError(f"{out}: {len(errors)} shards could not be made ({min(errors)}); mend it and curate again")
    return lost


def _joined(out: Path, orders: list[ShardOrder]) -> list[dict[str, Any]]:
    """Join the shards' ledgers into the corpus's."""
    text = b"".join((out / f"{order.name}.jsonl").read_bytes() for order in orders)
    put_file(out / "ledger.jsonl", text)
    return [json.loads(line) for line in text.splitlines()]


def _sweep(out: Path, orders: list[ShardOrder]) -> None:
    """Remove shards of earlier runs that hold what no longer belongs, and what a kill left half written."""
    wanted = {order.name for order in orders}
    for path in [*out.glob("group-*"), *out.glob(".group-*.part")]:
        if path.name.startswith(".") or path.name.partition(".")[0] not in wanted:
            path.unlink(missing_ok=True)
