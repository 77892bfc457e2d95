"""The service on Ray Serve: jobs are made, begun again when a replica dies, and turned away when there are too many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ray", reason="needs the extra `ray`")

from mimica.animation.batch import JobResult
from mimica.animation.batch_table import Job
from mimica.media import VideoWriter, load_photo, open_video, save_image

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(600), pytest.mark.slow]

PORTRAIT = Path(__file__).parents[3] / "src" / "mimica" / "demo" / "portrait.jpg"


def test_the_service(two_nodes: Any, tmp_path: Path) -> None:
    from ray import serve

    from mimica.scale.serving import BusyError, ServiceSize, deploy

    portrait = np.ascontiguousarray(load_photo(PORTRAIT).image[::2, ::2])
    save_image(tmp_path / "photo.png", portrait)
    with VideoWriter(tmp_path / "actor.mp4", (portrait.shape[1], portrait.shape[0]), rate=Fraction(25)) as writer:
        for index in range(3):
            writer.write(portrait, Fraction(index, 25))

    def job(name: str, **settings: str) -> Job:
        return Job(1, tmp_path / "photo.png", tmp_path / "actor.mp4", tmp_path / name, settings)

    service = deploy(ServiceSize(least=1, most=1, queue=1))
    try:
        assert service.make(job("a.mp4", consent="fictional")).status == "done"
        with open_video(tmp_path / "a.mp4") as film:
            assert len(list(film)) == 3
        refused = service.make(
            Job(2, tmp_path / "gone.png", tmp_path / "actor.mp4", tmp_path / "b.mp4", {"consent": "self"})
        )
        assert (refused.status, refused.exit_code) == ("failed", 3)

        def ask(number: int) -> JobResult | None:
            try:
                return service.make(job(f"{number}.mp4", consent="fictional"))
            except BusyError:
                return None

        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(ask, range(5)))
        made = [answer for answer in answers if answer is not None]
        assert {answer.status for answer in made} == {"done"}
        assert 1 <= len(made) < 5
        assert {path.name for path in tmp_path.glob("?.mp4")} == {"a.mp4", *(answer.job.out.name for answer in made)}
    finally:
        serve.shutdown()
