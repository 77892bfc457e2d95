from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from mimica.animation.report import AnimationReport, Progress


def test_remaining_time() -> None:
    assert Progress(50, 150, 10.0, "animating").remaining_s == 10.0
    assert Progress(150, 150, 10.0, "animating").remaining_s == 0.0
    assert Progress(160, 150, 10.0, "animating").remaining_s == 0.0
    assert Progress(0, 150, 0.0, "animating").remaining_s is None
    assert Progress(50, None, 10.0, "animating").remaining_s is None


def test_report_as_json_keeps_the_rate_exact() -> None:
    report = AnimationReport(
        Path("a.mp4"), 3, 12.34567, 0.5, (640, 480), Fraction(30000, 1001), True, ("tone-mapped",), "self"
    )
    again = json.loads(json.dumps(report.as_dict()))
    assert again == {
        "out": "a.mp4",
        "frames": 3,
        "fps": 12.346,
        "seconds": 0.5,
        "size": [640, 480],
        "rate": "30000/1001",
        "audio": True,
        "notes": ["tone-mapped"],
        "consent": "self",
        "release": None,
    }


def test_report_of_a_variable_rate() -> None:
    assert AnimationReport(Path("a.mp4"), 0, 0.0, 0.0, (2, 2), None, False).as_dict()["rate"] is None
