"""What an output's container says in words: AI-generated, by what, on whose word; and reading such words again.

Three dialects: a comment in plain words (survives remuxing), IPTC's digital source type, and the `AIGC` record of
China's GB 45438-2025, whose keys, characters and places in files follow public programs that write it, as the text of
the standard was not at hand. Anyone can write or strip such tags: they prove nothing. This module does not know files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from xml.sax.saxutils import escape, unescape

from mimica.safety.consent import DIGITAL_SOURCE_TYPE, ConsentRecord
from mimica.safety.plain_text import plain

AIGC: Final = "AIGC"
XMP: Final = "XML:com.adobe.xmp"
"""The key under which a picture's XMP packet is kept; PNG's own name for it."""

_PACKET: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" Iptc4xmpExt:DigitalSourceType="{term}">'
    "<TC260:AIGC>{aigc}</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta>"
)
_IN_PACKET: Final = re.compile(r"<TC260:AIGC>([^<]*)</TC260:AIGC>")
_QUOTE: Final = {"&quot;": '"'}
_MACHINE_MADE: Final = ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia", "compositeSynthetic")
"""IPTC's terms; the first contains the second, so it is looked for first."""


@dataclass(frozen=True, slots=True)
class TagReading:
    """What the words in a file say. generated: that a machine made it. source_type: IPTC's term, "" without.

    aigc: the GB 45438 record, None without. job: the ledger's job that they name, None without. comment: the words.
    """

    generated: bool
    source_type: str = ""
    aigc: Mapping[str, Any] | None = None
    job: str | None = None
    comment: str = ""


def video_tags(consent: ConsentRecord, version: str, job: str) -> dict[str, str]:
    """The tags of a video. version: of Mimica. job: the ledger's."""
    producer = _allowed(f"Mimica/{version}")
    record = {
        "Label": "1",  # "generated"; 2 would be "perhaps", 3 "suspected"
        "ContentProducer": producer,
        "ProduceID": _allowed(job),
        "ReservedCode1": "",
        "ContentPropagator": producer,  # who makes it hands it on first
        "PropagateID": _allowed(job),
        "ReservedCode2": "",
    }
    return consent.metadata(version) | {AIGC: json.dumps(record, separators=(",", ":"))}


def image_tags(consent: ConsentRecord, version: str, job: str) -> dict[str, str]:
    """The tags of a picture: as for a video, and IPTC's term and the AIGC record where picture software looks."""
    words = f"AI-generated: a photo whose expression, pose or gaze was changed by Mimica {version}."
    tags = video_tags(consent, version, job)
    packet = _PACKET.format(term=DIGITAL_SOURCE_TYPE, aigc=escape(tags[AIGC], {'"': "&quot;"}))
    return tags | {"description": words, XMP: packet}


def read_tags(metadata: Mapping[str, str]) -> TagReading:
    """What the tags of a file say, ours or a stranger's; keys in any case."""
    known = {key.lower(): value for key, value in metadata.items()}
    everything = "\n".join(known.values())
    term = next(
        (term for term in sorted(_MACHINE_MADE, key=len, reverse=True) if term.lower() in everything.lower()), ""
    )
    in_packet = _IN_PACKET.search(known.get(XMP.lower(), ""))
    aigc = _record(known.get(AIGC.lower(), "")) or _record(unescape(in_packet[1], _QUOTE) if in_packet else "")
    comment = known.get("comment", "")
    job = aigc.get("ProduceID") if aigc else None
    generated = bool(term) or (aigc is not None and str(aigc.get("Label")) == "1")
    generated = generated or comment.startswith("AI-generated")
    return TagReading(generated, term, aigc, str(job) if job else None, plain(comment, 500))


def _allowed(text: str) -> str:
    """`text` in the characters that the record's values may have: printable ASCII without space, quote, backslash."""
    return "".join(letter if "!" <= letter <= "~" and letter not in '"\\' else "-" for letter in text)


def _record(text: str) -> dict[str, Any] | None:
    try:
        record: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    inner = cast("dict[str, Any]", record)
    nested = inner.get(AIGC)  # some writers nest it
    fields = cast("dict[str, Any]", nested) if isinstance(nested, dict) else inner
    return {plain(key): plain(value) for key, value in fields.items() if isinstance(value, str)}  # it has no others
