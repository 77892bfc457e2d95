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
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from mimica.errors import UnreadableMediaError
from mimica.safety.boxes import unsigned_data
from mimica.safety.filetype import file_type
from mimica.safety.manifest import ASSERTION, MARK_ALGORITHM, SETTINGS, one_line
from mimica.safety.padding import filled_padding
from mimica.safety.plain_text import plain

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
_DEEPEST: Final = 8
"""Ours has three levels; a stranger's of thousands would break whoever writes it down."""


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
            store = _object(json.loads(reader.json()))
        loose = unsigned_data(path) if mime in ("video/mp4", "video/quicktime") else []
        loose += filled_padding(path, mime)
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
    manifest = _object(_object(store.get("manifests")).get(str(store.get("active_manifest"))))
    problems = [plain(status["explanation"]) for status in _failures(store)]
    problems += [f"{place}, which no signature covers" for place in loose]
    terms = [plain(action["digitalSourceType"]) for action in _actions(manifest) if action.get("digitalSourceType")]
    problems += [f"the source type {term!r} is none of IPTC's" for term in terms if term not in SOURCE_TYPES]
    told = store.get("validation_state")
    state: State = "invalid"
    if not problems and told in ("Valid", "Trusted"):
        state = "trusted" if told == "Trusted" else "valid"
    elif not problems:
        problems.append(f"the library calls it {plain(told) or 'nothing'}")
    generator = next(iter(_objects(manifest.get("claim_generator_info"))), {})
    signature = _object(manifest.get("signature_info"))
    ingredients = _objects(manifest.get("ingredients"))
    statement = next(_assertions(manifest, ASSERTION), None)
    stamp, stamped_by = _time_stamp(store)
    return ManifestReading(
        state=state,
        problems=tuple(dict.fromkeys(problems)),
        generator=plain(" ".join(filter(None, (plain(generator.get("name")), plain(generator.get("version")))))),
        signer=_name(signature.get("common_name") or signature.get("issuer")),
        signed_at=plain(signature.get("time"), 40) if stamp in ("trusted", "valid") else "",
        time_stamp=stamp,
        stamped_by=stamped_by,
        generated=any(term.removeprefix(IPTC) in GENERATED for term in terms),
        statement=statement if statement is None or _depth(statement) <= _DEEPEST else {},
        mark_id=_mark_id(manifest),
        ingredients=tuple(plain(item.get("title")) or "untitled" for item in ingredients),
        chained=sum("active_manifest" in item for item in ingredients),
    )


def _object(value: object) -> dict[str, Any]:
    """`value` when it is an object; a stranger's manifest may hold anything anywhere."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    """The objects in `value` when it is a list."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [_object(item) for item in items if isinstance(item, dict)]


def _name(value: object) -> str:
    """A name that says nothing but a name: quotes in it could end the quotes around it."""
    return plain(value).replace('"', "'")


def _depth(value: object) -> int:
    """How deep lists and objects nest, counted up to one more than is allowed."""
    layer, depth = [value], 0
    while layer and depth <= _DEEPEST:
        objects = [cast("dict[str, Any]", item).values() for item in layer if isinstance(item, dict)]
        lists = [cast("list[Any]", item) for item in layer if isinstance(item, list)]
        layer = [inner for items in (*objects, *lists) for inner in items]
        depth += 1
    return depth


def _time_stamp(store: dict[str, Any]) -> tuple[StampState, str]:
    """Whether the signature carries a time stamp that fits it, and the name of who gave it."""
    results = _object(_object(store.get("validation_results")).get("activeManifest"))
    told = {
        plain(item.get("code")): plain(item.get("explanation"))
        for kind in ("failure", "informational", "success")
        for item in _objects(results.get(kind))
        if plain(item.get("code")).startswith("timeStamp.")
    }
    if not told:
        return "absent", ""
    if "timeStamp.validated" not in told:
        return "invalid", ""
    name = _name(told["timeStamp.validated"].rpartition(": ")[2])
    return ("trusted" if "timeStamp.trusted" in told else "valid"), name


def _failures(store: dict[str, Any]) -> list[dict[str, Any]]:
    results = _object(_object(store.get("validation_results")).get("activeManifest"))
    failures = _objects(results.get("failure"))
    return [{"explanation": item.get("code", "unknown"), **item} for item in failures if item.get("code") != _UNTRUSTED]


def _assertions(manifest: dict[str, Any], label: str) -> Iterator[dict[str, Any]]:
    for assertion in _objects(manifest.get("assertions")):
        name, data = str(assertion.get("label", "")), assertion.get("data")
        if (name == label or name.startswith(f"{label}__")) and isinstance(data, dict):
            yield _object(cast(object, data))


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for label in ("c2pa.actions", "c2pa.actions.v2"):
        for data in _assertions(manifest, label):
            yield from _objects(data.get("actions"))


def _mark_id(manifest: dict[str, Any]) -> int | None:
    for data in _assertions(manifest, "c2pa.soft-binding"):
        blocks = _objects(data.get("blocks"))
        if data.get("alg") == MARK_ALGORITHM and blocks:
            value = blocks[0].get("value")
            return int(value, 16) if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{4}", value) else None
    return None
