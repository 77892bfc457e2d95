"""A batch on Ray: what comes out is what comes out here, and a worker that is killed costs no job."""

from __future__ import annotations

import json
import os
import signal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="needs the extra `ray`")

from mimica.animation.batch import JobResult, run_batch
from mimica.animation.batch_journal import JOURNAL
from mimica.animation.batch_table import Job
from mimica.media import VideoWriter, load_photo, open_video, save_image
from mimica.scale.batch import RayCrew

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600), pytest.mark.slow]

PORTRAIT = Path(__file__).parents[3] / "src" / "mimica" / "demo" / "portrait.jpg"


def arrive(marker: str | None, row: int, photo: Path, driving: Path, out: Path) -> Job:
    """A job as a worker unpacks it: the first to do so (or every one, without a marker) is killed."""
    if marker is None or not Path(marker).exists():
        if marker is not None:
            Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Job(row, photo, driving, out, {"consent": "fictional"})


class Deadly(Job):
    """Kills the workers that take it up: the first one, or each."""

    __slots__ = ()

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return arrive, (self.settings.get("marker"), self.row, self.photo, self.driving, self.out)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    portrait = np.ascontiguousarray(load_photo(PORTRAIT).image[::2, ::2])
    save_image(folder / "photo.png", portrait)
    with VideoWriter(folder / "actor.mp4", (portrait.shape[1], portrait.shape[0]), rate=Fraction(25)) as writer:
        for index in range(3):
            writer.write(portrait, Fraction(index, 25))
    return folder


def jobs(shelf: Path, out: Path, *names: str) -> list[Job]:
    photo, driver = shelf / "photo.png", shelf / "actor.mp4"
    kinds: dict[str, Job] = {
        "good": Job(1, photo, driver, out / "good.mp4", {"consent": "fictional"}),
        "once": Deadly(2, photo, driver, out / "once.mp4", {"marker": str(out / "killed")}),
        "ever": Deadly(3, photo, driver, out / "ever.mp4", {}),
        "gone": Job(4, shelf / "gone.png", driver, out / "gone.mp4", {"consent": "fictional"}),
    }
    return [kinds[name] for name in names]


def frames(path: Path) -> np.ndarray:
    with open_video(path) as film:
        return np.stack([frame.image for frame in film]).astype(np.int16)


def blocks(film: np.ndarray, side: int = 32) -> np.ndarray:
    """Means of squares of `side` px."""
    count, height, width, _ = film.shape
    parts = film[:, : height // side * side, : width // side * side]
    return parts.reshape(count, height // side, side, width // side, side, 3).mean((2, 4))


def outcome(result: JobResult) -> tuple[str, str, int, int]:
    return result.status, result.error, result.exit_code, result.frames


def test_a_killed_worker_costs_no_job(shelf: Path, two_nodes: Any, tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    crew = RayCrew(2, device="cpu")
    results = run_batch(jobs(shelf, there, "good", "once", "ever", "gone"), there, crew=crew)
    assert [outcome(result) for result in results] == [
        ("done", "", 0, 3), ("done", "", 0, 3), ("failed", "Died", 1, 0), ("failed", "UnreadableMediaError", 3, 0),
    ]  # fmt: skip
    assert (there / "killed").exists()
    rows = [json.loads(line) for line in (there / JOURNAL).read_text().splitlines()]
    assert sorted(Path(row["out"]).name for row in rows) == ["good.mp4", "once.mp4"]
    assert sorted(path.name for path in there.glob("*.mp4*")) == ["good.mp4", "once.mp4"]

    local = run_batch(jobs(shelf, here, "good"), here, device="cpu")
    assert outcome(local[0]) == outcome(results[0])
    ours, theirs = frames(here / "good.mp4"), frames(there / "good.mp4")
    assert ours.shape == theirs.shape
    # marks of two numbers, of 40 dB each and finer than a block, and no other difference
    assert np.abs(ours - theirs).mean() < 3.5
    assert np.abs(blocks(ours) - blocks(theirs)).max() < 3

    again = run_batch(jobs(shelf, there, "good", "once")[:1], there, crew=crew)
    assert again[0].status == "skipped"


def test_a_killed_node_costs_no_job(shelf: Path, two_nodes: Any, tmp_path: Path) -> None:
    """The last test of this file: the second node stays dead."""
    told: list[str] = []

    def tell(result: JobResult) -> None:
        told.append(result.job.out.name)
        if len(told) == 1:
            two_nodes.kill_second()

    photo, driver = shelf / "photo.png", shelf / "actor.mp4"
    asked = [Job(row, photo, driver, tmp_path / f"{row}.mp4", {"consent": "fictional"}) for row in range(1, 7)]
    results = run_batch(asked, tmp_path, crew=RayCrew(2, device="cpu"), tell=tell)
    assert {outcome(result) for result in results} == {("done", "", 0, 3)}
    assert sorted(told) == sorted(job.out.name for job in asked)
    rows = [json.loads(line) for line in (tmp_path / JOURNAL).read_text().splitlines()]
    assert sorted(Path(row["out"]).name for row in rows) == sorted(told)
