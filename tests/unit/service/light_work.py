"""Work without networks, for tests of what is around it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from mimica.animation.report import Progress
from mimica.errors import NoFaceError
from mimica.service.work import Order, Work


def light_work(_device: str) -> Work:
    """Copies the driver in steps; the setting `expression` says how many seconds it takes, `crf` what goes wrong.

    With a `crf` of 4 it takes twenty times as long.
    """

    def work(order: Order, tell: Any, show: Any) -> dict[str, Any]:
        if order.settings["crf"] == 1:
            raise NoFaceError(f"photo {order.photo}: no face was found")
        if order.settings["crf"] == 2:
            raise RuntimeError("a bug")
        if order.settings["crf"] == 3:
            os._exit(11)
        seconds = order.settings["expression"] * (20 if order.settings["crf"] == 4 else 1)
        for step in range(20):
            tell(Progress(step, 20, 20.0, "animating"))
            show(b"\xff\xd8\xff" + bytes([step]))
            time.sleep(seconds / 20)
        order.out.write_bytes(Path(order.driver).read_bytes())
        return {"frames": 20}

    return work
