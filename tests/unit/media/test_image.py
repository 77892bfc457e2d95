from __future__ import annotations

import io
import random
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from mimica.errors import UnreadableMediaError
from mimica.media import load_photo
from mimica.media.limits import Limits


@pytest.fixture
def smooth() -> np.ndarray:
    rows, columns = np.mgrid[0:40, 0:60]
    return np.dstack([rows * 6, columns * 4, 255 - rows * 3]).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "tolerance"), [("a.png", 0), ("a.jpg", 8), ("a.webp", 12), ("a.tiff", 0), ("a.bmp", 0), ("a.ppm", 0)]
)
def test_common_formats(tmp_path, smooth, name, tolerance):
    Image.fromarray(smooth).save(tmp_path / name, **({"quality": 95} if tolerance else {}))
    photo = load_photo(tmp_path / name)
    assert np.abs(photo.image.astype(int) - smooth).max() <= tolerance
    assert (photo.alpha, photo.profile, photo.notes) == (None, None, ())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, pattern, orientation):
    stored = {
        1: pattern,
        2: pattern[:, ::-1],
        3: pattern[::-1, ::-1],
        4: pattern[::-1],
        5: pattern.transpose(1, 0, 2),
        6: np.rot90(pattern, 1),
        7: pattern[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(pattern, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    photo = load_photo(tmp_path / "a.png")
    assert np.array_equal(photo.image, pattern)
    assert bool(photo.notes) == (orientation != 1)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "LA", "RGBA", "PA", "CMYK", "YCbCr", "I;16", "F", "LAB"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    grey = Image.fromarray(np.full((8, 8), 255, np.uint8))
    if mode == "I;16":
        picture = Image.fromarray(np.full((8, 8), 65535, np.uint16))
    elif mode == "LAB":
        picture = Image.frombytes("LAB", (8, 8), bytes([255, 0, 0]) * 64)
    elif mode == "F":
        picture = Image.fromarray(np.ones((8, 8), np.float32))
    elif mode in ("PA", "P"):
        picture = grey.convert("RGB").convert("P")
        picture = picture.convert("PA") if mode == "PA" else picture
    else:
        picture = grey.convert("RGB").convert(mode)
    ending = "png" if mode in ("P", "LA", "PA") else "tif"
    if mode == "PA":
        picture = picture.convert("RGBA")
    picture.save(tmp_path / f"a.{ending}")
    photo = load_photo(tmp_path / f"a.{ending}")
    assert photo.image.shape == (8, 8, 3)
    assert photo.image.dtype == np.uint8
    assert photo.image.min() >= 253


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    Image.fromarray(np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)).save(tmp_path / "deep.png")
    photo = load_photo(tmp_path / "deep.png")
    assert np.array_equal(photo.image[..., 0].ravel(), np.arange(256))
    assert any("8-bit" in note for note in photo.notes)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_kept_and_laid_on_white(tmp_path, mode):
    pixels = np.zeros((4, 6, 4), np.uint8)
    pixels[:, 3:, 3] = 255
    pixels[0, 0, 3] = 128
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.png")
    photo = load_photo(tmp_path / "a.png")
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, pixels[..., 3])
    assert (photo.image[1:, :3] == 255).all()
    assert (photo.image[:, 3:] == 0).all()
    assert (photo.image[0, 0] == 127).all()


def test_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (2, 2), 1)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((0, 0), 0)
    picture.save(tmp_path / "a.png", transparency=0)
    photo = load_photo(tmp_path / "a.png")
    assert photo.alpha is not None
    assert photo.alpha.tolist() == [[0, 255], [255, 255]]
    assert photo.image[0, 0].tolist() == [255, 255, 255]
    assert photo.image[1, 1].tolist() == [200, 100, 50]


def test_opaque_alpha_is_no_alpha(tmp_path, pattern):
    Image.fromarray(pattern).convert("RGBA").save(tmp_path / "a.png")
    photo = load_photo(tmp_path / "a.png")
    assert photo.alpha is None
    assert np.array_equal(photo.image, pattern)
    assert photo.notes == ()


