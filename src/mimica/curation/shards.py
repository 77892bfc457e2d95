"""Shards: WebDataset tars of the clips of one subject each, with a Parquet index and ledger rows beside them.

A shard is a pure function of its clips and the settings, made on one CPU thread, without dates: the same bytes wherever
and however often it is made. Its files take their names only when complete, the tar last.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from mimica.core.geometry import CropFrame
from mimica.core.motion import EXPRESSION_NAMES
from mimica.curation.balance import cell
from mimica.curation.config import CurationConfig
from mimica.curation.records import Clip, Refusal
from mimica.errors import MediaError, OutputError
from mimica.faces.alignment import extract
from mimica.media.unfinished_file import output_error
from mimica.media.video_reader import open_video
from mimica.media.video_writer import VideoWriter


@dataclass(frozen=True, slots=True)
class ShardOrder:
    """A shard to write. name: without ending; it follows from what is in it. clips: of one subject, by key."""

    name: str
    clips: tuple[Clip, ...]


@dataclass(frozen=True, slots=True)
class ShardResult:
    """A shard that is there. lost: clips of films that could not be read to the end. error: why it is not there.

    seconds: of CPU that it took, 0 where it was there before.
    """

    name: str
    bytes: int
    seconds: float
    lost: tuple[Refusal, ...] = ()
    error: str = ""


def plan_shards(clips: Iterable[Clip], config: CurationConfig) -> list[ShardOrder]:
    """The shards of a corpus: each subject's clips in a group of shards of their own.

    A shard's name is its group's and a digest of clips and settings: whatever changes makes new shards, the rest stays.
    """
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda each: each.key):
        groups[group_of(clip.source.rights.subject)].append(clip)
    size = config.clips_per_shard
    orders: list[ShardOrder] = []
    for group, members in sorted(groups.items()):
        for first in range(0, len(members), size):
            part = tuple(members[first : first + size])
            orders.append(ShardOrder(f"{group}-{_digest(part, config)}", part))
    return orders


def _digest(clips: Sequence[Clip], config: CurationConfig) -> str:
    facts = [clip.as_mapping() for clip in clips]
    for fact in facts:
        fact["source"] = clip_rights = dict(fact["source"])
        clip_rights.pop("path")  # a film may lie anywhere
    return hashlib.sha256(json.dumps([facts, config.to_mapping()], sort_keys=True).encode()).hexdigest()[:8]


def group_of(subject: str) -> str:
    """The name of a subject's shard group; it does not tell theirs."""
    return f"group-{hashlib.sha256(subject.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class WriteShard:
    """The stage: `ShardOrder` → `ShardResult`, with the shard in `folder`. One that is there is not made again."""

    config: CurationConfig
    folder: str

    @property
    def name(self) -> str:
        return "crop and encode"

    def __call__(self, order: ShardOrder) -> ShardResult:
        target = Path(self.folder) / f"{order.name}.tar"
        if target.exists():
            return ShardResult(order.name, target.stat().st_size, 0.0, _lost(target))
        started = time.process_time()
        try:
            content, rows, lost = self._made(order)
            index = _parquet(rows)
            put_file(target.with_suffix(".sha256"), _checksums({target.name: content, f"{order.name}.parquet": index}))
            put_file(target.with_suffix(".parquet"), index)
            put_file(target.with_suffix(".jsonl"), json_lines([_ledger_row(row) for row in rows]))
            if lost:
                put_file(_lost_path(target), json_lines([asdict(refusal) for refusal in lost]))
            put_file(target, content)
        except Exception as error:  # noqa: BLE001 a shard that fails is told with the others, and made on the next run
            told = f"{type(error).__name__}: {' '.join(str(error).split())}"
            return ShardResult(order.name, 0, 0.0, error=told)
        return ShardResult(order.name, len(content), time.process_time() - started, lost)

    def _made(self, order: ShardOrder) -> tuple[bytes, list[dict[str, Any]], tuple[Refusal, ...]]:
        films: dict[str, list[Clip]] = defaultdict(list)
        for clip in order.clips:
            films[clip.source.path].append(clip)
        encoded: dict[str, bytes] = {}
        lost: list[Refusal] = []
        for path, clips in films.items():
            try:
                encoded |= cut_out(Path(path), clips, self.config)
            except MediaError as error:
                told = " ".join(str(error).split()).replace(path, "the film")
                lost += [Refusal(clip.key, clip.source.rights.subject, self.name, told) for clip in clips]
        content = io.BytesIO()
        rows: list[dict[str, Any]] = []
        with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for clip in order.clips:
                if clip.key not in encoded:
                    continue
                video, facts = encoded[clip.key], clip_facts(clip)
                offset = content.tell() + tarfile.BLOCKSIZE
                for ending, data in (("mp4", video), ("json", json.dumps(facts, sort_keys=True).encode())):
                    entry = tarfile.TarInfo(f"{clip.key}.{ending}")
                    entry.size = len(data)
                    archive.addfile(entry, io.BytesIO(data))
                rows.append(_row(clip, order.name, video, offset))
        return content.getvalue(), rows, tuple(lost)


