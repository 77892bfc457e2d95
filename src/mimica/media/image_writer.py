"""Pictures out: PNG, JPEG or WebP with metadata, complete or not there at all.

PNG keeps each metadata entry as a text chunk. The others carry EXIF: the well-known keys in their own fields and all
entries as JSON in UserComment. The key `XML:com.adobe.xmp` is an XMP packet and goes where each format keeps it. This
module does not know what the picture shows.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mimica.errors import UsageError
from mimica.media.unfinished_file import UnfinishedFile, output_error

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_EXIF_FIELDS = {"description": 0x010E, "software": 0x0131, "artist": 0x013B, "copyright": 0x8298}
_ASCII_COMMENT = b"ASCII\0\0\0"
_XMP = "XML:com.adobe.xmp"


def save_image(
    path: str | Path,
    image: NDArray[np.uint8],
    metadata: Mapping[str, str] | None = None,
    seal: Callable[[Path], None] | None = None,
) -> None:
    """Write ``image`` (H, W, 3) uint8 sRGB, or (H, W, 4) with opacity, in the format of the ending.

    ``seal`` is called with the complete file before it takes its name and may change it, as for ``VideoWriter``.
    Raises ``UsageError`` for an unknown ending or opacity in JPEG, ``OutputError`` if the file cannot be written.
    """
    path = Path(path)
    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise UsageError(f"{path}: the ending {path.suffix!r} is not a picture format here; use {', '.join(FORMATS)}")
    if image.ndim != 3 or image.shape[2] not in (3, 4) or image.dtype != np.uint8:
        raise ValueError(f"expected (H, W, 3 or 4) uint8 pixels, got {image.shape} {image.dtype}")
    if name == "JPEG" and image.shape[2] == 4:
        raise UsageError(f"{path}: JPEG cannot hold transparency; use .png or .webp")
    file = UnfinishedFile(path)
    try:
        Image.fromarray(np.ascontiguousarray(image)).save(file.path, format=name, **_options(name, metadata or {}))
    except (OSError, ValueError) as error:
        file.discard()
        raise output_error(path, error) from error
    except BaseException:
        file.discard()
        raise
    if seal is not None:
        try:
            seal(file.path)
        except BaseException:
            file.discard()
            raise
    file.finish()


def picture_bytes(
    image: NDArray[np.uint8], ending: str, metadata: Mapping[str, str] | None = None, jpeg_quality: int = 95
) -> bytes:
    """The bytes of the file that ``save_image`` would write for an ``ending`` such as ".jpg".

    Raises ``UsageError`` for an unknown ending.
    """
    name = FORMATS.get(ending.lower())
    if name is None:
        raise UsageError(f"the ending {ending!r} is not a picture format here; use {', '.join(FORMATS)}")
    memory = io.BytesIO()
    options = _options(name, metadata or {}) | ({"quality": jpeg_quality} if name == "JPEG" else {})
    Image.fromarray(np.ascontiguousarray(image)).save(memory, format=name, **options)
    return memory.getvalue()


def read_metadata(path: str | Path) -> dict[str, str]:
    """The entries that ``save_image`` wrote, and a stranger's XMP packet; empty where there are none."""
    with Image.open(path, formats=sorted(set(FORMATS.values()))) as picture:
        if picture.format == "PNG":
            picture.load()  # chunks may follow the pixels
            return {key: str(value) for key, value in getattr(picture, "text", {}).items()}
        comment: Any = picture.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT, b"")
        packet: Any = picture.info.get("xmp")
    known = {_XMP: packet.decode("utf-8", "replace")} if isinstance(packet, bytes) else {}
    if not isinstance(comment, bytes) or not comment.startswith(_ASCII_COMMENT):
        return known
    try:
        entries: dict[str, Any] = dict(json.loads(comment[len(_ASCII_COMMENT) :]))
    except (TypeError, ValueError):
        return known
    return known | {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in entries.items()}


def _options(name: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    quality: dict[str, dict[str, Any]] = {
        "PNG": {},
        "JPEG": {"quality": 95, "subsampling": 0},
        "WEBP": {"lossless": True},
    }
    options = quality[name]
    if not metadata:
        return options
    if name == "PNG":
        chunks = PngInfo()
        for key, value in metadata.items():
            plain = value.isascii() and key != _XMP  # a tEXt chunk, which every reader knows
            (chunks.add_text if plain else chunks.add_itxt)(key, value)
        return options | {"pnginfo": chunks}
    if _XMP in metadata:
        options = options | {"xmp": metadata[_XMP].encode()}
        metadata = {key: value for key, value in metadata.items() if key != _XMP}
    exif = Image.Exif()
    for key, field in _EXIF_FIELDS.items():
        if key in metadata:
            exif[field] = metadata[key]
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = _ASCII_COMMENT + json.dumps(_nested(metadata)).encode("ascii")
    return options | {"exif": exif}


def _nested(metadata: Mapping[str, str]) -> dict[str, Any]:
    """The entries, those that are JSON objects as objects: {"AIGC": {…}} is how others write and read it."""
    entries: dict[str, Any] = dict(metadata)
    for key, value in metadata.items():
        if value.startswith("{"):
            with suppress(ValueError):
                entries[key] = json.loads(value)
    return entries
