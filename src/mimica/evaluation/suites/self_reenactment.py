"""*self*: a clip's own first frame is the photo, the clip is driver and truth at once.

It measures what a picture metric can: the right result is known pixel by pixel. It cannot tell whether identity leaks,
since driver and photo are one person. Systems are told that photo and first frame are the same moment.
"""

from __future__ import annotations

from pathlib import Path

from mimica.evaluation.cases import Case


def self_cases(drivers: list[Path], *, consent: str, frames: int | None, photo_px: int | None) -> list[Case]:
    """One case a clip."""
    return [
        Case(
            suite="self", name=driver.stem, photo_file=driver, driver=driver, consent=consent, frames=frames,
            photo_px=photo_px, anchor="first", target=driver, same_person=True,
        )
        for driver in drivers
    ]  # fmt: skip
