"""The ledger's rows and how they are chained: what is known of each animation, and proof that no row was changed.

Each row's hash is sha256(previous row's hash + newline + body), the body being canonical JSON. So a changed, swapped,
inserted or deleted row breaks the chain; cutting off the newest rows does not, which is why the ledger also counts, and
why a row's hash is worth keeping elsewhere, as in the output's manifest. This module does not know how rows are stored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal

from mimica.safety.consent import ConsentRecord

Event = Literal["started", "finished", "failed"]
GENESIS: Final = "0" * 64
"""What the first row has in place of a previous hash."""


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known before an animation is computed.

    Attributes:
        consent: on whose word.
        weights: sha256 of each network's file, by name.
        inputs: sha256 of each input file, by role ("photo", "driver").
        settings: how it is made, in types that JSON knows.
    """

    consent: ConsentRecord
    weights: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row. A row is never updated: a job has a row "started" and later a row "finished" or "failed".

    Attributes:
        event: what happened.
        job: 32 hexadecimal digits, the same in both rows of a job.
        mark_id: 0 to 65535, what the invisible mark says; given by the ledger with the row "started".
        consent, weights, inputs, settings: as in `JobFacts`; empty in the second row.
        output_sha256: of the finished file; None in other rows.
        reason: why the job failed; empty in other rows.
        version: of Mimica.
        time: UTC, ISO 8601, given by the ledger.
        note: what the ledger noticed, such as a clock that went back.
        number, previous, hash: place in the chain, given by the ledger.
    """

    event: Event
    job: str
    mark_id: int
    consent: Mapping[str, Any] = field(default_factory=dict[str, Any])
    weights: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    output_sha256: str | None = None
    reason: str = ""
    version: str = ""
    time: str = ""
    note: str = ""
    number: int = 0
    previous: str = GENESIS
    hash: str = ""

    @property
    def body(self) -> str:
        """Everything but the two hashes, as canonical JSON: what the row's hash is taken of."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _BODY}
        return canonical(values | {name: dict(values[name]) for name in ("consent", "weights", "inputs", "settings")})

    def as_dict(self) -> dict[str, Any]:
        """The row in types that JSON knows."""
        return {**json.loads(self.body), "previous": self.previous, "hash": self.hash}

    @classmethod
    def parse(cls, body: str, previous: str, hash: str) -> LedgerRow:
        """A row from what was stored. Raises ValueError when the body is not one."""
        values: Any = json.loads(body)
        try:
            return cls(**values, previous=previous, hash=hash)
        except TypeError as error:
            raise ValueError(str(error)) from error


_BODY: Final = tuple(item.name for item in fields(LedgerRow) if item.name not in ("previous", "hash"))


@dataclass(frozen=True, slots=True)
class LedgerJob:
    """One animation: its row "started", and its second row, None while it runs or when it was killed."""

    started: LedgerRow
    ended: LedgerRow | None = None

    @property
    def mark_id(self) -> int:
        return self.started.mark_id

    @property
    def state(self) -> Literal["unfinished", "finished", "failed"]:
        if self.ended is None:
            return "unfinished"
        return "finished" if self.ended.event == "finished" else "failed"

    @property
    def output_sha256(self) -> str | None:
        return None if self.ended is None else self.ended.output_sha256

    def as_dict(self) -> dict[str, Any]:
        """The job in types that JSON knows."""
        rows = [self.started] if self.ended is None else [self.started, self.ended]
        return {
            "job": self.started.job, "mark_id": self.mark_id, "state": self.state,
            "output_sha256": self.output_sha256, "rows": [row.as_dict() for row in rows],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What `verify` found. rows: their number. head: hash of the newest. problems: empty when the chain is intact.

    notes: what is odd but no proof of tampering, such as a clock that went back.
    """

    rows: int
    head: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        return not self.problems


def canonical(value: Mapping[str, Any]) -> str:
    """JSON with one spelling: sorted keys, no spaces, ASCII, no NaN. Raises ValueError or TypeError on other types."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def row_hash(previous: str, body: str) -> str:
    """64 hexadecimal digits that bind a row to all rows before it."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def check_chain(stored: Iterable[tuple[int, str, str, str]]) -> LedgerState:
    """Walk over rows (number, body, previous, hash) in order and name every break."""
    problems: list[str] = []
    notes: list[str] = []
    head, count, last_time = GENESIS, 0, ""
    for number, body, previous, hash in stored:
        count += 1
        if number != count:
            problems.append(f"row {count} is missing: row {number} follows")
            count = number
        if previous != head:
            problems.append(f"row {number} does not follow the row before it")
        if row_hash(previous, body) != hash:
            problems.append(f"row {number} was changed")
        head = hash
        try:
            row = LedgerRow.parse(body, previous, hash)
            if row.number != number:
                problems.append(f"row {number} calls itself {row.number}")
            if last_time and datetime.fromisoformat(row.time) < datetime.fromisoformat(last_time):
                notes.append(f"row {number}: the clock had gone back to {row.time}")
            last_time = row.time
        except ValueError as error:
            problems.append(f"row {number} cannot be read ({error})")
    return LedgerState(count, head, tuple(problems), tuple(notes))
