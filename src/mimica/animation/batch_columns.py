"""The columns of a batch's table: the options of `mimica animate` that may differ from job to job.

A row's texts go in, keyword arguments of `animate` come out. This module does not know tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from mimica.animation.cast import assigned, parse_box, parse_faces
from mimica.animation.parts import chosen_parts
from mimica.animation.timeline import Timeline
from mimica.core.timing import exact_rate, parse_time
from mimica.errors import ConsentError, MimicaError, UsageError
from mimica.faces.actor_choice import parse_actor
from mimica.safety.admission import SigningOptions
from mimica.safety.agreements import Agreements, Consent, ReceiptFiles, parse_consent, parse_receipts

SEVERAL: Final = ";"
"""Between the values of an option that may be given several times."""


def _within(kind: Callable[[str], Any], least: float, most: float) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = kind(text)
        if not least <= value <= most:
            raise ValueError(f"give a {'whole ' if kind is int else ''}number from {least:g} to {most:g}")
        return value

    return read


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("give true or false")
    return text.lower() == "true"


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"give one of {', '.join(words)}")
        return text

    return read


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEVERAL) if part.strip()]


_SCALE = _within(float, 0, 3)
_ALIKE: Final[Mapping[str, Callable[[str], Any]]] = {
    "purpose": str,
    "label": _one_of("start", "always"),
    "framing": _one_of("photo", "crop"),
    "motion": _one_of("relative", "absolute"),
    "expression": _SCALE,
    "pose": _SCALE,
    "gaze": _SCALE,
    "face": parse_faces,
    "box": parse_box,
    "keep": _one_of("pose", "expression", "both", "none"),
    "actor": parse_actor,
    "crf": _within(int, 0, 51),
    "audio": _truth,
    "audio_from": _one_of("driver", "source"),
    "resume": _truth,
}
"""Columns that are one argument of `animate` each."""
_TIMES: Final[Mapping[str, Callable[[str], Any]]] = {
    "start": parse_time,
    "end": parse_time,
    "duration": parse_time,
    "fps": exact_rate,
    "speed": exact_rate,
    "loop": _within(int, 0, 1_000_000),
    "ping_pong": _truth,
}
"""Columns that make the timeline."""
_OTHERS: Final = ("consent", "receipt", "driver", "use", "without", "signing_key", "certificate", "timestamp")
COLUMNS: Final = ("consent", *_ALIKE, *_TIMES, *_OTHERS[1:])
"""Every column besides photo, driving and out, named as the flags of `mimica animate`."""


def check_columns(names: Iterable[str], told: str) -> None:
    """Refuse a column that is none, naming the nearest that is. Raises UsageError."""
    known = ("photo", "driving", "out", *COLUMNS)
    for name in sorted(set(names) - set(known)):
        near = get_close_matches(name.lower(), known, 1)
        advice = f"did you mean {near[0]!r}?" if near else f"use {', '.join(known)}"
        raise UsageError(f"{told}: there is no column {name!r}; {advice}")


def read_settings(values: Mapping[str, str], told: str, base: Path) -> dict[str, Any]:
    """The keyword arguments of `animate` that a row's texts mean; files are relative to the folder `base`.

    Raises UsageError for a value that is wrong, ConsentError where no basis of consent is said; both begin with `told`.
    """
    settings = {name: _read(name, read, values, told) for name, read in _ALIKE.items() if name in values}
    times: dict[str, Any] = {name: _read(name, read, values, told) for name, read in _TIMES.items() if name in values}
    try:
        settings |= _consent(values, base, settings.get("purpose", "personal"))
        if times:
            settings["timeline"] = Timeline(**times)
        if "use" in values or "without" in values:
            settings["parts"] = chosen_parts(_several(values.get("use", "")), _several(values.get("without", "")))
        if "driver" in values:
            own = assigned(_several(values["driver"]), "--driver")
            settings["drivers"] = {number: base / file for number, file in own.items()}
        key, certificate = (base / values[name] if name in values else None for name in ("signing_key", "certificate"))
        if key or certificate or "timestamp" in values:
            settings["signing"] = SigningOptions(key, certificate, values.get("timestamp"))
    except ConsentError as error:
        raise ConsentError(f"{told}: {error}") from error
    except MimicaError as error:
        raise UsageError(f"{told}: {error}") from error
    return settings


def _read(name: str, read: Callable[[str], Any], values: Mapping[str, str], told: str) -> Any:
    try:
        return read(values[name])
    except (ValueError, UsageError) as error:
        raise UsageError(f"{told}: {name} {values[name]!r} is wrong ({error})") from error


def _consent(values: Mapping[str, str], base: Path, purpose: str) -> dict[str, Any]:
    """On whose word; checked as far as it can be without reading a file."""
    said: dict[str, Any] = {}
    consent: Consent = parse_consent(values.get("consent"))
    receipts: ReceiptFiles = parse_receipts(_several(values.get("receipt", "")))
    if consent is not None:
        said["consent"] = consent
    if isinstance(receipts, Mapping):
        said["receipt"] = {number: str(base / file) for number, file in receipts.items()}
    elif receipts is not None:
        said["receipt"] = str(base / receipts)
    Agreements.of(consent, said.get("receipt")).check(purpose)
    return said
