"""Photos, videos and sound in and out: the only room that knows PyAV and Pillow.

Names are fetched when first used, so that importing the package loads neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimica.media.image import Photo, load_photo
    from mimica.media.image_writer import save_image
    from mimica.media.video_reader import VideoFrame, VideoInfo, VideoReader, open_video
    from mimica.media.video_writer import VideoWriter

_HOME = {
    "Photo": "mimica.media.image",
    "load_photo": "mimica.media.image",
    "save_image": "mimica.media.image_writer",
    "VideoFrame": "mimica.media.video_reader",
    "VideoInfo": "mimica.media.video_reader",
    "VideoReader": "mimica.media.video_reader",
    "open_video": "mimica.media.video_reader",
    "VideoWriter": "mimica.media.video_writer",
}

__all__ = [
    "Photo",
    "VideoFrame",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "load_photo",
    "open_video",
    "save_image",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mimica.media' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
