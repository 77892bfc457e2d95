"""What every data set starts from, made once and kept: the compact rig, its correspondence, the fitted portraits.

This module does not render.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mimica.errors import OutputError, UsageError
from mimica.synthesis.atlas import HeadAtlas
from mimica.synthesis.collection import fit_photos
from mimica.synthesis.correspondence import Correspondence, read_canonical_mesh
from mimica.synthesis.fit import HeadFitter
from mimica.synthesis.rig import Rig
from mimica.synthesis.teacher import Teacher

FOLDER = "prepared"
"""Below a data folder: rig.npz, correspondence.npz, fitted/."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Files to render from: a folder of `fitted` portraits, the `rig` and its `correspondence`."""

    fitted: Path
    rig: Path
    correspondence: Path


def prepare(
    portraits: Path, rig: Path, teacher: Path, data: Path, *, source: str = "", licence: str = "",
    consent: str = "", exclude: frozenset[str] = frozenset(), note: Callable[[str], None] = lambda text: None,
) -> Preparation:  # fmt: skip
    """Prepare what is missing in `data`/prepared. `portraits` holds photos, or portraits already fitted (npz).

    `note` hears of photos that cannot be fitted. Excluded photos are not even fitted.

    Raises:
        UsageError: photos without source, licence and consent.
        InputError: the rig, the teacher's file or the photos are none.
        OutputError: the folder cannot be made.
    """
    folder = data / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"output {data}: the folder cannot be made ({error.strerror}); choose another") from error
    rig_file, correspondence = folder / "rig.npz", folder / "correspondence.npz"
    if not rig_file.exists():
        (Rig.from_ict_checkout(rig) if rig.is_dir() else Rig.from_npz(rig)).save(rig_file)
    if not correspondence.exists():
        mesh = read_canonical_mesh(teacher)
        Correspondence.compute(Rig.from_npz(rig_file, identity=False), *mesh).save(correspondence)
    if any(portraits.glob("*.npz")):
        return Preparation(portraits, rig_file, correspondence)
    if not (source and licence and consent):
        raise UsageError(
            "photos need --source, --licence and --consent: every item of a data set has a row in its ledger"
        )
    fitter = HeadFitter(HeadAtlas(Rig.from_npz(rig_file), Correspondence.load(correspondence)))
    with Teacher(teacher) as labeller:
        for outcome in fit_photos(
            portraits,
            folder / "fitted",
            labeller,
            fitter,
            source=source,
            licence=licence,
            consent=consent,
            exclude=exclude,
        ):
            if outcome.path is None:
                note(outcome.reason)
    return Preparation(folder / "fitted", rig_file, correspondence)
