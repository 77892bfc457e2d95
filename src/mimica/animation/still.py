"""`edit`: a photo and an edit in, a finished picture out. The whole job, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mimica.animation.animator import Animator
from mimica.animation.arguments import check_edit
from mimica.animation.cast import FaceChoice, told
from mimica.animation.edit import LARGEST_AMOUNT, PortraitEdit, edit_still
from mimica.animation.other_face import OtherFace, read_other_face
from mimica.animation.request import PICTURE_SUFFIXES, check_input_file, check_output_file
from mimica.media.image import load_photo
from mimica.runtime.weights import registry_sha256
from mimica.safety.admission import SigningOptions
from mimica.safety.consent import check_basis
from mimica.safety.portrait_admission import admit_portrait
from mimica.safety.release import release_image

if TYPE_CHECKING:
    from mimica.safety.job import Release


@dataclass(frozen=True, slots=True)
class EditReport:
    """What was made.

    out: the picture. size: (width, height) in pixels. seconds: wall clock of the whole job. notes: everything a person
    should know and did not ask. consent: the basis on record. release: mark, manifest and ledger row.
    """

    out: Path
    size: tuple[int, int]
    seconds: float
    notes: tuple[str, ...] = field(default=())
    consent: str = ""
    release: Release | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report in types that JSON knows."""
        return {
            "out": str(self.out),
            "size": list(self.size),
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "consent": self.consent,
            "release": None if self.release is None else asdict(self.release),
        }


def edit(
    photo: Path | str, out: Path | str, *, consent: str, edits: Mapping[str, float] | None = None,
    other: Path | str | None = None, pose: bool = False, gaze: bool = False, neutral: float = 0.0,
    strength: float = 1.0, receipt: Path | str | None = None, purpose: str = "personal", face: FaceChoice = "largest",
    device: str = "auto", overwrite: bool = True, signing: SigningOptions | None = None,
    animator: Animator | None = None,
) -> EditReport:  # fmt: skip
    """Change the expression, pose and gaze of `photo` and write the picture to `out`: .png, .jpg or .webp.

    The file appears only when it is complete: looked at by the gate, labelled, invisibly marked, its manifest signed
    and checked, a row in the ledger.

    >>> mimica.edit("me.jpg", "out.png", consent="self", edits={"smile": 0.6, "yaw": 15})  # doctest: +SKIP

    Args:
        consent: on whose word: self, receipt, fictional, historical, licensed (see `safety.consent`).
        edits: how much of what is added to the photo as it is; names in `animation.controls.CONTROLS`.
        other: another photo, whose expression replaces the photo's own before `edits` are added.
        pose, gaze: take these from `other` too.
        neutral: 0..1, how much of the photo's own expression is taken away first.
        strength: scales everything.
        receipt, purpose, face, signing, animator: as for `animate`. A receipt that names driving videos does not
            allow an edit.

    Raises:
        As `animate`; UsageError also for an unknown name or a number out of range.
    """
    started = time.monotonic()
    check_basis(consent, receipt, purpose)
    edits = {} if edits is None else edits
    check_edit(edits=edits, neutral=neutral, strength=strength, most_strength=LARGEST_AMOUNT, face=face)
    photo, out, other = Path(photo), Path(out), None if other is None else Path(other)
    check_input_file(photo, "photo")
    if other is not None:
        check_input_file(other, "other photo")
    inputs = (photo,) if other is None else (photo, other)
    check_output_file(out, inputs=inputs, overwrite=overwrite, suffixes=PICTURE_SUFFIXES)
    change = PortraitEdit.of(edits, neutral=neutral, strength=strength)
    picture = load_photo(photo)
    notes = list(picture.notes)
    settings = {
        "edits": dict(edits), "neutral": neutral, "strength": strength, "face": told(face), "pose": pose,
        "gaze": gaze,
    }  # fmt: skip
    terms = admit_portrait(
        photo, picture.image, consent=consent, receipt=receipt, purpose=purpose, other=other, signing=signing,
        weights=registry_sha256(), settings=settings,
    )  # fmt: skip
    animator = animator or Animator.load(device)
    if other is not None:
        change = change.taking(_read(other, animator, pose=pose, gaze=gaze))
    portrait = animator.prepare(picture.image, face, f"photo {photo}")
    result = edit_still(portrait, change)
    release = release_image(out, result, terms)
    height, width = result.shape[:2]
    return EditReport(
        out=out, size=(width, height), seconds=time.monotonic() - started, notes=(*notes, *release.notes),
        consent=terms.consent.basis, release=release,
    )  # fmt: skip


def _read(other: Path, animator: Animator, *, pose: bool, gaze: bool) -> OtherFace:
    label = f"other photo {other}"
    return read_other_face(load_photo(other).image, animator.networks, label, pose=pose, gaze=gaze)
