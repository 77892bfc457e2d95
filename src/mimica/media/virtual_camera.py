"""A virtual camera: what other programs see as a webcam, where the system has a driver for one.

Linux needs v4l2loopback, macOS and Windows OBS. pyvirtualcam, the extra `live`, is under the GPL and never installed
unless asked for (docs/adr/0016). This module does not know what the pictures show.
"""

from __future__ import annotations

from importlib import import_module
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mimica.errors import DeviceError


class VirtualCamera:
    """An open virtual camera of one size; use it in a ``with`` block.

    Raises DeviceError when the system has none; ModuleNotFoundError without the extra `live`.
    """

    def __init__(self, width: int, height: int, fps: float = 30.0) -> None:
        pyvirtualcam: Any = import_module("pyvirtualcam")  # untyped, and an extra
        try:
            self._camera: Any = pyvirtualcam.Camera(width, height, fps)
        except (RuntimeError, ValueError) as error:
            cause = " ".join(str(error).split())[:200]
            raise DeviceError(
                f"virtual camera: cannot be opened ({cause}); install OBS, or v4l2loopback on Linux, or leave out "
                "--virtual-camera"
            ) from error
        self.name: str = str(self._camera.device)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._camera.close()

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show (height, width, 3) uint8 RGB until the next one; never waits."""
        self._camera.send(np.ascontiguousarray(image))
