"""A photo in several moods: python examples/expressions.py photo.jpg folder self [smile surprise …]

Each picture is written as `mimica edit` writes it: labelled, marked, signed and on record. The networks load once.
"""

from __future__ import annotations

import sys
from pathlib import Path

import mimica

MOODS = {
    "smile": {"smile": 0.8},
    "wink": {"wink": 1.0, "roll": 6},
    "surprise": {"surprise": 0.9, "pitch": -6},
    "doubt": {"mouth-left": 0.5, "brow-outer-up-left": 0.8, "gaze-x": 0.4, "yaw": -8},
    "sadness": {"sadness": 0.9, "gaze-y": 0.5, "pitch": 8},
}


def main(photo: str, folder: str, consent: str, *moods: str) -> None:
    animator = mimica.Animator.load()
    Path(folder).mkdir(exist_ok=True)
    for mood in moods or MOODS:
        out = Path(folder) / f"{mood}.png"
        report = mimica.edit(photo, out, consent=consent, edits=MOODS[mood], animator=animator)
        print(f"{report.out}: {report.seconds:.1f} s")


if __name__ == "__main__":
    if len(sys.argv) < 4 or not set(sys.argv[4:]) <= set(MOODS):
        sys.exit(f"{__doc__}\nMoods: {', '.join(MOODS)}")
    try:
        main(*sys.argv[1:])
    except mimica.MimicaError as error:
        sys.exit(f"{error}")
