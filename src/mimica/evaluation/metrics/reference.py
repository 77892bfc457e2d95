"""The reference page of the metrics, written from the registry and from the metrics' own docstrings.

python -m mimica.evaluation.metrics.reference > docs/reference/metrics.md
"""

from __future__ import annotations

import inspect
from importlib import import_module

from mimica.evaluation.metrics import METRICS

_BETTER = {"higher": "higher", "lower": "lower", "one": "nearer to 1", "zero": "nearer to 0"}


def reference() -> str:
    """Markdown: every number with unit and direction, then what each file says about its metric."""
    lines = ["# Metrics", "", "<!-- written by python -m mimica.evaluation.metrics.reference; do not edit -->", ""]
    lines += [
        "NaN (an empty cell) means: not to be told from this clip, for the reason that the metric gives below.",
        "",
    ]
    lines += ["| number | unit | better | says | see |", "|---|---|---|---|---|"]
    for metric in METRICS.values():
        link = f"[{metric.module}](#{metric.module})"
        lines.append(f"| `{metric.name}` | {metric.unit} | {_BETTER[metric.better]} | {metric.says} | {link} |")
    for module in dict.fromkeys(metric.module for metric in METRICS.values()):
        text = inspect.getdoc(import_module(f"mimica.evaluation.metrics.{module}")) or ""
        lines += ["", f"## {module}", "", text]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(reference(), end="")
