"""The report: one self-contained page that a stranger understands, words first, then pictures, plots, all numbers.

No script, nothing fetched. This module does not measure.
"""

from __future__ import annotations

import json
import math
from html import escape
from pathlib import Path
from typing import Any

from mimica.errors import OutputError
from mimica.evaluation.metrics import EXPRESSION_GROUPS, METRICS, YAW_BINS
from mimica.evaluation.report_plots import bars_svg, curves_svg
from mimica.evaluation.report_strips import film_uri, strip
from mimica.evaluation.report_words import QUESTIONS, answers, gain_over_old_way, headline, verdict_of_gain
from mimica.evaluation.results import Evaluation

FILE_NAME = "report.html"
STYLE = Path(__file__).with_name("report_style.css")
FILM_BYTES = 8_000_000
"""Films are embedded up to this size together; all of them lie beside the page."""
STRIP_CASES, PLOTTED = 4, ("mouth", "eyes", "yaw", "gaze_yaw")
FLOORS = ("static", "landmark-warp", "rig-warp")
SUITES = {
    "truth": ("Against exact truth", "One rendered person performs, another's photo must follow; the data engine knows "
              "the right picture, so every difference is an error."),
    "self": ("A clip performed by its own first frame", "The clip itself is the right result. It cannot tell whether "
             "identity leaks, since actor and photo are one person."),
    "cross": ("Other people's photos", "As in use: nobody knows the right picture, so this measures how the photo "
              "follows the actor and stays itself."),
}  # fmt: skip
SIGNS = {"higher": "higher", "lower": "lower", "one": "near 1", "zero": "near 0"}
ROW_TITLES = {"driver": "actor", "target": "right result"}
CURVE_TITLES = {"mouth": "Opening of the mouth", "eyes": "Opening of the eyes", "yaw": "Turn of the head, degrees",
                "gaze_yaw": "Gaze to the side, degrees"}  # fmt: skip


