"""What a worker does with a job: `mimica.animate`, with consent, gate, label, mark, manifest and ledger as everywhere.

Networks are loaded once for all jobs. This module does not know queues, processes or HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mimica.animation.report import ProgressCallback

if TYPE_CHECKING:
    from mimica.animation import Animator


@dataclass(frozen=True, slots=True)
class Order:
    """One job as its files and settings. out: where the video is to appear; it must not exist when the work fails."""

    photo: Path
    driver: Path
    receipt: Path | None
    settings: dict[str, Any]
    out: Path


Work = Callable[[Order, ProgressCallback, Callable[[bytes], None]], dict[str, Any]]
"""Makes the video of an order and reports in types that JSON knows. It is given whom to tell progress, which may raise
to stop it, and whom to show previews (JPEG files). Raises MimicaError for what trying again would not change."""


def animation_work(device: str) -> Work:
    """The real work, on `device`."""
    loaded: list[Animator] = []

    def work(order: Order, tell: ProgressCallback, show: Callable[[bytes], None]) -> dict[str, Any]:
        from mimica.animation import Animator, animate

        if not loaded:
            loaded.append(Animator.load(device))
        report = animate(
            order.photo, order.driver, order.out, receipt=order.receipt, progress=tell, preview=show,
            animator=loaded[0], **order.settings,
        )  # fmt: skip
        made = report.as_dict()
        del made["out"]  # the server's own path
        return made

    return work
