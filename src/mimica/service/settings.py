"""What a service is told when it starts: where it listens, keeps its files, whom it lets in, and how much it takes.

Inert and typed; `create_app` and the workers read it. This module does not know what any of it is used for.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mimica.errors import UsageError

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Quotas:
    """How much one owner (a token, or whoever sits at this machine) may ask for.

    photo_bytes, driver_bytes, upload_s: of one upload. active_jobs: waiting or running at a time. stored_bytes: of all
    jobs that are kept. requests_s, burst: of all requests, as a bucket that fills `requests_s` a second.
    waiting_jobs: of everybody together; whoever comes then is asked to come back later.
    """

    photo_bytes: int = 64 << 20
    driver_bytes: int = 1 << 30
    upload_s: float = 600.0
    active_jobs: int = 20
    stored_bytes: int = 20 << 30
    requests_s: float = 100.0
    burst: int = 200
    waiting_jobs: int = 1000


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Everything about one service.

    data: folder for uploads, results and the SQLite file. database: SQLAlchemy URL; SQLite in `data` when None.
    host, port: where it listens; they also decide which Host headers are believed. public_urls: addresses under which a
    reverse proxy shows it, such as https://mimica.example. token_file: who may come in (`tokens`); required for
    anything but loopback. workers: processes that animate; 0 when they are started elsewhere. retention_hours: how long
    finished jobs are kept. lease_s: a running job whose worker was silent for so long is given to another.
    max_attempts: how often a job may be begun before it is reported failed. work: what a worker does with a job, as
    "module:function" (`work.animation_work` says what it must do).
    """

    data: Path
    database: str | None = None
    host: str = "127.0.0.1"
    port: int = 7860
    public_urls: tuple[str, ...] = ()
    token_file: Path | None = None
    workers: int = 1
    device: str = "auto"
    retention_hours: float = 72.0
    lease_s: float = 60.0
    max_attempts: int = 3
    work: str = "mimica.service.work:animation_work"
    quotas: Quotas = field(default_factory=Quotas)

    def __post_init__(self) -> None:
        """Raises UsageError for what cannot be meant, above all a door open to others without a key."""
        for url in self.public_urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
                raise UsageError(f"the address {url!r} is not like https://mimica.example; give scheme and host only")
        if not self.loopback_only and self.token_file is None:
            raise UsageError(
                f"serving on {self.host} lets others in, so it needs tokens; add --token-file FILE "
                f"(make one with --make-token NAME), or stay on 127.0.0.1"
            )
        if self.retention_hours <= 0 or self.lease_s <= 0 or self.max_attempts < 1 or self.workers < 0:
            raise UsageError("retention, lease and attempts are numbers above zero, workers at least zero")

    @property
    def loopback_only(self) -> bool:
        """Whether only this machine can reach it, as far as these settings say."""
        return is_loopback(self.host) and all(is_loopback(urlsplit(url).hostname or "") for url in self.public_urls)

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL that holds."""
        return self.database or f"sqlite:///{(self.data / 'service.sqlite').absolute()}"

    @property
    def origins(self) -> frozenset[str]:
        """The origins that the page may have, "scheme://host[:port]" in lower case as browsers write them."""
        own = LOOPBACK_NAMES if is_loopback(self.host) or is_any(self.host) else (bracketed(self.host),)
        names = [f"http://{name}:{self.port}" if self.port != 80 else f"http://{name}" for name in own]
        return frozenset([*names, *(url.rstrip("/").lower() for url in self.public_urls)])


def is_loopback(host: str) -> bool:
    """Whether a name or address means this very machine."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_any(host: str) -> bool:
    """Whether an address means every network of this machine (0.0.0.0 or ::)."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """An address as it stands in a URL."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host.lower()
