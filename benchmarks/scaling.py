"""What a million clips, 100,000 GPU-hours and ten million animations a day take: measured rates, formulas, simulation.

    python benchmarks/scaling.py [--measured docs/bench/scaling.json]

The rates are those that benchmarks/curation.py, batch.py, serving.py and training.py measured; prices and failure rates
are assumptions, named below. Every formula is checked by the simulation of ``mimica.scale.simulation`` at the size in
question. benchmarks/pages.py writes the documentation with it.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mimica.scale.simulation import (
    Fleet,
    best_interval_s,
    expected_makespan_s,
    expected_training_s,
    expected_wait_s,
    run_requests,
    run_tasks,
    run_training,
)

HOUR, DAY = 3600.0, 86400.0
MEASURED = Path(__file__).parents[1] / "docs" / "bench" / "scaling.json"
LOOKING = ("probe", "shots", "decode", "tracks", "quality and motion")


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What was not measured here. Prices are round numbers of 2026 for rented machines without commitment.

    core_hour, spot_core_hour, gpu_hour, gb_month: US dollars. clips, clip_s: to make, and their mean length. keep:
    share of the raw film that ends up in clips. raw_bytes_per_s, film_s: of the films. node_mtbf_s, spot_mtbf_s:
    between failures of a machine, kept or lent. gpu_mtbf_s: of one GPU with its share of a machine: 419
    interruptions in 54 days of 16,384 GPUs (Llama 3, arXiv 2407.21783). save_s, restart_s: a checkpoint, and from a
    failure to work again. peak: busiest hour over the mean one. frames, frame_scale: of an animation, and what a frame
    costs over one of 256 px. gpu_bytes, activations: memory of a GPU, and the share of it that a batch takes.
    net_bytes_s: between machines.
    """

    core_hour: float = 0.04
    spot_core_hour: float = 0.015
    gpu_hour: float = 2.5
    gb_month: float = 0.023
    clips: int = 1_000_000
    clip_s: float = 5.0
    keep: float = 0.10
    raw_bytes_per_s: float = 600_000
    film_s: float = 120.0
    node_cores: int = 32
    node_mtbf_s: float = 30 * DAY
    spot_mtbf_s: float = 6 * HOUR
    gpu_mtbf_s: float = 16_384 * 54 * DAY / 419
    save_s: float = 5.0
    restart_s: float = 120.0
    animations: int = 10_000_000
    peak: float = 3.0
    frames: int = 250
    frame_scale: float = 4.0
    gpu_bytes: float = 80e9
    activations: float = 0.5
    net_bytes_s: float = 25e9


@dataclass(slots=True)
class Checked:
    """How far formulas and simulations are apart: (where, formula, simulated)."""

    pairs: list[tuple[str, float, float]] = field(default_factory=list)

    def told(self) -> str:
        """The largest difference, relative to the simulation, and where."""
        where, formula, simulated = max(self.pairs, key=lambda pair: abs(pair[1] / pair[2] - 1))
        others = [abs(formula / simulated - 1) for place, formula, simulated in self.pairs if place != where]
        return f"within {max(others):.0%} but for {where} ({abs(formula / simulated - 1):.0%})"


def curation_work(measured: dict[str, Any], given: Assumptions) -> tuple[float, float]:
    """CPU seconds of looking at all the film, and of writing the clips."""
    stages = measured["curation"]["cpu_s_per_film_s"]
    looked_s = sum(stages[name] for name in LOOKING) * given.clips * given.clip_s / given.keep
    # writing was measured per second of film of which a known share was kept
    kept_share = measured["curation"]["clips_s"] / measured["curation"]["films_s"]
    return looked_s, stages["crop and encode"] / kept_share * given.clips * given.clip_s


