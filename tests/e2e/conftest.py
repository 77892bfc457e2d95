"""Real files for tests that go through the whole command: nobody's camera is needed, and nothing is downloaded."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.media import VideoWriter, load_photo, save_image

RATE = Fraction(30000, 1001)
PORTRAIT = Path(__file__).parents[2] / "src" / "mimica" / "demo" / "portrait.jpg"


def landscape(height: int = 180, width: int = 240) -> NDArray[np.uint8]:
    """A smooth picture, (height, width, 3) uint8 RGB, in which nobody is."""
    rows = np.linspace(0, 1, height)[:, None]
    columns = np.linspace(0, 1, width)[None, :]
    planes = [140 + 60 * rows + 0 * columns, 180 - 40 * rows + 20 * columns, 220 - 120 * rows + 0 * columns]
    return np.stack(planes, axis=-1).astype(np.uint8)


def write_clip(path: Path, image: NDArray[np.uint8], frames: int) -> Path:
    """A clip that shows `image` `frames` times at 30000/1001 frames a second."""
    height, width = image.shape[:2]
    with VideoWriter(path, (width, height), rate=RATE) as writer:
        for index in range(frames):
            writer.write(image, index / RATE)
    return path


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of inputs, good and bad; tests do not write to it."""
    folder = tmp_path_factory.mktemp("shelf")
    portrait = load_photo(PORTRAIT).image
    save_image(folder / "portrait.png", portrait)
    save_image(folder / "landscape.png", landscape())
    write_clip(folder / "actor.mp4", portrait, 5)
    write_clip(folder / "long.mp4", portrait, 240)
    write_clip(folder / "landscape.mp4", landscape(), 5)
    whole = (folder / "actor.mp4").read_bytes()
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "truncated.png").write_bytes((folder / "portrait.png").read_bytes()[:2000])
    (folder / "empty.mp4").touch()
    (folder / "empty.png").touch()
    (folder / "letter.mp4").write_text("Dear Sir or Madam, this is no video.\n" * 50)
    (folder / "letter.png").write_text("Dear Sir or Madam, this is no photo.\n" * 50)
    (folder / "folder.mp4").mkdir()
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return folder
