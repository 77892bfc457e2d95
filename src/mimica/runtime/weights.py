"""The registry of weights: which networks ship, who trained them on what, and that each file is whole.

`weights.json` maps a network's name to a `WeightsEntry`; the files lie beside it. This module does not know what a
network computes, and it never downloads.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mimica.errors import WeightsError
from mimica.runtime.session import METADATA_PREFIX, OnnxNetwork

REGISTRY_FILE = "weights.json"
PACKAGE_FOLDER = Path(__file__).parents[1] / "weights"

_HASHED: dict[tuple[str, int, int], str] = {}
"""sha256 of files that this process has read, by path, size and time of change: a file is hashed once."""


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One row of the registry.

    Attributes:
        name: what the code asks for.
        file: file name beside the registry.
        sha256: of the file, lower-case hexadecimal.
        bytes: its size.
        licence: SPDX name.
        trained_on: the data, in one sentence that a reader of the model card can follow.
        metrics: measurements on held-out data when it was exported.
        created: UTC date and time of the export, ISO 8601.
    """

    name: str
    file: str
    sha256: str
    bytes: int
    licence: str
    trained_on: str
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    created: str = ""

    def __post_init__(self) -> None:
        if Path(self.file).name != self.file or not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(
                f"weights {self.name}: wants a bare file name and a sha256, got {self.file}, {self.sha256}"
            )

    def to_mapping(self) -> dict[str, Any]:
        return asdict(self)


def registry_sha256() -> dict[str, str]:
    """sha256 of every shipped network by name: what made an animation, for its manifest and ledger row."""
    return {name: entry.sha256 for name, entry in read_registry().items()}


def read_registry(folder: Path = PACKAGE_FOLDER) -> dict[str, WeightsEntry]:
    """Every network that `folder` registers, by name.

    Raises:
        WeightsError: the registry is missing or not readable.
    """
    path = folder / REGISTRY_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: _entry(name, row) for name, row in content["networks"].items()}
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: the registry of weights is missing; install mimica again") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path}: the registry of weights is damaged ({error}); install mimica again") from error


def _entry(name: str, row: Mapping[str, Any]) -> WeightsEntry:
    unknown = row.keys() - {item.name for item in fields(WeightsEntry)}
    if unknown or row["name"] != name:
        raise ValueError(
            f"row {name}: unknown keys {sorted(unknown)}" if unknown else f"row {name} names {row['name']}"
        )
    return WeightsEntry(**row)


def read_verified(entry: WeightsEntry, folder: Path = PACKAGE_FOLDER) -> bytes:
    """The bytes of `entry`'s file, proven to be those that were registered.

    Raises:
        WeightsError: the file is missing, unreadable or has other content.
    """
    path = folder / entry.file
    try:
        status = path.stat()
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{path}: weights {entry.name} cannot be read ({error.strerror}); install mimica again"
        ) from error
    key = (str(path), status.st_size, status.st_mtime_ns)
    digest = _HASHED.get(key) or hashlib.sha256(content).hexdigest()
    if len(content) != entry.bytes or digest != entry.sha256:
        raise WeightsError(
            f"{path}: weights {entry.name} are damaged ({len(content)} bytes, sha256 {digest[:12]}…, registered "
            f"{entry.bytes} bytes, {entry.sha256[:12]}…); install mimica again"
        )
    _HASHED[key] = digest
    return content


def load_network(
    name: str, device: str = "auto", *, threads: int | None = None, folder: Path = PACKAGE_FOLDER
) -> OnnxNetwork:
    """Open the registered network `name` on `device` after checking its file's sha256.

    Raises:
        WeightsError: no such network, or its file is missing, damaged or of another version.
        DeviceError: the device is absent or does not start.
    """
    registry = read_registry(folder)
    if name not in registry:
        raise WeightsError(
            f"weights {name!r}: not registered in {folder}; there are {', '.join(sorted(registry)) or 'none'}"
        )
    network = OnnxNetwork(read_verified(registry[name], folder), device=device, threads=threads)
    stored = network.metadata.get(f"{METADATA_PREFIX}name")
    if stored != json.dumps(name):
        raise WeightsError(f"weights {name!r}: the file holds network {stored}; install mimica again")
    return network
