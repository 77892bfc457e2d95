"""Comparing runs on known numbers; words and report; every number is in the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimica.errors import UsageError
from mimica.evaluation.comparison_of_runs import compare, interval
from mimica.evaluation.report import page, write_report
from mimica.evaluation.report_plots import bars_svg, curves_svg
from mimica.evaluation.report_words import answers
from mimica.evaluation.results import Evaluation
from mimica.evaluation.runner import Piece

CASES = 12


def evaluation(numbers: dict[str, list[float]], system: str = "mimica") -> Evaluation:
    pieces = tuple(
        Piece("truth", f"case{index}", system, "", {name: values[index] for name, values in numbers.items()},
              {"mouth": [0.1, None, 0.2], "eyes": [0.3] * 3, "yaw": [0.0, 5.0, 1.0], "gaze_yaw": [0.0] * 3}, frames=3)
        for index in range(CASES)
    )  # fmt: skip
    curves = {"times_s": [0.0, 0.04, 0.08], "curves": {name: [0.0, 0.5, 1.0] for name in pieces[0].curves}}
    cases = {f"truth/case{index}": curves for index in range(CASES)}
    return Evaluation({"reader": "stub", "systems": {system: "a system"}}, cases, pieces)


def varied(mean: float, spread: float, seed: int) -> list[float]:
    return list(mean + spread * np.random.default_rng(seed).normal(size=CASES))


def test_a_clear_gain_is_told_from_noise() -> None:
    noise = varied(0.0, 0.01, 3)
    before = evaluation({"l1.face": varied(20, 5, 0), "mouth.slope": [0.5] * CASES, "psnr.face": [20.0] * CASES})
    after = evaluation(
        {
            "l1.face": [value - 1 + small for value, small in zip(varied(20, 5, 0), noise, strict=True)],
            "mouth.slope": [1.8] * CASES,  # further from 1 than 0.5 was
            "psnr.face": [20 + small for small in noise],
        }
    )
    verdicts = {change.metric: change for change in compare(before, after)}
    assert verdicts["l1.face"].verdict == "improved"  # though people differ by 5, each gained 1
    assert verdicts["l1.face"].change == pytest.approx(-1, abs=0.02)
    assert verdicts["mouth.slope"].verdict == "worse"
    assert verdicts["mouth.slope"].change == pytest.approx(0.3)
    assert verdicts["psnr.face"].verdict == "within noise"


def test_only_shared_cases_are_compared() -> None:
    before = evaluation({"l1.face": varied(20, 1, 0)})
    after = Evaluation(before.settings, before.cases, before.pieces[:2])
    (change,) = compare(before, after)
    assert (change.cases, change.verdict) == (2, "too few cases")


def test_the_interval_covers_its_mean() -> None:
    """Of 200 sets of 30 values around 0, about 95 % of the intervals hold 0."""
    rng = np.random.default_rng(0)
    hits = sum(low <= 0 <= high for low, high in (interval(rng.normal(size=30), seed) for seed in range(200)))
    assert 0.88 <= hits / 200 <= 0.99


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    result = evaluation({"l1.face": varied(20, 1, 0)})
    result.save(tmp_path / "evaluation.json")
    assert Evaluation.load(tmp_path).summary() == result.summary()
    (tmp_path / "evaluation.json").write_text("{}")
    with pytest.raises(UsageError, match="not the result of an evaluation"):
        Evaluation.load(tmp_path)
    with pytest.raises(UsageError, match=r"none: cannot be read \([^\[]*\); give the evaluation\.json") as missing:
        Evaluation.load(tmp_path / "none")
    assert "Errno" not in str(missing.value)


def test_the_report_holds_every_number_and_fetches_nothing(tmp_path: Path) -> None:
    result = evaluation({"l1.face": varied(20, 1, 0), "mouth.slope": varied(0.5, 0.2, 1)})
    text = write_report(result, tmp_path).read_text(encoding="utf-8")
    for piece in result.pieces:
        for value in piece.numbers.values():
            assert f"{value:.6g}" in text
    assert "http" not in text
    assert "<script" not in text


def test_the_words_follow_the_numbers() -> None:
    result = evaluation(
        {"mouth.correlation": [0.95] * CASES, "mouth.slope": [0.3] * CASES, "eyes.slope": [1.3] * CASES}
    )
    verdicts = {answer.question.metric: answer.verdict for answer in answers(result, "truth", "mimica")}
    assert verdicts == {"mouth.correlation": "good", "mouth.slope": "poor", "eyes.slope": "fair"}
    assert "What is not good" in page(result, Path())


def test_names_from_outside_cannot_break_the_page() -> None:
    result = evaluation({"l1.face": varied(20, 1, 0)}, system="<b>peer")
    assert "<b>peer" not in page(result, Path())


def test_plots_leave_gaps_and_write_values() -> None:
    assert curves_svg([0, 1, 2, 3], {"a": [1.0, None, 2.0, 3.0]}, "t").count("M") == 2
    assert ">0.50<" in bars_svg({"row": {"a": 0.5}}, 0, 1, 1.0, "bars")
    assert curves_svg([0, 1], {"a": [None, None]}, "t") == ""
