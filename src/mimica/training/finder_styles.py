"""How pictures look that are no clean photographs: painted, drawn, printed, badly lit, badly sent. No label changes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """What cameras and files do to a picture (H, W, 3): exposure, colour cast, side light, blur, low resolution, noise,
    an occluder, JPEG."""
    image = np.ascontiguousarray(image)
    height, width = image.shape[:2]
    if rng.random() < 0.12:  # something in front
        corner = rng.integers(0, [width, height])
        extent = rng.integers([4, 4], [width // 5, height // 5])
        far = tuple(int(v) for v in corner + extent)
        cv2.rectangle(image, tuple(int(v) for v in corner), far, tuple(int(v) for v in rng.integers(0, 256, 3)), -1)
    if rng.random() < 0.8:  # one look-up table a channel
        level = np.arange(256, dtype=np.float32) / 255
        curve = level ** rng.uniform(0.6, 1.5) * rng.uniform(0.6, 1.25) + rng.uniform(-0.08, 0.08)
        cast = rng.uniform(0.85, 1.15, 3)
        table = np.clip(255 * curve[:, None] * cast, 0, 255)
        image = cv2.LUT(image, np.ascontiguousarray(table.astype(np.uint8)[None]))
    if rng.random() < 0.25:  # side light
        x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
        strength, angle = rng.uniform(0.1, 0.5), rng.uniform(0, 2 * np.pi)
        ramp = 1 + np.float32(strength) * (
            np.cos(angle, dtype=np.float32) * x[None] + np.sin(angle, dtype=np.float32) * y[:, None]
        )
        image = np.clip(image * ramp[..., None], 0, 255).astype(np.uint8)
    kind = rng.random()
    if kind < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 1.8)))
    elif kind < 0.3:
        share = float(rng.uniform(0.4, 0.9))
        small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    elif kind < 0.4:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        cv2.line(kernel, (0, int(rng.integers(length))), (length - 1, int(rng.integers(length))), 1.0)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    if rng.random() < 0.25:
        noise = rng.standard_normal((height, width, 1 if rng.random() < 0.5 else 3), np.float32) * rng.uniform(2, 14)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])
        image = np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])
    return image


def stylise(image: Image, rng: np.random.Generator) -> Image:
    """Now and then a painting, a drawing, a print, a false colour: faces that are not photographs."""
    kind = rng.random()
    if kind < 0.62:
        return image
    if kind < 0.70:
        return cv2.bilateralFilter(image, 7, 60, 7)
    if kind < 0.76:
        levels = int(rng.integers(3, 7))
        step = 256 // levels
        return (cv2.bilateralFilter(image, 5, 50, 5) // step * step + step // 2).astype(np.uint8)
    if kind < 0.82:  # a drawing: flat colour under dark outlines
        flat = cv2.bilateralFilter(image, 9, 80, 9)
        edges = cv2.adaptiveThreshold(
            cv2.cvtColor(cv2.medianBlur(image, 3), cv2.COLOR_RGB2GRAY), 255, cv2.ADAPTIVE_THRESH_MEAN_C,
            cv2.THRESH_BINARY, 9, float(rng.uniform(3, 8)),
        )  # fmt: skip
        return np.minimum(flat, edges[..., None])
    if kind < 0.86:  # a pencil sketch
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        dodge = np.clip(grey * 255 / np.maximum(cv2.GaussianBlur(grey, (0, 0), 5), 1), 0, 255)
        return np.repeat(dodge.astype(np.uint8)[..., None], 3, 2)
    if kind < 0.90:
        return image[..., rng.permutation(3)]
    if kind < 0.95:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] / 255
        warm = np.array([1.0, rng.uniform(0.8, 1), rng.uniform(0.6, 1)], np.float32)
        return (grey * warm * 255).astype(np.uint8)
    quality = int(rng.integers(12, 50))
    _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])
