"""A browser's camera moves a portrait: what the process behind the socket does, with the real networks."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from mimica.media import open_video
from mimica.safety.ledger import Ledger
from mimica.service import live_studio

DEMO = Path(__file__).parents[2] / "src" / "mimica" / "demo"


def test_a_session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path))
    asked = {
        "path": str(DEMO / "portrait.jpg"), "consent": "fictional", "receipt": None, "purpose": "personal",
        "face": "largest", "size_px": 160,
    }  # fmt: skip
    assert live_studio.begin(asked) == {"size": [160, 160]}
    with open_video(DEMO / "driver.mp4") as video:
        frames = [frame.image for frame, _ in zip(video, range(3), strict=False)]
    for index, frame in enumerate(frames):
        memory = BytesIO()
        Image.fromarray(frame).save(memory, "JPEG")
        jpeg = base64.b64encode(memory.getvalue()).decode()
        made = live_studio.frame({"jpeg": jpeg, "time_s": index / 25})
        assert made["seen"]
        with Image.open(BytesIO(base64.b64decode(made["jpeg"]))) as picture:
            assert picture.size == (160, 160)
    assert live_studio.say({"word": "calibrate"}) == {"done": True}
    assert live_studio.say({"word": "forget"}) == {"done": True}
    assert live_studio.end({})["pictures"] == 3
    with Ledger.open() as ledger:
        assert [row.event for row in ledger.rows()] == ["started", "finished"]
