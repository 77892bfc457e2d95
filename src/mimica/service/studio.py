"""The studio: portraits that are edited by sliders, kept ready in the process that answers.

Previews are made from the photo at screen size and released by `safety.stream`; a picture that is saved is made by
`mimica.edit` from the photo itself. This module does not know who asks, nor HTTP.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mimica.animation.animator import Animator
    from mimica.animation.prepare import Portrait
    from mimica.safety.stream import StreamRelease

MOST_READY: Final = 4
"""Portraits kept in memory; one that was pushed out is prepared again when it is asked for."""
SCREEN_PX: Final = 768
"""Longer side of a preview."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    portrait: Portrait
    previews: StreamRelease
    size: tuple[int, int]


_ready: OrderedDict[str, _Ready] = OrderedDict()


def prepare_portrait(asked: dict[str, Any]) -> dict[str, Any]:
    """Admit a photo and rig it; asked: path, consent, receipt, purpose, face. Gives its size."""
    return {"size": list(_of(asked).size)}


def preview_edit(asked: dict[str, Any]) -> dict[str, Any]:
    """A released preview of `asked["edits"]` as JPEG in base64."""
    from mimica.animation.edit import PortraitEdit, edit_still

    edit = PortraitEdit.of(asked["edits"], neutral=asked["neutral"])
    ready = _of(asked)
    jpeg = ready.previews.jpeg(edit_still(ready.portrait, edit))
    return {"jpeg": base64.b64encode(jpeg).decode("ascii")}


def save_edit(asked: dict[str, Any]) -> dict[str, Any]:
    """Write the edited photo to `asked["out"]`, signed and on record."""
    import mimica

    report = mimica.edit(
        asked["path"], asked["out"], consent=asked["consent"], edits=asked["edits"], neutral=asked["neutral"],
        receipt=asked["receipt"], purpose=asked["purpose"], face=asked["face"], animator=_animator(),
    )  # fmt: skip
    made = report.as_dict()
    del made["out"]  # the server's own path
    return made


def _of(asked: dict[str, Any]) -> _Ready:
    from mimica.media.image import load_photo, shrunk
    from mimica.runtime.weights import registry_sha256
    from mimica.safety.portrait_admission import admit_portrait
    from mimica.safety.stream import StreamRelease

    key = asked["path"]
    if key in _ready:
        _ready.move_to_end(key)
        return _ready[key]
    image = load_photo(key).image
    terms = admit_portrait(
        Path(key), image, consent=asked["consent"], receipt=asked["receipt"], purpose=asked["purpose"],
        weights=registry_sha256(), settings={"edits": "previews"},
    )  # fmt: skip
    height, width = image.shape[:2]
    portrait = _animator().prepare(shrunk(image, SCREEN_PX), asked["face"])
    _ready[key] = _Ready(portrait, StreamRelease(terms), (width, height))
    while len(_ready) > MOST_READY:
        _ready.popitem(last=False)[1].previews.close()
    return _ready[key]


@cache
def _animator() -> Animator:
    from mimica import Animator

    return Animator.load("cpu")
