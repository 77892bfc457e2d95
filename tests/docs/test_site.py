"""The documentation site builds strictly, asks no third party for anything, and names every public name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mimica

ROOT = Path(__file__).parents[2]
RESOURCE = re.compile(
    r"<(?:script|img|iframe|source|video)\b[^>]*?\bsrc=[\"']?(?:https?:)?//|<link\b[^>]*stylesheet[^>]*//"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="needs pip install 'mimica[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    assert built.returncode == 0, built.stderr
    return folder


def test_pages_ask_nobody_else(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 50
    assert not [page.name for page in pages if RESOURCE.search(page.read_text(encoding="utf-8"))]


def test_the_reference_names_every_public_name(site: Path) -> None:
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    missing = [
        name for name in mimica.__all__ if name != "__version__" and not re.search(rf'id="[\w.]+\.{name}"', page)
    ]
    assert not missing
