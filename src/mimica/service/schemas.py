"""What the interface takes and gives, as types: checked on the way in, written into OpenAPI.

This module does not know where anything is kept.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mimica.service.tables import Job

BasisName = Literal["self", "receipt", "fictional", "historical", "licensed"]
PurposeName = Literal["personal", "publication", "commercial", "research"]
Scale = Annotated[float, Field(ge=0, le=3, allow_inf_nan=False)]


class Strict(BaseModel):
    """An unknown member is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)


class JobSettings(Strict):
    """The part `settings` of a new job: these flags of `mimica animate`, named alike. `consent` has no default."""

    consent: BasisName = Field(description="On whose word the face is animated; see GET /api/v1/session.")
    purpose: PurposeName = "personal"
    label: Literal["start", "always"] = "start"
    framing: Literal["photo", "crop"] = "photo"
    motion: Literal["relative", "absolute"] = "relative"
    expression: Scale = 1.0
    pose: Scale = 1.0
    gaze: Scale = 1.0
    face: Literal["largest"] | Annotated[int, Field(ge=1, le=1000)] = "largest"
    crf: Annotated[int, Field(ge=0, le=51)] = 16
    audio: bool = True


class PortraitSettings(Strict):
    """The part `settings` of a new portrait. `consent` has no default."""

    consent: BasisName = Field(description="On whose word the face is changed; see GET /api/v1/session.")
    purpose: PurposeName = "personal"
    face: Literal["largest"] | Annotated[int, Field(ge=1, le=1000)] = "largest"


class EditBody(Strict):
    """What to change: names of GET /api/v1/controls and how much of each is added; 0 is the photo as it is."""

    edits: dict[str, Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]] = Field(
        default_factory=dict, max_length=200
    )
    neutral: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0


class ProblemBody(BaseModel):
    """RFC 9457; `exit_code` is what the command line would answer."""

    type: str
    title: str
    status: int
    detail: str
    exit_code: int | None = None


class JobProgress(BaseModel):
    """stage: in words. done, total: frames. fps: frames a second. remaining_s: at this speed."""

    stage: str
    done: int
    total: int | None
    fps: float
    remaining_s: float | None


class JobError(BaseModel):
    """Why a job failed; see docs/reference/exit-codes.md."""

    type: str
    message: str
    exit_code: int


class JobView(BaseModel):
    """A job. version: grows with each change. previews: how many preview pictures there were so far."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    version: int
    created: datetime
    started: datetime | None
    finished: datetime | None
    expires: datetime | None
    settings: dict[str, Any]
    progress: JobProgress
    previews: int
    attempts: int
    bytes: int
    cancelling: bool
    error: JobError | None
    report: dict[str, Any] | None
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, retention_s: float) -> JobView:
        """A row as its owner sees it."""
        left = None
        if job.state == "running" and job.frames_total and job.fps > 0:
            left = round(max(job.frames_total - job.frames_done, 0) / job.fps, 1)
        here = f"/api/v1/jobs/{job.id}"
        links = {"self": here, "events": f"{here}/events", "photo": f"{here}/photo", "driver": f"{here}/driver"}
        if job.previews:
            links["preview"] = f"{here}/preview"
        if job.state == "done":
            links["result"] = f"{here}/result"
        failed = job.error_type is not None
        return cls(
            id=job.id, state=job.state, version=job.version, created=_time(job.created),  # pyright: ignore[reportArgumentType]
            started=_maybe(job.started), finished=_maybe(job.finished),
            expires=None if job.finished is None else _time(job.finished + retention_s), settings=job.settings,
            progress=JobProgress(
                stage=job.stage or job.state, done=job.frames_done, total=job.frames_total, fps=round(job.fps, 2),
                remaining_s=left,
            ),
            previews=job.previews, attempts=job.attempts, bytes=job.bytes,
            cancelling=job.cancel_asked and job.state == "running",
            error=JobError(type=job.error_type or "", message=job.error_message or "", exit_code=job.error_code or 1)
            if failed else None,
            report=job.report, links=links,
        )  # fmt: skip


class JobList(BaseModel):
    """The newest jobs first. next: where the list goes on, None at its end."""

    jobs: list[JobView]
    next: str | None


class FaceView(BaseModel):
    """box: left, top, right, bottom; points: right eye, left eye, nose tip, mouth corners; all in pixels."""

    number: int
    box: list[float]
    score: float
    points: list[list[float]]


class FacesView(BaseModel):
    """The faces of a photo, numbered as the setting `face` wants them. size: width, height in pixels."""

    size: list[int]
    faces: list[FaceView]


class PortraitView(BaseModel):
    """A portrait that can be changed. size: width, height of its photo in pixels."""

    id: str
    size: list[int]


class ControlView(BaseModel):
    """One name that moves something. low, high: the range that looks natural. unit: "" for strengths."""

    name: str
    group: str
    words: str
    low: float
    high: float
    unit: str


class ControlList(BaseModel):
    """Every control."""

    controls: list[ControlView]


class VerificationView(BaseModel):
    """What each layer of provenance says; see docs/howto/verify.md."""

    kind: Literal["image", "video"]
    sha256: str
    marked: bool
    manifest: dict[str, Any]
    mark: dict[str, Any]
    registry: list[dict[str, Any]] | None
    tags: dict[str, Any]
    notes: list[str]


class Health(BaseModel):
    """The service answers, and so does its database."""

    status: Literal["ok"]
    version: str


class BasisView(BaseModel):
    """One basis of consent and what choosing it asserts. receipt: "required", "optional" or "refused"."""

    name: BasisName
    asserts: str
    receipt: str


class SessionView(BaseModel):
    """Who is asking, and what a page has to show."""

    owner: str
    tokens: bool
    version: str
    bases: list[BasisView]
    purposes: dict[str, str]
    photo_bytes: int
    driver_bytes: int
    retention_hours: float


class TokenBody(Strict):
    """A token to be swapped for a cookie."""

    token: Annotated[str, Field(min_length=1, max_length=200)]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe(seconds: float | None) -> datetime | None:
    return None if seconds is None else _time(seconds)
