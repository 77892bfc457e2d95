"""Face CSV: names, sides, signs and units both ways, with known answers; odd tables refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from acting_driver import driver

from mimica.animation.arkit import (
    ARKIT_NAMES,
    COLUMN_INDEX,
    COLUMNS,
    DISTANCE_CM,
    arkit_from_track,
    directions_of,
    track_from_arkit,
)
from mimica.animation.controls import GAZE_REACH_DEG
from mimica.animation.driver import with_rests
from mimica.animation.face_csv import load_face_csv, save_face_csv
from mimica.animation.retarget import OF_FEATURES, RetargetOptions, Subject, driver_rest, retarget
from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES, RIG_NAMES
from mimica.errors import NoFaceError, UnreadableMediaError

HEADER = ",".join(["Timecode", "BlendshapeCount", *COLUMNS])


def frame(**values: float) -> np.ndarray:
    row = np.zeros((1, len(COLUMNS)))
    for name, value in values.items():
        row[0, COLUMN_INDEX[name]] = value
    return row


def read(**values: float):
    return track_from_arkit(frame(**values), np.ones(1, np.float32))


def table(path: Path, *rows: tuple[str, dict[str, float] | None], header: str = HEADER) -> Path:
    lines = [header]
    for code, values in rows:
        cells = [""] * len(COLUMNS) if values is None else [f"{values.get(name, 0.0):g}" for name in COLUMNS]
        lines.append(",".join([code, "61" if values is not None else "0", *cells]))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_52_names_are_arkits() -> None:
    assert len(ARKIT_NAMES) == len(set(ARKIT_NAMES)) == 52
    assert len(COLUMNS) == 61
    assert ARKIT_NAMES[:8] == (
        "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft", "EyeLookOutLeft", "EyeLookUpLeft", "EyeSquintLeft",
        "EyeWideLeft", "EyeBlinkRight",
    )  # fmt: skip
    assert ARKIT_NAMES[-2:] == ("NoseSneerRight", "TongueOut")


def test_every_direction_of_the_skin_is_set_by_exactly_one_coefficient() -> None:
    set_by = [direction for name in ARKIT_NAMES for direction in directions_of(name)]
    assert sorted(set_by) == sorted([*RIG_NAMES, "tongueOut"])
    assert {name for name in ARKIT_NAMES if not directions_of(name)} == {
        "EyeLookInLeft", "EyeLookOutLeft", "EyeLookInRight", "EyeLookOutRight",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("coefficient", "directions"),
    [
        ("MouthSmileLeft", ["mouthSmile_L"]), ("EyeBlinkRight", ["eyeBlink_R"]), ("JawLeft", ["jawLeft"]),
        ("MouthRight", ["mouthRight"]), ("BrowInnerUp", ["browInnerUp_L", "browInnerUp_R"]),
        ("CheekPuff", ["cheekPuff_L", "cheekPuff_R"]), ("BrowOuterUpLeft", ["browOuterUp_L"]),
    ],
)  # fmt: skip
def test_left_is_the_subjects_left_and_pairs_are_both(coefficient: str, directions: list[str]) -> None:
    expression = read(**{coefficient: 0.6}).expression[0]
    assert {EXPRESSION_NAMES[index] for index in np.flatnonzero(expression)} == set(directions)
    np.testing.assert_allclose(expression[[EXPRESSION_INDEX[name] for name in directions]], 0.6)


def test_the_head_turns_the_same_way() -> None:
    """Radians in; here degrees, and pitch is positive downwards."""
    track = read(HeadYaw=np.radians(20), HeadPitch=np.radians(10), HeadRoll=np.radians(-5))
    np.testing.assert_allclose(track.angles_deg[0], [20, -10, -5], rtol=1e-6)


@pytest.mark.parametrize("turn", [{"HeadRoll": 0.3}, {"HeadPitch": -0.3}, {"HeadYaw": 0.5}])
def test_the_head_turns_on_its_neck_and_goes_nowhere(turn: dict[str, float]) -> None:
    subject = Subject(np.eye(3), np.array([0.0, 0.0, -DISTANCE_CM]), np.zeros((2, 2), np.float32))
    moved = retarget(read(**turn), 0, driver_rest(read()), subject, RetargetOptions())
    np.testing.assert_allclose(moved.shift_cm, 0, atol=0.03)


def test_the_eyes_look_where_the_coefficients_say() -> None:
    """The subject's left eye lies at the picture's right: out is to the picture's right for it, in for the other."""
    right = read(EyeLookOutLeft=0.5, EyeLookInRight=0.5).gaze_deg[0]
    np.testing.assert_allclose(right, [[0.5 * GAZE_REACH_DEG[0], 0]] * 2, rtol=1e-6)
    left = read(EyeLookInLeft=1, EyeLookOutRight=1).gaze_deg[0]
    np.testing.assert_allclose(left, [[-GAZE_REACH_DEG[0], 0]] * 2, rtol=1e-6)
    down = read(EyeLookDownLeft=1, EyeLookDownRight=1)
    np.testing.assert_allclose(down.gaze_deg[0], [[0, GAZE_REACH_DEG[1]]] * 2, rtol=1e-6)
    assert down.expression[0, EXPRESSION_INDEX["eyeLookDown_L"]] == 1  # the lids go along


