"""The C2PA manifest of an output: what it says, and signing it into a file.

The statement repeats the sha256 of photo and driver in an assertion of ours, because an ingredient that has no manifest
of its own stores no hash of its bytes. File names, faces and thumbnails stay out of it. This module does not know how
a file came to be and never reads pixels; ``manifest_reader`` checks what is written here.
"""

# c2pa leaves type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mimica.errors import OutputError
from mimica.media.unfinished_file import output_error
from mimica.safety.consent import DIGITAL_SOURCE_TYPE
from mimica.safety.filetype import file_type
from mimica.safety.plain_text import plain
from mimica.safety.signer import ProvenanceSigner
from mimica.safety.time_stamp import StampRelay

if TYPE_CHECKING:
    import c2pa

ASSERTION: Final = "mimica.animation"
"""Label of our own assertion: job, consent, inputs."""

MARK_ALGORITHM: Final = "mimica.mark"
"""Name of the invisible mark in the soft binding; it is not in C2PA's list of algorithms."""

SETTINGS: Final[dict[str, Any]] = {
    "builder": {"thumbnail": {"enabled": False}},  # a thumbnail would publish the photo
    "core": {"backing_store_memory_threshold_in_mb": 32},  # larger films go through a temporary file, not memory
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},  # nothing here opens a connection
}

_USES: Final = ("ai_training", "ai_generative_training", "data_mining", "ai_inference")


