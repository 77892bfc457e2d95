"""The papers of a corpus: croissant.json for machines, data-card.md and coverage.svg for people.

They are written from the corpus's own index and report, and again after somebody was forgotten. They tell nobody's
name. This module does not know films.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from mimica import __version__
from mimica.curation.coverage import coverage_svg, strong_share
from mimica.curation.shards import checksums, put_file, read_index

CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"}, "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/", "extract": "cr:extract", "field": "cr:field", "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes", "key": "cr:key", "md5": "cr:md5",
    "recordSet": "cr:recordSet", "sc": "https://schema.org/", "source": "cr:source",
}  # fmt: skip
FIELDS = (
    ("key", "sc:Text", "the clip's name in its shard"), ("shard", "sc:Text", "the tar that holds it"),
    ("seconds", "sc:Float", "how long it is"), ("frames", "sc:Integer", "how many frames it has"),
    ("cell", "sc:Text", "what kind of motion it shows"), ("yaw_deg", "sc:Float", "median turn of the head"),
    ("motion", "sc:Float", "how much expression and head move"), ("sha256", "sc:Text", "of the video"),
)  # fmt: skip


def write_papers(corpus: Path, date: str) -> None:
    """Write croissant.json, data-card.md and coverage.svg of the corpus in this folder.

    date: ISO 8601. Raises OutputError when the index cannot be read or the papers cannot be written.
    """
    rows = read_index(corpus)
    report = corpus / "report.jsonl"
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    left_out = Counter((row["stage"], _kind(row["reason"])) for row in map(json.loads, lines))
    put_file(corpus / "coverage.svg", coverage_svg(rows).encode())
    put_file(corpus / "data-card.md", _card(rows, left_out, date).encode())
    put_file(corpus / "croissant.json", (json.dumps(_croissant(corpus, rows, date), indent=1) + "\n").encode())


def papers_date(corpus: Path) -> str:
    """When a corpus's papers were written; "" where it has none."""
    path = corpus / "croissant.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["datePublished"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _croissant(corpus: Path, rows: list[dict[str, Any]], date: str) -> dict[str, Any]:
    licences = sorted({row["licence"] for row in rows})
    kinds = {".tar": "application/x-tar", ".parquet": "application/vnd.apache.parquet"}
    distribution: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": name,
            "encodingFormat": kinds[Path(name).suffix], "sha256": digest,
        }
        for name, digest in sorted(checksums(corpus).items())
    ]  # fmt: skip
    index = {
        "@type": "cr:FileSet", "@id": "index", "name": "index", "encodingFormat": kinds[".parquet"],
        "includes": "group-*.parquet",
    }  # fmt: skip
    fields = [
        {
            "@type": "cr:Field", "@id": f"clips/{name}", "name": name, "description": text, "dataType": kind,
            "source": {"fileSet": {"@id": "index"}, "extract": {"column": name}},
        }
        for name, kind, text in FIELDS
    ]  # fmt: skip
    return {
        "@context": CONTEXT, "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": "mimica-corpus", "version": __version__, "datePublished": date, "inLanguage": "en",
        "description": f"{len(rows)} clips of acting heads, one subject a shard group, made by mimica curate.",
        "url": "croissant.json", "license": licences,
        "creator": {"@type": "sc:Organization", "name": "whoever ran mimica curate"},
        "citeAs": "made by mimica curate; the ledger names each clip's source",
        "rai:dataCollection": "Films with a row of licence and consent in a ledger; others were refused unseen.",
        "rai:personalSensitiveInformation": "Faces of adults who agreed, or of nobody; ledger.jsonl has each consent.",
        "rai:dataReleaseMaintenancePlan": "A person is taken out by mimica data forget, which rewrites this file.",
        "distribution": [*distribution, index],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": "clips", "name": "clips", "key": {"@id": "clips/key"}, "field": fields}
        ],
    }  # fmt: skip


def _card(rows: list[dict[str, Any]], left_out: Counter[tuple[str, str]], date: str) -> str:
    seconds = sum(row["seconds"] for row in rows)
    licences, consents = (
        Counter(row["licence"] for row in rows),
        Counter(row["consent"].partition(":")[0] for row in rows),
    )
    cells = Counter(row["cell"] for row in rows)
    people = Counter(row["portrait"] for row in rows)
    weakest = sorted(strong_share(rows).items(), key=lambda pair: pair[1])[:8]
    parts = [
        "# Data card", "",
        f"Written by `mimica curate` (Mimica {__version__}), {date}. Counted from the index beside this page.",
        "",
        "| | |", "|---|---|",
        f"| clips | {len(rows)} |", f"| length | {seconds:.1f} s, {sum(row['frames'] for row in rows)} frames |",
        f"| subjects | {len(people)}, at most {max(people.values(), default=0)} clips each |",
        f"| licences | {_told(licences)} |", f"| consent | {_told(consents)} |", "",
        "![How heads, eyes and faces move in the clips](coverage.svg)", "",
        "## Kinds of motion", "", "| turned, lively, strong | clips |", "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(cells.items())), "",
        "Rarest expressions (clips in which they are above 0.3 at their 95th percentile, as our encoder reads them): "
        + ", ".join(f"{name} {share:.0%}" for name, share in weakest) + ".", "",
        "## What was left out", "", "| stage | reason | items |", "|---|---|---|",
        *(f"| {stage} | {reason} | {count} |" for (stage, reason), count in sorted(left_out.items())), "",
        "## Limits", "",
        "Motion is what our encoder reads, which damps some expressions. Whether a statement in the ledger is true, a",
        "program cannot check. Age is the ledger's word. Skin tone, age and sex were not measured.", "",
    ]  # fmt: skip
    return "\n".join(parts)


def _kind(reason: str) -> str:
    """A reason without its numbers and names, to be counted; several reasons of one item count by their first."""
    first = reason.partition(";")[0]
    for known in ("copy of", "the same file as", "the subject has", "opted out", "intimate"):
        if known in first:
            return known
    return (
        first.partition(":")[0]
        if ": " in first
        else "clips of one kind of motion"
        if "are enough" in first
        else first[:80]
    )


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
