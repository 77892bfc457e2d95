"""The package's source files as syntax trees, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "mimica"


@cache
def trees() -> dict[str, ast.Module]:
    """Syntax tree of every module, by its path below src/mimica."""
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def room(path: str) -> str:
    """The room that a module lives in: its first folder, or "" at the top of the package."""
    return path.split("/")[0] if "/" in path else ""


def imports(path: str) -> Iterator[tuple[str, int]]:
    """(dotted module, line) of everything that a module imports anywhere in it, functions included.

    `from mimica import x` counts as mimica.x, and relative imports are made absolute.
    """
    parts = ["mimica", *path.removesuffix(".py").split("/")]
    for node in ast.walk(trees()[path]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(parts[: len(parts) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            if module == "mimica":
                for alias in node.names:
                    yield f"mimica.{alias.name}", node.lineno
            else:
                yield module, node.lineno
