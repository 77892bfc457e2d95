"""The registry: every number has a file that explains it, and the reference page is up to date."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from mimica.evaluation.metrics import METRICS
from mimica.evaluation.metrics.reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


@pytest.mark.parametrize("module", sorted({metric.module for metric in METRICS.values()}))
def test_every_metric_says_what_fools_it(module: str) -> None:
    text = import_module(f"mimica.evaluation.metrics.{module}").__doc__ or ""
    if module not in ("comparison", "curve"):
        assert "ools" in text, "say what fools it"
    assert len(text) > 200


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "python -m mimica.evaluation.metrics.reference > docs/…"


def test_distance_is_smaller_for_the_better_value() -> None:
    for metric in METRICS.values():
        good, bad = {"higher": (1.0, 0.5), "lower": (0.5, 1.0), "one": (0.9, 1.3), "zero": (-0.1, 0.4)}[metric.better]
        assert metric.distance(good) < metric.distance(bad), metric.name
