"""The table of a batch: pairs, globs, settings, and everything that is refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimica.animation.batch_table import SETTINGS, Job, read_jobs
from mimica.cli.animate import animate
from mimica.errors import ConsentError, MimicaError, UnreadableMediaError, UsageError


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg", "c [1].jpg", "x.mp4", "y.mp4"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def jobs(desk: Path, text: str, ending: str = "csv", **settings: str) -> list[Job]:
    table = desk / f"jobs.{ending}"
    table.write_text(text, encoding="utf-8")
    return read_jobs(table, desk / "out", settings)


def test_a_row_is_a_job(desk: Path) -> None:
    (job,) = jobs(desk, "photo,driving,consent,crf,audio,face,pose,out\na.jpg,x.mp4,self,20,false,2,0.5,mine.mp4\n")
    assert (job.row, job.photo, job.driving, job.out) == (1, desk / "a.jpg", desk / "x.mp4", desk / "out" / "mine.mp4")
    assert job.settings == {"consent": "self", "crf": 20, "audio": False, "face": 2, "pose": 0.5}


def test_json_lines_say_the_same(desk: Path) -> None:
    text = '{"photo": "a.jpg", "driving": "x.mp4", "consent": "self", "crf": 20, "audio": false, "label": null}\n\n'
    (job,) = jobs(desk, text, "jsonl")
    assert job.settings == {"consent": "self", "crf": 20, "audio": False}


def test_globs_make_every_pair(desk: Path) -> None:
    made = jobs(desk, "photo,driving\n[ab].jpg,*.mp4\n", consent="fictional")
    assert [job.out.name for job in made] == ["a-x.mp4", "a-y.mp4", "b-x.mp4", "b-y.mp4"]
    assert {job.settings["consent"] for job in made} == {"fictional"}


def test_a_name_that_exists_is_no_glob(desk: Path) -> None:
    (job,) = jobs(desk, "photo,driving,consent\nc [1].jpg,x.mp4,self\n")
    assert job.photo == desk / "c [1].jpg"


def test_a_row_goes_before_the_default(desk: Path) -> None:
    assert jobs(desk, "photo,driving,consent\na.jpg,x.mp4,self\n", consent="fictional")[0].settings["consent"] == "self"


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("photo,driving\na.jpg,x.mp4\n", ConsentError, "job 1: "),
        ("photo,driving,consent\na.jpg,x.mp4,maybe\n", MimicaError, "job 1: "),
        ("photo,driving,consent\na.jpg,x.mp4,receipt\n", MimicaError, "job 1: "),
        ("photo,driving,consent,zoom\na.jpg,x.mp4,self,2\n", UsageError, "no column 'zoom'; use photo"),
        ("photo,driving,consent,crf\na.jpg,x.mp4,self,99\n", UsageError, "crf '99' is wrong"),
        ("photo,driving,consent,audio\na.jpg,x.mp4,self,1\n", UsageError, "give true or false"),
        ("photo,driving,consent,pose\na.jpg,x.mp4,self,nan\n", UsageError, "pose 'nan' is wrong"),
        ("photo,driving,consent,face\na.jpg,x.mp4,self,0\n", UsageError, "face '0' is wrong"),
        ("photo,driving,consent,motion\na.jpg,x.mp4,self,no\n", UsageError, "relative, absolute"),
        ("photo,driving,consent\na.jpg,,self\n", UsageError, "driving: is missing"),
        ("photo,driving,consent\n*.heic,x.mp4,self\n", UnreadableMediaError, "finds no file"),
        ("photo,driving,consent\na.jpg,x.mp4,self\na.jpg,x.mp4,self\n", UsageError, "jobs 1 and 2: both"),
        ("photo,driving,consent,out\n*.jpg,x.mp4,self,o.mp4\n", UsageError, "one out for 3 pairs"),
        ("photo,driving,consent,out\na.jpg,x.mp4,self,../o.mp4\n", UsageError, "leaves the folder"),
        ("photo,driving,consent,out\na.jpg,x.mp4,self,/tmp/o.mp4\n", UsageError, "leaves the folder"),
        ("photo,driving,consent,out\na.jpg,x.mp4,self,o.exe\n", UsageError, "must end in one of .mp4"),
        ("photo,driving,consent\na.jpg,x.mp4,self,more\n", UsageError, "more values than"),
        ("photo,driving,consent\n", UsageError, "there is no job"),
        ("", UsageError, "there is no job"),
    ],
)
def test_a_wrong_table_is_one_clear_line(desk: Path, text: str, kind: type[MimicaError], says: str) -> None:
    with pytest.raises(kind) as caught:
        jobs(desk, text)
    assert says in str(caught.value)
    assert str(desk / "jobs.csv") in str(caught.value)
    assert not (desk / "out").exists()


@pytest.mark.parametrize("text", ["{", "[1]", '"a.jpg"', "photo,driving"])
def test_lines_that_are_no_objects(desk: Path, text: str) -> None:
    with pytest.raises(UsageError, match="line 1: is no JSON"):
        jobs(desk, text, "jsonl")


def test_an_output_is_never_an_input(desk: Path) -> None:
    (desk / "jobs.csv").write_text("photo,driving,consent,out\na.jpg,x.mp4,self,y.mp4\nb.jpg,y.mp4,self,z.mp4\n")
    with pytest.raises(UsageError, match="is also an input"):
        read_jobs(desk / "jobs.csv")


def test_tables_that_cannot_be_read(desk: Path) -> None:
    with pytest.raises(UnreadableMediaError, match=r"none\.csv cannot be read"):
        read_jobs(desk / "none.csv")
    with pytest.raises(UsageError, match=r"must end in \.csv or \.jsonl"):
        read_jobs(desk / "a.jpg")
    (desk / "noise.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableMediaError, match="cannot be read"):
        read_jobs(desk / "noise.csv")


def test_columns_are_named_as_the_flags_of_animate() -> None:
    import inspect

    assert set(SETTINGS) <= set(inspect.signature(animate).parameters)