def swapped_profile() -> bytes:
    """An sRGB profile whose red and blue primaries are exchanged, so that its use is plain to see."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    tags = {bytes(data[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    data[red + 4 : red + 12], data[blue + 4 : blue + 12] = data[blue + 4 : blue + 12], data[red + 4 : red + 12]
    description = data.find("sRGB".encode("utf-16-be"))
    while description >= 0:
        data[description : description + 8] = "test".encode("utf-16-be")
        description = data.find("sRGB".encode("utf-16-be"))
    return bytes(data)


def test_embedded_profile_is_converted_to_srgb(tmp_path):
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "a.png", icc_profile=swapped_profile())
    photo = load_photo(tmp_path / "a.png")
    assert np.abs(photo.image[0, 0].astype(int) - (0, 0, 255)).max() <= 4
    assert photo.profile
    assert any("converted from" in note for note in photo.notes)


def test_srgb_profile_changes_nothing(tmp_path, pattern):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pattern).save(tmp_path / "a.png", icc_profile=profile)
    photo = load_photo(tmp_path / "a.png")
    assert np.array_equal(photo.image, pattern)
    assert photo.profile is not None
    assert "srgb" in photo.profile.lower()


def test_broken_profile_is_left_out_with_a_note(tmp_path, pattern):
    Image.fromarray(pattern).save(tmp_path / "a.png", icc_profile=b"nonsense" * 40)
    photo = load_photo(tmp_path / "a.png")
    assert np.array_equal(photo.image, pattern)
    assert any("could not be used" in note for note in photo.notes)


def test_animated_picture_gives_its_first(tmp_path):
    first, second = Image.new("RGB", (6, 4), (250, 0, 0)), Image.new("RGB", (6, 4), (0, 250, 0))
    first.save(tmp_path / "a.webp", save_all=True, append_images=[second], lossless=True)
    photo = load_photo(tmp_path / "a.webp")
    assert photo.image[0, 0].tolist() == [250, 0, 0]
    assert any("animated" in note for note in photo.notes)


def test_size_limit_is_an_error_before_decoding(tmp_path):
    small = io.BytesIO()
    Image.new("L", (16, 16)).save(small, "PNG")
    data = bytearray(small.getvalue())
    data[16:24] = struct.pack(">II", 20_000, 9_001)  # the header lies: nothing but the limit can tell
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "huge.png").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnreadableMediaError, match="limit of 180 million"):
            load_photo(tmp_path / "huge.png")
        limit = Image.MAX_IMAGE_PIXELS
        with pytest.raises(UnreadableMediaError, match=r"limit of 0\.001 million"):
            load_photo(tmp_path / "huge.png", Limits(photo_pixels=1000))
    assert limit == Image.MAX_IMAGE_PIXELS


def test_cut_off_photo_is_an_error(tmp_path, smooth):
    for name in ("a.jpg", "a.png", "a.webp"):
        Image.fromarray(np.tile(smooth, (8, 8, 1))).save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(UnreadableMediaError, match=r"cut off|damaged|not a picture"):
            load_photo(tmp_path / name)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing.jpg", "no such file"),
        ("folder.jpg", "is a folder"),
        ("empty.jpg", "empty"),
        ("text.jpg", "not a picture"),
        ("film.mp4", "is a video, not a photo; give a picture"),
        ("script.eps", "not a picture"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, capfd, kind, says):
    path = tmp_path / kind
    if kind.startswith("folder"):
        path.mkdir()
    elif kind.startswith("empty"):
        path.touch()
    elif kind.startswith("script"):
        path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    elif not kind.startswith("missing"):
        path.write_bytes(b"\0\0\0\x18ftypmp42" + b"no picture " * 50)
    with pytest.raises(UnreadableMediaError, match=says) as caught:
        load_photo(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_heic_without_its_package_names_the_remedy(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(64))
    with pytest.raises(UnreadableMediaError, match=r"mimica\[heic\]"):
        load_photo(tmp_path / "a.heic")


def test_damaged_photos_never_raise_anything_else(tmp_path, smooth, capfd):
    dice = random.Random(3)
    originals = []
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"):
        buffer = io.BytesIO()
        Image.fromarray(smooth).save(buffer, kind)
        originals.append(buffer.getvalue())
    path = tmp_path / "damaged"
    read = 0
    for trial in range(120):
        data = bytearray(originals[trial % len(originals)])
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(min(len(data), 600))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            photo = load_photo(path, Limits(photo_pixels=10_000_000))
        except UnreadableMediaError:
            continue
        read += 1
        assert photo.image.ndim == 3
    assert read > 0
    assert capfd.readouterr().out == ""
