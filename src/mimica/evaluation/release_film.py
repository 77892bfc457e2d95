"""An evaluated film leaves as every animation does: consent, gate, label, mark, signature, ledger.

This module does not measure, and does not write to files itself.
"""

from __future__ import annotations

from pathlib import Path

from mimica.evaluation.cases import Image
from mimica.evaluation.loaded_case import LoadedCase
from mimica.media.fingerprint import packet_digests
from mimica.media.video_reader import open_video
from mimica.safety.admission import admit
from mimica.safety.release import VideoRelease


def write_film(path: Path, loaded: LoadedCase, frames: list[Image], settings: dict[str, str]) -> None:
    """Release `frames` at the driver's times; with its sound where the whole driver was used.

    Raises what `admit` and `VideoRelease` raise.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    case = loaded.case
    photo_file = case.photo_file if case.photo_file != case.driver else None
    terms = admit(photo_file, loaded.photo, case.driver, consent=case.consent, purpose="research", settings=settings)
    with open_video(case.driver) as reader:
        info = reader.info
    height, width = frames[0].shape[:2]
    with VideoRelease(
        path, (width, height), terms, frames=len(frames), seconds=loaded.times_s[-1] - loaded.times_s[0],
        time_base=info.time_base, rate=info.rate,
        audio_from=case.driver if info.has_audio and case.frames is None else None,
    ) as film:  # fmt: skip
        for frame, moment in zip(frames, loaded.times, strict=True):
            film.write(frame, moment)


def film_checks(path: Path, loaded: LoadedCase) -> dict[str, bool]:
    """Whether the film has the driver's exact frame times and, where its whole length was used, its exact sound."""
    with open_video(path) as reader:
        times = [frame.time for frame in reader]
    checks = {"same_times": times == loaded.times}
    if loaded.case.frames is None:
        checks["same_sound"] = packet_digests(path, "audio") == packet_digests(loaded.case.driver, "audio")
    return checks
