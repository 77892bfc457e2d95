"""Measure on real drivers: animate photos with clips, check times and sound, compare the curves, look at the sheets.

    python -m mimica.evaluation.drivers DRIVERS_DIR PHOTO… --landmarks face_landmarker.task -o OUT_DIR

Needs the extras `teacher` and `evaluate`. Writes one video and one contact sheet a clip, `drivers.json` and
`drivers.md` with a table: r is the correlation with the driver, in brackets the slope. A cell is empty where the driver
hardly moves that way. This module does not train and keeps no frame of the clips.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from mimica.animation.animator import Animator, animate
from mimica.errors import NoFaceError
from mimica.evaluation.contact_sheet import contact_sheet, frames_at, thumbnail
from mimica.evaluation.face_trace import FaceReader, FaceTrace, read_video
from mimica.evaluation.identity import IdentityModel, similarity
from mimica.evaluation.mediapipe_reader import MediaPipeReader
from mimica.evaluation.metrics import CURVES
from mimica.evaluation.metrics.comparison import compare_traces
from mimica.media.fingerprint import packet_digests
from mimica.media.image import load_photo
from mimica.media.image_writer import save_image
from mimica.media.video_reader import open_video

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv")
SHEET_FRAMES, SHEET_PX = 10, 160


def frame_times(path: Path) -> list[Any]:
    with open_video(path) as reader:
        return [frame.time for frame in reader]


def measure(
    driver: Path, photo: Path, out: Path, animator: Animator, trace: FaceTrace, reader: FaceReader,
    identity: IdentityModel,
) -> dict[str, Any]:  # fmt: skip
    """Animate one pair and compare it with its driver."""
    report = animate(photo, driver, out, consent="fictional", animator=animator)
    row: dict[str, Any] = {
        "driver": driver.name, "photo": photo.name, "frames": report.frames, "fps": report.fps,
        "same_times": frame_times(driver) == frame_times(out),
        "same_sound": packet_digests(driver, "audio") == packet_digests(out, "audio"),
        **compare_traces(trace, read_video(out, reader)),
    }  # fmt: skip
    own = identity.embed(load_photo(photo).image)
    if own is not None:
        found = [identity.embed(frame) for frame in frames_at(out, 8)]
        scores = [similarity(own, other) for other in found if other is not None]
        row["identity"] = float(np.median(scores)) if scores else None
        actor = [identity.embed(frame) for frame in frames_at(driver, 3)]
        others = [similarity(own, other) for other in actor if other is not None]
        row["identity_of_driver"] = float(np.median(others)) if others else None
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    lines = ["| driver | photo | frames, times, sound | " + " | ".join(CURVES) + " | identity |"]
    lines.append("|" + "---|" * (len(CURVES) + 4))
    for row in rows:
        exact = f"{row['frames']}, {'same' if row['same_times'] else 'DIFFERENT'}, "
        exact += "same" if row["same_sound"] else "DIFFERENT"
        cells = []
        for name in CURVES:
            moves = np.isfinite(row[f"{name}.correlation"])
            cells.append(f"{row[f'{name}.correlation']:.2f} ({row[f'{name}.slope']:.2f})" if moves else "")
        same = row.get("identity")
        cells.append("" if same is None else f"{same:.2f}")
        lines.append(f"| {row['driver']} | {row['photo']} | {exact} | " + " | ".join(cells) + " |")
    medians = []
    for name in CURVES:
        values = [row[f"{name}.correlation"] for row in rows if np.isfinite(row[f"{name}.correlation"])]
        slopes = [row[f"{name}.slope"] for row in rows if np.isfinite(row[f"{name}.correlation"])]
        medians.append(f"{np.nanmedian(values):.2f} ({np.nanmedian(slopes):.2f})" if values else "")
    same = [row["identity"] for row in rows if row.get("identity") is not None]
    lines.append("| **median** | | | " + " | ".join(medians) + f" | {np.median(same):.2f} |" if same else "")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drivers", type=Path)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--landmarks", type=Path, required=True, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--clips", nargs="*", help="names of the clips to take; all when left out")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    animator, identity = Animator.load(), IdentityModel.load()
    clips = [path for path in sorted(options.drivers.iterdir()) if path.suffix in VIDEO_SUFFIXES]
    clips = [path for path in clips if not options.clips or path.stem in options.clips]
    rows: list[dict[str, Any]] = []
    for driver in clips:
        with MediaPipeReader(options.landmarks) as reader:
            trace = read_video(driver, reader)
            sheet = [[thumbnail(np.zeros((8, 8, 3), np.uint8), SHEET_PX)]]
            sheet[0] += [thumbnail(frame, SHEET_PX) for frame in frames_at(driver, SHEET_FRAMES)]
            for photo in options.photos:
                out = options.out / f"{driver.stem}_{photo.stem}.mp4"
                try:
                    row = measure(driver, photo, out, animator, trace, reader, identity)
                except NoFaceError as error:
                    print(error, flush=True)
                    break
                rows.append(row)
                print(json.dumps(row), flush=True)
                results = [thumbnail(frame, SHEET_PX) for frame in frames_at(out, SHEET_FRAMES)]
                sheet.append([thumbnail(load_photo(photo).image, SHEET_PX), *results])
        if len(sheet) > 1:
            save_image(options.out / f"{driver.stem}.png", contact_sheet(sheet))
        (options.out / "drivers.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    (options.out / "drivers.md").write_text(table(rows) + "\n", encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
