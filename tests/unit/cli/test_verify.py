from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimica.cli.main import run
from mimica.media.image_writer import save_image


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture that nobody marked, and an empty home."""
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "home"))
    save_image(tmp_path / "a.png", np.full((64, 64, 3), 90, np.uint8))
    return tmp_path / "a.png"


def test_a_file_that_cannot_be_read_is_named_once(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.png").touch()
    names = [str(tmp_path / name) for name in ("absent.mp4", "folder", "empty.png")]
    (tmp_path / "folder").mkdir()
    assert run(["verify", *names]) == 2
    for name, line in zip(names, capsys.readouterr().out.splitlines(), strict=True):
        assert line.startswith(f"{name}: cannot be read")
        assert line.count("cannot be read") == line.count(name) == 1


@pytest.mark.parametrize("content", [None, b"hello\n", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_anchors_that_are_no_certificates_are_refused(
    picture: Path, tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    anchors = tmp_path / "anchors.pem"
    if content is not None:
        anchors.write_bytes(content)
    assert run(["verify", str(picture), "--anchors", str(anchors)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mimica: error: anchors {anchors}: cannot be used (")
