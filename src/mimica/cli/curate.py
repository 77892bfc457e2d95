"""`mimica curate`: films with a ledger of rights in, consented, clean, sharded training clips out.

This module does not know how a film is judged, nor who carries the stages out.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimica.animation.report import Progress
from mimica.cli.display import ProgressDisplay
from mimica.cli.engines import EngineName, curation_engine
from mimica.cli.extras import extra
from mimica.errors import UsageError

if TYPE_CHECKING:
    from mimica.curation.config import CurationConfig


def curate(
    sources: Annotated[list[Path], typer.Argument(metavar="SOURCE", help="Films, or folders of films.")],
    ledger: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON lines: subject, source, licence, consent, adult of every film.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="SHARDS", help="The corpus's folder; it may be there.")],
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Bounds other than the defaults, TOML or JSON.")
    ] = None,
    opt_out: Annotated[
        Path | None, typer.Option("--opt-out", metavar="FILE", help="Subjects who said no, a name a line.")
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="One film after another here, or on Ray.")] = "inline",
    workers: Annotated[
        int, typer.Option(metavar="N", min=0, max=100_000, help="On Ray: films at a time; 0 is one for each core.")
    ] = 0,
    address: Annotated[
        str | None, typer.Option(metavar="HOST", help="Of a Ray cluster; a local one is started if not given.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the error, as one JSON object.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Turn consented films into a sharded corpus; run again after a kill. Needs the extra `curate`."""
    with extra("curate", "curate"):
        from mimica.curation.pipeline import curate as run
        from mimica.curation.rights import read_names

    config = read_settings(settings)
    names = read_names(opt_out) if opt_out else frozenset[str]()
    with ProgressDisplay(quiet=quiet or as_json) as display:

        def report(stage: str, done: int, total: int) -> None:
            display(Progress(done, total, 0.0, stage))

        corpus = run(
            sources, ledger, out, config, curation_engine(engine, workers, address),
            date=datetime.now(UTC).date().isoformat(), opt_outs=names, report=report,
        )  # fmt: skip
    if as_json:
        print(json.dumps(asdict(corpus) | {"folder": str(corpus.folder)}))
    elif not quiet:
        left = ", ".join(f"{count} by {stage}" for stage, count in sorted(corpus.refused.items())) or "nothing"
        print(
            f"{corpus.folder}: {corpus.clips} clips ({corpus.seconds:.0f} s) of {corpus.subjects} subjects in "
            f"{corpus.shards} shards; left out: {left} (report.jsonl says why)"
        )


def read_settings(path: Path | None) -> CurationConfig:
    """The settings in a TOML or JSON file; the defaults when None. Raises UsageError for what is none."""
    from mimica.curation.config import CurationConfig

    if path is None:
        return CurationConfig()
    try:
        text = path.read_text(encoding="utf-8")
        values: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"--settings {path}: cannot be read ({error}); give TOML or JSON") from error
    if not isinstance(values, dict):
        raise UsageError(f"--settings {path}: holds no table of settings; give TOML or JSON")
    return CurationConfig.from_mapping(values)