@dataclass(frozen=True, slots=True)
class Source:
    """What an output was made from. role: photo, driver, or driver-N of face N. sha256: of the file, 64 hex digits.

    path: None when a program gave pixels instead of a file; the sha256 is then theirs.
    """

    role: str
    path: Path | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a manifest says of one output.

    job: the ledger's name of the row. mark_id: what the invisible mark holds. basis, receipt_sha256: of the consent.
    weights: name → sha256 of the networks that made it. ledger_row: hash of the ledger's row "started", so that the
    chain of rows cannot be cut off unnoticed while an output is around. faces: (number, basis, receipt's sha256) of
    each face when several perform.
    """

    job: str
    mark_id: int
    basis: str
    version: str
    receipt_sha256: str | None = None
    sources: tuple[Source, ...] = ()
    weights: Mapping[str, str] = field(default_factory=dict[str, str])
    ledger_row: str = ""
    faces: tuple[tuple[int, str, str | None], ...] = ()

    def assertion(self) -> dict[str, Any]:
        """Our own assertion's data, in types that JSON knows."""
        consent: dict[str, Any] = _consent(self.basis, self.receipt_sha256)
        if self.faces:
            consent["faces"] = [{"face": number} | _consent(basis, sha256) for number, basis, sha256 in self.faces]
        return {
            "job": self.job,
            "ledgerRow": self.ledger_row,
            "markId": self.mark_id,
            "consent": consent,
            "inputs": {source.role: {"sha256": source.sha256} for source in self.sources},
            "weights": dict(self.weights),
        }


def _consent(basis: str, receipt_sha256: str | None) -> dict[str, Any]:
    return {"basis": basis} | ({} if receipt_sha256 is None else {"receiptSha256": receipt_sha256})


def sign_file(source: Path, target: Path, mime: str, statement: Statement, signer: ProvenanceSigner) -> tuple[str, ...]:
    """Write `source` with its signed manifest to `target`; what is worth knowing comes back as notes.

    `source` is left as it is. c2pa leaves an empty file behind when a signer or time stamp server fails: `target` must
    be a temporary name, and it is removed on failure. Raises OutputError.
    """
    import c2pa

    notes: list[str] = []
    with _stamping(signer.timestamp_url) as relay:
        try:
            url = relay.url if relay else None
            info = c2pa.C2paSignerInfo(signer.algorithm, signer.certificates, signer.private_key, url)
            context = c2pa.Context(settings=c2pa.Settings.from_dict(SETTINGS), signer=c2pa.Signer.from_info(info))
            with (
                _builder(statement, context, notes) as builder,
                source.open("rb") as reading,
                target.open("w+b") as writing,
            ):
                builder.sign(mime, reading, writing)
        except OSError as error:
            _remove(target)
            raise output_error(target, error) from error
        except c2pa.C2paError as error:
            _remove(target)
            raise OutputError(_why_unsigned(target, signer, relay, error)) from error
        except BaseException:
            _remove(target)
            raise
    return tuple(notes)


def _stamping(url: str | None) -> AbstractContextManager[StampRelay | None]:
    return nullcontext() if url is None else StampRelay(url)


def _why_unsigned(target: Path, signer: ProvenanceSigner, relay: StampRelay | None, error: BaseException) -> str:
    if relay is not None and relay.problem:
        return (
            f"{target.name} was not written: the time stamp server {signer.timestamp_url} gave no time stamp "
            f"({relay.problem}); try again later, or leave out --timestamp"
        )
    remedy = f"check {signer.name} and the clock"
    if relay is not None:
        remedy = f"check the time stamp server {signer.timestamp_url} and {signer.name}"
    return f"{target.name} was not written: the manifest could not be signed ({one_line(error)}); {remedy}"


def one_line(error: BaseException) -> str:
    """An error of the native library, which may quote a stranger's file, on one line."""
    return plain(str(error)) or type(error).__name__


def _builder(statement: Statement, context: c2pa.Context, notes: list[str]) -> c2pa.Builder:
    """A builder that holds every source as an ingredient, with the manifest it came with wherever that can be read."""
    import c2pa

    plain = [source for source in statement.sources if _mime(source) is None]
    while True:
        builder = c2pa.Builder(json.dumps(_definition(statement, plain)), context=context)
        for source in statement.sources:
            mime = _mime(source)
            if source in plain or source.path is None or mime is None:
                continue
            try:
                with source.path.open("rb") as file:
                    builder.add_ingredient(json.dumps(_ingredient(source)), mime, file)
            except c2pa.C2paError as error:
                builder.close()
                plain.append(source)
                notes.append(
                    f"whether the {source.role} came with a manifest cannot be told ({one_line(error)}); its sha256 is "
                    f"in the new one"
                )
                break
        else:
            return builder


def _mime(source: Source) -> str | None:
    return None if source.path is None else file_type(source.path).mime


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _ingredient(source: Source) -> dict[str, Any]:
    relationship = "componentOf" if source.role == "photo" else "inputTo"
    return {"title": source.role, "label": source.role, "relationship": relationship}


def _description(statement: Statement) -> str:
    if statement.sources and all(source.role == "photo" for source in statement.sources):
        return "A photo whose expression, pose or gaze was changed."
    return "A photo animated with the motion of another video or photo."


def _definition(statement: Statement, plain: list[Source]) -> dict[str, Any]:
    agent = {"name": "Mimica", "version": statement.version}
    actions: list[dict[str, Any]] = [
        {
            "action": "c2pa.created",
            "digitalSourceType": DIGITAL_SOURCE_TYPE,
            "softwareAgent": agent,
            "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": _description(statement),
        },
        {"action": "c2pa.watermarked.bound", "softwareAgent": agent},
    ]
    if statement.sources:
        roles = [source.role for source in statement.sources]
        actions.insert(1, {"action": "c2pa.placed", "parameters": {"ingredientIds": roles}})
    binding = {"alg": MARK_ALGORITHM, "blocks": [{"scope": {}, "value": f"{statement.mark_id:04x}"}]}
    not_allowed = {f"cawg.{use}": {"use": "notAllowed"} for use in _USES}
    return {
        "claim_generator_info": [agent],
        "title": "animation",
        "ingredients": [_ingredient(source) for source in plain],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": "cawg.training-mining", "data": {"entries": not_allowed}},
            {"label": "c2pa.soft-binding", "data": binding},
            {"label": ASSERTION, "data": statement.assertion()},
        ],
    }
