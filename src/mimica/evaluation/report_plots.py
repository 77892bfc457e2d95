"""Plots of the report as inline SVG: curves over time and bars; colours come from the page's style sheet.

This module does not know what is plotted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

Curve = Sequence[float | None]

WIDTH, HEIGHT = 520, 150
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 24


def curves_svg(times_s: Sequence[float], curves: Mapping[str, Curve], label: str) -> str:
    """Lines over time, one a name; the class of a line is `line-NAME`. Gaps where a value is None."""
    known = [value for curve in curves.values() for value in curve if value is not None]
    if not known or len(times_s) < 2:
        return ""
    low, high = min(known), max(known)
    room = max((high - low) * 0.06, 1e-6)
    low, high = low - room, high + room
    start, end = times_s[0], times_s[-1]

    def x(time_s: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (time_s - start) / max(end - start, 1e-9)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [_frame(label, low, high, y)]
    for second in range(math.ceil(start), math.floor(end) + 1, max(1, round((end - start) / 6))):
        parts.append(f'<text class="tick" x="{x(second):.1f}" y="{HEIGHT - 7}" text-anchor="middle">{second} s</text>')
    for name, curve in curves.items():
        path, pen_up = [], True
        for time_s, value in zip(times_s, curve, strict=False):
            if value is None:
                pen_up = True
                continue
            path.append(f"{'M' if pen_up else 'L'}{x(time_s):.1f} {y(value):.1f}")
            pen_up = False
        parts.append(f'<path class="line line-{escape(name)}" d="{"".join(path)}"><title>{escape(name)}</title></path>')
    return _svg(parts, HEIGHT, label)


def bars_svg(rows: Mapping[str, Mapping[str, float]], low: float, high: float, mark: float | None, label: str) -> str:
    """Horizontal bars in groups: row → name → value, cut at `low`..`high`; a line at `mark`. Values are written."""
    left, thick, gap = 150, 13, 12
    height = TOP + sum(len(group) * thick + gap for group in rows.values()) + BOTTOM

    def x(value: float) -> float:
        return left + (WIDTH - left - 50) * (min(max(value, low), high) - low) / (high - low)

    parts = [f'<line class="axis" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>']
    if mark is not None:
        parts.append(f'<line class="mark" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>')
        parts.append(f'<text class="tick" x="{x(mark):.1f}" y="{height - 8}" text-anchor="middle">{mark:g}</text>')
    y = float(TOP)
    for title, group in rows.items():
        middle = y + len(group) * thick / 2 + 4
        parts.append(f'<text class="row" x="{left - 10}" y="{middle:.1f}" text-anchor="end">{escape(title)}</text>')
        for name, value in group.items():
            start, end = sorted((x(0.0), x(value)))
            parts.append(
                f'<rect class="bar bar-{escape(name)}" x="{start:.1f}" y="{y:.1f}" width="{max(end - start, 1):.1f}" '
                f'height="{thick - 3}" rx="2"><title>{escape(name)} {value:.2f}</title></rect>'
                f'<text class="tick" x="{end + 5:.1f}" y="{y + thick - 4:.1f}">{value:.2f}</text>'
            )
            y += thick
        y += gap
    return _svg(parts, height, label)


def _frame(label: str, low: float, high: float, y: Callable[[float], float]) -> str:
    middle = (low + high) / 2
    ticks = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{_short(v)}</text>'
        for v in (low, middle, high)
    )
    return ticks + f"<title>{escape(label)}</title>"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def _svg(parts: Sequence[str], height: float, label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
