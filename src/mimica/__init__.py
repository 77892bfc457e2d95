"""Mimica: one photo and one driving video; the photo performs what the actor does and stays the same person.

    >>> import mimica
    >>> mimica.animate("photo.jpg", "actor.mp4", "out.mp4", consent="fictional")  # doctest: +SKIP

Importing this package loads nothing: each name below is fetched when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimica.animation import Animator, animate
    from mimica.animation.report import AnimationReport, Progress
    from mimica.animation.still import EditReport, edit
    from mimica.animation.timeline import Timeline
    from mimica.errors import (
        ConsentError,
        DeviceError,
        FaceChoiceError,
        InputError,
        Interrupted,
        MediaError,
        MimicaError,
        NoFaceError,
        OutputError,
        UnreadableMediaError,
        UsageError,
        WeightsError,
    )
    from mimica.safety.verify import Verification, verify

__version__ = "0.1.0"

_HOME = {
    "animate": "mimica.animation",
    "Animator": "mimica.animation",
    "AnimationReport": "mimica.animation.report",
    "EditReport": "mimica.animation.still",
    "edit": "mimica.animation.still",
    "Progress": "mimica.animation.report",
    "Timeline": "mimica.animation.timeline",
    "ConsentError": "mimica.errors",
    "DeviceError": "mimica.errors",
    "FaceChoiceError": "mimica.errors",
    "InputError": "mimica.errors",
    "Interrupted": "mimica.errors",
    "MediaError": "mimica.errors",
    "MimicaError": "mimica.errors",
    "NoFaceError": "mimica.errors",
    "OutputError": "mimica.errors",
    "UnreadableMediaError": "mimica.errors",
    "UsageError": "mimica.errors",
    "WeightsError": "mimica.errors",
    "Verification": "mimica.safety.verify",
    "verify": "mimica.safety.verify",
}

__all__ = [
    "AnimationReport",
    "Animator",
    "ConsentError",
    "DeviceError",
    "EditReport",
    "FaceChoiceError",
    "InputError",
    "Interrupted",
    "MediaError",
    "MimicaError",
    "NoFaceError",
    "OutputError",
    "Progress",
    "Timeline",
    "UnreadableMediaError",
    "UsageError",
    "Verification",
    "WeightsError",
    "__version__",
    "animate",
    "edit",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mimica' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
