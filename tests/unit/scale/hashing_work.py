"""The service's real work, and sha256 of the frames as they came to the way out: before label and mark."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from mimica.safety.release import FrameRelease
from mimica.service.work import Order, Work, animation_work


def hashing_work(device: str) -> Work:
    made = animation_work(device)
    marked = FrameRelease.frame

    def work(order: Order, tell: Any, show: Callable[[bytes], None]) -> dict[str, Any]:
        seen = hashlib.sha256()

        def frame(release: FrameRelease, image: Any, time: Any) -> Any:
            seen.update(image.tobytes())
            return marked(release, image, time)

        with patch.object(FrameRelease, "frame", frame):
            return made(order, tell, show) | {"frames_sha256": seen.hexdigest()}

    return work
