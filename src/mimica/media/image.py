"""Photos in: whatever a person has, as upright 8-bit sRGB.

EXIF orientation is applied, embedded colour profiles are converted to sRGB, transparency is laid on white (and kept
beside it). A picture above the pixel limit is an error before its pixels are decoded, and the ``sentry`` looks at every
file first. Formats that run programs or read other files (EPS, WMF, PDF) are not opened. This module does not know
faces.
"""

# Pillow's colour management and pillow_heif have no complete stubs
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from mimica.errors import UnreadableMediaError
from mimica.media.colour import WHITE, flatten_alpha
from mimica.media.container import check_file
from mimica.media.limits import Limits, read_limits
from mimica.media.sentry import look_first

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "TGA", "AVIF", "HEIF")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"})
_pillow_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo as it is meant to be seen."""

    image: NDArray[np.uint8]
    """(H, W, 3) uint8 sRGB, upright, transparency laid on white."""
    alpha: NDArray[np.uint8] | None = None
    """(H, W) uint8 opacity where the file has one, else None."""
    profile: str | None = None
    """Description of the embedded colour profile, None without."""
    notes: tuple[str, ...] = ()
    """What a person should know about how the file was read."""


def load_photo(path: str | Path, limits: Limits | None = None) -> Photo:
    """Read a photo. ``limits``: those of the environment when None.

    Raises ``UnreadableMediaError`` for what is missing, a folder, empty, damaged, cut off, too large, or no picture.
    """
    path = Path(path)
    limits = limits or read_limits()
    check_file(path, "photo")
    look_first(path, "photo", limits)
    notes: list[str] = []
    with _opened(path, limits) as picture:
        if getattr(picture, "is_animated", False) and picture.format != "MPO":
            picture.seek(0)
            notes.append("the file is animated: its first picture is used")
        picture.load()
        size, turned = picture.size, picture.getexif().get(0x0112, 1) not in (0, 1)
        ImageOps.exif_transpose(picture, in_place=True)
        if picture.size != size or turned:
            notes.append("the photo was turned upright as its EXIF data asks")
        image, alpha, profile = _srgb(picture, notes)
    return Photo(image, alpha, profile, tuple(notes))


def glance_at_photo(path: Path, limits: Limits) -> None:
    """Decode the pixels of a photo and forget them, a JPEG at an eighth of its size; the sentry's part.

    Raises ``UnreadableMediaError`` and ``MemoryError``.
    """
    with _opened(path, limits) as picture:
        picture.draft("RGB", (max(1, picture.width // 8), max(1, picture.height // 8)))
        picture.load()


@contextmanager
def _opened(path: Path, limits: Limits) -> Generator[Image.Image]:
    """The picture, within the pixel limit; whatever goes wrong in the block is told as ``UnreadableMediaError``."""
    try:
        with _pillow_without_limit(), _open(path) as picture:
            if picture.width * picture.height > limits.photo_pixels:
                raise UnreadableMediaError(
                    f"{path} has {picture.width}×{picture.height} pixels, more than the limit of "
                    f"{limits.photo_pixels / 1e6:g} million; scale it down first"
                )
            yield picture
    except (UnreadableMediaError, MemoryError):
        raise
    except Exception as error:
        raise UnreadableMediaError(_why_unreadable(path, error)) from error


@contextmanager
def _pillow_without_limit() -> Generator[None]:
    """Pillow only warns of huge pictures up to twice its limit; ours is an error and checked before decoding.

    The limit and the warning filters are global to the process, hence the lock.
    """
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged EXIF, odd TIFF tags: the pixels decide
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _open(path: Path) -> Image.Image:
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        try:
            import pillow_heif  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise UnreadableMediaError(
                f"{path} is a HEIC picture; run `pip install 'mimica[heic]'`, or save it as JPEG or PNG"
            ) from error
        pillow_heif.register_heif_opener()
    Image.init()
    return Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN])


def _why_unreadable(path: Path, error: Exception) -> str:
    if path.suffix.lower() in _VIDEO_SUFFIXES:
        return f"{path} is a video, not a photo; give a picture, such as one frame of it"
    if isinstance(error, Image.UnidentifiedImageError):
        return f"{path} is not a picture that can be read; use JPEG, PNG, WebP, TIFF or HEIC"
    if "truncated" in str(error).lower():
        return f"{path} is cut off: part of the picture is missing; copy or download it again"
    reason = str(error) or type(error).__name__
    return f"{path} is damaged and cannot be decoded ({reason}); copy, download or export it again"


def _srgb(picture: Image.Image, notes: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, str | None]:
    """Pixels as (H, W, 3) sRGB, opacity or None, and the profile's description or None."""
    alpha = None
    profile_bytes = picture.info.get("icc_profile")
    deep = picture.mode.startswith(("I", "F"))
    if picture.has_transparency_data and not deep:
        with_alpha = picture.convert("RGBA")
        alpha = np.array(with_alpha.getchannel("A"))
        if alpha.min() == 255:
            alpha = None
        picture = picture.convert("L") if picture.mode == "LA" else with_alpha.convert("RGB")
    if deep:
        picture = Image.fromarray(_eight_bit(np.asarray(picture), picture.mode, notes))
    elif picture.mode in ("1", "P"):
        picture = picture.convert("RGB")
    rgb, profile = _from_profile(picture, profile_bytes, notes)
    if rgb is None:
        if picture.mode == "CMYK":
            notes.append("CMYK colour without a usable profile was converted plainly")
        rgb = picture if picture.mode == "RGB" else _plain_rgb(picture)
    image = np.array(rgb)
    if alpha is not None:
        notes.append("transparency was laid on white")
        image = flatten_alpha(np.dstack([image, alpha]), WHITE)
    return image, alpha, profile


def _eight_bit(values: NDArray[Any], mode: str, notes: list[str]) -> NDArray[np.uint8]:
    """16-bit, 32-bit and float grey as uint8, white where the format's white is."""
    notes.append("deep grey values were reduced to 8-bit")
    grey = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(grey.max(initial=0.0))
    white = 65535.0 if mode.startswith("I") else 1.0
    if largest > white:
        white = 255.0 if largest <= 255.0 else largest
    return np.rint(np.clip(grey / white, 0.0, 1.0) * 255).astype(np.uint8)


def _from_profile(
    picture: Image.Image, profile_bytes: bytes | None, notes: list[str]
) -> tuple[Image.Image | None, str | None]:
    """The picture converted from its embedded profile to sRGB, or None where that is not needed or possible."""
    if not profile_bytes:
        return None, None
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(profile_bytes))
        name = ImageCms.getProfileDescription(profile).strip()
        if picture.mode == "RGB" and "srgb" in name.lower():
            return None, name
        converted = ImageCms.profileToProfile(
            picture,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        notes.append("the embedded colour profile could not be used")
        return None, None
    notes.append(f"colours were converted from {name or 'the embedded profile'} to sRGB")
    return converted, name


def _plain_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode != "LAB":
        return picture.convert("RGB")
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted


def shrunk(image: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    """`image` (H, W, 3) with no side longer than `longest_px`, averaged over area; itself when it fits."""
    import cv2

    height, width = image.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
