"""Time stamps by a real RFC 3161 server, openssl's, and by servers that misbehave."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from mimica.cli.main import run
from mimica.errors import OutputError
from mimica.media import save_image
from mimica.safety import time_stamp
from mimica.safety.admission import SigningOptions
from mimica.safety.consent import require_consent
from mimica.safety.gate import Gate
from mimica.safety.job import ReleaseTerms
from mimica.safety.manifest import Statement, sign_file
from mimica.safety.manifest_reader import read_manifest
from mimica.safety.release import release_image
from mimica.safety.time_stamp import MAX_ANSWER_BYTES, StampRelay, require_reachable
from mimica.safety.verify import verify

PICTURE = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
STATEMENT = Statement("ab" * 16, 4711, "self", "1.2.3")

CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = ./serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[req]
distinguished_name = name
prompt = no
[name]
O = Test
CN = Test time stamps
[stamps]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[issues]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""

SERVER = """
import subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Stamps(BaseHTTPRequestHandler):
    def do_POST(self):
        open("query", "wb").write(self.rfile.read(int(self.headers["Content-Length"])))
        subprocess.run(
            ("openssl ts -reply -config conf -queryfile query -signer stamps.pem -inkey stamps.key "
             "-chain ca.pem -out reply").split(), check=True, capture_output=True)
        answer = open("reply", "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Stamps)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a time stamp authority made by openssl; `ca.pem` vouches for it."""
    if shutil.which("openssl") is None:
        pytest.skip("a time stamp server needs the openssl program, which is not installed")
    folder = tmp_path_factory.mktemp("authority")
    (folder / "conf").write_text(CONFIGURATION)
    (folder / "serial").write_text("01")
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config conf"
    for line in (
        f"openssl req -x509 {curve} -keyout ca.key -out ca.pem -days 30 -subj /O=Test/CN=Authority -extensions issues",
        f"openssl req -new {curve} -keyout stamps.key -out stamps.csr",
        "openssl x509 -req -in stamps.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out stamps.pem -days 20 "
        "-extfile conf -extensions stamps",
    ):
        subprocess.run(line.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def server(authority: Path) -> Iterator[str]:
    """The address of a time stamp server that runs as a process of its own."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, cwd=authority, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        process.kill()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    save_image(tmp_path / "picture.png", PICTURE)
    return tmp_path / "picture.png"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def sign(picture: Path, address: str) -> Path:
    target = picture.with_name("signed.png")
    sign_file(picture, target, "image/png", STATEMENT, SigningOptions(timestamp=address).signer())
    return target


def test_a_signature_carries_the_servers_time(picture: Path, server: str, authority: Path) -> None:
    signed = sign(picture, server)
    reading = read_manifest(signed)
    assert (reading.state, reading.time_stamp, reading.stamped_by) == ("valid", "valid", "Test time stamps")
    signed_at = np.datetime64(reading.signed_at.removesuffix("+00:00"), "s").astype(float)
    assert abs(time.time() - signed_at) < 3600  # an hour off is another zone; minutes may be a clock that was set
    assert read_manifest(signed, (authority / "ca.pem").read_text()).time_stamp == "trusted"


def test_without_a_server_there_is_no_time_and_nobody_vouches(picture: Path) -> None:
    target = picture.with_name("signed.png")
    sign_file(picture, target, "image/png", STATEMENT, SigningOptions().signer())
    reading = read_manifest(target)
    assert (reading.state, reading.time_stamp, reading.signed_at, reading.stamped_by) == ("valid", "absent", "", "")


def test_a_released_picture_tells_its_time_stamp(
    tmp_path: Path, server: str, authority: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Innocent:
        def classify(self, _: np.ndarray) -> object:
            return type("Verdict", (), {"nsfw": 0.0})

    signer = SigningOptions(timestamp=server).signer()
    release_image(tmp_path / "a.png", PICTURE, ReleaseTerms(require_consent("fictional"), signer, Gate(Innocent())))
    assert verify(tmp_path / "a.png").manifest.time_stamp == "valid"
    assert run(["verify", str(tmp_path / "a.png"), "--anchors", str(authority / "ca.pem")]) == 0
    assert 'by "Test time stamps", trusted here' in capsys.readouterr().out
    assert run(["verify", "--json", str(tmp_path / "a.png")]) == 0
    (told,) = json.loads(capsys.readouterr().out)["files"]
    assert (told["manifest"]["time_stamp"], told["manifest"]["stamped_by"]) == ("valid", "Test time stamps")


def test_another_time_in_the_stamp_is_noticed(picture: Path, server: str) -> None:
    signed = sign(picture, server)
    earlier, count = re.subn(rb"20\d\d(\d{10}(\.\d+)?Z)", rb"2001\1", signed.read_bytes())
    assert count
    signed.write_bytes(earlier)
    reading = read_manifest(signed)
    assert reading.time_stamp == "invalid"
    assert (reading.signed_at, reading.stamped_by) == ("", "")


def test_a_name_that_was_changed_in_the_stamp_is_never_trusted(picture: Path, server: str, authority: Path) -> None:
    """Without anchors nobody vouches for the name, as for a signer's: that is what "not trusted" says."""
    signed = sign(picture, server)
    signed.write_bytes(signed.read_bytes().replace(b"Test time stamps", b"Best time stamps"))
    assert read_manifest(signed, (authority / "ca.pem").read_text()).time_stamp != "trusted"


def serve(
    answer: bytes, endless: bool = False, status: int = 200, pause_s: float = 0
) -> tuple[ThreadingHTTPServer, str]:
    """A server in a thread that answers every query with `answer`, again and again when `endless`."""

    class Odd(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            try:
                self.wfile.write(answer)
                while endless:
                    time.sleep(pause_s)
                    self.wfile.write(answer)
            except OSError:
                gone.append(self.path)

        def log_message(self, format: str, *args: object) -> None: ...

    gone: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


@pytest.mark.parametrize(
    ("answer", "endless", "status", "pause_s", "patience_s", "told"),
    [
        (b"0" * (MAX_ANSWER_BYTES // 2), True, 200, 0, 300, "sent more than 65536 bytes"),
        (b"0", True, 200, 0.05, 0.5, "did not answer"),
        (b"no", False, 500, 0, 300, "answered 500"),
        (b"", False, 302, 0, 300, "answered 302"),
    ],
    ids=["endless", "dripping", "failing", "redirecting"],
)
def test_a_server_that_misbehaves_costs_little_and_leaves_nothing(
    picture: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, endless: bool, status: int, pause_s: float,
    patience_s: float, told: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(time_stamp, "PATIENCE_S", patience_s)
    server, address = serve(answer, endless, status, pause_s)
    start = time.monotonic()
    with server, pytest.raises(OutputError, match=told) as caught:
        sign(picture, address)
    server.server_close()
    assert time.monotonic() - start < 120  # the dripping one would take most of an hour
    assert "\n" not in str(caught.value)
    assert [path.name for path in picture.parent.iterdir() if "signed" in path.name] == []


def test_an_answer_that_is_no_time_stamp_is_refused(picture: Path) -> None:
    server, address = serve(b"hello")
    with server, pytest.raises(OutputError, match="check the time stamp server"):
        sign(picture, address)
    assert not picture.with_name("signed.png").exists()


def test_a_server_that_is_not_there_is_told_before_anything_is_computed() -> None:
    with pytest.raises(OutputError, match="nothing was computed"):
        require_reachable("http://127.0.0.1:9/")
    with pytest.raises(OutputError, match="cannot be reached"):
        SigningOptions(timestamp="http://127.0.0.1:9/").signer()


def test_a_proxy_is_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    require_reachable("http://stamps.example/")
    with StampRelay("http://stamps.example/") as relay:
        assert relay.url == "http://stamps.example/"


def test_the_relay_answers_only_who_signs() -> None:
    import urllib.error
    import urllib.request

    with StampRelay("http://127.0.0.1:9/") as relay:
        other = relay.url.rpartition("/")[0] + "/else"
        with pytest.raises(urllib.error.HTTPError, match="502") as caught:
            urllib.request.urlopen(urllib.request.Request(other, b"query"), timeout=120)
        caught.value.close()
        assert relay.problem == ""
