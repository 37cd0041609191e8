"""Experiments side by side: the parameters that differ, and what each network gains."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from srcore.common import text
from srcore.common.errors import StudyError
from srcore.metrics.holm import holm
from srcore.metrics.paired import Difference
from srcore.models.scales import OUTPUTS
from srcore.reporting.page.svg import signed
from srcore.reporting.pull_request import Study, differences, image_count

NOT_A_SETTING = ("model",)
"""Parameters that are no column: the networks of an experiment stand in its rows."""
FIRST, OTHER_IMAGES = "the first", "other images"


@dataclass(frozen=True)
class Cell:
    """One network at one output in one experiment.

    Attributes:
        gain: in dB over bicubic.
        low: lower end of its 95 % interval, or the gain itself where none is known.
        high: upper end.
        verdict: its paired difference to the first experiment that has the network, in words.
        significant: whether that is more than noise.
    """

    gain: float
    low: float
    high: float
    verdict: str
    significant: bool


@dataclass(frozen=True)
class Row:
    """One network in one experiment.

    Attributes:
        experiment: name of the experiment or commit.
        settings: values of `Table.settings`.
        model: name of the network.
        weights: label of its frozen weights, empty without.
        cells: output → figures, for the outputs that it has.
    """

    experiment: str
    settings: tuple[Any, ...]
    model: str
    weights: str
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Table:
    """Experiments side by side.

    Attributes:
        settings: dotted keys of the parameters that differ between them.
        rows: the experiments in order, each with its networks.
        sides: output → pixels per side; its scale, as ×2, where these differ.
        unfinished: how many are queued, running or failed, by state.
    """

    settings: tuple[str, ...]
    rows: list[Row]
    sides: dict[str, str]
    unfinished: dict[str, int]


def compare(studies: Sequence[Study], unfinished: dict[str, int] | None = None) -> Table:
    """Put experiments side by side, each beside the first that has the same network.

    Verdicts allow for all comparisons of the table at once (`srcore.metrics.holm`): the more
    experiments are tried, the more of them look better by chance.

    Args:
        studies: the commit that they start from, and the experiments in their order.
        unfinished: state → number of those that have no results.

    Raises:
        StudyError: the parameters of that commit name no sizes.
    """
    flat = [dict(_flat(study.params)) for study in studies]
    known = list(dict.fromkeys(key for params in flat for key in params))
    settings = tuple(
        key
        for key in known
        if key not in NOT_A_SETTING and len({repr(params.get(key)) for params in flat}) > 1
    )
    asked = {model for study in studies[1:] for model in study.models}
    firsts: dict[str, Study] = {}
    found: dict[tuple[int, str, str], Difference] = {}
    # What only the commit has would be a row beside which nothing stands.
    shown = [[model for model in s.models if not asked or model in asked] for s in studies]
    for place, (study, models) in enumerate(zip(studies, shown, strict=True)):
        for model in models:
            if (first := firsts.setdefault(model, study)) is not study:
                beside = differences(first, study, [model])
                found |= {(place, *key): difference for key, difference in beside.items()}
    adjusted = holm(found)
    rows: list[Row] = []
    for place, (study, params, models) in enumerate(zip(studies, flat, shown, strict=True)):
        values = tuple(_shown(params.get(key)) for key in settings)
        for model in models:
            beside_first = None
            if firsts[model] is not study:
                beside_first = {output: adjusted.get((place, model, output)) for output in OUTPUTS}
            cells = dict(_cells(study, model, beside_first, firsts[model]))
            rows.append(Row(study.name, values, model, _weights(study, model), cells))
    sides = list(map(_sides, studies))
    if any(other != sides[0] for other in sides):
        shown_sides = {output: f"×{scale}" for output, scale in OUTPUTS.items()}
    else:
        shown_sides = {output: str(side) for output, side in sides[0].items()}
    return Table(settings, rows, shown_sides, unfinished or {})


def _sides(study: Study) -> dict[str, int]:
    try:
        return dict(zip(OUTPUTS, study.params["pyramid"]["sizes"][1:], strict=True))
    except (LookupError, TypeError, ValueError):
        raise StudyError(
            f"params.yaml of {study.name}: pyramid.sizes names no three sizes; start from a commit "
            "that has them"
        ) from None


def _cells(
    study: Study, model: str, beside_first: dict[str, Difference | None] | None, first: Study
) -> Iterator[tuple[str, Cell]]:
    """Every output of a network in one experiment, and its difference to the first, if any.

    A gain is of all images of its experiment. A difference of fewer says so: the two may disagree.
    """
    for output in OUTPUTS:
        if (entry := study.metrics[model].get(output)) is None:
            continue
        verdict, significant = FIRST, False
        if beside_first is not None:
            difference = beside_first[output]
            significant = difference is not None and difference.significant
            if difference is not None:
                verdict = f"{signed(difference.mean)}, {difference.text}"
                if difference.images < max(image_count(s, model, output) for s in (study, first)):
                    verdict += f", on {difference.images} shared images"
            else:
                verdict = OTHER_IMAGES
        gain = entry["gain"]
        ends = entry.get("gain_low", gain), entry.get("gain_high", gain)
        yield output, Cell(gain, *ends, verdict, significant)


def _weights(study: Study, model: str) -> str:
    entries = (study.metrics[model].get(output, {}) for output in OUTPUTS)
    return next((entry["weights"] for entry in entries if "weights" in entry), "")


def markdown(table: Table) -> str:
    """The table as Markdown, and a line about what has no results."""
    sides = {output: side for output, side in table.sides.items() if _has(table, output)}
    heads = ["experiment", *(f"`{text.code(key)}`" for key in table.settings), "network"]
    for side in sides.values():
        heads += [f"gain at {side}, dB", "beside the first"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in table.rows:
        cells = [markdown_of(one) for one in (row.experiment, *row.settings, row.model)]
        cells[-1] += f" ({markdown_of(row.weights)})" if row.weights else ""
        for output in sides:
            cell = row.cells.get(output)
            cells += [signed(cell.gain), verdict(cell)] if cell else ["–", "–"]
        lines.append(f"| {' | '.join(cells)} |")
    if left := ", ".join(f"{count} {state}" for state, count in table.unfinished.items()):
        lines += ["", f"Without results: {left}."]
    return "\n".join(lines)


def markdown_of(value: Any) -> str:
    """A name or a parameter's value; numbers need no care, texts do."""
    return str(value) if isinstance(value, int | float) else text.markdown(str(value))


def verdict(cell: Cell) -> str:
    """The verdict as Markdown, bold where it is more than noise."""
    return f"**{cell.verdict}**" if cell.significant else cell.verdict


def _shown(value: Any) -> Any:
    return text.public(value) if isinstance(value, str) else value


def _has(table: Table, output: str) -> bool:
    return any(output in row.cells for row in table.rows)


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of everything in nested dicts."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}".lstrip("."))
    else:
        yield key, value


def numbers(values: Sequence[Any]) -> bool:
    """Whether a parameter can be an axis: numbers, and at least two of them."""
    kinds = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return kinds and all(map(math.isfinite, values)) and len(set(values)) > 1
