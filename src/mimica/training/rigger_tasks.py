"""The tasks that teach a portrait to be rigged: face maps, mouth and eye windows, matte (DESIGN §5.2).

All are plain regression from the data engine's exact truth. The loop lives in `training.loop`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mimica.networks.portrait_rigger import FeatureRigger, PortraitMatte, PortraitRigger
from mimica.training import augment
from mimica.training.rig_data import IGNORED, RigSamples
from mimica.training.task import adamw

BATCH_SIZE = 16
VALIDATION_SIZE = 384

MOUTH_CANONICAL = (0.0, -4.6, 10.0)
EYES_CANONICAL = ((3.2, 3.3, 8.5), (-3.2, 3.3, 8.5))
"""Rough places of mouth and eyes in canonical coordinates (cm): errors count more near them."""


def emphasis(canonical: Tensor) -> Tensor:
    """(N, 3, H, W) canonical → (N, 1, H, W) weight, 1 far from the features, up to 5 on them."""
    weight = torch.ones_like(canonical[:, :1])
    for centre, reach in ((MOUTH_CANONICAL, 2.6), (EYES_CANONICAL[0], 1.6), (EYES_CANONICAL[1], 1.6)):
        offset = canonical - torch.tensor(centre, device=canonical.device).view(1, 3, 1, 1)
        weight = weight + 4 * torch.exp(-offset.square().sum(1, keepdim=True) / (2 * reach**2))
    return weight


def _split(samples: RigSamples) -> tuple[np.ndarray, np.ndarray]:
    held_out = samples.held_out()
    validation = np.flatnonzero(held_out)
    stride = max(1, len(validation) // VALIDATION_SIZE)
    return np.flatnonzero(~held_out), validation[::stride][:VALIDATION_SIZE]


def _draw(rows: np.ndarray, generator: torch.Generator, count: int) -> np.ndarray:
    return rows[torch.randint(len(rows), (count,), generator=generator).numpy()]


def _planes(array: np.ndarray) -> Tensor:
    """(N, H, W[, C]) numpy → (N, C, H, W) float32."""
    tensor = torch.from_numpy(np.ascontiguousarray(array)).float()
    return tensor.unsqueeze(1) if tensor.ndim == 3 else tensor.permute(0, 3, 1, 2)


def _warp(generator: torch.Generator, count: int, turn_rad: float, zoom: float, shift: float) -> Tensor:
    angle = augment.uniform(generator, count, -1, 1).pow(3) * turn_rad
    factor = torch.exp(torch.randn(count, generator=generator).clamp(-2, 2) * zoom)
    return augment.affine_matrices(angle, factor, torch.randn(count, 2, generator=generator).clamp(-2, 2) * shift)


def _pixels(image: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 3, H, W) 0..255 → augmented (N, H, W, 3) 0..255."""
    return (augment.photometric(image / 255, generator) * 255).permute(0, 2, 3, 1)


