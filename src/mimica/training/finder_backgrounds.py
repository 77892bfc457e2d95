"""Backgrounds without a face, drawn from nothing: noise, shapes, lettering, pebbles, lights, fibres, glossy things.

What a small detector takes for a face, it takes from here and learns better. Every function gives (256, 256, 3) uint8.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SIZE_PX = 256


def background(rng: np.random.Generator) -> Image:
    """One of the kinds below."""
    kinds = (noise, shapes, lettering, pebbles, lights, fibres, glossy)
    return kinds[int(rng.integers(len(kinds)))](rng)


def _colour(rng: np.random.Generator) -> tuple[int, ...]:
    if rng.random() < 0.3:  # skin, wood, rust
        warm = np.array([rng.uniform(110, 255), rng.uniform(0.45, 0.85), rng.uniform(0.25, 0.7)])
        return int(warm[0]), int(warm[0] * warm[1]), int(warm[0] * warm[2])
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def noise(rng: np.random.Generator) -> Image:
    """Noise of several scales."""
    canvas = np.zeros((SIZE_PX, SIZE_PX, 3), np.float32)
    for cells in (2, 4, 8, 16, 32, 64):
        grain = rng.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        grey = grain.mean(2, keepdims=True)
        grain = grey + (grain - grey) * np.float32(rng.uniform(0, 1))
        grain = cv2.resize(grain, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC)
        canvas += grain * np.float32(rng.uniform(5, 40))
    return np.clip(canvas + rng.uniform(30, 220, 3), 0, 255).astype(np.uint8)


def shapes(rng: np.random.Generator) -> Image:
    """Discs and boxes, some of them two dots over a bar."""
    canvas = np.full((SIZE_PX, SIZE_PX, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(int(rng.integers(5, 50))):
        x, y, r = (int(value) for value in rng.integers(0, SIZE_PX, 3))
        r = max(2, r // 6)
        if rng.random() < 0.5:
            axes = (r, max(1, int(r * rng.uniform(0.4, 1.6))))
            cv2.ellipse(canvas, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, _colour(rng), -1)
        else:
            cv2.rectangle(canvas, (x, y), (x + r * 2, y + r), _colour(rng), -1)
    for _ in range(int(rng.integers(0, 4))):
        x, y, r = int(rng.integers(30, 226)), int(rng.integers(30, 226)), int(rng.integers(6, 40))
        cv2.circle(canvas, (x, y), int(1.6 * r), _colour(rng), -1)
        ink = _colour(rng)
        for dx in (-r // 2, r // 2):
            cv2.circle(canvas, (x + dx, y - r // 3), max(1, r // 6), ink, -1)
        cv2.line(canvas, (x - r // 2, y + r // 2), (x + r // 2, y + r // 2), ink, max(1, r // 8))
    return cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.3, 2)))


def gradient(rng: np.random.Generator) -> Image:
    """A smooth gradient, sometimes with soft clouds."""
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.float32)
    if rng.random() < 0.5:
        corners[:, 1] = corners[:, 0]  # a sky: the same from side to side
    canvas = cv2.resize(corners, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        cloud = rng.normal(0, 1, (6, 6)).astype(np.float32)
        cloud = cv2.resize(cloud, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_CUBIC)
        canvas += np.clip(cloud, 0, None)[..., None] * rng.uniform(10, 120)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def lettering(rng: np.random.Generator) -> Image:
    """Letters, from a page of text to a title, on a gradient."""
    canvas = gradient(rng)
    height = float(np.exp(rng.uniform(np.log(7), np.log(90))))
    for _ in range(int(rng.integers(0, max(2, 900 // height**1.4)))):
        word = "".join(chr(int(code)) for code in rng.integers(33, 127, int(rng.integers(1, 12))))
        place = int(rng.integers(-20, SIZE_PX)), int(rng.integers(0, SIZE_PX + 20))
        style = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
        weight = max(1, int(height * rng.uniform(0.04, 0.25)))
        if rng.random() < 0.4:
            cv2.putText(canvas, word, place, style, height / 22, _colour(rng), weight + 4, cv2.LINE_AA)
        cv2.putText(canvas, word, place, style, height / 22, _colour(rng), weight, cv2.LINE_AA)
    return canvas


def pebbles(rng: np.random.Generator) -> Image:
    """Cells of a random mosaic, each lit as a stone, a cell or a scale."""
    seeds = np.full((SIZE_PX, SIZE_PX), 255, np.uint8)
    count = int(np.exp(rng.uniform(np.log(12), np.log(900))))
    seeds[rng.integers(0, SIZE_PX, count), rng.integers(0, SIZE_PX, count)] = 0
    _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    edges = cv2.morphologyEx(cells.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    dome = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, 5)
    radius = np.float32(0.4 * SIZE_PX / np.sqrt(count))
    dome = np.minimum(dome, radius) / radius
    light = cv2.Sobel(cv2.GaussianBlur(dome, (0, 0), 1.5), cv2.CV_32F, 1, 1, ksize=5)
    tone = rng.uniform(-1, 1, (int(cells.max()) + 1, 3)).astype(np.float32)
    tone = tone.mean(1, keepdims=True) + (tone - tone.mean(1, keepdims=True)) * np.float32(rng.choice([0, 0.3, 1]))
    base = np.array(_colour(rng), np.float32)
    canvas = base + tone[cells] * np.float32(rng.uniform(5, 60))
    canvas = canvas * (0.35 + 0.65 * dome[..., None]) + light[..., None] * np.float32(rng.uniform(-20, 20))
    canvas += cv2.GaussianBlur(rng.normal(0, 1, canvas.shape).astype(np.float32), (0, 0), 1) * rng.uniform(0, 20)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def lights(rng: np.random.Generator) -> Image:
    """Stars, lamps and bokeh in the dark, or dark blots on light."""
    canvas = np.zeros((SIZE_PX, SIZE_PX, 3), np.float32)
    for spread in (0.8, 2.0, 5.0, 11.0):
        points = np.zeros((SIZE_PX, SIZE_PX, 3), np.float32)
        for _ in range(int(rng.integers(0, max(3, 160 / spread**1.5)))):
            points[int(rng.integers(SIZE_PX)), int(rng.integers(SIZE_PX))] = np.array(_colour(rng))
        stretch = float(rng.uniform(0.5, 2))
        canvas += cv2.GaussianBlur(points, (0, 0), spread * stretch, sigmaY=spread / stretch) * 7 * spread**2
    canvas += rng.uniform(0, 50, 3).astype(np.float32)
    if rng.random() < 0.3:
        canvas = 255 - canvas
    return np.clip(canvas, 0, 255).astype(np.uint8)


def fibres(rng: np.random.Generator) -> Image:
    """Grass, hair, branches, weave."""
    canvas = gradient(rng)
    length, turn = float(rng.uniform(8, 90)), float(rng.uniform(0, np.pi))
    loose, thick = float(rng.uniform(0.05, 1.5)), int(rng.integers(1, 6))
    base = np.array(_colour(rng), np.float32)
    for _ in range(int(rng.integers(60, 500))):
        start = rng.uniform(-10, SIZE_PX + 10, 2)
        angle = turn + rng.normal(0, loose)
        bend = angle + rng.normal(0, 0.4)
        middle = start + length / 2 * np.array([np.cos(angle), np.sin(angle)])
        end = middle + length / 2 * np.array([np.cos(bend), np.sin(bend)])
        colour = tuple(int(value) for value in np.clip(base + rng.normal(0, 40), 0, 255))
        line = np.array([start, middle, end]).astype(np.int32)
        cv2.polylines(canvas, [line], False, colour, int(rng.integers(1, thick + 1)), cv2.LINE_AA)
    return canvas


def glossy(rng: np.random.Generator) -> Image:
    """Balls, spoons, buttons and fat letters with a light side, a rim and a highlight, often the colour of skin."""
    canvas = background_under(rng)
    for _ in range(int(rng.integers(1, 9))):
        mask = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
        r = int(np.exp(rng.uniform(np.log(7), np.log(80))))
        x, y = int(rng.integers(0, SIZE_PX)), int(rng.integers(0, SIZE_PX))
        if rng.random() < 0.6:
            axes = (r, max(3, int(r * rng.uniform(0.6, 1.5))))
            cv2.ellipse(mask, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        else:
            letter = chr(int(rng.integers(65, 123)))
            cv2.putText(mask, letter, (x - r, y + r), cv2.FONT_HERSHEY_DUPLEX, r / 11, 255, max(3, r // 3))
        rim = cv2.dilate(mask, np.ones((5, 5), np.uint8)) if rng.random() < 0.6 else mask
        canvas[rim > 0] = _colour(rng)
        ramp = np.linspace(-1, 1, SIZE_PX, dtype=np.float32)
        tilt = rng.uniform(-1, 1, 2)
        shade = np.clip(
            ((ramp - ramp[min(x, 255)]) * tilt[0])[None] + ((ramp - ramp[min(y, 255)]) * tilt[1])[:, None], -1, 1
        )
        body = np.array(_colour(rng), np.float32) * (1 + shade[..., None] * SIZE_PX / (2 * r) * 0.5)
        if rng.random() < 0.6:  # two tones, as a horizon mirrored in a ball
            body[: max(0, y)] = 0.6 * body[: max(0, y)] + 0.4 * np.array(_colour(rng), np.float32)
        alpha = cv2.GaussianBlur(mask, (0, 0), 1).astype(np.float32)[..., None] / 255
        canvas = np.clip(canvas * (1 - alpha) + np.clip(body, 0, 255) * alpha, 0, 255).astype(np.uint8)
        for _ in range(int(rng.integers(0, 4))):
            spot = (x + int(rng.integers(-r // 2 - 1, r // 2 + 1)), y + int(rng.integers(-r // 2 - 1, r // 2 + 1)))
            cv2.circle(canvas, spot, max(1, int(r * rng.uniform(0.05, 0.3))), _colour(rng), -1, cv2.LINE_AA)
    return cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.3, 1.5)))


def background_under(rng: np.random.Generator) -> Image:
    """What glossy things lie on."""
    return (gradient, noise, fibres)[int(rng.integers(3))](rng)
