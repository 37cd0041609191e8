"""The models ranked by gain, and which of the differences between them are more than noise."""

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, cast

from markupsafe import Markup

from srcore.common.errors import StudyError
from srcore.inference.baselines import BASELINE
from srcore.metrics.intervals import FEW_GROUPS
from srcore.metrics.paired import Difference, paired_difference
from srcore.reporting.page.charts import interval_bar
from srcore.reporting.page.results import Results
from srcore.reporting.page.svg import padded, signed

VERDICTS = {
    "better": "better than {}",
    "worse": "worse than {}",
    "same": "the same as {}",
    "noise": "noise: level with {}",
    "seeds": "noise: seeds differ by more",
    "few": "too few scenes to tell",
}
"""What is said of a method beside the next below it."""
LEAST_MATRIX = 3
"""Methods from which on there are pairs that the ranking itself does not show."""


@dataclass(frozen=True)
class Step:
    """How far a method is ahead of the next below it, as text and as a bar."""

    told: bool
    mean: str
    low: str
    high: str
    spread: str
    words: str
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
    """All models that have one output, the largest gain first, with bicubic among them.

    Attributes:
        side: pixels of an image.
        output: name of the output.
        rungs: the methods, best first.
        leader: name of the first.
        level: names of those that cannot be told from the first.
        few: number of scenes where they are too few to tell anything, else 0.
        matrix: row i, column j: by how much rung i is ahead of rung i + 1 + j in dB, empty where
            that is noise; no rows where the rungs say all, or nothing can be told.
    """

    side: int
    output: str
    rungs: list[Rung]
    leader: str
    level: list[str]
    few: int
    matrix: list[list[str]]


def rankings(results: Results) -> list[Ranking]:
    """One ranking an output.

    Raises:
        StudyError: plots/images.csv lacks a method that metrics/evaluate.json has.
    """
    return [_ranking(results, output) for output in results.outputs]


def _ranking(results: Results, output: str) -> Ranking:
    entries = {BASELINE: {"gain": 0.0}} | {
        name: cast("dict[str, Any]", results.metrics[name][output])
        for name in results.models
        if output in results.metrics[name]
    }
    names = sorted(entries, key=lambda name: -entries[name]["gain"])
    pairs = _pairs(results, output, {name: entries[name] for name in names})
    steps = [pairs[pair] for pair in pairwise(names)]
    span = padded([0.0, *(end for step in steps for end in (step.low, step.high))])
    rungs: list[Rung] = []
    for place, name in enumerate(names):
        step = _step(steps[place], names[place + 1], span) if place < len(steps) else None
        spread, gain = _spread(entries[name]), signed(entries[name]["gain"])
        rungs.append(
            Rung(name, results.weights(name), name == BASELINE, gain, _written(spread), step)
        )
    scenes = results.images["group"].nunique()
    few = scenes if scenes < FEW_GROUPS else 0
    matrix = [
        [_cell(pairs[name, other]) for other in names[place + 1 :]]
        for place, name in enumerate(names[:-1])
    ]
    return Ranking(
        side=results.side(output),
        output=output,
        rungs=rungs,
        leader=names[0],
        level=[name for name in names[1:] if not pairs[names[0], name].told],
        few=few,
        matrix=matrix if len(names) >= LEAST_MATRIX and not few else [],
    )


def _pairs(
    results: Results, output: str, entries: dict[str, dict[str, Any]]
) -> dict[tuple[str, str], Difference]:
    """Every method against every one below it."""
    table = results.images[results.images["output"] == output]
    resamples = results.params.evaluate.resamples
    found: dict[tuple[str, str], Difference] = {}
    for one, other in combinations(entries, 2):
        difference = paired_difference(
            table[table["method"] == one],
            table[table["method"] == other],
            resamples,
            (_spread(entries[one]), _spread(entries[other])),
        )
        if difference is None:
            raise StudyError(
                f"plots/images.csv: {one} and {other} have no image in common; run `dvc repro`"
            )
        found[one, other] = difference
    return found


def _step(difference: Difference, below: str, span: tuple[float, float]) -> Step:
    return Step(
        difference.told,
        signed(difference.mean),
        signed(difference.low),
        signed(difference.high),
        _written(difference.spread),
        VERDICTS[difference.verdict].format(below),
        interval_bar(difference.low, difference.mean, difference.high, span),
    )


def _cell(difference: Difference) -> str:
    return f"{difference.mean:.2f}" if difference.told else ""


def _spread(entry: dict[str, Any]) -> float:
    return float(entry.get("gain_spread", 0))


def _written(spread: float) -> str:
    return f"{spread:.2f}" if spread else ""
