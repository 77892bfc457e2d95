from __future__ import annotations

import numpy as np
import pytest

from mimica.errors import OutputError, UsageError
from mimica.media import load_photo, save_image
from mimica.media.image_writer import read_metadata

ENTRIES = {"comment": "ünïcode", "software": "Mimica", "mimica_consent": "fictional"}


@pytest.mark.parametrize("ending", [".png", ".jpg", ".jpeg", ".webp"])
def test_picture_and_metadata_come_back(tmp_path, pattern, ending):
    path = tmp_path / f"a{ending}"
    save_image(path, pattern, ENTRIES)
    tolerance = 12 if ending.startswith(".jp") else 0
    assert np.abs(load_photo(path).image.astype(int) - pattern).max() <= tolerance
    assert read_metadata(path) == ENTRIES
    assert list(tmp_path.iterdir()) == [path]


def test_without_metadata_there_is_none(tmp_path, pattern):
    for name in ("a.png", "a.jpg"):
        save_image(tmp_path / name, pattern)
        assert read_metadata(tmp_path / name) == {}


@pytest.mark.parametrize("ending", [".png", ".webp"])
def test_opacity_is_kept(tmp_path, pattern, ending):
    alpha = np.tile(np.linspace(0, 255, pattern.shape[1]).astype(np.uint8), (pattern.shape[0], 1))
    save_image(tmp_path / f"a{ending}", np.dstack([pattern, alpha]))
    kept = load_photo(tmp_path / f"a{ending}").alpha
    assert kept is not None
    assert np.array_equal(kept, alpha)


def test_wrong_requests(tmp_path, pattern):
    with pytest.raises(UsageError, match="ending"):
        save_image(tmp_path / "a.xyz", pattern)
    with pytest.raises(UsageError, match="transparency"):
        save_image(tmp_path / "a.jpg", np.dstack([pattern, pattern[..., 0]]))
    with pytest.raises(ValueError, match="uint8"):
        save_image(tmp_path / "a.png", pattern.astype(np.float32))
    with pytest.raises(OutputError, match="does not exist"):
        save_image(tmp_path / "no" / "a.png", pattern)
    assert list(tmp_path.iterdir()) == []


def test_a_refusing_disk_leaves_nothing(tmp_path, monkeypatch, pattern):
    from PIL import Image

    def refuse(self, file, **options):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", refuse)
    with pytest.raises(OutputError, match="disk is full"):
        save_image(tmp_path / "a.png", pattern)
    assert list(tmp_path.iterdir()) == []
