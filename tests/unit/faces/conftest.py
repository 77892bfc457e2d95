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
        self.calls += 1
        images = feeds["image"]
        assert images.shape[1:] == (FINDER_PX, FINDER_PX, 3)
        assert images.dtype == np.uint8
        found = [self._squares(image) for image in images]
        most = max(len(rows) for rows in found)
        table = np.zeros((len(images), most, 15), np.float32)
        for index, rows in enumerate(found):
            table[index, : len(rows)] = np.array(rows, np.float32).reshape(-1, 15)
        return {"scores": table[..., 0], "boxes": table[..., 1:5], "points": table[..., 5:]}

    def _squares(self, image: NDArray[np.uint8]) -> list[list[float]]:
        import cv2

        count, _, stats, _ = cv2.connectedComponentsWithStats((image.min(2) > 200).astype(np.uint8))
        rows = []
        for x, y, width, height, _ in stats[1:count]:
            if not self.least_px <= min(width, height) <= self.most_px:
                continue
            for shift, score in ((0, 0.9), (1, 0.6)):
                corner, size = np.array([x + shift, y], np.float32), np.array([width, height], np.float32)
                rows.append([score, *corner, *(corner + size), *(corner + POINT_SHARES * size).reshape(-1)])
        return rows


@pytest.fixture
def network() -> BrightSquareNetwork:
    return BrightSquareNetwork()


@pytest.fixture
def finder(network: BrightSquareNetwork) -> FaceFinder:
    return FaceFinder(network)  # pyright: ignore[reportArgumentType]