class PortraitRiggerTask:
    """Canonical coordinates, depth and face mask from the face crop."""

    def __init__(self, samples: RigSamples) -> None:
        self.samples = samples
        self.train_rows, self.validation_rows = _split(samples)

    def build(self) -> nn.Module:
        return PortraitRigger().to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return adamw(model, 1.5e-3)

    def _truth(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Image (N, 3, 192, 192) 0..255 and maps (N, 5, 96, 96): canonical, depth, face."""
        samples = self.samples
        maps = torch.cat([
            _planes(samples.face_canonical[rows]),
            _planes(samples.face_depth[rows]), _planes(samples.face[rows]),
        ], 1)  # fmt: skip
        return _planes(samples.face_image[rows]), maps

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        image, maps = self._truth(_draw(self.train_rows, generator, BATCH_SIZE))
        mirrored = (torch.rand(BATCH_SIZE, generator=generator) < 0.5).view(-1, 1, 1, 1)
        sign = torch.tensor([-1.0, 1, 1, 1, 1]).view(1, 5, 1, 1)
        image = torch.where(mirrored, image.flip(3), image)
        maps = torch.where(mirrored, maps.flip(3) * sign, maps)
        matrices = _warp(generator, BATCH_SIZE, 0.5, 0.08, 0.03)
        image = augment.resample(image, matrices)
        # coordinates must not blend with the nothing around the face: carry them premultiplied, divide after
        face = maps[:, 4:]
        moved = augment.resample(torch.cat([maps[:, :4] * face, face], 1), matrices)
        cover = moved[:, 4:]
        maps = torch.cat([moved[:, :4] / cover.clamp_min(0.1), (cover > 0.5).float()], 1)
        return {"image": _pixels(image, generator), "maps": maps}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        with torch.autocast(batch["image"].device.type, dtype=torch.bfloat16):
            output = model(batch["image"])
        maps = batch["maps"]
        face = maps[:, 4:]
        weight = face * emphasis(maps[:, :3])
        norm = weight.sum() + 1
        canonical = ((output["canonical"].float() - maps[:, :3]).abs() * weight).sum() / norm
        depth = ((output["depth"].float() - maps[:, 3:4]).abs() * weight).sum() / norm
        mask = functional.binary_cross_entropy(output["face"].float(), face)
        total = canonical + depth + mask
        return total, {"canonical_cm": float(canonical.detach()), "depth_cm": float(depth.detach()),
                       "face": float(mask.detach())}  # fmt: skip

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Mean errors in cm on held-out people: over the face, and near mouth and eyes (weighted)."""
        sums: dict[str, float] = {}
        for rows in np.array_split(self.validation_rows, max(1, len(self.validation_rows) // 32)):
            image, maps = self._truth(rows)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                output = model(image.permute(0, 2, 3, 1))
            face, near = maps[:, 4:], maps[:, 4:] * (emphasis(maps[:, :3]) - 1)
            error = (output["canonical"].float() - maps[:, :3]).norm(dim=1, keepdim=True)
            depth = (output["depth"].float() - maps[:, 3:4]).abs()
            both = ((output["face"].float() > 0.5) == (face > 0.5)).float().mean()
            values = {
                "canonical_cm": (error * face).sum() / face.sum(),
                "canonical_features_cm": (error * near).sum() / near.sum(),
                "depth_cm": (depth * face).sum() / face.sum(), "face_accuracy": both,
            }  # fmt: skip
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(rows) / len(self.validation_rows)
        return sums


class FeatureRiggerTask:
    """Canonical coordinates and regions in the mouth's or the eyes' window."""

    def __init__(self, samples: RigSamples, feature: Literal["mouth", "eye"]) -> None:
        self.samples, self.feature = samples, feature
        self.train_rows, self.validation_rows = _split(samples)

    def build(self) -> nn.Module:
        return FeatureRigger().to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return adamw(model, 1.5e-3)

    def _truth(self, rows: np.ndarray, side: np.ndarray | None = None) -> tuple[Tensor, Tensor, Tensor]:
        samples = self.samples
        if self.feature == "mouth":
            image, canonical, region = (
                samples.mouth_image[rows],
                samples.mouth_canonical[rows],
                samples.mouth_region[rows],
            )
        else:
            side = rows % 2 if side is None else side
            image, canonical = samples.eye_image[rows, side], samples.eye_canonical[rows, side]
            region = samples.eye_region[rows, side]
        classes = np.stack([region == 0, region == 1, region == 2], -1)
        return _planes(image), _planes(canonical), _planes(classes)

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        count = BATCH_SIZE if self.feature == "mouth" else 2 * BATCH_SIZE
        rows = _draw(self.train_rows, generator, count)
        side = torch.randint(2, (count,), generator=generator).numpy()
        image, canonical, region = self._truth(rows, side)
        if self.feature == "mouth":
            mirrored = (torch.rand(count, generator=generator) < 0.5).view(-1, 1, 1, 1)
            image = torch.where(mirrored, image.flip(3), image)
            canonical = torch.where(
                mirrored, canonical.flip(3) * torch.tensor([-1.0, 1, 1]).view(1, 3, 1, 1), canonical
            )
            region = torch.where(mirrored, region.flip(3), region)
        # the windows are not square: unit coordinates of the longer side would shear them, so turn them little
        matrices = _warp(generator, count, 0.15, 0.10, 0.03)
        image, region = augment.resample(image, matrices), augment.resample(region, matrices)
        canonical = augment.resample(canonical, matrices)
        return {"image": _pixels(image, generator), "canonical": canonical, "region": region}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        with torch.autocast(batch["image"].device.type, dtype=torch.bfloat16):
            output = model(batch["image"])
        region = batch["region"]
        skin = (region[:, :2].amax(1, keepdim=True) > 0.9).float()
        canonical = ((output["canonical"].float() - batch["canonical"]).abs() * skin).sum() / (skin.sum() + 1)
        # the opening is a thin line in most photos: its pixels and its edges count more
        known = region.sum(1)
        edge = 1 - region.amax(1)
        weight = known * (1 + 3 * region[:, 2] + 3 * edge)
        entropy = -(region * output["region"].float().clamp_min(1e-6).log()).sum(1)
        classes = (entropy * weight).sum() / weight.sum()
        return canonical + classes, {"canonical_cm": float(canonical.detach()), "region": float(classes.detach())}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Errors on held-out people; `iou_*` intersection over union of each region."""
        overlap, union = torch.zeros(3), torch.zeros(3)
        distance, count = 0.0, 0.0
        for rows in np.array_split(self.validation_rows, max(1, len(self.validation_rows) // 32)):
            image, canonical, region = self._truth(rows)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                output = model(image.permute(0, 2, 3, 1))
            known = region.sum(1) > 0
            predicted, truth = output["region"].float().argmax(1), region.argmax(1)
            for index in range(3):
                a, b = (predicted == index) & known, (truth == index) & known
                overlap[index] += float((a & b).sum())
                union[index] += float((a | b).sum())
            skin = region[:, :2].amax(1) > 0.9
            error = (output["canonical"].float() - canonical).norm(dim=1)
            distance, count = distance + float((error * skin).sum()), count + float(skin.sum())
        iou = (overlap / union.clamp_min(1)).tolist()
        return {"iou_upper": iou[0], "iou_lower": iou[1], "iou_opening": iou[2], "canonical_cm": distance / count}


class PortraitMatteTask:
    """Person against background, taught by a segmentation teacher's masks."""

    def __init__(self, samples: RigSamples) -> None:
        self.samples = samples
        self.train_rows, self.validation_rows = _split(samples)

    def build(self) -> nn.Module:
        return PortraitMatte().to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return adamw(model, 1.5e-3)

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = _draw(self.train_rows, generator, BATCH_SIZE)
        image, matte = _planes(self.samples.wide_image[rows]), _planes(self.samples.wide_matte[rows]) / 255
        mirrored = (torch.rand(BATCH_SIZE, generator=generator) < 0.5).view(-1, 1, 1, 1)
        image, matte = (torch.where(mirrored, plane.flip(3), plane) for plane in (image, matte))
        matrices = _warp(generator, BATCH_SIZE, 0.3, 0.15, 0.06)
        return {
            "image": _pixels(augment.resample(image, matrices), generator),
            "matte": augment.resample(matte, matrices),
        }

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        with torch.autocast(batch["image"].device.type, dtype=torch.bfloat16):
            matte = model(batch["image"])["matte"].float()
        entropy = functional.binary_cross_entropy(matte, batch["matte"].clamp(0, 1))
        error = (matte - batch["matte"]).abs().mean()
        return entropy + error, {"matte": float(error.detach())}

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Mean absolute error (0..1) and accuracy on held-out people."""
        image = torch.from_numpy(self.samples.wide_image[self.validation_rows])
        truth = _planes(self.samples.wide_matte[self.validation_rows]) / 255
        with torch.autocast("cpu", dtype=torch.bfloat16):
            matte = torch.cat([model(part)["matte"].float() for part in image.split(32)])
        return {"error": float((matte - truth).abs().mean()),
                "accuracy": float(((matte > 0.5) == (truth > 0.5)).float().mean())}  # fmt: skip


__all__ = ["IGNORED", "FeatureRiggerTask", "PortraitMatteTask", "PortraitRiggerTask", "emphasis"]
