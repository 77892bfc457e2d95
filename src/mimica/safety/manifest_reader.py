"""Read and judge a file's C2PA manifest, ours or a stranger's, without any connection.

Stricter than the library: a source type that IPTC does not know and data that no signature covers make a manifest
invalid here. *Valid* means unchanged since it was signed; *trusted* also that the signer's authority is one of the
anchors given. This module does not know pixels, the mark or the ledger.
"""

# c2pa leaves type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from mimica.errors import UnreadableMediaError
from mimica.safety.boxes import unsigned_data
from mimica.safety.filetype import file_type
from mimica.safety.manifest import ASSERTION, MARK_ALGORITHM, SETTINGS, one_line

State = Literal["trusted", "valid", "invalid", "absent"]
StampState = Literal["trusted", "valid", "invalid", "absent"]

IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED: Final = {
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "compositeSynthetic",
    "algorithmicMedia",
}
"""IPTC's terms for what a machine made, wholly or in part."""

SOURCE_TYPES: Final = {
    *(IPTC + term for term in GENERATED),
    *(
        IPTC + term
        for term in (
            "digitalCapture", "computationalCapture", "multiFrameComputationalCapture", "negativeFilm", "positiveFilm",
            "print", "humanEdits", "minorHumanEdits", "algorithmicallyEnhanced", "dataDrivenMedia", "digitalCreation",
            "digitalArt", "softwareImage", "screenCapture", "virtualRecording", "composite", "compositeCapture",
        )
    ),
    "http://c2pa.org/digitalsourcetype/empty",
    "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData",
}  # fmt: skip
"""IPTC NewsCodes, digital source type, retired ones included, and C2PA's two own."""

_UNTRUSTED: Final = "signingCredential.untrusted"


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """What the manifest of a file says and whether it holds.

    state: trusted, valid, invalid or absent. problems: why it is invalid, or what limits the answer. generator: the
    software that it names. signer: who the certificate says signed. signed_at: when, as a time stamp server says, ISO
    8601; empty without. time_stamp: whether that time is vouched for, and by an authority that is one of the anchors;
    stamped_by: by whom. generated: it says that a machine made the media,
    wholly or in part. statement: our own assertion, None in a stranger's. mark_id: from the soft binding.
    ingredients: roles or titles of what it was made from; `chained` of them came with manifests of their own.
    """

    state: State
    problems: tuple[str, ...] = ()
    generator: str = ""
    signer: str = ""
    signed_at: str = ""
    time_stamp: StampState = "absent"
    stamped_by: str = ""
    generated: bool = False
    statement: dict[str, Any] | None = None
    mark_id: int | None = None
    ingredients: tuple[str, ...] = ()
    chained: int = 0

    @property
    def ours(self) -> bool:
        """Whether it says that Mimica made the file; anyone can write that, so mind `state` and `signer`."""
        return self.statement is not None


def read_manifest(path: Path, anchors: str | None = None) -> ManifestReading:
    """Read and judge the manifest of an image or a video.

    anchors: PEM certificates of authorities that count as trusted. Never raises for odd content: what cannot be
    judged is `absent` or `invalid` with its reason. Raises UnreadableMediaError when the file cannot be opened.
    """
    mime = file_type(path).mime
    if mime is None:
        return ManifestReading("absent", ("this format has no place for a manifest",))
    import c2pa

    settings: dict[str, Any] = {**SETTINGS, "trust": {"user_anchors": anchors}} if anchors else SETTINGS
    try:
        context = c2pa.Context(settings=c2pa.Settings.from_dict(settings))
        with path.open("rb") as file, c2pa.Reader(mime, file, context=context) as reader:
            store: dict[str, Any] = json.loads(reader.json())
        loose = unsigned_data(path) if mime in ("video/mp4", "video/quicktime") else []
    except c2pa.C2paError.ManifestNotFound:
        return ManifestReading("absent")
    except c2pa.C2paError.NotSupported:
        return ManifestReading("absent", ("this format has no place for a manifest",))
    except c2pa.C2paError as error:
        return _unparsable(error)
    except OSError as error:
        raise UnreadableMediaError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    except (ValueError, RecursionError) as error:
        return ManifestReading("invalid", (f"the manifest cannot be read ({one_line(error)})",))
    return _judge(store, loose)


