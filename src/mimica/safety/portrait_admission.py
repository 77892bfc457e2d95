"""Admission of a photo without a driving video: it is edited by hand, or somebody before a camera moves it.

As ``admission``, cheapest check first. This module does not know faces, motion or networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mimica.safety.admission import SigningOptions
from mimica.safety.consent import require_consent
from mimica.safety.denylist import check_opt_out
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.label import Label
from mimica.safety.manifest import Source
from mimica.safety.perceptual_hash import PortraitPrint, file_sha256, perceptual_hash

NO_DRIVER: Final = "none"
"""In place of a driver's sha256: a receipt that names driving videos does not allow this, one that names none does."""


def admit_portrait(
    photo: Path | None, image: NDArray[np.uint8], *, consent: str | None, receipt: Path | str | None = None,
    purpose: str = "personal", other: Path | None = None, label: str = "always",
    signing: SigningOptions | None = None, weights: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> ReleaseTerms:  # fmt: skip
    """The terms under which `photo`, whose pixels are `image` (H, W, 3) uint8 RGB, may be edited or move live.

    photo: None when a program gave the pixels. other: a photo whose expression is taken over; on record as the driver.
    The rest: see `require_consent`, `Label`, `ReleaseTerms`.

    Raises:
        ConsentError and its kinds, UsageError, OutputError, OptOutError, GateError: nothing may be computed then.
    """
    Label(label)  # an unknown one is told before anything is computed
    sha256 = hashlib.sha256(image.tobytes()).hexdigest() if photo is None else file_sha256(photo)
    sources = [Source("photo", photo, sha256)]
    if other is not None:
        sources.append(Source("driver", other, file_sha256(other)))
    agreed = require_consent(
        consent, receipt, portrait=PortraitPrint(sha256, perceptual_hash(image)),
        driver_sha256=sources[1].sha256 if other is not None else NO_DRIVER, purpose=purpose,
    )  # fmt: skip
    signer = (signing or SigningOptions()).signer()
    named = "the photo" if photo is None else f"photo {photo}"
    check_opt_out(image, named)
    gate = Gate.load()
    gate.check_photo(image, named)
    return ReleaseTerms(
        consent=agreed, signer=signer, gate=gate, sources=tuple(sources), weights=dict(weights or {}),
        settings=dict(settings or {}), label=label,
    )  # fmt: skip
