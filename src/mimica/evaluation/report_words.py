"""What the numbers say in plain words: which sides of a result are good, which are fair, which are not.

The bounds are judgements, stated here and in the report; the floors and the ceiling stand beside every verdict, so a
reader can judge anew. This module does not make pages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from mimica.evaluation.metrics import METRICS
from mimica.evaluation.results import Evaluation

Verdict = Literal["good", "fair", "poor"]


@dataclass(frozen=True, slots=True)
class Question:
    """A side of a result: the metric that answers, and from which distance to perfect on it is good, or fair."""

    title: str
    metric: str
    good: float
    fair: float

    def judge(self, value: float) -> Verdict:
        """Of a mean over cases. For "higher" metrics `good` and `fair` are least values, else greatest distances."""
        better = METRICS[self.metric].better
        if better == "higher":
            return "good" if value >= self.good else "fair" if value >= self.fair else "poor"
        away = METRICS[self.metric].distance(value)
        return "good" if away <= self.good else "fair" if away <= self.fair else "poor"

    def bounds(self) -> str:
        """In words."""
        better = METRICS[self.metric].better
        if better == "higher":
            return f"good from {self.good:g}, fair from {self.fair:g}"
        if better == "one":
            return f"good within {self.good:g} of 1, fair within {self.fair:g}"
        return f"good up to {self.good:g}, fair up to {self.fair:g}"


QUESTIONS = (
    Question("The mouth opens when the actor's does", "mouth.correlation", 0.9, 0.7),
    Question("The mouth opens as far", "mouth.slope", 0.2, 0.4),
    Question("The lids close when the actor's do", "eyes.correlation", 0.85, 0.6),
    Question("The lids close as far", "eyes.slope", 0.25, 0.45),
    Question("Blinks arrive", "blinks.recall", 0.85, 0.6),
    Question("The eyes look where the actor looks", "gaze_yaw.correlation", 0.8, 0.5),
    Question("The gaze goes as far", "gaze_yaw.slope", 0.25, 0.5),
    Question("The head turns with the actor", "pose.mean_removed_deg", 2.5, 5.0),
    Question("The smile follows", "smile.correlation", 0.85, 0.6),
    Question("A tongue that is out is seen", "expression.tongue_out.shown", 0.7, 0.4),
    Question("Puffed cheeks are seen", "expression.cheek_puff.shown", 0.7, 0.4),
    Question("A pout is seen", "expression.pout.shown", 0.7, 0.4),
    Question("Rolled lips are seen", "expression.lip_roll.shown", 0.7, 0.4),
    Question("A one-sided smile is seen", "expression.smirk.shown", 0.7, 0.4),
    Question("A wink is seen", "expression.wink.shown", 0.7, 0.4),
    Question("A snarl is seen", "expression.snarl.shown", 0.7, 0.4),
    Question("It stays the same person", "identity.similarity", 0.65, 0.5),
    Question("It does not drift towards the actor", "identity.leak", 0.05, 0.1),
    Question("It is as calm as the actor", "jitter.ratio", 0.35, 0.8),
    Question("It is as sharp as the photo", "sharpness.ratio", 0.15, 0.35),
    Question("The background holds still", "flicker.levels", 0.3, 1.0),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered for one system in one suite; `others`: the same number of the other systems."""

    question: Question
    suite: str
    value: float
    verdict: Verdict
    others: dict[str, float]


def answers(result: Evaluation, suite: str, system: str) -> list[Answer]:
    """Every question for which `system` has a number."""
    found: list[Answer] = []
    for question in QUESTIONS:
        value = result.mean(suite, system, question.metric)
        if math.isfinite(value):
            means = {name: result.mean(suite, name, question.metric) for name in result.systems if name != system}
            others = {name: mean for name, mean in means.items() if math.isfinite(mean)}
            found.append(Answer(question, suite, value, question.judge(value), others))
    return found


def headline(result: Evaluation, suite: str, system: str) -> str:
    """One sentence: how many sides are good, and whether it beats the floors at the picture itself."""
    found = answers(result, suite, system)
    good = sum(answer.verdict == "good" for answer in found)
    poor = sum(answer.verdict == "poor" for answer in found)
    text = f"{good} of {len(found)} sides are good, {poor} {'is' if poor == 1 else 'are'} not"
    share = gain_over_old_way(result, suite, system)
    if share is not None:
        verb = "closer to" if share >= 0 else "further from"
        text += f"; its faces are {abs(share):.0%} {verb} the right picture than the old way's (perceptual distance)"
    return text + "."


def gain_over_old_way(result: Evaluation, suite: str, system: str) -> float | None:
    """Share by which the faces are nearer to the right picture than the landmark warp's; None where nobody knows."""
    own, floor = (result.mean(suite, name, "perceptual.face") for name in (system, "landmark-warp"))
    return 1 - own / floor if math.isfinite(own) and math.isfinite(floor) and floor > 0 else None


def verdict_of_gain(share: float) -> Verdict:
    """Good from a tenth nearer on, poor from a tenth further."""
    return "good" if share >= 0.1 else "fair" if share > -0.1 else "poor"
