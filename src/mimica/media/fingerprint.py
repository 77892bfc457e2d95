"""Fingerprints of a file's streams, to tell whether a copy is a copy."""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import hashlib
from pathlib import Path

from mimica.media.container import open_container


def packet_digests(path: Path, kind: str) -> list[str]:
    """sha256 of every packet of the first `kind` ("audio", "video") stream, in order; empty when there is none.

    Raises UnreadableMediaError when the file cannot be opened.
    """
    with open_container(path) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        if not streams:
            return []
        return [hashlib.sha256(bytes(packet)).hexdigest() for packet in container.demux(streams[0]) if packet.size]
