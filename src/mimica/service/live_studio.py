"""The live studio: one portrait that a browser's camera moves, in a process of its own (`desk`).

One process holds one session, so it knows which is meant. This module does not know who asks, nor HTTP.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mimica.animation.live import LiveSession

SIDE_PX: Final = 512
"""Longer side of a live picture when nothing else is asked for."""

_sessions: list[LiveSession] = []


def begin(asked: dict[str, Any]) -> dict[str, Any]:
    """Admit a photo and rig it; asked: path, consent, receipt, purpose, face, size_px. Gives the pictures' size."""
    from mimica import Animator
    from mimica.animation.live import LiveSession, at_most
    from mimica.media.image import load_photo
    from mimica.runtime.weights import registry_sha256
    from mimica.safety.portrait_admission import admit_portrait

    image = load_photo(asked["path"]).image
    terms = admit_portrait(
        Path(asked["path"]), image, consent=asked["consent"], receipt=asked["receipt"], purpose=asked["purpose"],
        weights=registry_sha256(), settings={"driver": "camera", "size": asked["size_px"], "face": asked["face"]},
    )  # fmt: skip
    animator = Animator.load("cpu")
    portrait = animator.prepare(at_most(image, asked["size_px"]), asked["face"])
    _sessions.append(LiveSession(portrait, animator.networks, terms))
    height, width = portrait.photo.shape[:2]
    return {"size": [width, height]}


def frame(asked: dict[str, Any]) -> dict[str, Any]:
    """The released picture, JPEG in base64, for the camera's picture `asked["jpeg"]` at `asked["time_s"]`."""
    from mimica.media.frame import decode_frame

    session = _sessions[-1]
    shown = session.animate(decode_frame(base64.b64decode(asked["jpeg"])), asked["time_s"])
    return {"jpeg": base64.b64encode(session.jpeg(shown)).decode("ascii"), "seen": shown.seen}


def say(asked: dict[str, Any]) -> dict[str, Any]:
    """Do what a button says: `asked["word"]` is "calibrate" or "forget"."""
    session = _sessions[-1]
    if asked["word"] == "calibrate":
        return {"done": session.calibrate()}
    session.forget_calibration()
    return {"done": True}


def end(_: dict[str, Any]) -> dict[str, Any]:
    """Put the end on record; gives how it went."""
    if not _sessions:
        return {"pictures": 0}
    session = _sessions.pop()
    session.close()
    told = session.statistics
    return {"pictures": told.pictures, "fps": round(told.fps, 1), "work_ms": round(1e3 * told.latency_s)}
