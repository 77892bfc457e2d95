"""TrustMark and VideoSeal behind Mimica's two names.

Their weights are not at hand, so neither network runs here. `FakeTrustMark` has the real class's methods, arguments and
answers (0.9.2), with a coarse grid of brightness in place of the network; VideoSeal's model is a real TorchScript file
with the methods that its authors document, which does the same.
"""

from __future__ import annotations

import hashlib
import sys
import types
import warnings
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mimica.cli.main import run
from mimica.errors import UsageError
from mimica.marks import trustmark, videoseal
from mimica.media import save_image
from mimica.safety import verify as verifying
from mimica.safety.consent import require_consent
from mimica.safety.ledger import JobFacts, Ledger
from mimica.safety.mark import MarkReading, engine

MARK_ID = 40961
PICTURE = np.repeat(np.add.outer(np.linspace(60, 120, 240), np.linspace(0, 60, 280))[..., None], 3, 2).astype(np.uint8)


def drawn(bits: str, height: int, width: int) -> NDArray[np.floating]:
    """64 bits as 8 × 8 cells, each lighter on its left or on its right."""
    signs = np.array([2.0 * int(bit) - 1 for bit in bits]).reshape(8, 8, 1) * np.array([1, -1])
    grid = signs.reshape(8, 16).astype(np.float32)
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_NEAREST)


def seen(plane: NDArray[np.floating]) -> str:
    halves = cv2.resize(plane, (16, 8), interpolation=cv2.INTER_AREA).reshape(8, 8, 2)
    return "".join("1" if left > right else "0" for left, right in halves.reshape(64, 2))


class FakeTrustMark:
    """As trustmark.TrustMark, version 0.9.2: constructor, encode, decode; a grid of 8 × 8 holds the 61 bits."""

    weights_there: ClassVar = True
    asked: ClassVar[list[str]] = []

    def __init__(
        self, use_ECC: bool = True, verbose: bool = True, secret_len: int = 100, device: str = "",
        model_type: str = "Q", encoding_type: int = 1, concentrate_wm_region: float = 1.0, loadRemover: bool = True,
        loadBBoxDetector: bool = False,
    ) -> None:  # fmt: skip
        assert (model_type, verbose, loadRemover) == ("Q", False, False)
        print("Initializing TrustMark")  # it prints whatever one asks
        self.encoder, self.decoder = self.load_model("decoder_Q.ckpt"), self.load_model("encoder_Q.ckpt")

    def check_and_download(self, filename: str) -> None:
        self.asked.append(filename)

    def load_model(self, weight_path: str) -> object | None:
        try:
            self.check_and_download(weight_path)
        except Exception as e:  # noqa: BLE001 as the package does it
            print(f"Error downloading model file. {weight_path}" + str(e))
            return None
        return object()

    def encode(
        self, in_cover_image: Image.Image, string_secret: str, MODE: str = "text", WM_STRENGTH: float = 1.0
    ) -> Image.Image:
        assert MODE == "binary"
        assert len(string_secret) == 61
        print("encoding")
        picture = np.asarray(in_cover_image).astype(np.float32)
        stego = picture + 9 * drawn(string_secret + "000", *picture.shape[:2])[..., None]
        return Image.fromarray(np.clip(stego, 0, 255).astype(np.uint8))

    def decode(
        self, in_stego_image: Image.Image, MODE: str = "text", DETECTFIRST: bool = False, ROTATION: bool = False
    ) -> tuple[str, bool, int]:
        assert MODE == "binary"
        picture = np.asarray(in_stego_image).astype(np.float32).mean(axis=2)
        return seen(picture)[:61], True, 1  # it accepts far too much


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[FakeTrustMark]]:
    monkeypatch.chdir(tmp_path)
    checksums = {}
    for name in ("decoder_Q.ckpt", "encoder_Q.ckpt"):
        Path(name).write_bytes(name.encode())
        checksums[name] = hashlib.md5(name.encode()).hexdigest()
    package, inner = types.ModuleType("trustmark"), types.ModuleType("trustmark.trustmark")
    package.TrustMark = FakeTrustMark  # type: ignore[attr-defined]
    inner.MODEL_CHECKSUMS = checksums  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trustmark", package)
    monkeypatch.setitem(sys.modules, "trustmark.trustmark", inner)
    trustmark.network.cache_clear()
    FakeTrustMark.asked.clear()
    yield FakeTrustMark
    trustmark.network.cache_clear()


def test_trustmark_carries_an_id_there_and_back(
    installed: type[FakeTrustMark], capsys: pytest.CaptureFixture[str]
) -> None:
    other = engine("trustmark")
    marked = other.Marker(MARK_ID).mark(PICTURE)
    assert (marked.shape, marked.dtype) == (PICTURE.shape, np.uint8)
    reading = other.read_mark([marked, marked, PICTURE])
    assert (reading.found, reading.mark_id, reading.frames) == (True, MARK_ID, 3)
    assert reading.confidence == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert capsys.readouterr().out == "", "its chatter must not spoil --json"


def test_what_trustmark_alone_would_accept_is_refused(installed: type[FakeTrustMark]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 64, 64, 3), np.uint8)
    network = trustmark.network()
    assert all(network.decode(Image.fromarray(picture), MODE="binary")[1] for picture in noise)
    assert not any(trustmark.read_mark([picture]).found for picture in noise)