def cut_out(film: Path, clips: Sequence[Clip], config: CurationConfig) -> dict[str, bytes]:
    """Each clip of one film as an MP4 of `size` px at the film's own times, without sound; one pass over the film.

    Raises UnreadableMediaError or OutputError.
    """
    waiting = sorted(clips, key=lambda clip: clip.start)
    made: dict[str, bytes] = {}
    with open_video(film) as video, tempfile.TemporaryDirectory(prefix="mimica-clip-") as folder:
        frames = video.frames(waiting[0].start, waiting[-1].end)
        frame = next(frames, None)
        for clip in waiting:
            crop = CropFrame(*clip.crop)
            path = Path(folder) / f"{clip.key}.mp4"
            writer = VideoWriter(
                path, (config.size, config.size), time_base=video.info.time_base, rate=video.info.rate, crf=config.crf,
                threads=1,
            )  # fmt: skip
            with writer:
                while frame is not None and frame.time < clip.end:
                    if frame.time >= clip.start:
                        writer.write(extract(frame.image, crop, config.size), frame.time - clip.start, frame.duration)
                    frame = next(frames, None)
            made[clip.key] = path.read_bytes()
    return made


def clip_facts(clip: Clip) -> dict[str, Any]:
    """What a clip's JSON file says."""
    found = clip.measures
    return {
        "key": clip.key, "film": clip.source.sha256, "start_s": str(clip.start), "end_s": str(clip.end),
        "frames": clip.frames, "crop_px": clip.crop, "cell": cell(clip),
        "measures": {name: getattr(found, name) for name in found.__slots__ if name != "expression"},
        "expression": dict(zip(EXPRESSION_NAMES, found.expression, strict=True)),
    }  # fmt: skip


LEDGER_COLUMNS = (
    "key", "shard", "portrait", "source", "licence", "consent", "film", "start_s", "seconds", "frames", "sha256",
)  # fmt: skip


def _row(clip: Clip, shard: str, video: bytes, offset: int) -> dict[str, Any]:
    """A clip in the index."""
    rights, found = clip.source.rights, clip.measures
    return {
        "key": clip.key, "shard": f"{shard}.tar", "portrait": rights.subject, "source": rights.source,
        "licence": rights.licence, "consent": rights.consent, "film": clip.source.sha256,
        "start_s": float(clip.start), "seconds": clip.seconds, "frames": clip.frames, "cell": cell(clip),
        "sha256": hashlib.sha256(video).hexdigest(), "offset": offset, "bytes": len(video),
        "face_px": found.face_px, "sharpness": found.sharpness, "motion": found.motion,
        "yaw_deg": found.angles_deg[0], "pitch_deg": found.angles_deg[1], "roll_deg": found.angles_deg[2],
        "gaze_yaw_deg": found.gaze_deg[0], "gaze_pitch_deg": found.gaze_deg[1],
        "expression": [float(value) for value in found.expression],
    }  # fmt: skip


def _ledger_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in LEDGER_COLUMNS}


def read_index(folder: Path) -> list[dict[str, Any]]:
    """Every row of a corpus's Parquet index, by key; `offset` and `bytes` say where in `shard` the video lies.

    Raises OutputError when one cannot be read.
    """
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("group-*.parquet")):
        try:
            rows += pyarrow.parquet.read_table(path).to_pylist()
        except (OSError, ValueError) as error:
            raise OutputError(
                f"{path}: the index cannot be read ({error}); delete it with its shard, curate again"
            ) from error
    return sorted(rows, key=lambda row: row["key"])


def _checksums(files: Mapping[str, bytes]) -> bytes:
    """As sha256sum writes and checks them."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()).encode()


def checksums(corpus: Path) -> dict[str, str]:
    """sha256 of every shard and index of a corpus by name, as they were when they were made."""
    lines = [line for path in sorted(corpus.glob("group-*.sha256")) for line in path.read_text().splitlines()]
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), content, compression="zstd")
    return content.getvalue()


def _lost_path(shard: Path) -> Path:
    return shard.with_suffix(".lost.jsonl")


def _lost(shard: Path) -> tuple[Refusal, ...]:
    path = _lost_path(shard)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return tuple(Refusal(**json.loads(line)) for line in lines)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One JSON object a line."""
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()


def put_file(path: Path, content: bytes) -> None:
    """Write a file that appears when it is complete; two workers may write the same one at once. Raises OutputError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
