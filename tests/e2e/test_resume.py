"""Killed with SIGKILL at random moments, again and again, a film still ends in the bytes of an uninterrupted run.

Three films here, each killed until it is finished; `make kill-test` makes more (MIMICA_KILLS).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mimica.safety.ledger import Ledger
from mimica.safety.manifest_reader import read_manifest

FILMS = max(3, int(os.environ.get("MIMICA_KILLS", "0")) // 5)
MOST_KILLS = 12
"""A film that was killed so often is let through."""

SERVER = """
import os
import shutil
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import c2pa
import cv2
import cryptography.x509
import numpy as np

from mimica.media import chunks, video_writer
from mimica.safety import job, ledger
from mimica.safety.admission import SigningOptions
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.release import VideoRelease

FRAMES, SIDE = 60, 128
chunks.CHUNK_FRAMES = video_writer.CHUNK_FRAMES = 6
# every film gets the same names, so that its bytes can be compared
ledger.secrets = SimpleNamespace(token_hex=lambda size: "5a" * size, randbelow=lambda _: 7, choice=lambda ids: 7)
sign = job.sign_file

def sign_and_show(source, *rest):
    shutil.copy(source, payload)
    return sign(source, *rest)

job.sign_file = sign_and_show

class Innocent:
    def classify(self, image):
        return SimpleNamespace(nsfw=0.0)

def work(out):
    print(os.getpid(), flush=True)
    terms = ReleaseTerms(require_consent("fictional"), SigningOptions().signer(), Gate(Innocent()))
    noise = np.random.default_rng(0).integers(40, 216, (16, 16, 3), np.uint8)
    picture = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    with VideoRelease(
        out, (SIDE, SIDE), terms, frames=FRAMES, seconds=FRAMES / 25, rate=Fraction(25), resume=True
    ) as writer:
        print(f"from {writer.frames_done}", flush=True)
        for index in range(writer.frames_done, FRAMES):
            writer.write(np.roll(picture, index, axis=1), Fraction(index, 25))
            print(f"made {index}", flush=True)

cv2.setNumThreads(0)
for line in sys.stdin:
    home, out, payload = line.rstrip("\\n").split("\\t")
    os.environ["MIMICA_HOME"] = home
    child = os.fork()
    if child == 0:
        work(Path(out))
        os._exit(0)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
@pytest.mark.timeout(600 + 60 * FILMS)
def test_a_film_killed_again_and_again_ends_in_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    went_on = 0
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for film in range(FILMS + 1):
            folder = tmp_path / str(film)
            (folder / "out").mkdir(parents=True)
            out, payload = folder / "out" / "a.mp4", folder / "payload"
            kills = 0
            while not out.exists():
                server.stdin.write(f"{folder / 'home'}\t{out}\t{payload}\n")
                child = int(server.stdout.readline())
                lines = rng.randrange(20)  # then it is killed; the first film is the uninterrupted one
                while (line := server.stdout.readline()) != "gone\n":
                    went_on += line.startswith("from ") and line != "from 0\n"
                    lines -= 1
                    if lines < 0 and film > 0 and kills < MOST_KILLS:
                        time.sleep(rng.uniform(0, 0.02))
                        with suppress(ProcessLookupError):  # it may be done by now, and its end not read yet
                            os.kill(child, signal.SIGKILL)
                        kills, lines = kills + 1, 10**9
            assert payload.read_bytes() == (tmp_path / "0" / "payload").read_bytes()
            assert read_manifest(out).state == "valid"
            monkeypatch.setenv("MIMICA_HOME", str(folder / "home"))
            with Ledger.open() as ledger:
                assert ledger.verify().intact
                assert [job.state for job in ledger.jobs()][-1] == "finished"
        server.stdin.close()
    assert went_on, "every kill came before the first piece: nothing was tested"