def write_report(result: Evaluation, out: Path) -> Path:
    """Write `OUT/report.html` and give its path. Raises OutputError."""
    path = out / FILE_NAME
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(page(result, out), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise OutputError(f"output {path}: cannot be written ({error.strerror}); choose another folder") from error
    return path


def page(result: Evaluation, out: Path) -> str:
    """The whole page. out: where the films are."""
    lead = leading_system(result)
    body = [_head(result, lead)]
    budget = FILM_BYTES
    for suite in result.suites:
        title, says = SUITES[suite]
        body.append(f'<h2 id="{suite}">{title} <small>({suite})</small></h2><p>{says}</p>')
        body.append(_words(result, suite, lead))
        pictures, budget = _pictures(result, suite, out, lead, budget)
        body += [pictures, _plots(result, suite, lead), _table(result, suite, lead), _every_case(result, suite)]
    body.append(_footer(result))
    style = STYLE.read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>Evaluation of {escape(lead)}</title>'
        f"<style>{style}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def leading_system(result: Evaluation) -> str:
    """The one that the page is about: Mimica, or the first that is no baseline."""
    names = [name for name in result.systems if name not in FLOORS]
    return "mimica" if "mimica" in names else (names or result.systems)[0]


def ordered(result: Evaluation, suite: str, lead: str) -> list[str]:
    """Systems of a suite: the leading one, others, then the baselines."""
    present = {piece.system for piece in result.pieces if piece.suite == suite}
    rest = [name for name in result.systems if name != lead and name not in FLOORS]
    return [name for name in (lead, *rest, *FLOORS) if name in present]


def number(value: float | None) -> str:
    """Three digits that matter; a dash for what cannot be told."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"


def _head(result: Evaluation, lead: str) -> str:
    lines = "".join(
        f'<p><b><a href="#{suite}" style="color:inherit">{suite}</a></b>: {escape(headline(result, suite, lead))}</p>'
        for suite in result.suites
    )
    says = "".join(
        f'<span><i style="background:var(--{_colour(name)})"></i><b>{escape(name)}</b> {escape(text)}</span>'
        for name, text in result.settings.get("systems", {}).items()
    )
    reader = result.settings["reader"]
    failed = [piece for piece in result.pieces if piece.error]
    reasons = "".join(f"<li>{escape(text)}</li>" for text in dict.fromkeys(piece.error for piece in failed))
    told = (
        f"<details><summary>{len(failed)} films could not be made</summary><ul>{reasons}</ul></details>"
        if failed
        else ""
    )
    leaning = "" if reader == "mediapipe" else (
        "<p><b>Mind:</b> faces were read by Mimica's own encoder, the network under test. What it does not see in the "
        "actor it does not miss in the result. Give an independent reader with <code>--landmarks</code>.</p>"
    )  # fmt: skip
    return (
        f"<h1>How good is {escape(lead)}?</h1><p class=soft>{len(result.cases)} cases, "
        f"{len(result.pieces) - len(failed)} films measured; faces read by {escape(str(reader))}.</p>"
        f"{lines}{leaning}{told}"
        f'<div class="legend">{says}</div>'
    )


def _colour(name: str) -> str:
    return {"mimica": "own", "static": "static", "landmark-warp": "warp", "rig-warp": "rig"}.get(name, "other")


def _words(result: Evaluation, suite: str, lead: str) -> str:
    cards = []
    found = answers(result, suite, lead)
    gain = gain_over_old_way(result, suite, lead)
    for verdict, title in (("good", "What is good"), ("fair", "What is fair"), ("poor", "What is not good")):
        rows = "".join(
            f"<li><b>{number(answer.value)}{_unit(answer.question.metric)}</b>{escape(answer.question.title)}<br><small>"
            f"{escape(', '.join(f'{name} {number(value)}' for name, value in answer.others.items()))}</small></li>"
            for answer in found
            if answer.verdict == verdict
        )
        if gain is not None and verdict_of_gain(gain) == verdict:
            rows = (
                f"<li><b>{gain:+.0%}</b>Its faces are nearer to the right picture than the old way's"
                f"<br><small>perceptual.face</small></li>{rows}"
            )
        cards.append(f'<div class="card {verdict}"><h3>{title}</h3><ul>{rows or "<li>nothing</li>"}</ul></div>')
    return f'<div class="cards">{"".join(cards)}</div>'


def _unit(metric: str) -> str:
    unit = METRICS[metric].unit
    return unit if unit == "°" else f" {unit}" if unit else " of 1" if METRICS[metric].better == "one" else ""


def _pictures(result: Evaluation, suite: str, out: Path, lead: str, budget: int) -> tuple[str, int]:
    """Strips and films of some cases, the films while the budget lasts."""
    parts: list[str] = []
    systems = ordered(result, suite, lead)
    cases = list(dict.fromkeys(piece.case for piece in result.pieces if piece.suite == suite and piece.film))
    shown = min(STRIP_CASES, len(cases))
    for case in (cases[index * len(cases) // shown] for index in range(shown)):
        rows: list[tuple[str, Path]] = []
        files = result.cases[f"{suite}/{case}"].get("files", {})
        rows += [(name, Path(files[name])) for name in ("driver", "target") if files.get(name)]
        pieces = {piece.system: piece for piece in result.pieces if (piece.suite, piece.case) == (suite, case)}
        moving = [name for name in systems if name not in ("static", "rig-warp") and name in pieces]
        rows += [(name, out / pieces[name].film) for name in moving if pieces[name].film]
        if files.get("target") and suite == "self":
            rows = [row for row in rows if row[0] != "target"]
        count = max((piece.frames for piece in pieces.values()), default=0)
        strips = ((name, strip(path, frames=count or None)) for name, path in rows if path.is_file())
        stills = "".join(
            f'<span>{escape(ROW_TITLES.get(name, name))}</span><img alt="{escape(name)} in {escape(case)}" src="{uri}">'
            for name, uri in strips
            if uri is not None
        )
        parts.append(f'<h3>{escape(case)}</h3><div class="strip">{stills}</div>')
        films = [(name, path) for name, path in rows if path.is_file()]
        size = sum(path.stat().st_size for _, path in films)
        if films and size < budget:
            budget -= size
            players = "".join(
                f"<figure><figcaption>{escape(ROW_TITLES.get(name, name))}</figcaption>"
                f'<video controls muted loop playsinline src="{film_uri(path)}"></video></figure>'
                for name, path in films
            )
            parts.append(f'<details><summary>play</summary><div class="films">{players}</div></details>')
    return "".join(parts), budget


def _plots(result: Evaluation, suite: str, lead: str) -> str:
    systems = ordered(result, suite, lead)
    figures: list[str] = []
    groups = {
        group.replace("_", " "): values
        for group in EXPRESSION_GROUPS
        if (values := _means(result, suite, systems, f"expression.{group}.shown"))
    }
    if groups:
        figures.append(_figure("How much of each difficult expression is to be seen (1 is all, 0 nothing)",
                               bars_svg(groups, -0.3, 1.3, 1.0, "expressions")))  # fmt: skip
    identity = {
        f"turned {name}°": values
        for name in YAW_BINS
        if (values := _means(result, suite, systems, f"identity.similarity.{name}"))
    }
    if identity:
        figures.append(_figure("Likeness to the photo by turn of the head (one person from 0.4 on)",
                               bars_svg(identity, 0, 1, 0.4, "identity by yaw")))  # fmt: skip
    case = _telling_case(result, suite)
    if case is not None:
        own = result.cases[f"{suite}/{case}"]
        for name in PLOTTED:
            curves = {"reference": own["curves"][name]} | {
                piece.system: piece.curves[name]
                for piece in result.pieces
                if (piece.suite, piece.case) == (suite, case) and piece.curves and piece.system != "rig-warp"
            }
            reference = "driver" if suite == "cross" else "right result"
            plot = curves_svg(own["times_s"], curves, CURVE_TITLES[name])
            figures.append(_figure(f"{CURVE_TITLES[name]}: {case} (thick: the {reference})", plot))
    return f'<div class="plots">{"".join(figures)}</div>'


def _means(result: Evaluation, suite: str, systems: list[str], metric: str) -> dict[str, float]:
    means = {name: result.mean(suite, name, metric) for name in systems}
    return {name: value for name, value in means.items() if math.isfinite(value)}


def _telling_case(result: Evaluation, suite: str) -> str | None:
    """The case whose reference moves most, mouth and head together."""

    def movement(case: str) -> float:
        curves = result.cases[f"{suite}/{case}"].get("curves", {})
        total = 0.0
        for name, scale in (("mouth", 0.1), ("eyes", 0.1), ("yaw", 10.0)):
            known = [value for value in curves.get(name, []) if value is not None]
            total += (max(known) - min(known)) / scale if known else 0.0
        return total

    cases = [
        key.split("/", 1)[1] for key, own in result.cases.items() if key.startswith(f"{suite}/") and own.get("curves")
    ]
    return max(cases, key=movement, default=None)


def _figure(caption: str, svg: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>" if svg else ""


def _table(result: Evaluation, suite: str, lead: str) -> str:
    systems = ordered(result, suite, lead)
    judged = {question.metric: question for question in QUESTIONS}
    rows = []
    for metric in result.metrics(suite):
        cells = []
        for name in systems:
            value = result.mean(suite, name, metric)
            tone = judged[metric].judge(value)[0] if name == lead and metric in judged and math.isfinite(value) else ""
            cells.append(f'<td class="{"own " if name == lead else ""}{tone}">{number(value)}</td>')
        meta = METRICS[metric]
        bounds = f" ({judged[metric].bounds()})" if metric in judged else ""
        rows.append(
            f'<tr><td title="{escape(meta.says + bounds)}">{metric} <small>{escape(meta.unit)}</small></td>'
            f"<td>{SIGNS[meta.better]}</td>{''.join(cells)}</tr>"
        )
    head = "".join(f"<th>{escape(name)}</th>" for name in systems)
    return (
        f"<details open><summary>All means over the cases</summary><div class=scroll><table><tr><th>metric</th>"
        f"<th>best</th>{head}</tr>{''.join(rows)}</table></div></details>"
    )


def _every_case(result: Evaluation, suite: str) -> str:
    """Every number of every piece, folded away."""
    metrics, pieces = result.metrics(suite), [piece for piece in result.pieces if piece.suite == suite]
    rows = "".join(
        f"<tr><td>{escape(piece.case)}</td><td>{escape(piece.system)}</td>"
        + (f'<td colspan="{len(metrics)}">{escape(piece.error)}</td>' if piece.error else "".join(
            f"<td>{piece.numbers[metric]:.6g}</td>" if metric in piece.numbers else "<td>–</td>" for metric in metrics))
        + "</tr>"
        for piece in pieces
    )  # fmt: skip
    head = "".join(f"<th>{metric}</th>" for metric in metrics)
    return (
        "<details><summary>Every case, every number</summary><div class=scroll><table><tr><th>case</th><th>system</th>"
        f"{head}</tr>{rows}</table></div></details>"
    )


def _footer(result: Evaluation) -> str:
    bounds = "".join(
        f"<li>{escape(question.title)}: {question.metric} {question.bounds()}</li>" for question in QUESTIONS
    )
    settings: dict[str, Any] = {name: value for name, value in result.settings.items() if name != "systems"}
    return (
        "<h2>How it was measured</h2><p>Numbers are means over cases, from the frames before label and mark were drawn "
        "into them; the films shown here carry both. What fools each metric stands in docs/reference/metrics.md.</p>"
        f"<details><summary>What counts as good</summary><ul>{bounds}</ul></details>"
        f"<details><summary>Settings and hashes</summary><pre>{escape(json.dumps(settings, indent=1))}</pre></details>"
    )
