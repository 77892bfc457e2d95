"""`mimica serve` as a process of its own, for the tests that need a real one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx2

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "src" / "mimica" / "demo"


PATIENCE_S = 120.0


_ports = iter(range(20_000 + os.getpid() % 10_000, 32_000))
"""Below those that systems give to connections, so that none takes one between the look and the use."""


def free_port() -> int:
    """A port that nobody listens on, another one each time."""
    for port in _ports:
        with socket.socket() as door, suppress(OSError):
            door.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def short_driver(path: Path, frames: int) -> Path:
    """The first `frames` of the demo's driving video."""
    from itertools import islice

    from mimica.media import VideoWriter, open_video

    with open_video(DEMO / "driver.mp4") as clip:
        size = (clip.info.width, clip.info.height)
        with VideoWriter(path, size, rate=clip.info.rate) as writer:
            for frame in islice(clip, frames):
                writer.write(frame.image, frame.time)
    return path


@dataclass
class ServiceProcess:
    """Starts and stops a service on one folder; killing it leaves everything as it was."""

    folder: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None
    log: IO[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, code: str | None = None) -> ServiceProcess:
        """code: Python to run in place of `mimica serve`."""
        command = ["-m", "mimica", "serve", "--port", str(self.port), "--data", str(self.folder / "data"), "--json"]
        self.log = (self.folder / "service.log").open("a")
        environment = {**os.environ, "MIMICA_HOME": str(self.folder / "home")}
        self.process = subprocess.Popen(
            [sys.executable, *(command if code is None else ["-c", code]), *self.options], env=environment,
            stdout=subprocess.PIPE, stderr=self.log, encoding="utf-8", start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "service.log").read_text()
        assert "url" in json.loads(line), line
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{self.url}/api/v1/health", timeout=PATIENCE_S).status_code == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError(f"the service did not answer: {(self.folder / 'service.log').read_text()}")

    def kill(self) -> None:
        """End the server at once, as kill -9 does; its workers are not told."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def stop(self) -> int:
        """End it as Ctrl-C does, and whatever it started."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._close()
        return code

    def _close(self) -> None:
        assert self.process is not None
        if self.process.stdout is not None:
            self.process.stdout.close()
        if self.log is not None:
            self.log.close()
            self.log = None

    def workers(self) -> list[int]:
        """The processes of the workers (Linux)."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = [int(pid) for task in children.parents[1].iterdir() for pid in _told(task / "children").split()]
        return [pid for pid in found if b"service.worker" in _told(Path(f"/proc/{pid}/cmdline"))]


def _told(file: Path) -> bytes:
    """What /proc says of a thread or a process; nothing when that has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return file.read_bytes()
    return b""
