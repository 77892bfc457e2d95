"""What the site adds to the folder docs/: pages that live at the repository's root, and lists that follow from files.

`Benchmarks` and `Decisions` of the navigation are every page of docs/bench and docs/adr by their first headings, so
that a new record needs no entry. Links that leave docs/ become links to those pages,
or plain words where the site has none.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
FROM_ROOT = {
    "SECURITY.md": "security.md",
    "RESPONSIBLE_USE.md": "responsible-use.md",
    "integrations/container/README.md": "howto/container.md",
    "integrations/comfyui/README.md": "howto/comfyui.md",
}
"""Pages outside docs/ and their names in the site."""
LISTS = {"Benchmarks": "bench", "Decisions": "adr"}
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def heading(path: Path) -> str:
    """A page's first heading."""
    return next(line[2:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# "))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    for entry in config.nav or []:
        title = next(iter(entry))
        if title in LISTS:
            pages = sorted((ROOT / "docs" / LISTS[title]).glob("*.md"))
            listed = [path for path in pages if not path.name.startswith("0000")]
            entry[title] = [{heading(path): f"{LISTS[title]}/{path.name}"} for path in listed]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, name in FROM_ROOT.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Send links to where the site has their targets; a link to a file of the repository's own becomes its words."""
    uri = page.file.src_uri
    source = next((root for root, name in FROM_ROOT.items() if name == uri), None)
    here = PurePosixPath(source or f"docs/{uri}").parent

    def to_site(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        in_repository = normpath(str(here / target))
        if in_repository in FROM_ROOT:
            name = FROM_ROOT[in_repository]
        elif in_repository.startswith("docs/"):
            if source is None:
                return match[0]
            name = in_repository.removeprefix("docs/")
        elif (ROOT / in_repository).exists():
            return match["text"]
        else:
            return match[0]  # broken: the strict build says so
        return f"[{match['text']}]({relpath(name, str(PurePosixPath(uri).parent))}{anchor})"

    return LINK.sub(to_site, markdown)
