"""The methods ranked by gain, and which of the differences between them are more than noise."""

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, cast

from markupsafe import Markup

from srcore.common.errors import StudyError
from srcore.inference.baselines import BASELINE, LINEAR
from srcore.metrics.holm import holm
from srcore.metrics.intervals import MIN_GROUPS
from srcore.metrics.paired import Difference, paired_difference
from srcore.reporting.page.charts import interval_bar
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import padded, signed

REFERENCES = (BASELINE, "lanczos", LINEAR)
"""The methods that are ranked beside the networks; nearest and bilinear are no contenders."""
VERDICTS = {
    "better": "better than {}",
    "worse": "worse than {}",
    "same": "the same as {}",
    "noise": "no clear difference from {}",
    "few": "too few scenes for a conclusion",
}
"""What is said of a method beside the next below it."""
LEAST_MATRIX = 3
"""Methods from which on there are pairs that the ranking itself does not show."""


@dataclass(frozen=True)
class Step:
    """How far a method is ahead of the next below it, as text and, with an interval, as a bar."""

    significant: bool
    mean: str
    interval: str
    text: str
    bar: Markup


@dataclass(frozen=True)
class Rung:
    """One method of a ranking; the last has no step."""

    name: str
    weights: str
    reference: bool
    gain: str
    spread: str
    step: Step | None


@dataclass(frozen=True)
class Ranking:
    """All models that have one output, the largest gain first, with bicubic and others among them.

    Attributes:
        side: pixels of an image.
        output: name of the output.
        rungs: the methods, best first.
        leader: name of the first.
        level: names of those that are not significantly different from the first.
        few: number of scenes where they are too few to tell anything, else 0.
        pairs: (method, one further down) → their difference, its verdict adjusted for the number
            of pairs.
        matrix: row i, column j: by how much rung i is ahead of rung i + 1 + j in dB, empty where
            that is noise; no rows where the rungs say all, or nothing is significant.
    """

    side: int
    output: str
    rungs: list[Rung]
    leader: str
    level: list[str]
    few: int
    pairs: dict[tuple[str, str], Difference]
    matrix: list[list[str]]

    @property
    def one_training(self) -> bool:
        """Whether a network was trained once only, so that nothing is said of other seeds."""
        return any(difference.one_training for difference in self.pairs.values())

    @property
    def leads_in_these_trainings(self) -> bool:
        """Whether the leader is, or is beside, a network that was trained once only."""
        return any(d.one_training for (first, _), d in self.pairs.items() if first == self.leader)


def rankings(results: Results) -> list[Ranking]:
    """One ranking an output.

    Raises:
        StudyError: plots/images.csv lacks a method that plots/methods.csv has.
    """
    return [_ranking(results, output) for output in results.outputs]


def _ranking(results: Results, output: str) -> Ranking:
    entries = {
        name: {"gain": 0.0} | cast("dict[str, Any]", results.metrics[name][output])
        for name in (*REFERENCES, *results.models)
        if output in results.metrics.get(name, {})
    }
    names = sorted(entries, key=lambda name: -entries[name]["gain"])
    pairs = _pairs(results, output, names)
    steps = [pairs[pair] for pair in pairwise(names)]
    span = padded([0.0, *(end for step in steps for end in (step.low, step.high) if end)])
    rungs: list[Rung] = []
    for place, name in enumerate(names):
        step = _step(steps[place], names[place + 1], span) if place < len(steps) else None
        entry = entries[name]
        spread = f"{entry['gain_spread']:.2f}" if "gain_spread" in entry else ""
        gain, reference = signed(entry["gain"]), name in REFERENCES
        rungs.append(Rung(name, results.weights(name), reference, gain, spread, step))
    scenes = results.images["group"].nunique()
    few = scenes if scenes < MIN_GROUPS else 0
    matrix = [
        [_cell(pairs[name, other]) for other in names[place + 1 :]]
        for place, name in enumerate(names[:-1])
    ]
    return Ranking(
        side=results.side(output),
        output=output,
        rungs=rungs,
        leader=names[0],
        level=[name for name in names[1:] if not pairs[names[0], name].significant],
        few=few,
        pairs=pairs,
        matrix=matrix if len(names) >= LEAST_MATRIX and not few else [],
    )


def _pairs(results: Results, output: str, names: list[str]) -> dict[tuple[str, str], Difference]:
    """Every method against every one below it."""
    of_output = results.images[results.images["output"] == output]
    tables = {name: of_output[of_output["method"] == name] for name in names}
    found: dict[tuple[str, str], Difference] = {}
    for one, other in combinations(names, 2):
        difference = paired_difference(tables[one], tables[other])
        if difference is None:
            raise StudyError(
                f"plots/images.csv: {one} and {other} have no image in common; run `dvc repro`"
            )
        found[one, other] = difference
    return holm(found)


def _step(difference: Difference, below: str, span: tuple[float, float]) -> Step:
    text = VERDICTS[difference.verdict].format(below)
    mean, low, high = difference.mean, difference.low, difference.high
    if low is None or high is None:
        return Step(False, signed(mean), "", text, Markup())
    if difference.significant and difference.one_training:
        text += " in these trainings"
    interval = f"{signed(low)} to {signed(high)}"
    bar = interval_bar(low, mean, high, span)
    return Step(difference.significant, signed(mean), interval, text, bar)


def _cell(difference: Difference) -> str:
    return f"{difference.mean:.2f}" if difference.significant else ""
