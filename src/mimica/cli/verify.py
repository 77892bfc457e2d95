"""`mimica verify`: what provenance a file carries, layer by layer.

This module does not know how a layer is read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimica.cli.failure import one_line
from mimica.cli.files import input_argument
from mimica.errors import MediaError

if TYPE_CHECKING:
    from mimica.safety.manifest_reader import ManifestReading
    from mimica.safety.mark import MarkReading
    from mimica.safety.verify import Record, Verification

MARKED, NOT_MARKED, UNREADABLE = 0, 1, 2


def verify(
    files: Annotated[list[Path], input_argument(metavar="FILE", help="Images and videos, from anywhere.")],
    anchors: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Certificates of authorities to trust besides this machine's.")
    ] = None,
    mark_names: Annotated[
        list[str] | None,
        typer.Option("--mark", metavar="NAME", help="Look for this mark too: trustmark, videoseal or a plug-in's."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for all files.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing; the exit code is the answer.")] = False,
) -> None:
    """Say what manifest, invisible mark, ledger row and tags each FILE has.

    Exits with 0 when every FILE is marked as made by a machine (by its mark or by a manifest that holds), 1 when one is
    not, 2 when one cannot be read.
    """
    from mimica.safety.verify import verify as look

    answers: list[dict[str, Any]] = []
    code = MARKED
    for path in files:
        try:
            found = look(path, anchors=anchors, marks=mark_names or ())
        except MediaError as error:
            code = UNREADABLE
            answers.append(
                {"file": str(path), "error": {"type": type(error).__name__, "message": one_line(str(error))}}
            )
            if not (as_json or quiet):
                print(unreadable(path, error))
            continue
        code = max(code, MARKED if found.marked else NOT_MARKED)
        answers.append(found.as_dict())
        if not (as_json or quiet):
            print("\n".join(lines(found)))
    if as_json:
        print(json.dumps({"files": answers}))
    if code:
        raise typer.Exit(code)


def unreadable(path: Path, error: MediaError) -> str:
    """One line on a file that cannot be read; errors begin with the file's name, which is said once."""
    name = one_line(str(path))
    reason = one_line(str(error)).removeprefix(name).lstrip(": ")
    return f"{name}: {reason}" if reason.startswith("cannot be read") else f"{name}: cannot be read: {reason}"


def lines(found: Verification) -> list[str]:
    """One verdict, one line a layer, and the notes."""
    verdict = "marked as made by a machine" if found.marked else "not marked"
    rows = [
        f"{one_line(str(found.path))}: {verdict}",
        f"  manifest  {manifest(found)}",
        f"  mark      {mark(found.mark)}",
    ]
    rows += [f"  {name:<9} {mark(reading)}" for name, reading in found.other_marks.items()]
    if found.registry is None:
        rows.append("  registry  no ledger on this machine")
    else:
        rows += [f"  registry  {record(entry)}" for entry in found.registry] or ["  registry  no job known here"]
    rows.append(f"  tags      {tags(found)}")
    return rows + [f"  note      {one_line(text)}" for text in found.notes]


def manifest(found: Verification) -> str:
    """The manifest in words."""
    reading = found.manifest
    if reading.state == "absent":
        return "; ".join(("none", *reading.problems))
    states = {"valid": "valid, signer not trusted here", "trusted": "valid, signer trusted here", "invalid": "INVALID"}
    parts = [states[reading.state]]
    if reading.problems:
        parts.append("; ".join(reading.problems))
    parts.append(f'signed by "{reading.signer}" with {reading.generator or "unnamed software"}')
    if reading.time_stamp != "absent":
        parts.append(stamp(reading))
    parts.append("says: made by a machine" if reading.generated else "does not say that a machine made it")
    if reading.chained:
        parts.append(f"{reading.chained} of its inputs had manifests")
    return ", ".join(parts)


def stamp(reading: ManifestReading) -> str:
    """The time stamp in words."""
    if reading.time_stamp == "invalid":
        return "its time stamp does NOT hold"
    trust = "trusted" if reading.time_stamp == "trusted" else "not trusted"
    return f'stamped {reading.signed_at[:19]}Z by "{reading.stamped_by}", {trust} here'


def mark(reading: MarkReading) -> str:
    """An invisible mark in words."""
    looked = "1 picture" if reading.frames == 1 else f"{reading.frames} frames"
    if not reading.found:
        return f"none found in {looked}"
    return f"found: id {reading.mark_id}, confidence {reading.confidence:.2f}, {looked}"


def record(entry: Record) -> str:
    """A job of the ledger in words."""
    started = entry.job.started
    inputs = ", ".join(f"{role} {sha256[:12]}" for role, sha256 in started.inputs.items())
    return (
        f"job {started.job[:12]} of {started.time[:19]}, {entry.job.state}, consent: {started.consent.get('basis')}, "
        f"{inputs}; known by {' and '.join(entry.found_by)}"
    )


def tags(found: Verification) -> str:
    """The words in the container, in words."""
    reading = found.tags
    if not reading.generated:
        return "do not say that a machine made it"
    return ", ".join(filter(None, ("say: made by a machine", reading.source_type, "AIGC" if reading.aigc else "")))
