"""How rendered portraits and their truth are stored: image files, npz without pickles, tar files without dates.

The same content gives the same bytes. This module does not know what is rendered.
"""

from __future__ import annotations

import io
import tarfile
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mimica.synthesis.portrait import Portrait
from mimica.synthesis.posing import Performance
from mimica.synthesis.scene import Render
from mimica.synthesis.viewport import Viewport

SOURCE_XY_STEPS = 32
"""`source_xy` is stored as int16 in steps of 1/32 px of the 512 px crop."""

ImageFormat = Literal["jpg", "png", "webp"]


def encode_image(image: NDArray[np.uint8], image_format: ImageFormat) -> bytes:
    """Encoded RGB image; webp above quality 100 means lossless."""
    options = {"jpg": [cv2.IMWRITE_JPEG_QUALITY, 95], "png": [], "webp": [cv2.IMWRITE_WEBP_QUALITY, 101]}[image_format]
    return cv2.imencode(f".{image_format}", image[..., ::-1], options)[1].tobytes()


def encode_truth(portrait: Portrait, drawn: Render, source: Viewport, performance: Performance) -> bytes:
    """Npz without pickles: pose, motion, gaze, landmarks, both viewports, and the pixels' truth in small integers."""
    fitted = portrait.fitted
    arrays: dict[str, NDArray] = {
        "motion": drawn.motion,
        "rotation": drawn.rotation.astype(np.float32),
        "translation": drawn.translation.astype(np.float32),
        "angles_deg": drawn.angles_deg.astype(np.float32),
        "gaze_deg": drawn.gaze_deg.astype(np.float32),
        "landmarks": drawn.landmarks,
        "viewport": np.array([drawn.viewport.x0, drawn.viewport.y0, drawn.viewport.zoom], np.float32),
        "source_viewport": np.array([source.x0, source.y0, source.zoom], np.float32),
        "source_expression": fitted.expression,
        "source_rotation": fitted.rotation,
        "source_translation": fitted.translation,
        "source_gaze_deg": portrait.gaze_deg.astype(np.float32),
        "gaze_request_rad": np.asarray(performance.gaze_rad, np.float32),
    }
    if drawn.truth is not None:
        truth = drawn.truth
        limit = 32767 / SOURCE_XY_STEPS
        arrays |= {
            "part": truth.part,
            "vertex": truth.vertex.astype(np.int16 if int(truth.vertex.max(initial=0)) < 32768 else np.int32),
            "canonical": truth.canonical,
            "depth": truth.depth.astype(np.float16),
            "source_xy": np.round(np.clip(truth.source_xy, -limit, limit) * SOURCE_XY_STEPS).astype(np.int16),
            "visibility": np.round(truth.visibility * 255).astype(np.uint8),
        }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def add_file(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file without time, owner or mode that would differ from run to run."""
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))
