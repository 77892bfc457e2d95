"""The table of a batch: pairs, globs, settings, and everything that is refused before any work."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mimica.animation.batch_columns import COLUMNS
from mimica.animation.batch_journal import fingerprint
from mimica.animation.batch_table import Job, read_jobs
from mimica.animation.timeline import Timeline
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
        ("photo,driving,consent,Ping pong\na.jpg,x.mp4,self,true\n", UsageError, "did you mean 'ping_pong'?"),
        ("photo,driving,consent,expresion\na.jpg,x.mp4,self,2\n", UsageError, "did you mean 'expression'?"),
        ("photo,driving,consent,start\na.jpg,x.mp4,self,soon\n", UsageError, "start 'soon' is wrong"),
        ("photo,driving,consent,start,end\na.jpg,x.mp4,self,3,2\n", UsageError, "must be later than"),
        ("photo,driving,consent,loop\na.jpg,x.mp4,self,0\n", UsageError, "0 means until --duration"),
        ("photo,driving,consent,use\na.jpg,x.mp4,self,hair\n", UsageError, "is no part of a motion"),
        ("photo,driving,consent,driver\na.jpg,x.mp4,self,y.mp4\n", UsageError, "--driver 2=FILE"),
        ("photo,driving,consent,box\na.jpg,x.mp4,self,1 2 3 4\n", UsageError, "give x,y,width,height"),
        ("photo,driving,consent,actor\na.jpg,x.mp4,self,best\n", UsageError, "actor 'best' is wrong"),
        ("photo,driving,consent,receipt\na.jpg,x.mp4,,2=b.jws\n", ConsentError, "job 1: "),
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
        ("photo,driving,consent,out\na.jpg,x.mp4,self,/elsewhere/o.mp4\n", UsageError, "leaves the folder"),
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
    with pytest.raises(UnreadableMediaError, match=r"^table .*none\.csv: there is no such file; check the path$"):
        read_jobs(desk / "none.csv")
    with pytest.raises(UsageError, match=r"must end in \.csv or \.jsonl"):
        read_jobs(desk / "a.jpg")
    (desk / "noise.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableMediaError, match=r"^table .*noise\.csv: is no UTF-8 text; save it"):
        read_jobs(desk / "noise.csv")


def test_every_option_of_animate_is_a_column_or_the_batchs_own() -> None:
    import inspect

    options = set(inspect.signature(animate).parameters) - {"photo", "driving", "out"}
    assert options - set(COLUMNS) == {"device", "overwrite", "as_json", "quiet"}
    assert set(COLUMNS) <= options


def test_settings_that_make_one_argument_together(desk: Path) -> None:
    text = (
        "photo,driving,consent,receipt,face,driver,start,end,loop,ping-pong,fps,speed,use,without,actor,box,resume\n"
        'a.jpg,x.mp4,"1=self,2=receipt",2=b.jws,all,2=y.mp4,0:01,1:02.5,3,true,29.97,1/2,'
        'expression;pose,mouth,left,"1,2,30,40",true\n'
    )
    (desk / "b.jws").write_text("agreed")
    (job,) = jobs(desk, text)
    assert job.settings == {
        "consent": {1: "self", 2: "receipt"}, "receipt": {2: str(desk / "b.jws")}, "face": "all",
        "drivers": {2: desk / "y.mp4"}, "parts": ("brows", "eyes", "cheeks", "pose"), "actor": "left",
        "box": (1, 2, 30, 40), "resume": True,
        "timeline": Timeline(Fraction(1), Fraction(125, 2), Fraction(30000, 1001), 3, True, None, Fraction(1, 2)),
    }  # fmt: skip
    assert job.inputs == (desk / "a.jpg", desk / "x.mp4", desk / "y.mp4", desk / "b.jws")


def test_json_lists_and_objects_are_several_values(desk: Path) -> None:
    text = (
        '{"photo": "a.jpg", "driving": "x.mp4", "consent": "historical", "driver": {"2": "y.mp4"}, '
        '"without": ["mouth", "gaze"], "start": 1.5}'
    )
    (job,) = jobs(desk, text, "jsonl")
    assert job.drivers == {2: desk / "y.mp4"}
    assert job.settings["parts"] == ("brows", "eyes", "cheeks", "pose")
    assert job.settings["timeline"] == Timeline(start=Fraction(3, 2))


def test_the_output_is_no_other_faces_driver(desk: Path) -> None:
    (desk / "jobs.csv").write_text("photo,driving,consent,driver,out\na.jpg,x.mp4,historical,2=y.mp4,y.mp4\n")
    with pytest.raises(UsageError, match="is also an input"):
        read_jobs(desk / "jobs.csv")


def test_a_job_is_another_when_a_file_or_a_time_changes_and_the_same_when_resumed(desk: Path) -> None:
    columns = "photo,driving,consent,driver,start,resume\n"
    (desk / "b.jws").write_text("agreed")
    text = "a.jpg,x.mp4,historical,2=y.mp4,1,{}\n"
    (once,), (again,) = jobs(desk, columns + text.format("")), jobs(desk, columns + text.format("true"))
    (later,) = jobs(desk, columns + "a.jpg,x.mp4,historical,2=y.mp4,2,\n")
    first = fingerprint(once)
    assert first == fingerprint(again)
    assert first != fingerprint(later)
    (desk / "y.mp4").write_bytes(b"another actor")
    assert first != fingerprint(once)
