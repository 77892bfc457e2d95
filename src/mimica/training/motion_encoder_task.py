"""The MotionEncoder's task: exact motion regressed from rendered faces of nobody (DESIGN §5.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.core.motion import EXPRESSION_INDEX, EXPRESSION_NAMES
from mimica.networks.motion_encoder import CROP_PX, OUTPUTS, MotionEncoder
from mimica.training import augment
from mimica.training.face_geometry import GAPS, geometry
from mimica.training.motion_data import MotionSamples
from mimica.training.motion_views import MotionLabels, View, angles_from_rotation

EMPHASIS: dict[str, float] = {
    "jawOpen": 2.5, "eyeBlink_L": 2.5, "eyeBlink_R": 2.5, "mouthSmile_L": 2, "mouthSmile_R": 2, "mouthPucker": 2,
    "mouthFunnel": 1.5, "tongueOut": 2, "cheekPuff_L": 1.5, "cheekPuff_R": 1.5, "browInnerUp_L": 1.5,
    "browInnerUp_R": 1.5, "browDown_L": 1.5, "browDown_R": 1.5, "mouthRollLower": 1.5, "mouthRollUpper": 1.5,
    "tongueSide": 0.5, "tongueUp": 0.5,
}  # fmt: skip


MAX_GAIN = 1.8
LEAST_SPREAD_CM = 0.03
"""Landmarks that move less over the data than this are not asked for more exactly."""
LEAST_READ = 0.45
"""Correlation below which a direction is left as it is: more gain would only amplify noise."""


@dataclass(frozen=True, slots=True)
class MotionEncoderOptions:
    """Inert settings of the task."""

    batch_size: int = 48
    photo_share: float = 0.12
    learning_rate: float = 2e-3
    width: float = 1.0


class MotionEncoderTask:
    """Batches, loss and validation; the loop lives in `training.loop`."""

    def __init__(self, samples: MotionSamples, options: MotionEncoderOptions | None = None) -> None:
        self.options = options or MotionEncoderOptions()
        held_out = samples.held_out()
        rendered = samples.trust >= 1
        self.samples = samples
        self.train_rendered = np.flatnonzero(~held_out & rendered)
        self.train_photos = np.flatnonzero(~held_out & ~rendered)
        self.validation = np.flatnonzero(held_out & rendered)[::4][:1500]
        truth = self._targets(torch.from_numpy(np.ascontiguousarray(self.train_rendered)))
        self.mean = truth.mean(0)
        self.spread = truth.std(0).clamp_min(0.02)
        weight = [EMPHASIS.get(name, 1.0) for name in EXPRESSION_NAMES] + [4.0] * 3 + [2.0] * 3 + [2.0] * 4
        self.weight = torch.tensor(weight)
        rows, row_weight = geometry()
        self.geometry = torch.from_numpy(rows)
        moved = truth[:, : len(EXPRESSION_NAMES)] @ self.geometry
        self.row_weight = torch.from_numpy(row_weight / row_weight.sum()) / moved.std(0).clamp_min(LEAST_SPREAD_CM) ** 2

    def build(self) -> nn.Module:
        model = MotionEncoder(self.options.width)
        model.mean.copy_(self.mean)
        model.spread.copy_(self.spread)
        return model.to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.AdamW(model.parameters(), lr=self.options.learning_rate, weight_decay=0.03)

    def _targets(self, rows: Tensor) -> Tensor:
        """(N, 62): expression, angles, placement, gaze in the order of the network's heads."""
        index = rows.numpy()
        samples = self.samples
        angles = angles_from_rotation(torch.from_numpy(samples.rotation[index]))
        return torch.cat(
            [
                torch.from_numpy(samples.expression[index]), angles,
                torch.from_numpy(samples.placement[index]), torch.from_numpy(samples.gaze_deg[index]),
            ], 1,
        )  # fmt: skip

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """A pure function of the generator's state."""
        count = self.options.batch_size
        photos = round(count * self.options.photo_share) if len(self.train_photos) else 0
        picks = [
            self.train_rendered[
                torch.randint(len(self.train_rendered), (count - photos,), generator=generator).numpy()
            ],
            self.train_photos[torch.randint(max(1, len(self.train_photos)), (photos,), generator=generator).numpy()]
            if photos
            else np.empty(0, np.intp),
        ]
        index = np.concatenate(picks)
        samples = self.samples
        image = torch.from_numpy(samples.image[index]).permute(0, 3, 1, 2).float() / 255
        rotation = torch.from_numpy(samples.rotation[index])
        landmarks = torch.from_numpy(samples.landmarks[index])
        placement = torch.from_numpy(samples.placement[index])
        expression = torch.from_numpy(samples.expression[index])
        gaze = torch.from_numpy(samples.gaze_deg[index])

        view = View.draw(count, generator)
        labels = MotionLabels(expression, rotation, placement, gaze, landmarks).through(view)
        image = augment.photometric(view.of(image), generator)
        return {
            "image": (image * 255).permute(0, 2, 3, 1),
            "targets": labels.targets,
            "landmarks": labels.landmarks,
            "trust": torch.from_numpy(samples.trust[index]),
            "window_jitter": torch.randn(count, 3, 2, generator=generator) * 0.012,
        }

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        with torch.autocast(batch["image"].device.type, dtype=torch.bfloat16):
            output = model(batch["image"], batch["window_jitter"])
        predicted = torch.cat([output[name].float() for name in OUTPUTS], 1)
        spread = self.spread.to(predicted.device)
        standard = (predicted - self.mean.to(predicted.device)) / spread
        truth = (batch["targets"] - self.mean.to(predicted.device)) / spread
        # expressions are rare: anything but squares would settle at their median, which is nothing at all
        expressions = len(EXPRESSION_NAMES)
        squares = (standard[:, :expressions] - truth[:, :expressions]).square()
        rest = functional.smooth_l1_loss(standard[:, expressions:], truth[:, expressions:], reduction="none", beta=0.5)
        error = torch.cat([squares, rest], 1)
        weight = self.weight.to(predicted.device).expand_as(error).clone()
        weight[:, : len(EXPRESSION_NAMES)] *= batch["trust"][:, None]
        motion = (error * weight).mean()
        strengths = predicted[:, :expressions] - batch["targets"][:, :expressions]
        rows = (strengths @ self.geometry.to(predicted.device)).square() * self.row_weight.to(predicted.device)
        shape = (rows.sum(1) * batch["trust"]).mean()
        points = (output["landmarks"].float() - batch["landmarks"]).abs().mean()
        parts = {"motion": motion, "shape": shape, "landmarks": points}
        return motion + shape + 20 * points, {name: float(value.detach()) for name, value in parts.items()}

    def predict(self, model: nn.Module) -> tuple[Tensor, Tensor]:
        """(N, 62) what the network reads and what is true, for people that the training never saw."""
        model.eval()
        rows = torch.from_numpy(self.validation)
        device = next(model.parameters()).device
        outputs = []
        with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16):
            for chunk in rows.split(64):
                output = model(torch.from_numpy(self.samples.image[chunk.numpy()]).to(device))
                outputs.append(torch.cat([output[name].float() for name in OUTPUTS], 1).cpu())
        model.train()
        return torch.cat(outputs), self._targets(rows)

    def gains(self, model: nn.Module) -> dict[str, list[float] | float]:
        """1 / slope of what is read over what is true, within 1..`MAX_GAIN`; 1 where hardly anything is read.

        A regression answers doubt with moderation; the gain gives motion back its strength.

        Returns:
            `expression_gain` (52 values), `gaze_gain` (yaw, pitch) and `lips_gap_gain`: what is still missing, or too
            much, of how far the lips part when every direction has its gain.
        """
        predicted, truth = self.predict(model)
        p, t = predicted - predicted.mean(0), truth - truth.mean(0)
        covariance, power = (p * t).mean(0), t.square().mean(0).clamp_min(1e-9)
        r = covariance / (p.square().mean(0).clamp_min(1e-9) * power).sqrt()
        gain = (power / covariance.clamp_min(1e-9)).clamp(1.0, MAX_GAIN)
        gain = torch.where(r > LEAST_READ, gain, torch.ones_like(gain))
        count = len(EXPRESSION_NAMES)
        gaze = gain[-4:].view(2, 2).mean(0)
        strengths = (p[:, :count] * gain[:count], t[:, :count])
        read, true = ((values @ self.geometry)[:, -len(GAPS) :][:, :3].mean(1) for values in strengths)
        lips = (true.square().sum() / (read * true).sum().clamp_min(1e-9)).clamp(1 / MAX_GAIN, MAX_GAIN)
        return {
            "expression_gain": [round(float(value), 3) for value in gain[:count]],
            "gaze_gain": [round(float(value), 3) for value in gaze],
            "lips_gap_gain": round(float(lips), 3),
        }

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Correlations and errors on people the training never saw."""
        predicted, truth = self.predict(model)
        centred_p, centred_t = predicted - predicted.mean(0), truth - truth.mean(0)
        r = (centred_p * centred_t).mean(0) / (centred_p.std(0) * centred_t.std(0)).clamp_min(1e-6)
        first = len(EXPRESSION_NAMES)
        shown = (
            "jawOpen", "eyeBlink_L", "mouthSmile_L", "mouthPucker", "mouthFunnel", "browInnerUp_L", "browDown_L",
            "cheekPuff_L", "tongueOut", "noseSneer_L", "mouthRollLower", "mouthLeft", "mouthUpperUp_L",
        )  # fmt: skip
        report = {f"r_{name}": float(r[EXPRESSION_INDEX[name]]) for name in shown}
        report["r_expression_mean"] = float(r[:first].nanmean())
        read, true = ((values[:, :first] @ self.geometry)[:, -len(GAPS) :] for values in (predicted, truth))
        read, true = read - read.mean(0), true - true.mean(0)
        both, own = (read * true).mean(0), true.square().mean(0)
        together = both / (own * read.square().mean(0)).sqrt().clamp_min(1e-9)
        for name, part in (("lips", slice(0, 3)), ("lids", slice(3, None))):
            report[f"r_{name}_gap"] = float(together[part].mean())
            report[f"slope_{name}_gap"] = float((both / own.clamp_min(1e-9))[part].mean())
        for index, name in enumerate(("yaw", "pitch", "roll")):
            report[f"{name}_deg"] = float((predicted[:, first + index] - truth[:, first + index]).abs().mean())
        report["origin"] = float((predicted[:, first + 3 : first + 5] - truth[:, first + 3 : first + 5]).abs().mean())
        report["r_gaze_yaw"], report["r_gaze_pitch"] = float(r[first + 6]), float(r[first + 7])
        return report


__all__ = ["CROP_PX", "MotionEncoderOptions", "MotionEncoderTask", "angles_from_rotation"]
