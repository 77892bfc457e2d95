"""An errand: one waiting job, made by whoever carries it out."""

from __future__ import annotations

import pickle
from pathlib import Path

from mimica.service.crew import Errand
from mimica.service.job_files import JobFiles
from mimica.service.jobs import Jobs, NewJob
from mimica.service.settings import Quotas, ServiceSettings
from mimica.service.tables import open_database

SETTINGS = {"expression": 0.0, "crf": 18}


def test_an_errand_makes_the_job_that_has_waited_longest(tmp_path: Path) -> None:
    settings = ServiceSettings(data=tmp_path, work="light_work:light_work")
    files, jobs = JobFiles(tmp_path), Jobs(open_database(settings.database_url), Quotas())
    made: list[str] = []
    for crf in (18, 1):
        identity = Jobs.new_id()
        files.folder(identity).mkdir(parents=True)
        files.path(identity, "driver.mp4").write_bytes(b"film")
        new = NewJob("ada", SETTINGS | {"crf": crf}, "photo.png", "driver.mp4", None, 10, "f" * 64)
        made.append(jobs.accept(identity, new).id)
    errand = pickle.loads(pickle.dumps(Errand.of(settings)))  # noqa: S301 as it travels to another machine
    assert [errand(name) for name in ("a", "b", "c")] == [True, True, False]
    first, second = (jobs.get("ada", identity) for identity in made)
    assert (first.state, first.report) == ("done", {"frames": 20})
    assert files.path(first.id, str(first.result)).read_bytes() == b"film"
    assert (second.state, second.error_type, second.error_code) == ("failed", "NoFaceError", 4)
