"""Shots: where a film is cut. The cut detector is PySceneDetect's, on frames that our own reader decodes (ADR 15).

This module does not know faces.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from mimica.curation.records import Shot
from mimica.media.video_reader import VideoFrame

LOOK_PX = 192
"""The detector looks at frames whose longer side has so many pixels."""
SHORTEST_SHOT_S = 0.5
WINDOW = 2
"""Frames to either side that a cut's frame is compared with: the detector answers so many frames late."""


def find_shots(frames: Iterable[VideoFrame]) -> list[Shot]:
    """The shots of a film, one after another without a gap; empty for a film without a frame."""
    detector = AdaptiveDetector(min_scene_len=1, window_width=WINDOW)
    times: list[Fraction] = []
    cuts: list[Fraction] = []
    for index, frame in enumerate(frames):
        times.append(frame.time)
        found = detector.process_frame(FrameTimecode(index, 25.0), _small(frame.image))
        for place in found:
            time = times[place.frame_num]
            if time - (cuts[-1] if cuts else times[0]) >= SHORTEST_SHOT_S:
                cuts.append(time)
    if not times:
        return []
    edges = [times[0], *cuts, None]
    return [Shot(start, end) for start, end in pairwise(edges) if start is not None]


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 BGR, small."""
    height, width = image.shape[:2]
    scale = min(1.0, LOOK_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)[..., ::-1], np.uint8)
