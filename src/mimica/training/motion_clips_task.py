"""Self-training of the MotionEncoder on clips that nobody labelled: a hurried reader must see what a calm one sees.

The teacher is the encoder that the run starts from, frozen. It reads three consecutive clean frames and their mirror
images, and the mean of what it reads, the middle one counting twice, is the label. The student reads the middle frame
as a worse camera would have shown it (`augment.photometric`) under another `View`. So it learns to be steady under
blur, noise, light, framing and time on the corpus's own footage; it learns no motion that the teacher cannot read (Xie
et al. 2020, "Self-training with Noisy Student", with a teacher that stays). Batch norm keeps the start's statistics:
batches hold few people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.core.motion import EXPRESSION_NAMES
from mimica.networks.motion_encoder import CROP_PX, OUTPUTS, MotionEncoder
from mimica.synthesis.fitted import is_held_out
from mimica.training import augment
from mimica.training.checkpoint import averaged_weights
from mimica.training.clip_faces import face_window
from mimica.training.clip_rights import ClipRow, check_video, permitted_clips
from mimica.training.motion_encoder_task import EMPHASIS
from mimica.training.motion_views import MotionLabels, View, rotation_from_angles
from mimica.training.shard_stream import ShardStream

SMOOTHING = (0.25, 0.5, 0.25)
"""How much each of the teacher's frames counts."""
EXPRESSIONS = len(EXPRESSION_NAMES)


@dataclass(frozen=True, slots=True)
class MotionClipsOptions:
    """Inert settings of the task. batch_clips: windows in a batch. measured_clips: held-out ones, at most."""

    batch_clips: int = 16
    measured_clips: int = 48
    learning_rate: float = 1e-4


class SelfTaught(nn.Module):
    """Student and teacher, which begins as its equal and stays what it was."""

    def __init__(self, start: Mapping[str, Tensor], width: float = 1.0) -> None:
        super().__init__()
        self.student, self.teacher = MotionEncoder(width), MotionEncoder(width)
        for encoder in (self.student, self.teacher):
            encoder.load_state_dict(start)
        self.teacher.requires_grad_(False)

    def train(self, mode: bool = True) -> SelfTaught:
        """As usual, but the teacher and all batch norms stay in eval mode."""
        super().train(mode)
        self.teacher.eval()
        for part in self.student.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    @torch.no_grad()
    def labels(self, clean: Tensor, view: View) -> MotionLabels:
        """What the teacher reads from windows (N, 3, 192, 192, 3), 0..255, as it is true under a view."""
        count, frames = clean.shape[:2]
        flat = clean.reshape(-1, *clean.shape[2:])
        outputs = self.teacher(flat), self.teacher(flat.flip(2))
        weight = torch.tensor(SMOOTHING, device=clean.device) / len(outputs)
        everywhere = torch.ones(len(flat), dtype=torch.bool, device=clean.device)
        with torch.autocast(clean.device.type, enabled=False):
            reads = as_labels(outputs[0]), as_labels(outputs[1]).where_mirrored(everywhere)

            def mean(name: str) -> Tensor:
                both = sum(getattr(read, name).view(count, frames, *getattr(read, name).shape[1:]) for read in reads)
                return torch.einsum("nf...,f->n...", both, weight)

            # a mean of rotations that are a few degrees apart, brought back to a rotation
            u, _, v = torch.linalg.svd(mean("rotation"))
            calm = MotionLabels(mean("expression"), u @ v, mean("placement"), mean("gaze_deg"), mean("landmarks"))
            return calm.through(view)


def as_labels(output: Mapping[str, Tensor]) -> MotionLabels:
    """What an encoder reads, in the form of labels."""
    return MotionLabels(
        output["expression"].float(), rotation_from_angles(output["angles"].float()), output["placement"].float(),
        output["gaze"].float(), output["landmarks"].float(),
    )  # fmt: skip


def encoder_weights(run_dir: Path) -> dict[str, Tensor]:
    """The averaged weights of an encoder's run, labelled or self-taught. Raises WeightsError as `checkpoint.load`."""
    weights = averaged_weights(run_dir)
    own = {name.removeprefix("student."): value for name, value in weights.items() if name.startswith("student.")}
    return own or weights


