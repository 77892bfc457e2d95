"""The tables of the service: jobs, and the sessions of the page. Times are seconds since 1970 (UTC).

SQLite by default (write-ahead log, every commit on disk), PostgreSQL by URL. This module does not know who reads or
writes them.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Engine, Index, Integer, String, Text, UniqueConstraint, create_engine, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mimica.errors import UsageError
from mimica.safety.write_ahead import use_write_ahead_log

ACTIVE: Final = ("queued", "running")
FINISHED: Final = ("done", "failed", "cancelled")
STATES: Final = (*ACTIVE, *FINISHED)
BUSY_S: Final = 30.0
"""How long one program waits for another's writing, seconds."""


class Table(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = {dict[str, Any]: JSON}  # noqa: RUF012 SQLAlchemy's own declaration


class Job(Table):
    """One animation that was asked for, from its acceptance to its erasure.

    number: order of acceptance. owner: whose token. claim: a fresh secret for each attempt; a worker that lost it may
    no longer write. version: counts changes, so that whoever watches sees them. fingerprint: of everything that was
    asked, so that an idempotency key cannot be used for something else.
    """

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("owner", "idempotency_key"), Index("by_state", "state", "number"))

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer, default=1)
    created: Mapped[float]
    started: Mapped[float | None]
    finished: Mapped[float | None]
    settings: Mapped[dict[str, Any]]
    photo: Mapped[str] = mapped_column(String(32))
    driver: Mapped[str] = mapped_column(String(32))
    receipt: Mapped[str | None] = mapped_column(String(32))
    bytes: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(64))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    claim: Mapped[str | None] = mapped_column(String(32))
    worker: Mapped[str | None] = mapped_column(String(64), index=True)
    lease_until: Mapped[float | None]
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    stage: Mapped[str] = mapped_column(String(40), default="")
    frames_done: Mapped[int] = mapped_column(Integer, default=0)
    frames_total: Mapped[int | None] = mapped_column(Integer)
    fps: Mapped[float] = mapped_column(default=0.0)
    previews: Mapped[int] = mapped_column(Integer, default=0)
    result: Mapped[str | None] = mapped_column(String(64))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error_type: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_code: Mapped[int | None] = mapped_column(Integer)


class Session(Table):
    """A page that has shown its token: the sha256 of its cookie, whose it is, and until when."""

    __tablename__ = "sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    expires: Mapped[float]


def open_database(url: str) -> Engine:
    """An engine for `url` with all tables made. Raises UsageError when it cannot be used, without its password."""
    try:
        engine = create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            "--database is not a database that can be used here; give sqlite:///FILE or, with the extra "
            "serve-postgres, postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    try:
        with engine.begin() as connection:
            # Several programs may start at once; the first makes the tables.
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(774921)")
            elif engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            Table.metadata.create_all(connection)
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
        shown = engine.url.render_as_string(hide_password=True)
        engine.dispose()
        raise UsageError(f"database {shown}: cannot be opened ({reason}); check the address and the rights") from error
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_S * 1000:.0f}").close()
    use_write_ahead_log(connection, BUSY_S)
    connection.execute("PRAGMA synchronous=FULL").close()
