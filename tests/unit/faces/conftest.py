"""A finder that finds bright squares: no weights, no faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.faces.finder import FINDER_PX, FaceFinder

POINT_SHARES = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.55], [0.35, 0.8], [0.65, 0.8]], np.float32)


class BrightSquareNetwork:
    """Answers as the exported finder does; every separate area brighter than 200 is a face.

    Each area is reported twice, 1 px apart, so that merging has work to do. Areas under
    `least_px` or over `most_px` are not seen.
    """

    def __init__(self) -> None:
        self.least_px, self.most_px, self.calls = 6.0, float(FINDER_PX), 0

    def require(self, constants: Mapping[str, Any]) -> None:
        assert constants == {"finder_px": FINDER_PX}

    def run(self, feeds: Mapping[str, NDArray[np.uint8]]) -> dict[str, NDArray[np.float32]]:
        import cv2

        self.calls += 1
        image = feeds["image"]
        assert image.shape == (1, FINDER_PX, FINDER_PX, 3)
        assert image.dtype == np.uint8
        count, _, stats, _ = cv2.connectedComponentsWithStats((image[0].min(2) > 200).astype(np.uint8))
        boxes, points, scores = [], [], []
        for x, y, width, height, _ in stats[1:count]:
            if not self.least_px <= min(width, height) <= self.most_px:
                continue
            for shift, score in ((0, 0.9), (1, 0.6)):
                corner, size = np.array([x + shift, y], np.float32), np.array([width, height], np.float32)
                boxes.append([*corner, *(corner + size)])
                points.append((corner + POINT_SHARES * size).reshape(-1))
                scores.append(score)
        return {
            "scores": np.array([scores], np.float32).reshape(1, -1),
            "boxes": np.array([boxes], np.float32).reshape(1, -1, 4),
            "points": np.array([points], np.float32).reshape(1, -1, 10),
        }


@pytest.fixture
def network() -> BrightSquareNetwork:
    return BrightSquareNetwork()


@pytest.fixture
def finder(network: BrightSquareNetwork) -> FaceFinder:
    return FaceFinder(network)  # pyright: ignore[reportArgumentType]
