"""Coverage: how heads, eyes and faces move over a corpus, as one SVG picture. This module does not know files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from mimica.core.motion import EXPRESSION_NAMES

WIDTH, ROW, BAR = 720, 150, 11
HISTOGRAMS = (
    ("yaw_deg", "head yaw (°)", -45.0, 45.0), ("pitch_deg", "head pitch (°)", -30.0, 30.0),
    ("roll_deg", "head roll (°)", -30.0, 30.0), ("gaze_yaw_deg", "gaze yaw (°)", -30.0, 30.0),
    ("gaze_pitch_deg", "gaze pitch (°)", -20.0, 20.0), ("motion", "motion (0..1)", 0.0, 0.15),
)  # fmt: skip
BINS = 24
STRONG = 0.3


def strong_share(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Share of clips in which each expression is above 0.3 at its 95th percentile."""
    if not rows:
        return dict.fromkeys(EXPRESSION_NAMES, 0.0)
    strengths = np.array([row["expression"] for row in rows])
    return {name: float(share) for name, share in zip(EXPRESSION_NAMES, (strengths > STRONG).mean(0), strict=True)}


def coverage_svg(rows: Sequence[Mapping[str, Any]]) -> str:
    """Histograms of pose, gaze and motion (one count a clip, its median), and a bar for every expression."""
    parts: list[str] = []
    for number, (column, label, low, high) in enumerate(HISTOGRAMS):
        x, y = (number % 3) * (WIDTH / 3), (number // 3) * ROW
        parts += _histogram(np.array([row[column] for row in rows], float), label, low, high, x, y)
    shares = strong_share(rows)
    top, half = 2 * ROW + 24, -(-len(shares) // 2)
    parts.append(
        f'<text x="8" y="{top - 8}" font-weight="600">clips that show an expression strongly (above {STRONG})</text>'
    )
    for number, (name, share) in enumerate(shares.items()):
        x, y = (number // half) * (WIDTH / 2), top + (number % half) * (BAR + 3)
        parts.append(f'<text x="{x + 118:.0f}" y="{y + BAR - 2}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{x + 124:.0f}" y="{y}" width="{share * 170:.1f}" height="{BAR}" fill="#3a6ea5"/>')
        parts.append(f'<text x="{x + 128 + share * 170:.0f}" y="{y + BAR - 2}">{share:.0%}</text>')
    height = top + half * (BAR + 3) + 8
    style = "font: 10px system-ui, sans-serif; fill: #222; background: #fff"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" style="{style}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _histogram(values: np.ndarray, label: str, low: float, high: float, x: float, y: float) -> list[str]:
    counts, _ = np.histogram(np.clip(values, low, high), BINS, (low, high))
    width, height = WIDTH / 3 - 24, ROW - 44
    tallest = max(1, int(counts.max(initial=0)))
    left, floor = x + 12, y + ROW - 22
    parts = [
        f'<text x="{left:.0f}" y="{y + 14:.0f}" font-weight="600">{escape(label)}, most in a bar: {tallest}</text>'
    ]
    for index, count in enumerate(counts):
        tall = height * int(count) / tallest
        parts.append(
            f'<rect x="{left + index * width / BINS:.1f}" y="{floor - tall:.1f}" width="{width / BINS - 1:.1f}" '
            f'height="{tall:.1f}" fill="#3a6ea5"/>'
        )
    parts.append(f'<line x1="{left:.0f}" x2="{left + width:.0f}" y1="{floor:.0f}" y2="{floor:.0f}" stroke="#888"/>')
    for value, place in ((low, "start"), ((low + high) / 2, "middle"), (high, "end")):
        at = left + width * (value - low) / (high - low)
        parts.append(f'<text x="{at:.0f}" y="{floor + 13:.0f}" text-anchor="{place}">{value:g}</text>')
    return parts
