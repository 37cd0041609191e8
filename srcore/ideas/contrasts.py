"""What each idea is worth: every idea against the network that lacks it alone.

Two networks are compared seed by seed and image by image (`srcore.ideas.crossed`), under each head
apart; how much the heads change an idea's worth is the interaction. The p-values of all effects at
one output size are adjusted together (Holm), those of the interactions among themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srcore.features.labels import RANDOM
from srcore.ideas.crossed import FEWEST_SEEDS, LEVEL, Effect, effect, holm
from srcore.ideas.names import HEADS, INTERACTION
from srcore.ideas.runs import Runs
from srcore.metrics.intervals import FEW_GROUPS
from srcore.models.scales import OUTPUTS

WORTH = 0.1
"""dB; an idea whose whole interval stays below is called worth nothing, whatever its sign."""


@dataclass(frozen=True)
class Contrast:
    """An idea and the network that lacks it alone.

    Attributes:
        name: the idea, in words.
        idea: body (or experiment of our own network) that has it.
        control: the one that lacks it.
        placebo: whether nothing can be expected of it, whatever the weights.
    """

    name: str
    idea: str
    control: str
    placebo: bool = False


CONTRASTS = (
    Contrast("a third convolution", "merge", "plain"),
    Contrast("residual blocks", "residual", "plain"),
    Contrast("· their depth", "stacked", "plain"),
    Contrast("· their skips", "residual", "stacked"),
    Contrast("dilated blocks", "dilated", "plain"),
    Contrast("· their convolutions", "undilated", "plain"),
    Contrast("· their dilation", "dilated", "undilated"),
    Contrast("VGG16 features", "vgg", "merge"),
    Contrast("· random VGG16", "vgg_random", "merge", placebo=True),
    Contrast("· what VGG16 learned", "vgg", "vgg_random"),
    Contrast("CLIP embedding", "clip", "merge"),
    Contrast("· of another image", "clip_shuffled", "merge", placebo=True),
    Contrast("· its own image", "clip", "clip_shuffled"),
)
"""Ideas of the grid, each under both heads; those with a dot take the one above apart."""

HEAD = Contrast("sub-pixel head over bicubic", "plain.subpixel", "plain.bilinear")
"""The head itself, on the plain body."""

OWN = (
    Contrast("own: difference to bicubic", "own.whole", "own.no_skip"),
    Contrast("own: sub-pixel heads", "own.whole", "own.bilinear"),
    Contrast("own: depth, at equal work", "own.whole", "own.shallow"),
    Contrast("own: one cycle of the rate", "own.whole", "own.constant"),
    Contrast("own: turns and flips", "own.whole", "own.no_flips"),
    Contrast("own: L1 loss", "own.whole", "own.report_loss"),
)
"""Ideas of our own network: the whole against the network without one of them."""

BROKEN = 0.01
"""dB; a network that is that near to bicubic on most images has broken down in training: nothing is
left of it but the interpolation that it adds to."""

Verdict = Literal["better", "worse", "nothing", "open", "few"]


def contrasts(runs: Runs, bicubic: Mapping[str, NDArray[np.float64]]) -> pd.DataFrame:
    """All contrasts of the experiments that were run.

    Args:
        runs: the experiments.
        bicubic: output → PSNR of bicubic interpolation on every scene, in the order of `runs`.

    Returns:
        One line a contrast, head and output: contrast, head (`bilinear`, `subpixel`, INTERACTION,
        or empty), output, idea, control, delta, low, high (95 % interval), p, adjusted (Holm),
        detectable (the smallest difference that the adjusted test would find in 80 % of the
        cases), seeds, scenes, placebo, weights (label of the frozen weights), verdict, broken
        (trainings of either network that broke down).
    """
    lines: list[dict[str, object]] = []
    for output in OUTPUTS:
        found = [item for item in _effects(runs, output) if item[2] is not None]
        for kind in (False, True):
            family = [item for item in found if (item[1] == INTERACTION) is kind]
            adjusted = holm([e.p for _, _, e in family if e is not None])
            lines += [
                _line(runs, contrast, head, output, e, p, len(family))
                for (contrast, head, e), p in zip(family, adjusted, strict=True)
                if e is not None
            ]
    table = pd.DataFrame(lines)
    gone = broken(runs, bicubic)
    table["broken"] = [
        sum(
            gone.get(name if "." in name else f"{name}.{part}", 0)
            for name in (idea, control)
            for part in (HEADS if head == INTERACTION else (head,))
        )
        for idea, control, head in zip(table["idea"], table["control"], table["head"], strict=True)
    ]
    order = {c.name: place for place, c in enumerate((HEAD, *CONTRASTS, *OWN))}
    return table.sort_values(
        ["contrast"], key=lambda names: names.map(order), kind="stable"
    ).reset_index(drop=True)


def _effects(runs: Runs, output: str) -> Iterator[tuple[Contrast, str, Effect | None]]:
    """Contrast, head and effect, None where one of its experiments was not run."""
    yield HEAD, "", _effect(runs, HEAD.idea, HEAD.control, output)
    for contrast in CONTRASTS:
        pairs = [[f"{body}.{head}" for body in (contrast.idea, contrast.control)] for head in HEADS]
        for head, (idea, control) in zip(HEADS, pairs, strict=True):
            yield contrast, head, _effect(runs, idea, control, output)
        tables = [runs.difference(idea, control, output) for idea, control in pairs]
        first, second = (table for table in tables)
        both = None
        if first is not None and second is not None and first.shape == second.shape:
            both = effect(second - first)
        yield contrast, INTERACTION, both
    for contrast in OWN:
        yield contrast, "", _effect(runs, contrast.idea, contrast.control, output)


def _effect(runs: Runs, idea: str, control: str, output: str) -> Effect | None:
    table = runs.difference(idea, control, output)
    return None if table is None else effect(table)


def _line(  # noqa: PLR0917
    runs: Runs, contrast: Contrast, head: str, output: str, e: Effect, adjusted: float, tests: int
) -> dict[str, object]:
    low, high = e.interval()
    suffix = f".{HEADS[0]}" if head == INTERACTION else f".{head}" if head else ""
    weights = runs.weights(f"{contrast.idea}{suffix}")
    return {
        "contrast": contrast.name,
        "head": head,
        "output": output,
        "idea": contrast.idea,
        "control": contrast.control,
        "delta": e.mean,
        "low": low,
        "high": high,
        "p": e.p,
        "adjusted": adjusted,
        "detectable": e.detectable(LEVEL / tests),
        "seeds": e.seeds,
        "scenes": e.images,
        "placebo": contrast.placebo or weights.startswith(RANDOM),
        "weights": weights,
        "verdict": verdict(e, adjusted),
    }


def broken(runs: Runs, bicubic: Mapping[str, NDArray[np.float64]]) -> dict[str, int]:
    """Experiment → how many of its trainings broke down (`BROKEN`)."""
    found: dict[str, int] = {}
    for name in runs.experiments:
        over = [
            np.median(np.abs(scores - bicubic[output]), axis=1) < BROKEN
            for output in OUTPUTS
            if (scores := runs.scores(name, output)) is not None
        ]
        found[name] = int(np.all(over, axis=0).sum())
    return found


def verdict(e: Effect, adjusted: float) -> Verdict:
    """What may be said of an effect whose adjusted p-value is given.

    `few`: too few seeds or scenes for any claim. `better`, `worse`: the difference is significant
    (one that is smaller than `WORTH` is still `nothing`). `nothing`: the whole interval lies within
    `WORTH` of zero. `open`: none of these can be told.
    """
    if e.seeds < FEWEST_SEEDS or e.images < FEW_GROUPS:
        return "few"
    low, high = e.interval()
    if low > -WORTH and high < WORTH:
        return "nothing"
    if adjusted < LEVEL:
        return "better" if e.mean > 0 else "worse"
    return "open"


def gains(runs: Runs, bicubic: Mapping[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Every experiment's gain over interpolation.

    Args:
        runs: the experiments.
        bicubic: output → PSNR of bicubic interpolation on every scene, in the order of `runs`.

    Returns:
        One line an experiment and output: experiment, output, psnr, gain, low, high (95 % interval
        over seeds and scenes), spread (standard deviation between seeds), seeds, broken (trainings
        that broke down), weights.
    """
    lines: list[dict[str, object]] = []
    gone = broken(runs, bicubic)
    for name in runs.experiments:
        for output in OUTPUTS:
            scores = runs.scores(name, output)
            if scores is None:
                continue
            of_seeds = scores.mean(axis=1)
            over = scores - bicubic[output]
            low, high = effect(over).interval() if min(over.shape) > 1 else (np.nan, np.nan)
            lines.append(
                {
                    "experiment": name,
                    "output": output,
                    "psnr": scores.mean(),
                    "gain": over.mean(),
                    "low": low,
                    "high": high,
                    "spread": of_seeds.std(ddof=1) if len(of_seeds) > 1 else 0.0,
                    "seeds": len(of_seeds),
                    "broken": gone[name],
                    "weights": runs.weights(name),
                }
            )
    return pd.DataFrame(lines)


def with_costs(table: pd.DataFrame, costs: pd.DataFrame, of: Sequence[str]) -> pd.DataFrame:
    """The contrasts with what each idea costs more than its control.

    Args:
        table: what `contrasts` gave.
        costs: experiment → the columns `of`.
        of: columns of `costs`.
    """

    def cost(name: str, head: str, column: str) -> float:
        suffix = f".{HEADS[-1] if head == INTERACTION else head}" if head else ""
        return float(costs[column].get(f"{name}{suffix}", np.nan))

    extra = {
        f"extra_{column}": [
            cost(idea, head, column) - cost(control, head, column)
            for idea, control, head in zip(table.idea, table.control, table["head"], strict=True)
        ]
        for column in of
    }
    return table.assign(**extra)
