"""How the truth of a rendered case is stored: one npz without pickles, in small integers, and a short film.

`NAME.npz` holds the numbers, `NAME.without.mp4` beside it the pictures that lack one expression each. This module does
not render.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimica.core.motion import EXPRESSION_NAMES
from mimica.evaluation.cases import Truth, read_frames

LANDMARK_STEPS = 64
"""Landmarks are stored in steps of 1/64 px."""
FLOW_STEPS = 16
"""`source_xy` is stored in steps of 1/16 px of the photo."""


def without_file(path: Path) -> Path:
    """Where the pictures without an expression lie."""
    return path.with_suffix(".without.mp4")


def save_truth(path: Path, truth: Truth) -> None:
    """Write everything but `without`, which is a film."""
    np.savez_compressed(
        path,
        expression_names=np.array(EXPRESSION_NAMES, np.str_),
        expressions=truth.expressions.astype(np.float16),
        angles_deg=truth.angles_deg.astype(np.float16),
        gaze_deg=truth.gaze_deg.astype(np.float16),
        landmarks=np.round(truth.landmarks * LANDMARK_STEPS).astype(np.int32),
        flow_frames=truth.flow_frames.astype(np.int32),
        source_xy=np.round(np.clip(truth.source_xy, -2000, 2000) * FLOW_STEPS).astype(np.int16),
        visibility=np.round(truth.visibility * 15).astype(np.uint8),
        part=truth.part,
        shown_frames=np.array([row[0] for row in truth.shown], np.int32),
        shown_groups=np.array([row[1] for row in truth.shown], np.str_),
        shown_places=np.array([row[2] for row in truth.shown], np.int32),
    )


def load_truth(path: Path) -> Truth:
    """Read what `save_truth` wrote, and the film beside it.

    Raises:
        ValueError: the file names other expressions than this version knows.
    """
    with np.load(path, allow_pickle=False) as file:
        if tuple(file["expression_names"]) != EXPRESSION_NAMES:
            raise ValueError(f"{path}: names other expressions than this version of Mimica; render it again")
        shown = tuple(
            (int(frame), str(group), int(place))
            for frame, group, place in zip(
                file["shown_frames"], file["shown_groups"], file["shown_places"], strict=True
            )
        )
        return Truth(
            expressions=file["expressions"].astype(np.float32),
            angles_deg=file["angles_deg"].astype(np.float32),
            gaze_deg=file["gaze_deg"].astype(np.float32),
            landmarks=(file["landmarks"] / LANDMARK_STEPS).astype(np.float32),
            flow_frames=file["flow_frames"].astype(np.int64),
            source_xy=(file["source_xy"] / np.float32(FLOW_STEPS)).astype(np.float32),
            visibility=(file["visibility"] / np.float32(15)).astype(np.float32),
            part=file["part"],
            shown=shown,
            without=_pictures(path, len(shown)),
        )


def _pictures(path: Path, count: int) -> NDArray[np.uint8]:
    if not count:
        return np.zeros((0, 0, 0, 3), np.uint8)
    return np.stack(read_frames(without_file(path))[0])
