"""ComfyUI's pictures to files and back: an IMAGE is a tensor (B, H, W, C) float32, 0 to 1, sRGB.

PyTorch is imported only where a tensor is made. What is written here are inputs, for a while; what Mimica makes leaves
by Mimica's own release alone, and is read back from that file.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import mimica
from mimica.media import load_photo, open_video

if TYPE_CHECKING:
    from torch import Tensor


def pixels(image: Any, what: str) -> NDArray[np.uint8]:
    """(B, H, W, 3 or 4) uint8 of an IMAGE, rounded, so that a picture of 8 bits comes back as it was.

    Raises UsageError for anything that is no IMAGE.
    """
    values = np.asarray(image.detach().cpu().float() if hasattr(image, "detach") else image)
    if values.ndim != 4 or values.shape[3] not in (3, 4) or 0 in values.shape or values.dtype.kind != "f":
        raise mimica.UsageError(
            f"{what}: a tensor {values.shape} of {values.dtype} is no IMAGE; connect pictures (B, H, W, 3), 0 to 1"
        )
    made = np.empty(values.shape, np.uint8)
    for picture, into in zip(values, made, strict=True):  # one at a time: a film as float is large enough once
        if not np.isfinite(picture).all():
            raise mimica.UsageError(f"{what}: holds values that are no numbers; check the node that makes it")
        into[...] = np.rint(np.clip(picture, 0, 1) * 255)
    return made


def write_photo(image: Any, path: Path, what: str) -> None:
    """Write the one picture of an IMAGE as PNG. Raises UsageError when there are several."""
    pictures = pixels(image, what)
    if len(pictures) != 1:
        raise mimica.UsageError(f"{what}: {len(pictures)} pictures are connected; choose one (Image From Batch)")
    Image.fromarray(pictures[0]).save(path, format="PNG", compress_level=1)


def write_clip(frames: Any, fps: float, path: Path, what: str) -> None:
    """Write an IMAGE batch as a video (.mp4) that loses nothing, `fps` frames a second, at least two of them."""
    pictures = pixels(frames, what)[..., :3]
    if len(pictures) < 2:
        raise mimica.UsageError(f"{what}: one picture is no performance; connect the frames of a video")
    if not 1 <= fps <= 1000:
        raise mimica.UsageError(f"driving_fps {fps}: frames a second are 1 to 1000; connect the video's own")
    rate = Fraction(fps).limit_denominator(1001)  # 30000/1001 is told as 29.97002997…
    with av.open(str(path), mode="w") as container:
        stream = container.add_stream("libx264rgb", rate=rate, options={"qp": "0", "preset": "ultrafast"})
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt, stream.time_base = "rgb24", 1 / rate
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def read_photo(path: Path) -> Tensor:
    """A finished picture as IMAGE (1, H, W, 3)."""
    return _tensor([load_photo(path).image], 1)


def read_clip(path: Path, frames: int) -> tuple[Tensor, float]:
    """A finished video of `frames` frames as IMAGE, and its frames a second."""
    with open_video(path) as video:
        batch = _tensor((frame.image for frame in video), frames)
        rate = video.info.rate or (frames / video.info.duration_s if video.info.duration_s else 0)
    return batch, float(rate)


def _tensor(pictures: Any, number: int) -> Tensor:
    """`number` pictures (H, W, 3) uint8 as one float tensor, filled picture by picture."""
    import torch

    batch: Tensor | None = None
    for index, picture in enumerate(pictures):
        if batch is None:
            batch = torch.empty((number, *picture.shape), dtype=torch.float32)
        batch[index] = torch.from_numpy(np.ascontiguousarray(picture)).to(torch.float32) / 255
    assert batch is not None, "a finished file has a frame"
    return batch
