"""Devices and threads: which of onnxruntime's execution providers runs a network, and on how many cores.

This module does not know what a network computes.
"""

# onnxruntime has no stubs: its values are typed where they leave these functions.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from mimica.errors import DeviceError, UsageError

PROVIDERS: dict[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
DEVICES: tuple[str, ...] = ("auto", *PROVIDERS)
"""What `device` may be; "auto" is the first accelerator that onnxruntime has and that starts, else the CPU."""

THREADS_VARIABLE = "MIMICA_THREADS"

_REMEDY = {
    "cpu": "reinstall onnxruntime",
    "cuda": "pip install onnxruntime-gpu in place of onnxruntime, or use --device cpu",
    "coreml": "CoreML comes with onnxruntime on macOS only; use --device cpu",
    "directml": "pip install onnxruntime-directml in place of onnxruntime (Windows only), or use --device cpu",
}


def available_devices() -> tuple[str, ...]:
    """The devices that onnxruntime was built for, accelerators first; whether one works, a session tells."""
    import onnxruntime

    built = set(onnxruntime.get_available_providers())
    return tuple(name for name in ("cuda", "coreml", "directml", "cpu") if PROVIDERS[name] in built)


def candidate_devices(device: str) -> tuple[str, ...]:
    """The devices to try for `device`, in order: itself, or with "auto" every accelerator built in and then the CPU.

    Raises:
        UsageError: no such device exists.
        DeviceError: this onnxruntime was built without it.
    """
    if device not in DEVICES:
        raise UsageError(f"device {device!r}: unknown; choose one of {', '.join(DEVICES)}")
    available = available_devices()
    if device == "auto":
        return available
    if device not in available:
        raise DeviceError(f"device {device}: the installed onnxruntime has no {PROVIDERS[device]}; {_REMEDY[device]}")
    return (device,)


def resolve_device(device: str) -> str:
    """The device that is tried first for `device`: one of `PROVIDERS`. Raises as `candidate_devices`."""
    return candidate_devices(device)[0]


def not_working(device: str, cause: str) -> DeviceError:
    """The error for a device that onnxruntime was built for, but that does not start."""
    return DeviceError(f"device {device}: it does not start ({cause}); check its driver, or use --device cpu")


def thread_count() -> int:
    """Threads within one operator: MIMICA_THREADS if set, else `usable_cores`; 0 lets onnxruntime choose.

    Raises:
        UsageError: MIMICA_THREADS is not a whole number of at least 1.
    """
    asked = os.environ.get(THREADS_VARIABLE)
    if asked is None:
        return usable_cores()
    if not asked.isdecimal() or int(asked) < 1:
        raise UsageError(f"{THREADS_VARIABLE}={asked!r}: wants a whole number of at least 1; unset it or correct it")
    return int(asked)


def usable_cores(system: Path = Path("/sys")) -> int:
    """Physical cores within this process's affinity and container quota (Linux); 0 where that is not known.

    Two hyper-threads of a core share its multipliers, so a thread for each gains nothing in a convolution.
    """
    if not hasattr(os, "sched_getaffinity"):
        return 0
    logical = os.sched_getaffinity(0)
    cores: set[str] = set()
    for number in logical:
        siblings = system / f"devices/system/cpu/cpu{number}/topology/thread_siblings_list"
        cores.add(siblings.read_text().strip() if siblings.is_file() else str(number))
    return max(1, min(len(cores), _quota(system / "fs/cgroup/cpu.max")))


def _quota(path: Path) -> int:
    """Cores that a version 2 control group grants, rounded up; very many without a limit."""
    words = path.read_text().split() if path.is_file() else []
    if len(words) != 2 or words[0] == "max":
        return 1 << 16
    return math.ceil(int(words[0]) / int(words[1]))


def session_providers(device: str) -> list[tuple[str, dict[str, Any]]]:
    """Providers in order of preference for a resolved `device`; the CPU runs what an accelerator cannot."""
    chosen: list[tuple[str, dict[str, Any]]] = []
    if device == "cuda":
        chosen.append((PROVIDERS["cuda"], {"cudnn_conv_algo_search": "HEURISTIC"}))
    elif device != "cpu":
        chosen.append((PROVIDERS[device], {}))
    return [*chosen, (PROVIDERS["cpu"], {})]
