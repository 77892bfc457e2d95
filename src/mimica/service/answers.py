"""The questions that the desk answers: what a file carries, which faces a photo shows, how an edit looks.

This module does not know who asks; it runs in a process of its own.
"""

from __future__ import annotations

import signal
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mimica.errors import MimicaError, NoFaceError
from mimica.service import live_studio
from mimica.service.desk import serve
from mimica.service.problems import Problem
from mimica.service.studio import prepare_portrait, preview_edit, save_edit

if TYPE_CHECKING:
    from mimica.faces.finder import FaceFinder


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question about a file. Raises Problem."""
    path = Path(asked["path"])
    questions = {
        "verify": _verify, "faces": _faces, "portrait": prepare_portrait, "edit": preview_edit, "save": save_edit,
        "live-begin": live_studio.begin, "live-frame": live_studio.frame, "live-say": live_studio.say,
        "live-end": live_studio.end,
    }  # fmt: skip
    try:
        return questions[asked["question"]](asked)
    except MimicaError as error:
        raise Problem.of(error, path.parent) from error
    except Exception as error:
        traceback.print_exc()
        raise Problem(422, "unreadable-media", "the file could not be read; do not trust it", exit_code=3) from error


def _verify(asked: dict[str, Any]) -> dict[str, Any]:
    from mimica import verify

    found = verify(asked["path"]).as_dict()
    del found["file"]
    return found


def _faces(asked: dict[str, Any]) -> dict[str, Any]:
    from mimica.media.image import load_photo

    image = load_photo(asked["path"]).image
    found = _finder().find(image)
    if not found:
        raise NoFaceError("the photo: no face was found; use one where the face is larger, upright and uncovered")
    faces = [
        {
            "number": number, "box": [round(float(edge), 1) for edge in face.box_xyxy],
            "score": round(float(face.score), 4),
            "points": [[round(float(x), 1), round(float(y), 1)] for x, y in face.points],
        }
        for number, face in enumerate(found, start=1)
    ]  # fmt: skip
    return {"size": [image.shape[1], image.shape[0]], "faces": faces}


@cache
def _finder() -> FaceFinder:
    from mimica.faces.finder import FaceFinder

    return FaceFinder.load(device="cpu")


def main() -> None:
    """`python -c "…answers.main()"`: see `desk`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    serve(answer)
