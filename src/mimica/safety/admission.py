"""Admission: everything that must hold before a photo is animated, asked in one place, cheapest first.

Consent, the signing key, the denylist where there is one, the gate on the photo. What comes back are the terms without
which nothing can be released. This module does not know faces, motion or networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.errors import UsageError
from mimica.safety.agreements import Agreements, Consent, ReceiptFiles
from mimica.safety.denylist import check_opt_out
from mimica.safety.gate import Gate
from mimica.safety.home import home
from mimica.safety.job import ReleaseTerms
from mimica.safety.label import Label
from mimica.safety.manifest import Source
from mimica.safety.perceptual_hash import PortraitPrint, file_sha256, perceptual_hash
from mimica.safety.signer import ProvenanceSigner
from mimica.safety.time_stamp import require_reachable

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
        """The signer; a time stamp server is tried, so that a silent one is told before anything is computed.

        Raises UsageError when only one file is given or they are wrong, OutputError when no key can be made or the
        time stamp server cannot be reached.
        """
        if self.key is None and self.certificate is None:
            signer = ProvenanceSigner.local(signing_folder(), self.timestamp)
        elif self.key is None or self.certificate is None:
            missing = "--signing-key" if self.key is None else "--certificate"
            raise UsageError(f"a signing key and its certificate belong together; add {missing}")
        else:
            signer = ProvenanceSigner.from_files(Path(self.key), Path(self.certificate), self.timestamp)
        if signer.timestamp_url is not None:
            require_reachable(signer.timestamp_url)
        return signer


def signing_folder() -> Path:
    """Where this machine's key lies."""
    return home() / SIGNING_FOLDER


def admit(
    photo: Path | None, image: NDArray[np.uint8], driving: Path, *, consent: Consent,
    receipt: ReceiptFiles = None, purpose: str = "personal", label: str = "start",
    signing: SigningOptions | None = None, weights: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None, faces: Mapping[int, Path] | None = None,
    also_look_at: Sequence[NDArray[np.uint8]] = (),
) -> ReleaseTerms:  # fmt: skip
    """The terms under which `photo`, whose pixels are `image` (H, W, 3) uint8 RGB, may perform `driving`.

    photo: None when a program gave the pixels. consent, receipt: for one face, or for each numbered one. faces: the
    driving video of each face that performs, by number; one face and `driving` when None. also_look_at: further
    pictures for the gate, when the portrait is a video, of which `image` is the first frame with a face. The rest: see
    `Agreements.require`, `Label`, `ReleaseTerms`.

    Raises:
        ConsentError and its kinds, UsageError, OutputError, OptOutError, GateError: nothing may be computed then.
    """
    Label(label)  # an unknown one is told before anything is computed
    sha256 = hashlib.sha256(image.tobytes()).hexdigest() if photo is None else file_sha256(photo)
    faces = faces or {1: driving}
    hashes = {path: file_sha256(path) for path in {driving, *faces.values()}}
    portrait = PortraitPrint(sha256, perceptual_hash(image))
    agreed = Agreements.of(consent, receipt).require(
        {number: hashes[path] for number, path in faces.items()}, portrait, purpose
    )
    signer = (signing or SigningOptions()).signer()
    named = "the photo" if photo is None else f"photo {photo}"
    check_opt_out(image, named)
    gate = Gate.load()
    gate.check_frames([image, *also_look_at], named)
    own = tuple(Source(f"driver-{number}", path, hashes[path]) for number, path in faces.items() if path != driving)
    return ReleaseTerms(
        consent=agreed, signer=signer, gate=gate,
        sources=(Source("photo", photo, sha256), Source("driver", driving, hashes[driving]), *own),
        weights=dict(weights or {}), settings=dict(settings or {}), label=label,
    )  # fmt: skip
