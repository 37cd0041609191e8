"""What a change did to the study, as one Markdown text for a pull request.

`python -m srcore.reporting.pull_request main` compares the working tree with the commit `main`.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import pandas as pd

from srcore.common.errors import StudyError
from srcore.common.stage import main
from srcore.common.tables import Columns, parse_table
from srcore.common.text import code, markdown, public
from srcore.evaluation.tables import Figures, networks_of, parse_figures
from srcore.inference.baselines import BASELINE
from srcore.metrics.holm import holm
from srcore.metrics.paired import Difference, paired_difference
from srcore.metrics.table import HEADLINE, METRICS
from srcore.models.scales import OUTPUTS
from srcore.reporting.recorded import changed_files, recorded_parameters, value_at
from srcore.reporting.revisions import parse_yaml, parsed

PARAMS, METHODS, IMAGES = "params.yaml", "plots/methods.csv", "plots/images.csv"
SHEETS = (
    "plots/compare.mid.png",
    "plots/compare.large.png",
    "plots/errors.mid.png",
    "plots/errors.large.png",
    "plots/report.html",
)
COLUMNS: Columns = {
    "image": str,
    "group": str,
    "method": str,
    "output": str,
    "seed": None,
    HEADLINE: float,
    "gain": float,
}
"""Columns of the table of images that a review reads."""
OTHERS = [(name, metric) for name, metric in METRICS.items() if name != HEADLINE]
"""The metrics beside the one that the gain is of."""
MOST_CHANGES, MOST_STALE, LONGEST = 8, 3, 30
"""Changed parameters that are listed, those and files that make results stale, and letters of a
value: a review is read, not searched."""


@dataclass(frozen=True)
class Study:
    """Parameters and results of one state of the project.

    Attributes:
        name: the commit, or "now".
        params: params.yaml.
        metrics: plots/methods.csv, by name.
        images: plots/images.csv.
        recorded: for each stage that the figures come from, dotted key → value of the parameters
            that it ran with, as DVC's lock files say; empty without them.
        changed: code and data that changed since, where they were looked for.
    """

    name: str
    params: dict[str, Any]
    metrics: Figures
    images: pd.DataFrame
    recorded: tuple[dict[str, Any], ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def models(self) -> list[str]:
        """The models that were judged."""
        return networks_of(self.metrics)


def read_study(commit: str | None) -> Study:
    """The study as committed in `commit`, or that of the working tree.

    Raises:
        StudyError: the commit or one of its result files does not exist, or is damaged.
    """
    params, metrics = parsed(commit, PARAMS, parse_yaml), parsed(commit, METHODS, parse_figures)
    images, models = parsed(commit, IMAGES, _table), networks_of(metrics)
    recorded = tuple(recorded_parameters(commit, models, PARAMS))
    return Study(commit or "now", params, metrics, images, recorded)


def review(base: Study, head: Study, links: str | None = None) -> str:
    """Markdown: changed parameters, then the change of every figure, then the sheets.

    Differences are judged by `srcore.metrics.paired`: paired by image and seed, with a 95 %
    interval. Verdicts allow for all lines at once (`srcore.metrics.holm`); where only a few scenes
    are held out there is neither interval nor claim. Gains are in dB.

    Args:
        base: the state to compare with.
        head: the state under review.
        links: address of a place that holds the sheets; without it their paths are named.
    """
    return "\n".join(
        [f"### The study, compared with `{code(base.name)}`", "", *_lines(base, head, links)]
    )


def _lines(base: Study, head: Study, links: str | None) -> Iterator[str]:
    changes = [f"`{code(key)}` {a} → {b}" for key, a, b in _changes(base.params, head.params)]
    if (more := len(changes) - MOST_CHANGES) > 0:
        changes[MOST_CHANGES:] = [f"and {more} more (`git diff {code(base.name)} -- {PARAMS}`)"]
    yield "Parameters: " + ("; ".join(changes) if changes else "none changed") + "."
    yield from filter(None, map(_stale, (base, head)))
    if head.changed:
        files = _first([f"`{code(path)}`" for path in head.changed])
        yield f"**Changed since the results here were made**: {files}. Run `dvc repro`."
    yield ""
    rows = holm(differences(base, head))
    if not rows:
        yield "The two states share no held-out image of a common model: nothing can be paired."
    else:
        images = max(difference.images for difference in rows.values())
        gain = f"gain over bicubic, `{code(base.name)}` → now"
        heads = ["model", "output", gain, *(metric.title for _, metric in OTHERS)]
        yield f"| {' | '.join([*heads, 'difference, 95 %', ''])} |"
        yield "|---" * (len(heads) + 2) + "|"
        for (model, output), difference in rows.items():
            before, after = (study.metrics[model][output] for study in (base, head))
            yield _row(_named(model, before, after), output, before, after, difference)
        yield ""
        part = "test" if value_at(head.params, "split.test") else "validation"
        several = {
            sum("gain_spread" in study.metrics[m][o] for study in (base, head)) for m, o in rows
        }
        notes = ""
        if several == {0} and any(difference.one_training for difference in rows.values()):
            notes += "; with one training per version, other seeds may give another result"
        if several != {0}:
            notes += "; ± is the standard deviation between seeds"
        if 1 in several:
            notes += ", which is assumed to be the same where there is only one training"
        counts = [image_count(study, *next(iter(rows))) for study in (base, head)]
        if max(counts) > images:
            notes += f"; gains are of each side's own {counts[0]} → {counts[1]} images"
        yield f"Differences in dB, paired over {images} {part} images{notes}."
    for side, study, other in (("new", head, base), ("gone", base, head)):
        if missing := [model for model in study.models if model not in other.metrics]:
            yield f"Models that are {side}: {', '.join(map(markdown, missing))}."
    places = [f"[{path}]({links})" if links else f"`{path}`" for path in SHEETS]
    yield f"Sheets: {', '.join(places)}."


def _row(
    name: str, output: str, before: dict[str, Any], after: dict[str, Any], difference: Difference
) -> str:
    verdict = f"**{difference.text}**" if difference.significant else difference.text
    gains = " → ".join(
        f"{entry['gain']:+.2f}"
        + (f" ± {entry['gain_spread']:.2f}" if "gain_spread" in entry else "")
        for entry in (before, after)
    )
    others = "".join(f"{_both(before, after, name)} | " for name, _ in OTHERS)
    interval = f"{difference.mean:+.3f}"
    if difference.low is not None:
        interval += f" [{difference.low:+.3f}, {difference.high:+.3f}]"
    return f"| {name} | {output} | {gains} | {others}{interval} | {verdict} |"


def _both(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    """A metric on both sides; a side that did not know it has a dash."""
    sides = (METRICS[name].shown(one[name]) if name in one else "–" for one in (before, after))
    return " → ".join(sides)


def _named(model: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    """The model with the frozen weights of both sides, once where they are the same."""
    labels = [markdown(entry.get("weights", "")) for entry in (before, after)]
    if not any(labels):
        return markdown(model)
    named = [label or "no frozen weights" for label in dict.fromkeys(labels)]
    return f"{markdown(model)} ({' → '.join(named)})"


def differences(
    base: Study, head: Study, models: Sequence[str] | None = None
) -> dict[tuple[str, str], Difference]:
    """By how much `head` is better, on the images that are the same on both sides.

    A name stands for the same image when bicubic interpolation scores the same on both sides.

    Args:
        base: the state to compare with.
        head: the state under review.
        models: those to compare; None for all of `head`.

    Returns:
        Model and output → difference, for what both have. Each stands alone: whoever shows several
        allows for their number (`srcore.metrics.holm`).
    """
    bicubic = [
        study.images[study.images["method"] == BASELINE].set_index(["image", "output"])
        for study in (base, head)
    ]
    # Aligned by name; absent ones are not equal.
    same = bicubic[0][HEADLINE].eq(bicubic[1][HEADLINE])
    pairs = pd.MultiIndex.from_frame(head.images[["image", "output"]])
    ours = head.images[same.reindex(pairs, fill_value=False).to_numpy(bool)]
    found: dict[tuple[str, str], Difference] = {}
    for model in head.models if models is None else models:
        for output in OUTPUTS:
            if any(output not in study.metrics.get(model, {}) for study in (base, head)):
                continue
            now, then = (
                table[(table["method"] == model) & (table["output"] == output)]
                for table in (ours, base.images)
            )
            difference = paired_difference(now, then)
            if difference is not None:
                found[model, output] = difference
    return found


def image_count(study: Study, model: str, output: str) -> int:
    """On how many images a network's gain is a mean."""
    table = study.images
    return table["image"][(table["method"] == model) & (table["output"] == output)].nunique()