def test_one_wrong_bit_is_no_id() -> None:
    secret = trustmark.payload(MARK_ID)
    assert trustmark.checked_id(secret) == MARK_ID
    for place in range(trustmark.BITS):
        flipped = secret[:place] + "10"[int(secret[place])] + secret[place + 1 :]
        assert trustmark.checked_id(flipped) is None
    assert trustmark.checked_id("") is None


def test_weights_that_are_missing_are_never_fetched(installed: type[FakeTrustMark]) -> None:
    Path("encoder_Q.ckpt").unlink()
    with pytest.raises(UsageError, match=r"its weights are not there.*by your own word"):
        trustmark.Marker(1)
    assert installed.asked == [], "the package's own download was called"


def test_other_weights_than_the_packages_are_refused(installed: type[FakeTrustMark]) -> None:
    Path("encoder_Q.ckpt").write_bytes(b"something else")
    with pytest.raises(UsageError, match="not those it expects"):
        trustmark.read_mark([PICTURE])
    assert installed.asked == []


def test_without_the_package_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustmark", None)
    trustmark.network.cache_clear()
    with pytest.raises(UsageError, match=r"'trustmark': cannot be loaded.*pip install trustmark"):
        engine("trustmark").Marker(1)


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TorchScript file with the methods of VideoSeal's: a grid of 16 × 16 holds the 256 bits."""
    torch = pytest.importorskip("torch", reason="VideoSeal's model needs torch")
    path = tmp_path_factory.mktemp("seal") / "y_256b_img.jit"
    specification = spec_from_file_location("torchscript_seal", Path(__file__).with_name("torchscript_seal.py"))
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(module.Seal()).save(str(path))
    return path


@pytest.fixture
def torchscript(seal: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(videoseal.VARIABLE, str(seal))
    videoseal.model.cache_clear()
    yield seal
    videoseal.model.cache_clear()


def test_videoseal_carries_an_id_there_and_back(torchscript: Path) -> None:
    other = engine("videoseal")
    marked = other.Marker(MARK_ID).mark(PICTURE)
    assert (marked.shape, marked.dtype) == (PICTURE.shape, np.uint8)
    assert other.read_mark([marked]).mark_id == MARK_ID
    noisy = np.clip(marked + np.random.default_rng(2).normal(0, 12, marked.shape), 0, 255).astype(np.uint8)
    assert other.read_mark([noisy]).mark_id == other.read_mark([noisy, marked, marked]).mark_id == MARK_ID
    assert not other.read_mark([PICTURE]).found
    assert not other.read_mark([]).found


def test_videoseals_noise_is_no_mark(torchscript: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (60, 96, 96, 3), np.uint8)
    assert not any(videoseal.read_mark([picture]).found for picture in noise)


def test_without_a_model_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    videoseal.model.cache_clear()
    monkeypatch.delenv(videoseal.VARIABLE, raising=False)
    with pytest.raises(UsageError, match="no model is named"):
        engine("videoseal").Marker(1)
    (tmp_path / "letter.jit").write_text("no model")
    for name in ("letter.jit", "absent.jit"):
        monkeypatch.setenv(videoseal.VARIABLE, str(tmp_path / name))
        with pytest.raises(UsageError, match="cannot be loaded") as caught:
            engine("videoseal").read_mark([PICTURE])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mark_id", [-1, 65536, "7", None])
def test_what_is_no_id_is_refused(mark_id: Any) -> None:
    for module in (trustmark, videoseal):
        with pytest.raises(UsageError, match="is not an integer"):
            module.Marker(mark_id)


class Unreadable:
    """A plug-in with both names that does something else when it is asked to read."""

    Marker = object

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def read_mark(self, frames: object) -> object:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "answer", [RuntimeError("broken\nnetwork"), ValueError(), None, True, MarkReading(True, "7", 1.0, 1)]  # type: ignore[arg-type]
)  # fmt: skip
def test_verify_tells_the_rest_when_a_plug_in_fails(
    answer: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save_image(tmp_path / "a.png", PICTURE)
    monkeypatch.setattr(verifying, "engine", lambda name: Unreadable(answer))
    found = verifying.verify(tmp_path / "a.png", marks=("odd",))
    assert not found.marked
    assert not found.other_marks["odd"].found
    (note,) = (text for text in found.notes if "'odd'" in text)
    assert "\n" not in note


def test_verify_reads_other_marks_and_looks_their_ids_up(
    torchscript: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ledger.open() as ledger:
        started = ledger.start(JobFacts(require_consent("fictional")))
    save_image(tmp_path / "a.png", videoseal.Marker(started.mark_id).mark(PICTURE))
    assert not verifying.verify(tmp_path / "a.png").marked
    assert run(["verify", "--mark", "videoseal", str(tmp_path / "a.png")]) == 0
    told = capsys.readouterr().out
    assert f"videoseal found: id {started.mark_id}" in told
    assert f"job {started.job[:12]}" in told
    assert "known by videoseal" in told
    assert run(["verify", "--mark", "stegastamp", str(tmp_path / "a.png")]) == 2
