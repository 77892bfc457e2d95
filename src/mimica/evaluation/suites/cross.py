"""*cross*: photos × driving videos of other people, as in use. Nobody knows the right result; following is measured."""

from __future__ import annotations

from pathlib import Path

from mimica.evaluation.cases import Case


def cross_cases(
    photos: list[Path], drivers: list[Path], *, consent: str, frames: int | None, photo_px: int | None
) -> list[Case]:
    """Every photo with every driver."""
    return [
        Case(
            suite="cross", name=f"{driver.stem}-{photo.stem}", photo_file=photo, driver=driver, consent=consent,
            frames=frames, photo_px=photo_px,
        )
        for driver in drivers
        for photo in photos
    ]  # fmt: skip
