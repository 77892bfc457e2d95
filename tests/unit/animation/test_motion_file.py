"""Motion files: what was saved comes back exactly; what strangers made is refused in one line, and costs little."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acting_driver import driver

from mimica.animation.motion_file import MotionAbout, load_motion, save_motion
from mimica.errors import OutputError, UnreadableMediaError

ABOUT = MotionAbout("ab" * 32, {"motion_encoder": "cd" * 32}, "0.1.0")
UNEVEN = [Fraction(1001, 30000), Fraction(1, 25), Fraction(1, 90000), Fraction(7, 3)]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "motion.npz"
    save_motion(path, driver(UNEVEN, cuts=[2], rate=Fraction(30000, 1001)), ABOUT)
    return path


def test_what_was_saved_comes_back_exactly(saved: Path) -> None:
    source = driver(UNEVEN, cuts=[2], rate=Fraction(30000, 1001))
    found, about = load_motion(saved)
    assert about == ABOUT
    assert (found.times, found.durations) == (source.times, source.durations)
    assert (found.rate, found.time_base, found.sound) == (source.rate, source.time_base, None)
    for name in ("expression", "angles_deg", "position", "scale", "gaze_deg", "confidence"):
        np.testing.assert_array_equal(getattr(found.track, name), getattr(source.track, name))
    assert [shot.start for shot in found.shots] == [0, 2]
    np.testing.assert_array_equal(found.rest_at(3).angles_deg, source.rest_at(3).angles_deg)


def test_the_same_motion_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    save_motion(tmp_path / "again.npz", load_motion(saved)[0], ABOUT)
    assert (tmp_path / "again.npz").read_bytes() == saved.read_bytes()


def test_numpy_reads_it_without_pickles(saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as archive:
        assert archive["expression"].shape == (4, 52)
        assert json.loads(archive["about"].tobytes())["schema"] == "mimica.motion"


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        save_motion(tmp_path / "none" / "motion.npz", driver(UNEVEN), ABOUT)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, parts: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def as_npy(values: np.ndarray, *, pickles: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=pickles)
    return stream.getvalue()


def with_array(name: str, change: Callable[[np.ndarray], Any]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def apply(parts: dict[str, bytes]) -> dict[str, bytes]:
        values = np.load(io.BytesIO(parts[f"{name}.npy"])).copy()
        changed = change(values)
        return parts | {f"{name}.npy": as_npy(values if changed is None else changed)}

    return apply


def with_about(**changes: Any) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def apply(parts: dict[str, bytes]) -> dict[str, bytes]:
        text = json.loads(np.load(io.BytesIO(parts["about.npy"])).tobytes()) | changes
        return parts | {"about.npy": as_npy(np.frombuffer(json.dumps(text).encode(), np.uint8))}

    return apply


def put(name: str, row: Any, value: float) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def change(values: np.ndarray) -> None:
        values[row] = value

    return with_array(name, change)


def lying_header(parts: dict[str, bytes]) -> dict[str, bytes]:
    """A header that announces ten thousand times what follows."""
    body = parts["scale.npy"].replace(b"(4,)", b"(4000000000,)")
    return parts | {"scale.npy": body}


def pickled(parts: dict[str, bytes]) -> dict[str, bytes]:
    return parts | {"scale.npy": as_npy(np.array([print, 1, 2, 3], object), pickles=True)}


HOSTILE: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "a NaN": put("expression", (1, 3), np.nan),
    "an infinity": put("angles_deg", (0, 0), np.inf),
    "a huge strength": put("expression", (1, 3), 1e9),
    "a size of zero": put("scale", 2, 0.0),
    "a negative time": put("times", (0, 0), -5),
    "a denominator of zero": put("times", (1, 1), 0),
    "times that stand still": put("times", 1, [0, 1]),  # pyright: ignore[reportArgumentType]
    "a time after a week": put("times", 3, [604800, 1]),  # pyright: ignore[reportArgumentType]
    "too few rows": with_array("gaze_deg", lambda values: values[:2]),
    "another shape": with_array("angles_deg", lambda values: values.reshape(3, 4)),
    "another type": with_array("scale", lambda values: values.astype(np.float64)),
    "column-major": with_array("expression", np.asfortranarray),
    "a pickle": pickled,
    "a lying header": lying_header,
    "an extra member": lambda parts: parts | {"more.npy": parts["scale.npy"]},
    "a member less": lambda parts: {name: data for name, data in parts.items() if name != "scale.npy"},
    "a path as name": lambda parts: {("../" + name if name == "scale.npy" else name): d for name, d in parts.items()},
    "no array": lambda parts: parts | {"scale.npy": b"not an array"},
    "an empty member": lambda parts: parts | {"times.npy": b""},
    "no JSON": lambda parts: parts | {"about.npy": as_npy(np.frombuffer(b"{{{", np.uint8))},
    "deep JSON": lambda parts: parts | {"about.npy": as_npy(np.frombuffer(b"[" * 500_000, np.uint8))},
    "a list for JSON": lambda parts: parts | {"about.npy": as_npy(np.frombuffer(b"[1]", np.uint8))},
    "another schema": with_about(schema="other"),
    "a later version": with_about(version=2),
    "other names": with_about(expression_names=["smile"]),
    "no frames": with_about(frames=0),
    "frames as text": with_about(frames="4"),
    "true frames": with_about(frames=True),
    "a billion frames": with_about(frames=10**9),
    "a cut beyond": with_about(cuts=[9]),
    "cuts that fall": with_about(cuts=[3, 2]),
    "a rate of zero": with_about(rate=[0, 1]),
    "a rate as text": with_about(rate="25"),
    "a huge time base": with_about(time_base=[1, 2**40]),
    "notes that are no texts": with_about(notes=[1]),
    "weights that are no texts": with_about(weights={"a": 1}),
    "no source": with_about(source_sha256=None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_strangers_made_is_refused(saved: Path, name: str) -> None:
    rewrite(saved, HOSTILE[name](members(saved)))
    with pytest.raises(UnreadableMediaError, match=r"motion file .*; extract it again") as error:
        load_motion(saved)
    assert "\n" not in str(error.value)


def test_another_kind_of_file_is_told_what_is_wanted(tmp_path: Path) -> None:
    video = tmp_path / "actor.mp4"
    video.write_bytes(b"\0\0\0\x20ftypisom")
    with pytest.raises(UnreadableMediaError, match=r"actor\.mp4: is none; give what `mimica motion extract"):
        load_motion(video)


def test_a_zip_bomb_costs_no_memory(saved: Path) -> None:
    """Half a gigabyte of zeros in half a megabyte: no more than the announced frames' bytes is unpacked."""
    import tracemalloc

    with zipfile.ZipFile(saved) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in parts.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
                if name == "expression.npy":
                    for _ in range(100):
                        member.write(bytes(2_000_000))
    tracemalloc.start()
    with pytest.raises(UnreadableMediaError):
        load_motion(saved)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "motion.npz").write_bytes(data)
    with pytest.raises(UnreadableMediaError):
        load_motion(tmp_path / "motion.npz")


def test_every_cut_off_file_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in range(0, len(whole) - 1, len(whole) // 40):
        saved.write_bytes(whole[:length])
        with pytest.raises(UnreadableMediaError):
            load_motion(saved)


def test_flipped_bits_never_do_worse_than_be_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 3):
            damaged[place] ^= int(random.integers(1, 256))
        saved.write_bytes(bytes(damaged))
        try:
            load_motion(saved)
        except UnreadableMediaError:
            continue