def curation(measured: dict[str, Any], given: Assumptions, rng: np.random.Generator, checked: Checked) -> list[str]:
    """Rows of the table for a million clips: cores, hours, dollars, and how far formula and simulation agree."""
    raw_s = given.clips * given.clip_s / given.keep
    looked_s, written_s = curation_work(measured, given)
    work_s = looked_s + written_s
    lines = [
        f"raw film {raw_s / HOUR:,.0f} h, {raw_s * given.raw_bytes_per_s / 1e12:.0f} TB; "
        f"clips {given.clips * measured['curation']['bytes_per_clip_s'] * given.clip_s / 1e9:,.0f} GB; "
        f"CPU {work_s / HOUR:,.0f} core-hours ({looked_s / work_s:.0%} looking, {written_s / work_s:.0%} writing)",
        "",
        "| nodes × cores | machines | parcels | hours, formula | hours, simulated | begun twice | wasted | US$ |",
        "|---|---|---|---|---|---|---|---|",
    ]
    films = round(raw_s / given.film_s)
    for nodes, kind, mtbf_s, price in (
        (1, "kept", given.node_mtbf_s, given.core_hour),
        (16, "kept", given.node_mtbf_s, given.core_hour),
        (64, "lent (spot)", given.spot_mtbf_s, given.spot_core_hour),
        (256, "lent (spot)", given.spot_mtbf_s, given.spot_core_hour),
    ):
        fleet = Fleet(nodes, given.node_cores, mtbf_s, repair_s=300, dispatch_s=measured["dispatch"]["s_per_item"])
        parcels = min(films, max(5000, 8 * nodes * given.node_cores))  # as ``scale.curation.blocks``
        durations = rng.lognormal(0, 0.8, films)
        durations *= work_s / films / durations.mean()
        durations = np.add.reduceat(durations, np.arange(parcels) * films // parcels)
        whole = expected_makespan_s(durations, fleet)
        shift = run_tasks(durations, fleet, rng)
        hours, simulated = whole / HOUR, shift.makespan_s / HOUR
        cost = simulated * nodes * given.node_cores * price
        checked.pairs.append((f"clips on {nodes} machines", hours, simulated))
        lines.append(
            f"| {nodes} × {given.node_cores} | {kind} | {parcels:,} | {hours:,.1f} | {simulated:,.1f} | "
            f"{shift.begun / parcels - 1:.2%} | {shift.wasted_share:.2%} | {cost:,.0f} |"
        )
    return lines


def training(given: Assumptions, rng: np.random.Generator, checked: Checked) -> list[str]:
    """Rows of the table for 100,000 GPU-hours."""
    lines = [
        "| GPUs | days at best | checkpoint every | days, formula | days, simulated | lost | US$ |",
        "|---|---|---|---|---|---|---|",
    ]
    for gpus in (8, 64, 512, 4096):
        work_s = 100_000 * HOUR / gpus
        every_s = max(60.0, best_interval_s(gpus, given.gpu_mtbf_s, given.save_s))
        asked = (work_s, gpus, given.gpu_mtbf_s, every_s, given.save_s, given.restart_s)
        formula = expected_training_s(*asked)
        simulated = float(np.mean([run_training(*asked, rng) for _ in range(20)]))
        checked.pairs.append((f"training on {gpus} GPUs", formula, simulated))
        lines.append(
            f"| {gpus:,} | {work_s / DAY:,.1f} | {every_s / 60:,.0f} min | {formula / DAY:,.2f} | "
            f"{simulated / DAY:,.2f} | {simulated / work_s - 1:.2%} | {simulated / HOUR * gpus * given.gpu_hour:,.0f} |"
        )
    return lines


def animation(measured: dict[str, Any], given: Assumptions, rng: np.random.Generator) -> list[str]:
    """Rows of the table for ten million animations a day."""
    batch = measured["batch"]
    service_s = batch["cpu_s_per_job"] + given.frames * given.frame_scale * batch["cpu_s_per_frame"]
    mean_rate = given.animations / DAY
    rate, spread = mean_rate * given.peak, 0.5
    lines = [
        f"a job of {given.frames} frames at 512 px: {service_s:.1f} core-seconds; {mean_rate:.0f} a second in the "
        f"mean, {rate:.0f} at the peak: {rate * service_s:,.0f} cores at work",
        "",
        "| replicas at the peak | load | mean wait, formula | mean wait, simulated | 99 % wait less than |",
        "|---|---|---|---|---|",
    ]
    for margin in (1.01, 1.03, 1.10):
        replicas = math.ceil(rate * service_s * margin)
        times = rng.gamma(1 / spread**2, service_s * spread**2, 1_000_000)
        waits = run_requests(rate, times, replicas, rng)[200_000:]
        formula = expected_wait_s(rate, service_s, replicas, spread)
        lines.append(
            f"| {replicas:,} | {rate * service_s / replicas:.1%} | {formula:.2f} s | {waits.mean():.2f} s | "
            f"{np.quantile(waits, 0.99):.1f} s |"
        )
    hours = mean_rate * service_s * 24 * 1.15
    lines.append("")
    lines.append(
        f"A day is {hours:,.0f} core-hours with 15 % to spare, {hours * given.core_hour:,.0f} US$ at kept prices: "
        f"{hours * given.core_hour / given.animations * 1000:.2f} US$ for a thousand animations."
    )
    return lines


def memory(measured: dict[str, Any], given: Assumptions) -> list[str]:
    """Rows of the table of networks that are larger than ours: what a process holds, and what a step's talk takes."""
    found = measured["training"]
    per_parameter = sum(found["memory"]["replicated"][part] for part in ("weights", "gradients", "moments", "average"))
    per_parameter /= found["parameters"]
    room = given.gpu_bytes * (1 - given.activations)
    lines = [
        "| parameters | a process holds, DDP | one of 8, sharded | DDP fits | gradients, 64 GPUs |",
        "|---|---|---|---|---|",
    ]
    for parameters in (found["parameters"], 100e6, 1e9, 10e9):
        whole = per_parameter * parameters + 4 * parameters  # and DDP's buckets
        talk_s = 2 * 63 / 64 * 4 * parameters / given.net_bytes_s
        lines.append(
            f"| {parameters / 1e6:,.1f} M | {_bytes(whole)} | {_bytes(per_parameter * parameters / 8)} | "
            f"{'yes' if whole <= room else 'no'} | {talk_s * 1000:,.1f} ms |"
        )
    return lines


def _bytes(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def tables(measured: dict[str, Any], given: Assumptions) -> dict[str, str]:
    """Every table by name, and under "agreement" how well formulas and simulations agree."""
    rng, checked = np.random.default_rng(0), Checked()
    found = {
        "clips_table": curation(measured, given, rng, checked), "training_table": training(given, rng, checked),
        "animation_table": animation(measured, given, rng), "memory_table": memory(measured, given),
    }  # fmt: skip
    return {name: "\n".join(lines) for name, lines in found.items()} | {"agreement": checked.told()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measured", type=Path, default=MEASURED)
    measured = json.loads(parser.parse_args().measured.read_text(encoding="utf-8"))
    for name, text in tables(measured, Assumptions()).items():
        print(f"## {name.replace('_', ' ')}\n\n{text}\n")


if __name__ == "__main__":
    main()
