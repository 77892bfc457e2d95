"""`mimica serve`: the page and the REST service on this machine, or for others with tokens.

This module does not know HTTP; it turns options into settings.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from mimica.cli.animate import Device
from mimica.cli.engines import BatchEngineName, service_crew
from mimica.cli.extras import extra
from mimica.errors import UsageError
from mimica.safety.home import home

MEGABYTE = 1_000_000


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; anything but loopback needs --token-file.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535, help="The port.")] = 7860,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Uploads and results; else 'service' in Mimica's home.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where jobs are kept: sqlite:///FILE or postgresql+psycopg://…; else in DIR."),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=0, max=64, help="Processes that animate; replicas, on Ray.")
    ] = 1,
    engine: Annotated[
        BatchEngineName, typer.Option(help="Processes of this machine, or as many replicas of a Ray cluster as needed.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="HOST", help="Of a Ray cluster; a local one is started if not given.")
    ] = None,
    public_url: Annotated[
        list[str] | None,
        typer.Option("--public-url", metavar="URL", help="Address of a reverse proxy in front; may be repeated."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="Who may come in: names and hashes of tokens.")
    ] = None,
    make_token: Annotated[
        str | None,
        typer.Option("--make-token", metavar="NAME", help="Add a token to --token-file, print it once, and stop."),
    ] = None,
    retention_hours: Annotated[
        float, typer.Option("--retention-hours", metavar="H", min=0.01, help="Finished jobs are erased after so long.")
    ] = 72.0,
    quota_jobs: Annotated[
        int, typer.Option("--quota-jobs", metavar="N", min=1, help="Waiting and running jobs of one owner.")
    ] = 20,
    quota_upload: Annotated[
        int, typer.Option("--quota-upload", metavar="MB", min=1, help="Megabytes of one driving video.")
    ] = 1000,
    quota_storage: Annotated[
        int, typer.Option("--quota-storage", metavar="MB", min=1, help="Megabytes of all jobs of one owner.")
    ] = 20_000,
    quota_rate: Annotated[
        float, typer.Option("--quota-rate", metavar="N", min=0.1, help="Requests a second of one owner.")
    ] = 100.0,
    quota_queue: Annotated[
        int, typer.Option("--quota-queue", metavar="N", min=1, help="Waiting jobs of everybody; then it answers 503.")
    ] = 1000,
    device: Annotated[Device, typer.Option(help="Where the networks run.")] = "auto",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the address, the token or the error as one JSON object.")
    ] = False,
) -> None:
    """Serve the page and the REST interface until Ctrl-C."""
    with extra("serve", "serve"):
        from mimica.service.serve import serve as run
        from mimica.service.settings import Quotas, ServiceSettings
        from mimica.service.tokens import make_token as new_token

    if make_token is not None:
        if token_file is None:
            raise UsageError("--make-token needs --token-file FILE, where the token's hash is kept")
        token = new_token(token_file, make_token)
        words = f"{token}\nThis token is shown once; {token_file} keeps its hash. Give it to {make_token}."
        print(json.dumps({"name": make_token, "token": token}) if as_json else words)
        return

    settings = ServiceSettings(
        data=home() / "service" if data is None else data, database=database, host=host, port=port,
        public_urls=tuple(public_url or ()), token_file=token_file, workers=workers, device=device,
        retention_hours=retention_hours,
        quotas=Quotas(
            driver_bytes=quota_upload * MEGABYTE, active_jobs=quota_jobs, stored_bytes=quota_storage * MEGABYTE,
            requests_s=quota_rate, burst=max(1, round(2 * quota_rate)), waiting_jobs=quota_queue,
        ),
    )  # fmt: skip

    def ready(address: str) -> None:
        told = {"url": address, "data": str(settings.data), "workers": settings.workers}
        print(json.dumps(told) if as_json else f"Mimica is at {address} (Ctrl-C stops it)", flush=True)
        if settings.token_file is not None and not settings.public_urls and not settings.loopback_only and not as_json:
            print("note: without TLS others can read along; see docs/howto/serve.md", file=sys.stderr)

    run(settings, ready, service_crew(engine, settings, address))