class MotionClipsTask:
    """Batches from a corpus's shards, loss and measurement; the loop lives in `training.loop`."""

    def __init__(
        self, corpus: Path, start: Mapping[str, Tensor], seed: int, options: MotionClipsOptions | None = None,
        width: float = 1.0,
    ) -> None:  # fmt: skip
        """start: the encoder's weights by name. Raises ConsentError or InputError as `permitted_clips`."""
        self.options, self._start, self._width = options or MotionClipsOptions(), dict(start), width
        self.clips = permitted_clips(corpus)
        trained = {key for key, row in self.clips.items() if not is_held_out(row.subject)}
        self.stream = ShardStream(corpus, seed, trained)
        self._measured = ShardStream(corpus, 0, set(self.clips) - trained) if len(trained) < len(self.clips) else None
        self._windows: Tensor | None = None
        self.subjects = sorted({self.clips[key].subject for key in trained})
        facts = sorted(self.clips[key].sha256 for key in trained)
        self.digest = f"{len(facts)} clips, sha256 {hashlib.sha256(' '.join(facts).encode()).hexdigest()[:12]}"
        weight = [EMPHASIS.get(name, 1.0) for name in EXPRESSION_NAMES] + [4.0] * 3 + [2.0] * 3 + [2.0] * 4
        self.weight = torch.tensor(weight)

    def build(self) -> nn.Module:
        return SelfTaught(self._start, self._width).to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        return torch.optim.AdamW(trained, lr=self.options.learning_rate, weight_decay=0.03)

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Windows of the `step`-th clips of the stream; `seen` is 0 for those that show no face."""
        count = self.options.batch_clips

        def decode(video: bytes, key: str) -> np.ndarray | None:
            row = self.clips[key]
            share = float(torch.rand((), generator=generator))
            return _window(check_video(video, row), row, share)

        windows = self.stream.batch(step, count, decode)
        empty = np.zeros((len(SMOOTHING), CROP_PX, CROP_PX, 3), np.uint8)
        clean = torch.from_numpy(np.stack([empty if window is None else window for window in windows]))
        view = View.draw(count, generator)
        return {
            "clean": clean,
            "image": _worse(clean, view, generator),
            "seen": torch.tensor([float(window is not None) for window in windows]),
            "window_jitter": torch.randn(count, 3, 2, generator=generator) * 0.012,
            "mirrored": view.mirrored, "angle_rad": view.angle_rad, "zoom": view.zoom, "shift": view.shift,
        }  # fmt: skip

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, SelfTaught)
        view = View(*(batch[name] for name in ("mirrored", "angle_rad", "zoom", "shift")))
        label = model.labels(batch["clean"].float(), view)
        output = model.student(batch["image"], batch["window_jitter"])
        read = torch.cat([output[name].float() for name in OUTPUTS], 1)
        apart = (read - label.targets) / model.student.spread
        squares = apart[:, :EXPRESSIONS].square()
        rest = functional.smooth_l1_loss(
            apart[:, EXPRESSIONS:], torch.zeros_like(apart[:, EXPRESSIONS:]), reduction="none", beta=0.5
        )
        error = (torch.cat([squares, rest], 1) * self.weight.to(read.device)).mean(1)
        points = (output["landmarks"].float() - label.landmarks).abs().mean((1, 2))
        seen = batch["seen"] / batch["seen"].sum().clamp_min(1)
        parts = {"motion": (error * seen).sum(), "landmarks": (points * seen).sum()}
        return parts["motion"] + 20 * parts["landmarks"], {name: float(part.detach()) for name, part in parts.items()}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """On people kept out, beside the same of the teacher (`start_…`), in standard deviations of each value:

        unsteady: what is read of a worse picture, against what is read of the clean one. jitter: how far the middle of
        three consecutive readings is from the line between the others. drift: of the student from the teacher.
        Nothing where everybody of the corpus is trained on.
        """
        assert isinstance(model, SelfTaught)
        windows = self._held_out()
        if windows is None:
            return {}
        device = next(model.parameters()).device
        generator = torch.Generator().manual_seed(1)
        view = View.draw(len(windows), generator)
        worse = _worse(windows, view, generator)
        found: dict[str, float] = {}
        clean: list[Tensor] = []
        for name, encoder in (("", model.student), ("start_", model.teacher)):
            spread = encoder.spread.cpu()
            reads = [_read(encoder, windows[:, frame], device) for frame in range(windows.shape[1])]
            before, middle, after = (each.targets / spread for each in reads)
            seen = _read(encoder, worse, device).targets / spread
            clean.append(middle)
            found[f"{name}unsteady"] = _rms(seen - reads[1].through(view).targets / spread)
            found[f"{name}jitter"] = _rms(middle - (before + after) / 2)
        return found | {"drift": _rms(clean[0] - clean[1])}

    def _held_out(self) -> Tensor | None:
        """(N, 3, 192, 192, 3) windows of people kept out, from the middle of their clips; decoded once."""
        if self._measured is not None and self._windows is None:
            places = [self._measured.place(n) for n in range(min(self._measured.clips, self.options.measured_clips))]
            rows = [self.clips[place.key] for place in places]
            videos = [check_video(self._measured.read(place), row) for place, row in zip(places, rows, strict=True)]
            windows = [_window(video, row, 0.5) for video, row in zip(videos, rows, strict=True)]
            seen = [window for window in windows if window is not None]
            self._windows = torch.from_numpy(np.stack(seen)) if seen else None
        return self._windows


def _window(video: bytes, row: ClipRow, share: float) -> np.ndarray | None:
    """The window that begins at `share` of where one can."""
    frames = len(SMOOTHING)
    last_s = row.seconds * max(0, row.frames - frames) / row.frames
    return face_window(video, share * last_s, frames)


def _worse(clean: Tensor, view: View, generator: torch.Generator) -> Tensor:
    """The middle frames of windows (N, 3, H, W, 3) uint8 under a view, as a worse camera shows them; 0..255."""
    image = clean[:, len(SMOOTHING) // 2].permute(0, 3, 1, 2).float() / 255
    return (augment.photometric(view.of(image), generator) * 255).permute(0, 2, 3, 1)


def _read(encoder: MotionEncoder, images: Tensor, device: torch.device) -> MotionLabels:
    with torch.no_grad():
        parts = [as_labels(encoder(part.to(device).float())) for part in images.split(32)]
    names = ("expression", "rotation", "placement", "gaze_deg", "landmarks")
    return MotionLabels(*(torch.cat([getattr(part, name) for part in parts]).cpu() for name in names))


def _rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())
