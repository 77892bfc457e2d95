from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mimica.safety.perceptual_hash import (
    HASH_BITS,
    SAME_PICTURE_BITS,
    differing_bits,
    file_sha256,
    perceptual_hash,
    portrait_print,
)

PORTRAIT = Path(__file__).parents[3] / "src" / "mimica" / "demo" / "portrait.jpg"


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    encoded = cv2.imread(str(PORTRAIT))
    assert encoded is not None
    return np.ascontiguousarray(encoded[..., ::-1])


def saved_again(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def test_it_is_256_bits(image: NDArray[np.uint8]) -> None:
    first = perceptual_hash(image)
    assert len(first) * 4 == HASH_BITS
    assert first == perceptual_hash(image.copy())
    assert int(first, 16).bit_count() == HASH_BITS // 2  # half lie above the median


def test_distance_counts_bits() -> None:
    assert differing_bits("00", "ff") == 8
    assert differing_bits("f0", "f1") == 1


@pytest.mark.parametrize("quality", [90, 70, 50])
def test_a_copy_saved_again_is_the_same_picture(image: NDArray[np.uint8], quality: int) -> None:
    assert differing_bits(perceptual_hash(image), perceptual_hash(saved_again(image, quality))) <= 10


@pytest.mark.parametrize("factor", [0.3, 0.5, 2.0])
def test_a_copy_of_another_size_is_the_same_picture(image: NDArray[np.uint8], factor: float) -> None:
    other = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    assert differing_bits(perceptual_hash(image), perceptual_hash(other)) <= SAME_PICTURE_BITS // 2


def test_others_are_not(image: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, image.shape, np.uint8)
    for other in (image[:, ::-1], image[::-1], noise, np.ascontiguousarray(image[100:, 100:])):
        distance = differing_bits(perceptual_hash(image), perceptual_hash(np.ascontiguousarray(other)))
        assert distance > SAME_PICTURE_BITS


def test_prints_of_a_file(image: NDArray[np.uint8], tmp_path: Path) -> None:
    original = portrait_print(PORTRAIT, image)
    assert original.sha256 == hashlib.sha256(PORTRAIT.read_bytes()).hexdigest() == file_sha256(PORTRAIT)
    copy = tmp_path / "copy.jpg"
    cv2.imwrite(str(copy), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])
    again = portrait_print(copy, np.ascontiguousarray(np.asarray(cv2.imread(str(copy)), np.uint8)[..., ::-1]))
    assert again.sha256 != original.sha256
    assert original.same_picture(again)
    with pytest.raises(OSError, match="No such file"):
        file_sha256(tmp_path / "none")
