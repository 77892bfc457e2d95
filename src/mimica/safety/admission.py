"""Admission: everything that must hold before a photo is animated, asked in one place, cheapest first.

Consent, the signing key, the denylist where there is one, the gate on the photo. What comes back are the terms without
which nothing can be released. This module does not know faces, motion or networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.safety.consent import require_consent
from mimica.safety.denylist import check_opt_out
from mimica.safety.gate import Gate
from mimica.safety.home import home
from mimica.safety.job import ReleaseTerms
from mimica.safety.label import Label
from mimica.safety.manifest import Source
from mimica.safety.perceptual_hash import PortraitPrint, file_sha256, perceptual_hash
from mimica.safety.signer import ProvenanceSigner

SIGNING_FOLDER = "signing"
"""Below `home`: the key and certificates that are made on first use."""


@dataclass(frozen=True, slots=True)
class SigningOptions:
    """Who signs. key, certificate: PEM files, both or neither; neither means this machine's own key.

    timestamp: address of an RFC 3161 time stamp server, which then sees a hash of every output; None asks nobody.
    """

    key: Path | str | None = None
    certificate: Path | str | None = None
    timestamp: str | None = None

    def signer(self) -> ProvenanceSigner:
        """Raises UsageError when only one file is given or they are wrong, OutputError when no key can be made."""
        if self.key is None and self.certificate is None:
            return ProvenanceSigner.local(signing_folder(), self.timestamp)
        if self.key is None or self.certificate is None:
            missing = "--signing-key" if self.key is None else "--certificate"
            raise UsageError(f"a signing key and its certificate belong together; add {missing}")
        return ProvenanceSigner.from_files(Path(self.key), Path(self.certificate), self.timestamp)


def signing_folder() -> Path:
    """Where this machine's key lies."""
    return home() / SIGNING_FOLDER


def admit(
    photo: Path | None, image: NDArray[np.uint8], driving: Path, *, consent: str | None,
    receipt: Path | str | None = None, purpose: str = "personal", label: str = "start",
    signing: SigningOptions | None = None, weights: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> ReleaseTerms:  # fmt: skip
    """The terms under which `photo`, whose pixels are `image` (H, W, 3) uint8 RGB, may perform `driving`.

    photo: None when a program gave the pixels. The rest: see `require_consent`, `Label`, `ReleaseTerms`.

    Raises:
        ConsentError and its kinds, UsageError, OutputError, OptOutError, GateError: nothing may be computed then.
    """
    Label(label)  # an unknown one is told before anything is computed
    sha256 = hashlib.sha256(image.tobytes()).hexdigest() if photo is None else file_sha256(photo)
    driver_sha256 = file_sha256(driving)
    agreed = require_consent(
        consent, receipt, portrait=PortraitPrint(sha256, perceptual_hash(image)), driver_sha256=driver_sha256,
        purpose=purpose,
    )  # fmt: skip
    signer = (signing or SigningOptions()).signer()
    named = "the photo" if photo is None else f"photo {photo}"
    check_opt_out(image, named)
    gate = Gate.load()
    gate.check_photo(image, named)
    return ReleaseTerms(
        consent=agreed, signer=signer, gate=gate,
        sources=(Source("photo", photo, sha256), Source("driver", driving, driver_sha256)),
        weights=dict(weights or {}), settings=dict(settings or {}), label=label,
    )  # fmt: skip
