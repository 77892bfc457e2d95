"""From a folder of photos to a folder of fitted portraits: label, crop, matte, fit, one npz each.

This module does not render.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mimica.errors import InputError, NoFaceError
from mimica.safety.training_rights import training_consent
from mimica.synthesis.fit import HeadFitter
from mimica.synthesis.fitted import FittedPortrait
from mimica.synthesis.teacher import Teacher

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
WORST_FIT = 0.03
"""Mean landmark error, share of the face's height, above which a fit is not believed."""


@dataclass(frozen=True, slots=True)
class FitOutcome:
    """One photo's result: `path` of the fitted portrait, or the reason why there is none."""

    photo: Path
    path: Path | None
    reason: str = ""


def fit_photos(
    photos: Path | str, out: Path | str, teacher: Teacher, fitter: HeadFitter, *, source: str, licence: str,
    consent: str = "", exclude: frozenset[str] = frozenset(),
) -> Iterator[FitOutcome]:  # fmt: skip
    """Fit every photo of a folder that is not fitted yet; yields one outcome a photo, in order of name.

    consent: on whose word they may be trained on; "receipt" wants the receipt `NAME.jws` beside each photo.
    Photos whose name (without its ending) is in `exclude` are passed over.

    Raises InputError when the folder holds no photo, and ConsentError when a receipt does not hold.
    """
    paths = sorted(path for path in Path(photos).iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)
    paths = [path for path in paths if path.stem not in exclude]
    if not paths:
        raise InputError(
            f"{photos}: no photo ({', '.join(PHOTO_SUFFIXES)}); choose a folder of portraits, or exclude fewer"
        )
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        target = folder / f"{path.stem}.npz"
        if target.exists():
            yield FitOutcome(path, target)
            continue
        try:
            fitted = fit_photo(path, teacher, fitter, source=source, licence=licence, consent=consent)
        except NoFaceError as error:
            yield FitOutcome(path, None, str(error))
            continue
        fitted.save(target)
        yield FitOutcome(path, target)


def fitted_portraits(folder: Path | str, exclude: frozenset[str] = frozenset()) -> list[Path]:
    """Files of the fitted portraits of a folder, by name, but those excluded. InputError when there is none."""
    paths = [path for path in sorted(Path(folder).glob("*.npz")) if path.stem not in exclude]
    if not paths:
        raise InputError(f"{folder}: no fitted portrait to use; fit photos first, or exclude fewer")
    return paths


def fit_photo(
    path: Path, teacher: Teacher, fitter: HeadFitter, *, source: str, licence: str, consent: str = ""
) -> FittedPortrait:
    """Label and fit one photo.

    Raises NoFaceError when no face is found or the head does not fit it, ConsentError as `training_consent`.
    """
    encoded = np.fromfile(path, np.uint8)
    photo = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    if photo is None:
        raise NoFaceError(f"{path}: not a readable picture; convert it to JPEG or PNG")
    image = np.ascontiguousarray(photo[..., ::-1])
    agreed = training_consent(consent, path, image)
    crop = teacher.crop(image)
    fit = fitter.fit(crop.labels.landmarks, crop.labels.scores, crop.labels.pose)
    error = float(fit.residual_px.mean()) / fit.face_height_px
    if error > WORST_FIT:
        raise NoFaceError(
            f"{path}: the head misses the landmarks by {100 * error:.1f} % of the face; choose a clearer photo"
        )
    return FittedPortrait(
        path.stem, crop.image, crop.labels.landmarks, crop.matte, fit.shape, fit.expression,
        fit.rotation, fit.translation, fit.eyes, crop.crop, f"{source}:{path.name}" if source else path.name, licence,
        agreed,
    )  # fmt: skip