def _stale(study: Study) -> str:
    """One line where the results were made with other parameters than those beside them."""
    found: dict[str, str] = {}
    for key, value in chain.from_iterable(stage.items() for stage in study.recorded):
        for name, before, after in _changes(value, value_at(study.params, key), key):
            found[name] = f"`{code(name)}` {before} ({PARAMS}: {after})"
    if not found:
        return ""
    where = "here" if study.name == "now" else f"in `{code(study.name)}`"
    return (
        f"**The results {where} were made with other parameters**: {_first(list(found.values()))}."
    )


def _first(stale: list[str]) -> str:
    """What makes results stale, as text: the first of it, and how much more there is."""
    more = len(stale) - MOST_STALE
    return ", ".join([*stale[:MOST_STALE], *([f"{more} more"] if more > 0 else [])])


def _changes(base: Any, head: Any, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Dotted key and both values of what differs, shortened, as Markdown."""
    before, after = ({} if value is None else value for value in (base, head))
    if base != head and isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _changes(before.get(name), after.get(name), f"{key}.{name}".lstrip("."))
    elif base != head:
        old, new = _short(base), _short(head)
        yield key, old, f"{new} (another)" if new == old else new


def _short(value: Any) -> str:
    text = public(str(value))
    return text if isinstance(value, int | float) else markdown(text, LONGEST)


def _table(text: str) -> pd.DataFrame:
    return parse_table(text, COLUMNS)


def _run() -> None:
    if len(sys.argv) != 2:
        raise StudyError("name one commit to compare with: make review BASE=main")
    base, head = read_study(sys.argv[1]), read_study(None)
    head = replace(head, changed=tuple(changed_files(head.models)))
    sys.stdout.write(review(base, head, os.environ.get("SHEETS_URL")) + "\n")


if __name__ == "__main__":
    main(_run)
