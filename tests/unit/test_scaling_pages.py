"""What the documentation says about scale is what was measured: filled anew from the rates, the pages are the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def filled() -> dict[Path, str]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import pages
    finally:
        sys.path.pop(0)
    measured = json.loads((ROOT / "docs" / "bench" / "scaling.json").read_text(encoding="utf-8"))
    return {pages.PAGES[name] / name: text for name, text in pages.pages(measured).items()}


def test_the_pages_follow_from_the_rates(filled: dict[Path, str]) -> None:
    for path, text in filled.items():
        assert path.read_text(encoding="utf-8") == text, "run python benchmarks/pages.py"


def test_nothing_is_left_to_fill(filled: dict[Path, str]) -> None:
    assert filled
    assert not [path for path, text in filled.items() if "@" in text]
