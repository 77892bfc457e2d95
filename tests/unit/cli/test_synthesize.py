from __future__ import annotations

import json
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))

import toy

from mimica.cli.main import run
from mimica.cli.synthesize import frame_rate
from mimica.errors import UsageError


@pytest.mark.parametrize(("text", "rate"), [("25", Fraction(25)), ("30000/1001", Fraction(30000, 1001))])
def test_rates_are_exact(text: str, rate: Fraction) -> None:
    assert frame_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "-25", "1/0", "fast", "nan", ""])
def test_wrong_rates(text: str) -> None:
    with pytest.raises(UsageError, match="--rate"):
        frame_rate(text)


def test_missing_inputs_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "file").write_text("x")
    for portraits, rig in [
        ("none", "file"),
        ("file", "file"),
        ("photos", "none"),
        ("photos", "file"),
        ("photos", "photos"),
    ]:
        words = ["--portraits", tmp_path / portraits, "--rig", tmp_path / rig, "--teacher", tmp_path / "file"]
        assert run(["synthesize", *map(str, words), "-o", str(tmp_path / "set")]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("mimica: error: ")
        assert err.count("\n") == 1


def test_an_output_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "file").write_text("x")
    words = ["--portraits", tmp_path / "photos", "--rig", tmp_path / "file", "--teacher", tmp_path / "file"]
    assert run(["synthesize", *map(str, words), "-o", str(tmp_path / "file" / "set")]) == 5
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fitted toys 0008 (held out) and 0009, and prepared/ with their rig."""
    folder, atlas = tmp_path_factory.mktemp("people"), toy.make_atlas()
    for key in ("0008", "0009"):
        toy.make_fitted(atlas, key).save(folder / f"{key}.npz")
    (folder / "prepared").mkdir()
    atlas.rig.save(folder / "prepared" / "rig.npz")
    atlas.correspondence.save(folder / "prepared" / "correspondence.npz")
    return folder


def words(people: Path, out: Path, *more: str) -> list[str]:
    """The command line on a copy of the prepared folder."""
    shutil.copytree(people / "prepared", out / "prepared", dirs_exist_ok=True)
    files = ["--portraits", people, "--rig", people / "prepared" / "rig.npz", "--teacher", people / "not-needed"]
    return ["synthesize", *map(str, files), "-o", str(out), *more]


@pytest.mark.parametrize(("kind", "file"), [("pairs", "shard-00000.tar"), ("rig", "rig-00000.npz")])
def test_each_kind_goes_into_its_own_folder(
    kind: str, file: str, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = words(people, tmp_path, "--kind", kind, "--count", "2", "--size", "32", "--json")
    assert run(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == kind
    assert told["shards"] == [str(tmp_path / kind / file)]
    assert told["portraits"] == 2
    assert (tmp_path / kind / "ledger.jsonl").read_text().count("\n") >= 2
    before = (tmp_path / kind / file).stat().st_mtime_ns
    assert run(arguments) == 0  # all there already
    assert (tmp_path / kind / file).stat().st_mtime_ns == before
    assert run([*arguments, "--seed", "5"]) == 5  # other settings
    assert "other settings" in capsys.readouterr().out


def test_excluded_people_stay_out(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.txt"
    names.write_text("0009\n")
    out = tmp_path / "data"
    assert run(words(people, out, "--kind", "motion", "--count", "1", "--exclude", str(names), "--json")) == 0
    assert json.loads(capsys.readouterr().out)["portraits"] == 1
    assert "0009" not in (out / "motion" / "ledger.jsonl").read_text()
    names.write_text("0009\nannna\n")
    assert run(words(people, out, "--kind", "motion", "--count", "1", "--exclude", str(names))) == 0
    assert "annna" in capsys.readouterr().err  # a misspelt name excludes nobody: say so
    assert run(words(people, out, "--kind", "finder", "--count", "1", "--exclude", str(names))) == 2
    assert "train split" in capsys.readouterr().err


def test_a_damaged_list_is_one_line(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.json"
    names.write_text("{")
    assert run(words(people, tmp_path, "--exclude", str(names))) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_making_data_needs_no_torch(people: Path, tmp_path: Path) -> None:
    script = "import sys; from mimica.cli.main import run; assert run(sys.argv[1:]) == 0; print('torch' in sys.modules)"
    arguments = words(people, tmp_path, "--kind", "motion", "--count", "1", "--quiet")
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=500)
    assert done.stdout.strip() == "False", done.stderr
