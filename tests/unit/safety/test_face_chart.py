from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimica.errors import UsageError
from mimica.media.image import load_photo
from mimica.media.image_writer import read_metadata, save_image
from mimica.safety.face_chart import BOX_RGB, CHART_PX, drawn_chart, save_face_chart

BOXES = [np.array([200, 300, 600, 800], np.float32), np.array([1500, 0, 1900, 400], np.float32)]


def test_boxes_lie_where_they_were_given_and_the_rest_is_the_photo() -> None:
    chart = drawn_chart(np.full((1024, 2048, 3), 90, np.uint8), BOXES)
    assert chart.shape == (512, CHART_PX, 3)
    assert (chart[300, 100] == BOX_RGB).all()  # left edge of the first, at half its size
    assert (chart[150, 200] == BOX_RGB).all()  # its top edge
    assert (chart[450, 500] == 90).all()


def test_the_chart_says_that_nothing_was_generated(tmp_path: Path) -> None:
    photo, out = tmp_path / "photo.png", tmp_path / "chart.png"
    save_image(photo, np.full((60, 80, 3), 90, np.uint8))
    save_face_chart(photo, [np.array([10, 10, 40, 50], np.float32)], out)
    assert load_photo(out).image.shape == (60, 80, 3)
    assert "nothing in it was generated" in read_metadata(out)["description"]


def test_neither_a_video_nor_the_photo_itself_is_written(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    save_image(photo, np.full((60, 80, 3), 90, np.uint8))
    with pytest.raises(UsageError, match="is no picture here"):
        save_face_chart(photo, [], tmp_path / "chart.mp4")
    with pytest.raises(UsageError, match="is also the photo"):
        save_face_chart(photo, [], photo)
