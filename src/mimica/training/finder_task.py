"""The FaceFinder's task: every face of a scene, its box and points, and silence where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mimica.core.geometry import box_overlap
from mimica.networks.face_finder import STRIDES, FaceFinder, cell_centres
from mimica.training import augment
from mimica.training.pack_files import stack_packs
from mimica.training.task import adamw

BATCH_SIZE = 32
LEVEL_HEIGHTS_PX = ((0.0, 56.0), (40.0, 128.0), (96.0, 1e9))
"""Heights of the faces that each level answers for; they overlap, so that no size falls between two."""
CENTRE_SHARE = 0.22
"""A cell answers for a face when it lies within this share of the box's size from its centre."""
SCORE_THRESHOLD = 0.5


def load_scenes(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Images (N, 256, 256, 3) uint8 and faces (N, 8, 14) float32, NaN where there is none.

    `path` is one pack, DATA/train.npz, or stands for all of DATA/train-*.npz when there is no such file.

    Raises:
        FileNotFoundError: there is no such pack.
        InputError: one is damaged or of another kind.
    """
    paths = [path] if path.exists() else sorted(path.parent.glob(f"{path.stem}-*.npz"))
    if not paths:
        raise FileNotFoundError(f"{path}: no such pack of scenes; make some with `mimica synthesize --kind finder`")
    arrays = stack_packs(paths, ["image", "faces"])
    return arrays["image"], arrays["faces"]


class FaceFinderTask:
    """Scenes `images` (N, 256, 256, 3) uint8 with `faces` (N, 8, 14) float32 as `finder_scenes` makes them."""

    def __init__(
        self,
        images: NDArray[np.uint8],
        faces: NDArray[np.float32],
        held_out: tuple[NDArray[np.uint8], NDArray[np.float32]],
    ) -> None:
        self.images, self.faces = images, faces
        self.held_out = held_out
        self.centres = cell_centres()

    def build(self) -> nn.Module:
        return FaceFinder().to(memory_format=torch.channels_last)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        return adamw(model, 2e-3)

    def batch(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        rows = torch.randint(len(self.images), (BATCH_SIZE,), generator=generator).numpy()
        image = torch.from_numpy(self.images[rows]).permute(0, 3, 1, 2).float() / 255
        faces = torch.from_numpy(self.faces[rows])
        size = image.shape[-1]
        mirrored = torch.rand(BATCH_SIZE, generator=generator) < 0.5
        image = torch.where(mirrored.view(-1, 1, 1, 1), image.flip(3), image)
        flipped = faces.clone()
        flipped[..., [0, 2]] = size - faces[..., [2, 0]]
        order = [1, 0, 2, 4, 3]
        points = faces[..., 4:].reshape(BATCH_SIZE, -1, 5, 2)[:, :, order]
        flipped[..., 4:] = torch.stack([size - points[..., 0], points[..., 1]], -1).reshape(BATCH_SIZE, -1, 10)
        faces = torch.where(mirrored.view(-1, 1, 1), flipped, faces)
        image = image * augment.uniform(generator, BATCH_SIZE, 0.85, 1.15).view(-1, 1, 1, 1)
        image = (image + augment.uniform(generator, BATCH_SIZE, -0.05, 0.05).view(-1, 1, 1, 1)).clamp(0, 1)
        return {"image": (image * 255).permute(0, 2, 3, 1), **self.targets(faces)}

    def targets(self, faces: Tensor) -> dict[str, Tensor]:
        """(N, F, 14) with NaN rows → per cell `positive`, `ignored` (N, C) and the `face` (N, C, 14) it answers for."""
        centres = self.centres
        box = torch.nan_to_num(faces[..., :4], nan=-1e4)
        middle, extent = (box[..., :2] + box[..., 2:]) / 2, (box[..., 2:] - box[..., :2]).clamp_min(1e-3)
        offset = (centres[None, :, None, :2] - middle[:, None]).abs()
        half = torch.maximum(extent[:, None] * CENTRE_SHARE, centres[None, :, None, 2:] * 0.75)
        inside = (offset < half).all(-1)
        height = extent.max(-1).values[:, None]
        level = torch.zeros_like(inside)
        for stride, (low, high) in zip(STRIDES, LEVEL_HEIGHTS_PX, strict=True):
            level |= (centres[None, :, None, 2] == stride) & (height >= low) & (height < high)
        mine = inside & level
        near = (offset < 0.5 * extent[:, None] + centres[None, :, None, 2:]).all(-1).any(-1)
        distance = torch.where(mine, offset.square().sum(-1), torch.inf)
        chosen = distance.argmin(-1)
        positive = mine.any(-1)
        face = torch.gather(faces, 1, chosen[..., None].expand(-1, -1, 14))
        return {"positive": positive.float(), "ignored": (near & ~positive).float(), "face": torch.nan_to_num(face)}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, FaceFinder)
        with torch.autocast(batch["image"].device.type, dtype=torch.bfloat16):
            raw = model.raw(batch["image"])
        raw = raw.float()
        positive = batch["positive"]
        count = positive.sum().clamp_min(1)
        score = torch.sigmoid(raw[..., 0])
        # focal loss (Lin et al. 2017); around a face the right cell is a matter of taste, so errors there weigh little
        entropy = functional.binary_cross_entropy_with_logits(raw[..., 0], positive, reduction="none")
        focus = torch.where(positive > 0.5, 0.5 * (1 - score) ** 2, 0.5 * score**2)
        classes = (entropy * focus * (1 - 0.8 * batch["ignored"])).sum() / count
        centres = model.centres
        unit = centres[:, 2:] * 4
        face = batch["face"]
        reach = torch.cat([centres[:, :2] - face[..., :2], face[..., 2:4] - centres[:, :2]], -1) / unit
        weight = positive[..., None]
        size = (face[..., 3] - face[..., 1]).clamp_min(4)[..., None] / unit
        box = (raw[..., 1:5].clamp(-5, 4).exp() - reach).abs() / size
        points = (raw[..., 5:] - (face[..., 4:] - centres[:, :2].repeat(1, 5)) / unit).abs() / size
        box_error, point_error = (box * weight).sum() / (4 * count), (points * weight).sum() / (10 * count)
        total = classes + 3 * box_error + 3 * point_error
        return total, {"score": float(classes.detach()), "box": float(box_error.detach()),
                       "points": float(point_error.detach())}  # fmt: skip

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """On scenes of held-out people: recall at IoU ≥ .5, false finds a scene, point error in face heights."""
        images, faces = self.held_out
        found = wanted = wrong = 0
        errors: list[float] = []
        for start in range(0, len(images), 32):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                output = model(torch.from_numpy(images[start : start + 32]))
            for row in range(len(output["scores"])):
                truth = faces[start + row]
                truth = truth[~np.isnan(truth[:, 0])]
                scores, boxes, points = (output[name][row].float().numpy() for name in ("scores", "boxes", "points"))
                keep = non_maximum(boxes, scores, SCORE_THRESHOLD)
                overlap = box_overlap(boxes[keep], truth[:, :4])
                hit = overlap.max(0, initial=0) >= 0.5
                found, wanted = found + int(hit.sum()), wanted + len(truth)
                wrong += int((overlap.max(1, initial=0) < 0.3).sum()) if len(truth) else len(keep)
                for column in np.flatnonzero(hit):
                    best = keep[int(overlap[:, column].argmax())]
                    height = truth[column, 3] - truth[column, 1]
                    errors.append(float(np.abs(points[best] - truth[column, 4:]).mean() / height))
        return {"recall": found / max(wanted, 1), "false_per_scene": wrong / len(images),
                "point_error": float(np.mean(errors)) if errors else 1.0}  # fmt: skip


def non_maximum(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], threshold: float, overlap: float = 0.4
) -> list[int]:
    """Rows of the boxes (N, 4) that score above `threshold` and are no weaker copy of another."""
    order = [int(row) for row in np.argsort(-scores) if scores[row] > threshold]
    kept: list[int] = []
    for row in order:
        if not kept or box_overlap(boxes[row : row + 1], boxes[kept]).max() < overlap:
            kept.append(row)
    return kept