def test_without_coefficients_the_eyes_angles_are_taken() -> None:
    gaze = read(LeftEyeYaw=0.2, LeftEyePitch=0.1, RightEyeYaw=-0.1).gaze_deg[0]
    np.testing.assert_allclose(gaze, np.degrees([[0.2, -0.1], [-0.1, 0]]), rtol=1e-5, atol=1e-6)


def test_what_arkit_can_say_survives_the_round_trip(tmp_path: Path) -> None:
    source = driver([Fraction(1, 60)] * 40, rate=Fraction(60))
    track = source.track
    for name in ("browInnerUp", "cheekPuff"):  # ARKit does not tell their sides apart
        track.expression[:, EXPRESSION_INDEX[f"{name}_R"]] = track.expression[:, EXPRESSION_INDEX[f"{name}_L"]]
    source = with_rests(source)
    save_face_csv(tmp_path / "face.csv", source)
    found = load_face_csv(tmp_path / "face.csv")
    assert found.times == source.times
    assert found.rate == 60
    np.testing.assert_allclose(found.track.angles_deg, track.angles_deg, atol=1e-4)
    np.testing.assert_allclose(found.track.gaze_deg, track.gaze_deg, atol=1e-4)
    lids = ("eyeLookUp", "eyeLookDown")
    same = [EXPRESSION_INDEX[name] for name in (*RIG_NAMES, "tongueOut") if not name.startswith(lids)]
    own = source.rest.expression * OF_FEATURES  # brows and the like are written as they depart from the actor's rest
    written = np.where(OF_FEATURES, np.clip(track.expression - own, 0, 1), track.expression)
    np.testing.assert_allclose(found.track.expression[:, same], written[:, same], atol=1e-6)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(24), Fraction(120)])
def test_times_survive_to_a_millionth_of_a_frame(tmp_path: Path, rate: Fraction) -> None:
    source = driver([1 / rate] * int(2 * rate), rate=rate)
    save_face_csv(tmp_path / "face.csv", source)
    found = load_face_csv(tmp_path / "face.csv").times
    assert len(found) == len(source)
    assert max(abs(a - b) for a, b in zip(found, source.times, strict=True)) <= Fraction(1, 1_000_000) / int(rate)


def test_another_round_changes_nothing(tmp_path: Path) -> None:
    source = driver([Fraction(1, 30)] * 40, rate=Fraction(30))
    once = track_from_arkit(arkit_from_track(source.track), source.track.confidence)
    np.testing.assert_allclose(arkit_from_track(once), arkit_from_track(source.track), atol=1e-6)