def _unparsable(error: BaseException) -> ManifestReading:
    text = one_line(error)
    if text.startswith("Remote"):
        return ManifestReading("absent", ("its manifest lies elsewhere and was not fetched: nothing here connects",))
    if "could not be parsed" in text or text.startswith(("Io", "InvalidAsset")):  # the media itself is damaged
        return ManifestReading("absent", (f"no manifest could be read ({text})",))
    return ManifestReading("invalid", (f"the manifest cannot be read ({text})",))


def _judge(store: dict[str, Any], loose: list[str]) -> ManifestReading:
    manifest: dict[str, Any] = store.get("manifests", {}).get(store.get("active_manifest"), {})
    problems = [status["explanation"] for status in _failures(store)]
    problems += [f"{place}, which no signature covers" for place in loose]
    terms = [action["digitalSourceType"] for action in _actions(manifest) if action.get("digitalSourceType")]
    problems += [f"the source type {term!r} is none of IPTC's" for term in terms if term not in SOURCE_TYPES]
    told = store.get("validation_state")
    state: State = "invalid"
    if not problems and told in ("Valid", "Trusted"):
        state = "trusted" if told == "Trusted" else "valid"
    elif not problems:
        problems.append(f"the library calls it {told}")
    generator: dict[str, Any] = (manifest.get("claim_generator_info") or [{}])[0]
    signature: dict[str, Any] = manifest.get("signature_info") or {}
    ingredients: list[dict[str, Any]] = manifest.get("ingredients") or []
    statement = next(_assertions(manifest, ASSERTION), None)
    stamp, stamped_by = _time_stamp(store)
    return ManifestReading(
        state=state,
        problems=tuple(dict.fromkeys(problems)),
        generator=" ".join(filter(None, (str(generator.get("name", "")), str(generator.get("version", ""))))),
        signer=str(signature.get("common_name") or signature.get("issuer") or ""),
        signed_at=str(signature.get("time") or "") if stamp in ("trusted", "valid") else "",
        time_stamp=stamp,
        stamped_by=stamped_by,
        generated=any(term.removeprefix(IPTC) in GENERATED for term in terms),
        statement=statement,
        mark_id=_mark_id(manifest),
        ingredients=tuple(str(item.get("title") or "untitled") for item in ingredients),
        chained=sum("active_manifest" in item for item in ingredients),
    )


def _time_stamp(store: dict[str, Any]) -> tuple[StampState, str]:
    """Whether the signature carries a time stamp that fits it, and the name of who gave it."""
    results: dict[str, Any] = (store.get("validation_results") or {}).get("activeManifest") or {}
    told = {
        str(item.get("code")): str(item.get("explanation") or "")
        for kind in ("failure", "informational", "success")
        for item in results.get(kind) or []
        if str(item.get("code")).startswith("timeStamp.")
    }
    if not told:
        return "absent", ""
    if "timeStamp.validated" not in told:
        return "invalid", ""
    name = told["timeStamp.validated"].rpartition(": ")[2]
    return ("trusted" if "timeStamp.trusted" in told else "valid"), name


def _failures(store: dict[str, Any]) -> list[dict[str, Any]]:
    results: dict[str, Any] = (store.get("validation_results") or {}).get("activeManifest") or {}
    failures: list[dict[str, Any]] = results.get("failure") or []
    return [{"explanation": item.get("code", "unknown"), **item} for item in failures if item.get("code") != _UNTRUSTED]


def _assertions(manifest: dict[str, Any], label: str) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions") or []:
        name, data = str(assertion.get("label", "")), assertion.get("data")
        if (name == label or name.startswith(f"{label}__")) and isinstance(data, dict):
            yield data


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for label in ("c2pa.actions", "c2pa.actions.v2"):
        for data in _assertions(manifest, label):
            yield from (action for action in data.get("actions") or [] if isinstance(action, dict))


def _mark_id(manifest: dict[str, Any]) -> int | None:
    for data in _assertions(manifest, "c2pa.soft-binding"):
        blocks: list[dict[str, Any]] = data.get("blocks") or []
        if data.get("alg") == MARK_ALGORITHM and blocks:
            try:
                return int(str(blocks[0].get("value")), 16)
            except ValueError:
                return None
    return None
