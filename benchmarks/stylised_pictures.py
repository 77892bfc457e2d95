"""Portraits turned into what is no photo: paintings, drawings, prints, a statue. Plain filters, no downloads."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def watercolour(image: Image) -> Image:
    return np.asarray(cv2.stylization(image, sigma_s=60, sigma_r=0.45), np.uint8)


def pencil(image: Image) -> Image:
    """Grey pencil: the picture divided by its own blur (colour dodge)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    blur = cv2.GaussianBlur(grey, (0, 0), max(image.shape) / 60)
    return _rgb(np.clip(grey / np.maximum(blur, 1) * 240, 0, 255))


def lines(image: Image) -> Image:
    """Black lines on white, no shading."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), max(image.shape) / 400)
    size = (round(max(image.shape) / 45) | 1) + 2
    return _rgb(cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, size, 5))


def poster(image: Image) -> Image:
    """Five levels a channel, flat."""
    flat = cv2.medianBlur(image, (round(max(image.shape) / 70) | 1))
    return np.clip(np.round(flat / 63.75) * 63.75, 0, 255).astype(np.uint8)


def cartoon(image: Image) -> Image:
    """Flat colours with dark outlines."""
    flat = image
    for _ in range(4):
        flat = cv2.bilateralFilter(flat, 9, 40, 9)
    flat = (np.round(flat / 32) * 32).clip(0, 255).astype(np.uint8)
    return np.where(lines(image) < 128, (flat * 0.15).astype(np.uint8), flat)


def oil(image: Image) -> Image:
    """Each pixel is the mean colour of the most frequent of eight lightness levels around it."""
    radius = max(2, round(max(image.shape) / 120))
    level = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) // 32).astype(np.int64)
    size = (2 * radius + 1, 2 * radius + 1)
    counts = np.stack([cv2.blur((level == one).astype(np.float32), size) for one in range(8)])
    best = counts.argmax(0)
    result = np.zeros(image.shape, np.float32)
    for one in range(8):
        here = (level == one).astype(np.float32)
        mean = cv2.blur(image.astype(np.float32) * here[..., None], size) / np.maximum(counts[one], 1e-6)[..., None]
        result[best == one] = mean[best == one]
    return result.clip(0, 255).astype(np.uint8)


def statue(image: Image) -> Image:
    """Grey stone: shading without colour, dark hair and irises lifted, a grain."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    light = cv2.GaussianBlur(grey, (0, 0), max(image.shape) / 25)
    stone = 150 + 0.45 * (light - light.mean()) + 0.5 * np.clip(grey - light, -45, 60)
    grain = np.random.default_rng(1).normal(0, 7, grey.shape).astype(np.float32)
    return _rgb(np.clip(stone + cv2.GaussianBlur(grain, (0, 0), 0.8), 0, 255))


def halftone(image: Image) -> Image:
    """Newspaper dots."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    cell = max(4.0, max(image.shape) / 130)
    rows, columns = np.indices(grey.shape)
    u, v = (rows + columns) / (cell * 1.414), (rows - columns) / (cell * 1.414)
    screen = (np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v)) / 4 + 0.5
    return _rgb(np.where(cv2.GaussianBlur(grey, (0, 0), cell / 4) > screen, 250.0, 15.0))


def old_master(image: Image) -> Image:
    """Brown varnish, low key, cracks."""
    warm = image.astype(np.float32) * np.array([0.95, 0.78, 0.52]) * 0.75 + 8
    noise = np.random.default_rng(2).normal(0, 1, image.shape[:2]).astype(np.float32)
    cracks = np.abs(cv2.GaussianBlur(noise, (0, 0), max(image.shape) / 160)) < 0.004
    return np.where(cracks[..., None], warm * 0.55, warm).clip(0, 255).astype(np.uint8)


STYLES: dict[str, Callable[[Image], Image]] = {
    "photo": lambda image: image, "watercolour": watercolour, "oil": oil, "old master": old_master, "poster": poster,
    "cartoon": cartoon, "pencil": pencil, "lines": lines, "halftone": halftone, "statue": statue,
}  # fmt: skip


def _rgb(grey: NDArray[np.generic]) -> Image:
    return np.repeat(np.asarray(grey).astype(np.uint8)[..., None], 3, 2)
