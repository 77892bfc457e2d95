"""What a portrait is recognised by: the sha256 of its file, and a perceptual hash that a re-saved copy shares.

The hash is the classic one (Zauner 2010, "Implementation and benchmarking of perceptual image hash functions", pHash):
grey, 32×32, discrete cosine transform, signs of low frequencies against their median; here 16×16 signs rather than
8×8, since portraits resemble each other. It follows re-saving, scaling and mild colour changes; it does not follow
crops, turns or mirrors, and it is no proof of identity: whoever wants a collision can make one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

HASH_SIDE: Final = 16
HASH_BITS: Final = HASH_SIDE * HASH_SIDE
SAME_PICTURE_BITS: Final = 40
"""Largest number of differing bits, of 256, at which two pictures count as one. Measured: docs/howto/consent.md."""


@dataclass(frozen=True, slots=True)
class PortraitPrint:
    """A portrait's fingerprints: `sha256` of the file, and `phash`, both 64 lower-case hexadecimal digits."""

    sha256: str
    phash: str

    def same_picture(self, other: PortraitPrint) -> bool:
        """Whether the other is this picture, or a copy of it that was saved again.

        The pixels decide, never the file's hash alone: a file can be another one when it is hashed than when its
        pixels were read.
        """
        return differing_bits(self.phash, other.phash) <= SAME_PICTURE_BITS


def portrait_print(path: Path, image: NDArray[np.uint8]) -> PortraitPrint:
    """Fingerprints of the photo in `path`, whose pixels are `image`, (H, W, 3) uint8 RGB, upright.

    Raises OSError when the file cannot be read.
    """
    return PortraitPrint(file_sha256(path), perceptual_hash(image))


def file_sha256(path: Path) -> str:
    """sha256 of a file as 64 lower-case hexadecimal digits; it is read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_ROWS = 256
"""Shrunk at a time."""


def perceptual_hash(image: NDArray[np.uint8]) -> str:
    """The 256 signs of a picture, (H, W, 3) uint8 RGB, as 64 hexadecimal digits."""
    import cv2

    height, side = len(image), 4 * HASH_SIDE
    narrow = np.empty((height, side), np.float32)
    for top in range(0, height, _ROWS):  # a photo of 50 megapixels takes 200 MB as such numbers
        grey = cv2.cvtColor(image[top : top + _ROWS], cv2.COLOR_RGB2GRAY).astype(np.float32)
        narrow[top : top + _ROWS] = cv2.resize(grey, (side, len(grey)), interpolation=cv2.INTER_AREA)
    small = cv2.resize(narrow, (side, side), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small)[1 : HASH_SIDE + 1, 1 : HASH_SIDE + 1]
    bits = (low > np.median(low)).astype(np.uint8)
    return np.packbits(bits).tobytes().hex()


def differing_bits(first: str, second: str) -> int:
    """Hamming distance of two perceptual hashes, 0 to 256."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
