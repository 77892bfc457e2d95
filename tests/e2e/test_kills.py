"""Killed without warning at random moments: no half or unmarked file becomes visible, and the ledger's chain holds.

Ten kills here; `make kill-test` does a hundred (MIMICA_KILLS).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mimica.safety.ledger import Ledger
from mimica.safety.manifest_reader import read_manifest
from mimica.safety.perceptual_hash import file_sha256

KILLS = int(os.environ.get("MIMICA_KILLS", "10"))

SERVER = """
import os
import sys
from fractions import Fraction
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import c2pa
import cv2
import cryptography.x509
import numpy as np

from mimica.safety.admission import SigningOptions
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.release import VideoRelease

class Innocent:
    def classify(self, image):
        return SimpleNamespace(nsfw=0.0)

def work(folder):
    print(os.getpid(), flush=True)
    terms = ReleaseTerms(require_consent("fictional"), SigningOptions().signer(), Gate(Innocent()))
    noise = np.random.default_rng(0).integers(40, 216, (128, 128, 3), np.uint8)
    for number in count():
        out = folder / f"{number % 3}.mp4"
        with VideoRelease(out, (128, 128), terms, frames=4, seconds=0.2, rate=Fraction(25)) as writer:
            for index in range(4):
                writer.write(np.roll(noise, index, axis=1), Fraction(index, 25))
        print("made one", flush=True)

cv2.setNumThreads(0)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        work(Path(sys.argv[1]))
    os.waitpid(child, 0)
    print("gone", flush=True)
"""
"""Makes videos in a child until that is killed, and starts the next child at each line; nothing is imported twice."""


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
@pytest.mark.timeout(600 + 30 * KILLS)
def test_kills_at_random_moments_leave_only_whole_marked_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMICA_HOME", str(tmp_path / "home"))
    out = tmp_path / "out"
    out.mkdir()
    rng = random.Random(11)
    visible = 0
    command = [sys.executable, "-c", SERVER, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for _ in range(KILLS):
            server.stdin.write("go\n")
            child = int(server.stdout.readline())
            for _ in range(rng.randrange(4)):  # none: it is killed while it makes its key, or its first file
                assert server.stdout.readline() == "made one\n"
            time.sleep(rng.uniform(0, 0.2))
            os.kill(child, signal.SIGKILL)
            while server.stdout.readline() != "gone\n":
                pass
            visible += check(out)
        for path in (path for path in (*out.iterdir(), *(tmp_path / "home").iterdir()) if path.name.endswith(".part")):
            os.utime(path, (0, 0))  # as the next run finds them some minutes later
        server.stdin.write("go\n")
        child = int(server.stdout.readline())
        assert server.stdout.readline() == "made one\n"
        hidden = [path.name for path in out.iterdir() if path.name.startswith(".") and path.stat().st_mtime == 0]
        os.kill(child, signal.SIGKILL)
        server.stdin.close()
    assert visible, "every kill came before the first file: nothing was tested"
    assert hidden == [], "the next run removes what killed ones left"


def check(folder: Path) -> int:
    """Every visible file is whole, signed and on record, and the chain holds; gives their number."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    with Ledger.open() as ledger:
        assert ledger.verify().intact
        for path in files:
            reading = read_manifest(path)
            assert reading.state == "valid"
            (job,) = ledger.find(output_sha256=file_sha256(path))
            assert (job.state, job.mark_id) == ("finished", reading.mark_id)
    return len(files)
