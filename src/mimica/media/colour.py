"""Decoded frames to upright 8-bit RGB: matrix, range, HDR, wide gamut, alpha, pixel shape and rotation.

What a file leaves unsaid is read as players do: BT.709 from 720 lines or 1280 columns on, BT.601 below; limited range
for YUV; square pixels. This module does not know time.
"""

# PyAV's stubs leave type parameters open
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

from mimica.core.colour import Primaries, Transfer, to_sdr

if TYPE_CHECKING:
    from collections.abc import Iterable

    import av
    from av.sidedata.sidedata import SideData

WHITE = (255, 255, 255)
"""What transparent pixels are laid on."""

CHROMA_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_WIDE_PRIMARIES: dict[int, Primaries] = {
    ColorPrimaries.BT2020: "bt2020",
    ColorPrimaries.SMPTE431: "p3",
    ColorPrimaries.SMPTE432: "p3",
}
_HDR_TRANSFERS: dict[int, Transfer] = {ColorTrc.SMPTE2084: "pq", ColorTrc.ARIB_STD_B67: "hlg"}
_MOST_STRETCH = 4


def quarter_turns(frame: av.VideoFrame) -> tuple[int, bool] | None:
    """(clockwise quarter turns 0..3, mirrored first) of the frame's display matrix; None for any other transform.

    The matrix maps stored to shown points: x' = a·x + c·y, y' = b·x + d·y (ISO 14496-12). A mirrored frame is
    flipped left to right before it is turned.
    """
    for side in cast("Iterable[SideData]", frame.side_data):
        if side.type != SideDataType.DISPLAYMATRIX:
            continue
        a, b, _, c, d = np.frombuffer(bytes(side), np.int32)[:5].astype(np.float64) / 65536
        mirrored = a * d - b * c < 0
        if mirrored:
            a, b = -a, -b
        turned = math.degrees(math.atan2(b, a)) / 90
        off_axis = abs(a - d) + abs(b + c)
        if not math.isfinite(turned) or math.hypot(a, b) == 0 or abs(turned - round(turned)) > 0.01 or off_axis > 0.05:
            return None
        return round(turned) % 4, mirrored
    return 0, False


def flatten_alpha(rgba: NDArray[np.uint8], background: tuple[int, int, int] = WHITE) -> NDArray[np.uint8]:
    """(H, W, 4) uint8 straight alpha laid on a plain background; returns (H, W, 3) uint8."""
    alpha = rgba[..., 3:].astype(np.uint32)
    mixed = rgba[..., :3] * alpha + np.asarray(background, np.uint32) * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


class FrameConverter:
    """Turns the decoded frames of one stream into upright RGB, all of the size of the first one.

    ``notes`` says in plain words what was done beyond plain decoding.
    """

    width: int
    height: int
    rotation_deg: int
    """Clockwise turn applied: 0, 90, 180 or 270."""

    def __init__(self, first: av.VideoFrame, pixel_aspect: Fraction | None = None) -> None:
        self.notes: list[str] = []
        turn = quarter_turns(first)
        if turn is None:
            self.notes.append("an unusual display matrix was ignored")
            turn = (0, False)
        self._turns, self._mirrored = turn
        self.rotation_deg = 90 * self._turns
        self._stored_size = (first.width, first.height)
        self._size = self._shown_size(first, pixel_aspect)
        self.width, self.height = self._size[::-1] if self._turns % 2 else self._size
        self._reformatter = VideoReformatter()
        self._describe(first)

    def _shown_size(self, frame: av.VideoFrame, pixel_aspect: Fraction | None) -> tuple[int, int]:
        if not pixel_aspect or pixel_aspect == 1:
            return frame.width, frame.height
        if not Fraction(1, _MOST_STRETCH) <= pixel_aspect <= _MOST_STRETCH:
            self.notes.append(f"an implausible pixel shape of {pixel_aspect} was ignored")
            return frame.width, frame.height
        size = (max(1, round(frame.width * pixel_aspect)), frame.height)
        self.notes.append(f"pixels of shape {pixel_aspect} were made square: {size[0]}×{size[1]}")
        return size

    def _describe(self, frame: av.VideoFrame) -> None:
        bits = max((component.bits for component in frame.format.components), default=8)
        transfer, primaries = _light(frame)
        if transfer != "sdr":
            name = {"pq": "HDR (PQ)", "hlg": "HDR (HLG)"}[transfer]
            self.notes.append(f"{bits}-bit {name} was tone-mapped to 8-bit SDR")
        elif primaries != "bt709":
            name = {"bt2020": "BT.2020", "p3": "P3"}[primaries]
            self.notes.append(f"{name} wide-gamut colour was converted to BT.709")
        elif bits > 8:
            self.notes.append(f"{bits}-bit colour was reduced to 8-bit")
        if _has_alpha(frame):
            self.notes.append("transparency was laid on white")
        if self._turns or self._mirrored:
            mirrored = " and mirrored" if self._mirrored else ""
            self.notes.append(f"the picture was turned by {self.rotation_deg}° clockwise{mirrored}, as the file asks")

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """One frame as (H, W, 3) uint8 RGB, C-contiguous."""
        if (frame.width, frame.height) != self._stored_size:
            note = "the picture size changes within the file: later frames were scaled to the first"
            if note not in self.notes:
                self.notes.append(note)
        transfer, primaries = _light(frame)
        deep = transfer != "sdr" or primaries != "bt709"
        alpha = _has_alpha(frame)
        pixels = self._rgb(frame, deep, alpha)
        if deep:
            image = to_sdr(pixels[..., :3].astype(np.uint16, copy=False), transfer, primaries)
            pixels = np.dstack([image, (pixels[..., 3] >> 8).astype(np.uint8)]) if alpha else image
        if alpha:
            pixels = flatten_alpha(pixels.astype(np.uint8, copy=False))
        if self._mirrored:
            pixels = pixels[:, ::-1]
        if self._turns:
            pixels = np.rot90(pixels, -self._turns)
        return np.ascontiguousarray(pixels, dtype=np.uint8)

    def _rgb(self, frame: av.VideoFrame, deep: bool, alpha: bool) -> NDArray[np.uint8] | NDArray[np.uint16]:
        names = {(False, False): "rgb24", (False, True): "rgba", (True, False): "rgb48le", (True, True): "rgba64le"}
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj") or frame.format.is_rgb
        matrix = _matrix(frame)
        converted = self._reformatter.reformat(
            frame,
            width=self._size[0],
            height=self._size[1],
            format=names[deep, alpha],
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=CHROMA_EXACT,
        )
        return converted.to_ndarray()  # pyright: ignore[reportReturnType]


def _has_alpha(frame: av.VideoFrame) -> bool:
    return frame.format.has_palette or any(component.is_alpha for component in frame.format.components)


def _light(frame: av.VideoFrame) -> tuple[Transfer, Primaries]:
    transfer = _HDR_TRANSFERS.get(frame.color_trc, "sdr")
    primaries = _WIDE_PRIMARIES.get(frame.color_primaries, "bt709")
    if transfer != "sdr" and frame.color_primaries == ColorPrimaries.UNSPECIFIED:
        primaries = "bt2020"  # BT.2100 defines PQ and HLG with these
    return transfer, primaries


def _matrix(frame: av.VideoFrame) -> Colorspace:
    if frame.colorspace in _MATRICES:
        return _MATRICES[frame.colorspace]
    if _light(frame)[1] == "bt2020":
        return Colorspace.BT2020
    large = frame.height >= 720 or frame.width >= 1280
    return Colorspace.ITU709 if large or frame.color_primaries == ColorPrimaries.BT709 else Colorspace.ITU601
