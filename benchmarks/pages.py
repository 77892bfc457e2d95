"""Fill docs/explanation/scaling.md and docs/bench/curation.md from what was measured, so that no number can go stale.

    python benchmarks/pages.py [--measured docs/bench/scaling.json]

The words are in benchmarks/pages/; a name between two @ stands for a number or a table that follows from the measured
rates and from the assumptions of benchmarks/scaling.py. A test fills them again and compares.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from scaling import DAY, HOUR, LOOKING, MEASURED, Assumptions, curation_work, tables

ROOT = Path(__file__).parents[1]
PAGES = {"scaling.md": ROOT / "docs" / "explanation", "curation.md": ROOT / "docs" / "bench"}


def stage_rows(measured: dict[str, Any]) -> list[str]:
    """The table of what a second of film costs."""
    words = {
        "probe": "probe (open, first frame)",
        "shots": "shots (decode, PySceneDetect)",
        "decode": "decode again, for faces",
        "tracks": "face tracks (8 looks a second)",
        "quality and motion": "quality, gate and motion (8 looks a second)",
        "crop and encode": "crop and encode (256 px, H.264; decodes too)",
    }
    stages = measured["curation"]["cpu_s_per_film_s"]
    whole = sum(stages.values())
    rows = [f"| {words[name]} | {value:.4f} | {value / whole:.0%} |" for name, value in stages.items()]
    return ["| stage | CPU s for a second of film | share |", "|---|---|---|", *rows, f"| all | {whole:.4f} | |"]


def facts(measured: dict[str, Any], given: Assumptions) -> dict[str, str]:
    """Everything that the pages say in numbers, by the name that stands in the templates."""
    curated, stages = measured["curation"], measured["curation"]["cpu_s_per_film_s"]
    whole, looking = sum(stages.values()), sum(stages[name] for name in LOOKING)
    dispatch_s, forget = measured["dispatch"]["s_per_item"], measured["forget"]
    film_cpu_s = given.film_s * whole
    parcels, cores = 65_536, 8_192
    handing_h = parcels * dispatch_s / HOUR
    working_h = sum(curation_work(measured, given)) / cores / HOUR
    papers_ms = curated["papers_cpu_s"] / curated["clips"] * 1000
    clips_100gb = 100e9 / (curated["bytes_per_clip_s"] * given.clip_s)
    a_clip_s = (forget[-1]["cpu_s"] - forget[0]["cpu_s"]) / (forget[-1]["clips"] - forget[0]["clips"])
    trained = measured["training"]
    precision, processes = trained["precision"], trained["processes"]
    held = _held(trained, "replicated") + trained["memory"]["replicated"]["average"]
    values: dict[str, Any] = {
        "film_per_core": f"{1 / whole:.1f}",
        "decoding_of_looking": f"{(stages['shots'] + stages['decode']) / looking:.0%}",
        "looking": f"{looking / whole:.0%}",
        "papers_ms": f"{papers_ms:.1f}",
        "papers_min": f"{papers_ms * 1e6 / 6e4:.0f}",
        "dispatch_ms": f"{dispatch_s * 1000:.0f}",
        "dispatch_load": measured["dispatch"]["load"],
        "film_cpu_s": f"{film_cpu_s:.0f}",
        "cores_fed": f"{film_cpu_s / dispatch_s:,.0f}",
        "scheduler": (
            f"At {cores:,} cores handing out {parcels:,} parcels takes {handing_h:.2f} h beside {working_h:.2f} h of "
            f"work: the scheduler is {'the bound' if handing_h > working_h else 'not the bound yet'}"
        ),
        "read_mb": f"{given.raw_bytes_per_s / whole / 1e6:.1f}",
        "read_gb": f"{given.raw_bytes_per_s / whole * cores / 1e9:.0f}",
        "raw_hours": f"{given.clips * given.clip_s / given.keep / HOUR:,.0f}",
        "clip_kb": f"{curated['bytes_per_clip_s'] / 1e3:.1f}",
        "gpu_mb": f"{1000 * given.clip_s * curated['bytes_per_clip_s'] / 1e6:.0f}",
        "gpu_cores": f"{1000 * given.clip_s * stages['decode']:.0f}",
        "forget_ms": f"{a_clip_s * 1000:.2f}",
        "forget_clips": f"{clips_100gb:,.0f}",
        "forget_min": f"{clips_100gb * a_clip_s / 60:.0f}",
        "jobs_peak": f"{given.animations / DAY * given.peak:.0f}",
        "bf16_gain": f"{precision['fp32']['cpu_s_per_sample'] / precision['bf16']['cpu_s_per_sample']:.2f}",
        "fp32_ms": f"{precision['fp32']['cpu_s_per_sample'] * 1000:.1f}",
        "bf16_ms": f"{precision['bf16']['cpu_s_per_sample'] * 1000:.1f}",
        "two_gain": f"{processes['2']['samples_per_s'] / processes['1']['samples_per_s']:.2f}",
        "two_cpu": f"{processes['2']['cpu_s_per_sample'] / processes['1']['cpu_s_per_sample']:.2f}",
        "two_load": processes["2"]["load"],
        "parameters_m": f"{trained['parameters'] / 1e6:.2f}",
        "held_mb": f"{held / 1e6:.1f}",
        "held_per_parameter": f"{held / trained['parameters']:.1f}",
        "threshold_g": f"{given.gpu_bytes * (1 - given.activations) / (held / trained['parameters'] + 4) / 1e9:.1f}",
        "ddp_step_s": trained["memory"]["replicated"]["step_s"],
        "fsdp_step_s": trained["memory"]["sharded"]["step_s"],
        "fsdp_mb": f"{_held(trained, 'sharded') / 1e6:.1f}",
        "ddp_mb": f"{_held(trained, 'replicated') / 1e6:.1f}",
    }
    for part in ("curation", "batch", "serving", "killed", "scan"):
        values |= {
            f"{part}.{name}": value for name, value in measured[part].items() if not isinstance(value, dict | list)
        }
    values |= {f"refused.{name}": count for name, count in curated["refused"].items()}
    for key, part in (("workers", "workers"), ("calmer", "workers_at_a_lower_load")):
        one, two = measured[part]
        values |= {
            f"{key}.films": one["films"],
            f"{key}.one_s": one["wall_s"],
            f"{key}.two_s": two["wall_s"],
            f"{key}.one_load": one["load"],
            f"{key}.two_load": two["load"],
            f"{key}.gain": f"{one['wall_s'] / two['wall_s']:.2f}",
            f"{key}.one_cpu_s": one["cpu_s"],
            f"{key}.two_cpu_s": two["cpu_s"],
            f"{key}.how": "once each" if one["rounds"] == 1 else f"by turns, the fastest of {one['rounds']} rounds",
        }
    values |= {
        "scan_min": f"{100 / measured['scan']['gb'] * measured['scan']['cpu_s'] / 60:.0f}",
        "forget_rows": "\n".join(
            f"| {row['gb'] * 1000:.1f} MB | {row['clips']:,} | {row['wall_s']:.2f} s | {row['cpu_s']:.2f} s |"
            for row in forget
        ),
    }
    return {name: str(value) for name, value in values.items()}


def _held(trained: dict[str, Any], how: str) -> int:
    """Bytes of weights, gradients and Adam's moments in one of two processes."""
    return sum(trained["memory"][how][part] for part in ("weights", "gradients", "moments"))


def pages(measured: dict[str, Any]) -> dict[str, str]:
    """The pages by name, filled. Raises KeyError for a name in a template that nothing here gives."""
    given = Assumptions()
    values = facts(measured, given) | tables(measured, given) | {"stage_table": "\n".join(stage_rows(measured))}
    folder = Path(__file__).parent / "pages"
    return {
        name: re.sub(r"@([\w.]+)@", lambda found: values[found[1]], (folder / name).read_text(encoding="utf-8"))
        for name in PAGES
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measured", type=Path, default=MEASURED)
    for name, text in pages(json.loads(parser.parse_args().measured.read_text(encoding="utf-8"))).items():
        (PAGES[name] / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
