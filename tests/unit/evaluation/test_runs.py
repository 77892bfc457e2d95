"""The runner goes on where it stopped; folders of films; the frozen benchmark is what it says it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mimica.core.motion import EXPRESSION_NAMES
from mimica.errors import UsageError
from mimica.evaluation.benchmark import FROZEN_FOLDER, load_benchmark
from mimica.evaluation.cases import Case, Image, read_frames
from mimica.evaluation.evaluation import Request, choose_systems, find_cases, prepare
from mimica.evaluation.face_trace import FaceTrace, Reading
from mimica.evaluation.loaded_case import LoadedCase
from mimica.evaluation.measure import Ruler
from mimica.evaluation.metrics.perceptual import GradientDistance
from mimica.evaluation.runner import Runner
from mimica.evaluation.suites.truth import truth_cases
from mimica.evaluation.systems.folder import FolderSystem
from mimica.media.video_writer import VideoWriter

FRAMES = 3


class SameFaceReader:
    """Sees the same face everywhere: 70 landmarks in the middle of the picture."""

    source = "stub"

    def read(self, frames: Iterable[Image], times_s: Iterable[float]) -> FaceTrace:
        corners = np.random.default_rng(0).uniform(0.3, 0.7, (70, 2))
        readings: list[Reading | None] = [
            Reading(corners * frame.shape[0], np.zeros(2), np.zeros(3), np.zeros(52), EXPRESSION_NAMES, self.source)
            for frame in frames
        ]
        return FaceTrace.from_readings(times_s, readings, Reading.empty(70, EXPRESSION_NAMES, self.source))

    def close(self) -> None:
        """Nothing is held."""


class CountingSystem:
    """Shows the photo, and counts; `stops_at` stands for a kill at that call."""

    releases = True
    says = "counts"

    def __init__(self, stops_at: int | None = None, version: str = "1") -> None:
        self.name, self.calls, self._stops_at, self._version = "counting", 0, stops_at, version

    def fingerprint(self, case: Case) -> dict[str, str]:
        return {"version": self._version}

    def takes(self, case: Case) -> bool:
        return True

    def animate(self, loaded: LoadedCase) -> Iterable[Image]:
        self.calls += 1
        if self.calls == self._stops_at:
            raise KeyboardInterrupt
        return [loaded.photo] * len(loaded.driver)


def runner(out: Path, system: CountingSystem) -> Runner:
    ruler = Ruler(SameFaceReader(), GradientDistance(), None)
    return Runner(out, ruler, [system], {}, films=False)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return truth_cases([load_benchmark()], quick=True, frames=FRAMES)[:3]


def test_a_killed_run_goes_on_and_gives_the_same_numbers(tmp_path: Path, cases: list[Case]) -> None:
    killed = CountingSystem(stops_at=3)
    with pytest.raises(KeyboardInterrupt):
        runner(tmp_path / "killed", killed).run(cases)
    again = CountingSystem()
    resumed = runner(tmp_path / "killed", again).run(cases)
    assert again.calls == 1  # two of three pieces were kept
    whole = runner(tmp_path / "whole", CountingSystem()).run(cases)
    assert [piece.numbers for piece in resumed] == [piece.numbers for piece in whole]
    assert not list(tmp_path.rglob("*.part"))


def test_what_a_piece_depends_on_makes_it_anew(tmp_path: Path, cases: list[Case]) -> None:
    runner(tmp_path, CountingSystem()).run(cases[:1])
    same, other = CountingSystem(), CountingSystem(version="2")
    runner(tmp_path, same).run(cases[:1])
    runner(tmp_path, other).run(cases[:1])
    assert (same.calls, other.calls) == (0, 1)


def test_the_frozen_benchmark_is_checked(tmp_path: Path) -> None:
    benchmark = load_benchmark()
    assert (benchmark.version, len(benchmark.cases)) == ("1", 12)
    assert sum(path.stat().st_size for path in FROZEN_FOLDER.rglob("*")) < 8_000_000
    broken = tmp_path / "benchmark"
    shutil.copytree(FROZEN_FOLDER, broken)
    photo = next((broken / "photos").iterdir())
    photo.write_bytes(photo.read_bytes()[:-1])
    with pytest.raises(UsageError, match=photo.name):
        load_benchmark(broken)


def test_every_difficult_expression_is_in_the_benchmark_at_full_strength() -> None:
    case = {row["name"].split("-")[0]: load_benchmark().case(row) for row in load_benchmark().cases}
    truths = [case[name].truth() for name in ("mouth", "face", "head")]
    performed = {group for truth in truths if truth is not None for _, group, _ in truth.shown}
    assert performed == {"tongue_out", "cheek_puff", "pout", "lip_roll", "smirk", "wink", "snarl"}
    peak = np.max([truth.expressions.max(0) for truth in truths if truth is not None], axis=0)
    names = ("tongueOut", "cheekPuff_L", "mouthPucker", "mouthRollLower", "mouthSmile_L", "eyeBlink_R", "noseSneer_L")
    assert all(peak[EXPRESSION_NAMES.index(name)] > 0.98 for name in names)
    head = truths[2]
    assert head is not None
    assert np.ptp(head.angles_deg[:, 0]) > 55
    assert np.ptp(head.gaze_deg[:, 0]) > 25


def test_films_of_others_are_found_by_their_names(tmp_path: Path, cases: list[Case]) -> None:
    case = cases[0]
    assert case.target is not None
    (tmp_path / "truth").mkdir()
    shutil.copy(case.target, tmp_path / "truth" / f"{case.name}.mp4")
    system = FolderSystem("peer", tmp_path)
    assert [system.takes(each) for each in cases] == [True, False, False]
    ruler = Ruler(SameFaceReader(), GradientDistance(), None)
    piece = Runner(tmp_path / "out", ruler, [system], {}).run(cases)[0]
    assert piece.error == ""
    assert piece.numbers["l1.face"] == 0.0  # the right result itself
    assert not (tmp_path / "out" / "films").exists()  # it is not ours to release


def test_a_film_of_another_length_is_an_error_of_that_case(tmp_path: Path, cases: list[Case]) -> None:
    short_film(tmp_path / f"{cases[0].name}.mp4")
    ruler = Ruler(SameFaceReader(), GradientDistance(), None)
    piece = Runner(tmp_path / "out", ruler, [FolderSystem("peer", tmp_path)], {}).run(cases[:1])[0]
    assert "has 2 frames, its driver 3" in piece.error


def short_film(path: Path) -> None:
    images = read_frames(load_benchmark().drivers()[0], 2)[0]
    with VideoWriter(path, (256, 256), rate=Fraction(25)) as writer:
        for index, image in enumerate(images):
            writer.write(image, Fraction(index, 25))


def test_other_systems_learn_what_to_make(tmp_path: Path) -> None:
    rows = prepare(Request(("truth", "cross"), tmp_path, quick=True))
    assert json.loads((tmp_path / "cases.json").read_text()) == rows
    assert rows[0]["film"].startswith("truth/mouth-")
    assert all(Path(row["photo"]).is_file() and Path(row["driver"]).is_file() for row in rows)


def test_without_drivers_and_photos_rendered_people_perform(tmp_path: Path) -> None:
    found = find_cases(Request(("self", "cross"), tmp_path, quick=True), load_benchmark())
    assert {case.consent for case in found} == {"fictional"}
    assert {case.suite for case in found} == {"self", "cross"}


@pytest.mark.parametrize("text", ["=x", "mimica=x", "a/b=x", "nobody"])
def test_wrong_systems_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--system"):
        choose_systems(Request(("truth",), tmp_path, systems=(text,)))