def test_degrees_are_recognised(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ("00:00:00:00.0", {"HeadYaw": 20.0}), ("00:00:00:01.0", {"HeadYaw": -15.0}))
    found = load_face_csv(path)
    np.testing.assert_allclose(found.track.angles_deg[:, 0], [20, -15], rtol=1e-5)
    assert any("degrees" in note for note in found.notes)


@pytest.mark.parametrize(
    ("codes", "times"),
    [
        (["14:03:52:00.000", "14:03:52:30.500", "14:03:53:59.0", "14:03:54:00.0"], ["0", "61/120", "119/60", "2"]),
        (["00:00:00:00", "00:00:00:24", "00:00:01:00"], ["0", "24/25", "1"]),
        (["00:00:00;00", "00:00:00;29", "00:00:01;00"], ["0", "29/30", "1"]),
        (["23:59:59:59.0", "00:00:00:00.0"], ["0", "1/60"]),
        (["00:00:00:000", "00:00:00:500", "00:00:01:250"], ["0", "1/2", "5/4"]),
    ],
)
def test_time_codes(tmp_path: Path, codes: list[str], times: list[str]) -> None:
    found = load_face_csv(table(tmp_path / "a.csv", *((code, {"JawOpen": 0.3}) for code in codes)))
    assert found.times == tuple(map(Fraction, times))


def test_rows_without_a_face_are_losses(tmp_path: Path) -> None:
    rows = [(f"00:00:{k // 60:02d}:{k % 60:02d}.0", None if 60 <= k < 180 else {"JawOpen": 0.5}) for k in range(240)]
    found = load_face_csv(table(tmp_path / "a.csv", *rows))
    assert (found.track.confidence[60:180] == 0).all()
    assert np.isfinite(found.track.expression).all()
    assert any("1.0–3.0 s" in note for note in found.notes)
    with pytest.raises(NoFaceError):
        load_face_csv(table(tmp_path / "b.csv", *((code, None) for code, _ in rows)))


@pytest.mark.parametrize("spelling", ["EyeBlinkLeft", "eyeBlinkLeft", "eyeBlink_L", " EyeBlinkLeft "])
def test_spellings_of_a_column(tmp_path: Path, spelling: str) -> None:
    (tmp_path / "a.csv").write_text(f"Timecode,{spelling}\n00:00:00:00.0,0.7\n00:00:00:01.0,0.8\n")
    found = load_face_csv(tmp_path / "a.csv")
    np.testing.assert_allclose(found.track.expression[:, EXPRESSION_INDEX["eyeBlink_L"]], [0.7, 0.8], rtol=1e-6)
    assert "60 of 61 columns are missing and taken as zero" in found.notes


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "Timecode,Nose\n00:00:00:00,1", "JawOpen\n0.5", "Timecode,JawOpen\n", "Timecode,JawOpen\nnoon,0.5",
        "Timecode,JawOpen\n00:00:00:00,much", "Timecode,JawOpen\n00:00:00:00,nan", "Timecode,JawOpen\n00:00:00:00,inf",
        "Timecode,JawOpen\n00:00:00:00,1e9", "Timecode,JawOpen,MouthClose\n00:00:00:00,0.5,", "\x00\x01\x02",
    ],
)  # fmt: skip
def test_odd_tables_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UnreadableMediaError, match="face CSV") as error:
        load_face_csv(tmp_path / "a.csv")
    assert "\n" not in str(error.value)


def test_a_picture_called_csv_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(UnreadableMediaError):
        load_face_csv(tmp_path / "a.csv")


def test_rows_that_repeat_a_moment_are_left_out(tmp_path: Path) -> None:
    codes = ["00:00:00:00.0", "00:00:00:01.0", "00:00:00:01.0", "00:00:01:02.0"]
    found = load_face_csv(table(tmp_path / "a.csv", *((code, {"JawOpen": 0.3}) for code in codes)))
    assert len(found) == 3
    assert any("1 rows whose time" in note for note in found.notes)
