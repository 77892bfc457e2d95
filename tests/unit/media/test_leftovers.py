"""What a killed process leaves is removed by the next one, and nothing else is: real processes, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mimica.media import leftovers
from mimica.media.leftovers import GRACE_S, remove_leftovers, temporary_path
from mimica.media.unfinished_file import UnfinishedFile

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL and looks at locks")

WRITER = """
import sys
from pathlib import Path
from mimica.media.unfinished_file import UnfinishedFile
file = UnfinishedFile(Path(sys.argv[1]))
file.path.write_bytes(b"half a film")
file.path.with_name(file.path.name.removesuffix(".part") + ".signed.part").write_bytes(b"half a signature")
print(file.path.name, flush=True)
sys.stdin.read()
"""


@contextmanager
def writer(target: Path) -> Iterator[tuple[subprocess.Popen[str], list[Path]]]:
    """A process in the middle of writing `target`, and its two temporary files, which look long untouched."""
    command, pipe = [sys.executable, "-c", WRITER, str(target)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        first = target.parent / process.stdout.readline().strip()
        files = [first, first.with_name(first.name.removesuffix(".part") + ".signed.part")]
        for path in files:
            age(path)
        try:
            yield process, files
        finally:
            process.kill()


def age(path: Path, seconds: float = 2 * GRACE_S) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path: Path) -> None:
    with writer(tmp_path / "a.mp4") as (process, files):
        UnfinishedFile(tmp_path / "b.mp4").discard()
        assert all(path.exists() for path in files), "it is still being written"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert all(path.exists() for path in files), "a kill cannot be caught"
        UnfinishedFile(tmp_path / "b.mp4").discard()
        assert list(tmp_path.iterdir()) == []


def test_a_stopped_process_still_holds_its_files(tmp_path: Path) -> None:
    with writer(tmp_path / "a.mp4") as (process, files):
        os.kill(process.pid, signal.SIGSTOP)
        assert remove_leftovers(tmp_path) == []
        assert all(path.exists() for path in files)


def test_only_what_is_surely_ours_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = temporary_path(tmp_path / "fresh.mp4")
    future = temporary_path(tmp_path / "future.mp4")
    linked = temporary_path(tmp_path / "link.mp4")
    old = temporary_path(tmp_path / "old.mp4")
    elsewhere = tmp_path / "precious"
    others = [
        tmp_path / name for name in (".a.mp4.0a1b2c3d.part", "a.part", ".a.mp4.part", ".a.mp4.zzzzzzzz-00000000.part")
    ]
    for path in (fresh, future, old, elsewhere, *others):
        path.write_bytes(b"x")
    with monkeypatch.context() as patch:
        leftovers._tag.cache_clear()
        patch.setattr(leftovers.platform, "node", lambda: "another machine on the same disk")
        foreign = temporary_path(tmp_path / "foreign.mp4")
        foreign.write_bytes(b"x")
    leftovers._tag.cache_clear()
    linked.symlink_to(elsewhere)
    for path in (old, foreign, elsewhere, *others):
        age(path)
    age(future, -3600)  # the clock was set back since
    assert remove_leftovers(tmp_path) == [old.name]
    assert elsewhere.read_bytes() == b"x"
    assert linked.is_symlink()


def test_a_half_made_folder_goes_too(tmp_path: Path) -> None:
    folder = temporary_path(tmp_path / "signing")
    folder.mkdir()
    (folder / "key.pem").write_bytes(b"half a key")
    age(folder)
    assert remove_leftovers(tmp_path) == [folder.name]


def test_a_folder_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path / "absent") == []


def test_a_name_of_any_length_and_script_leaves_room(tmp_path: Path) -> None:
    target = tmp_path / ("影" * 81 + ".mp4")  # 247 bytes, which file systems allow
    file = UnfinishedFile(target)
    assert len(os.fsencode(file.path.name)) < 240
    file.finish()
    assert target.exists()


def test_an_interrupt_in_the_moment_of_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def interrupted(_descriptor: int) -> bool:
        seen.extend(tmp_path.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr("mimica.media.unfinished_file.hold", interrupted)
    with pytest.raises(KeyboardInterrupt):
        UnfinishedFile(tmp_path / "film.mp4")
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_nobody_holds_any_more_is_removed_and_a_finished_one_stays(tmp_path: Path) -> None:
    forgotten = UnfinishedFile(tmp_path / "a.mp4")
    path = forgotten.path
    del forgotten
    assert not path.exists()
    kept = UnfinishedFile(tmp_path / "b.mp4")
    kept.finish()
    del kept
    assert [each.name for each in tmp_path.iterdir()] == ["b.mp4"]
