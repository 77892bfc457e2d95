"""Whom to leave out: a list of portrait names, kept beside the portraits by whoever looked at them.

This module does not judge pictures.
"""

from __future__ import annotations

import json
from pathlib import Path

from mimica.errors import InputError

REASONS = ("minor", "unusable")
"""Lists of a JSON object whose names are left out: who could be a minor, and what cannot be used. Others are notes."""


def read_exclusions(path: Path | str) -> frozenset[str]:
    """Names in a text file (one a line, # comments), a JSON list, or a JSON object's lists `REASONS`.

    A name is a photo's file name without its ending.

    Raises:
        InputError: the file cannot be read or is no such list.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a list of names ({error}); give a text or JSON file") from error
    if not text.lstrip().startswith(("{", "[")):
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return frozenset(line for line in lines if line)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: damaged JSON ({error}); repair the list of names") from error
    if isinstance(data, dict):
        if not any(reason in data for reason in REASONS):
            raise InputError(f"{path}: the object has no list {' or '.join(map(repr, REASONS))}; name the lists so")
        data = [name for reason in REASONS for name in data.get(reason, ())]
    if not all(isinstance(name, str) for name in data):
        raise InputError(f"{path}: holds something that is no name; write portrait names as strings")
    return frozenset(data)
