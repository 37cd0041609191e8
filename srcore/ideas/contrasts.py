"""What each idea is worth: every idea against the network that lacks it alone.

Two networks are compared seed by seed and scene by scene (`srcore.ideas.crossed`), under each head
apart; how much the heads change an idea's worth is the interaction. The p-values of all effects at
one output size are adjusted together (Holm 1979), those of the interactions among themselves. A
contrast with a training that collapsed tells nothing: it stays in its family, with a p-value of 1.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from srcore.common.errors import StudyError
from srcore.ideas.crossed import MIN_SEEDS, Effect, effect
from srcore.ideas.names import COSTS, EQUIVALENCE_MARGIN, HEADS, INTERACTION
from srcore.ideas.runs import Runs
from srcore.metrics.holm import holm
from srcore.metrics.intervals import ALPHA, MIN_GROUPS
from srcore.models.scales import OUTPUTS

logger = logging.getLogger(__name__)

LINEAR = "linear"
"""The least-squares filter among the gains."""


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


RATE = "lower learning rate (as with features)"
"""The contrast of one body at two rates, which are the same where params.yaml says so."""

CONTRASTS = (
    Contrast("a third convolution", "merge", "plain"),
    Contrast("residual blocks", "residual", "plain"),
    Contrast("… their depth", "stacked", "plain"),
    Contrast("… their skips", "residual", "stacked"),
    Contrast("dilated blocks", "dilated", "plain"),
    Contrast("… their convolutions", "undilated", "plain"),
    Contrast("… their dilation", "dilated", "undilated"),
    Contrast(RATE, "merge_slow", "merge"),
    Contrast("VGG16 features", "vgg", "merge_slow"),
    Contrast("… random VGG16", "vgg_random", "merge_slow", placebo=True),
    Contrast("… what VGG16 learned", "vgg", "vgg_random"),
    Contrast("CLIP embedding", "clip", "merge_slow"),
    Contrast("… of another image", "clip_shuffled", "merge_slow", placebo=True),
    Contrast("… its own image", "clip", "clip_shuffled"),
)
"""Ideas of the grid, each under both heads; those with dots take the one above apart."""

HEAD = Contrast("sub-pixel head over bicubic", "plain.subpixel", "plain.bilinear")
"""The head itself, on the plain body."""

OWN = (
    Contrast("own: skip from bicubic", "own.whole", "own.no_skip"),
    Contrast("own: sub-pixel heads", "own.whole", "own.bilinear"),
    Contrast("own: depth at equal MACs", "own.whole", "own.shallow"),
    Contrast("own: one-cycle schedule", "own.whole", "own.constant"),
    Contrast("own: rotations and flips", "own.whole", "own.no_flips"),
    Contrast("own: L1 loss", "own.whole", "own.report_loss"),
)
"""Ideas of our own network: the whole against the network without one of them."""

NEAR, FAR = 0.01, 5.0
"""dB; a network that is that near to bicubic on most scenes has collapsed in training: nothing is
left of it but the interpolation that it adds to. So has one that is that far below: of a network
that adds to nothing, a flat image is left."""

Verdict = Literal["better", "worse", "negligible", "inconclusive", "collapsed", "few"]


def contrasts(runs: Runs) -> pd.DataFrame:
    """All contrasts of the experiments that were run; of the others, one line in the log.

    Returns:
        One row per contrast, head and output: contrast, head (`bilinear`, `subpixel`, INTERACTION,
        or empty), output, idea, control, delta, low, high (95 % interval), p, adjusted (Holm),
        detectable (the smallest difference that the adjusted test would find in 80 % of the
        cases), seeds, scenes, placebo (whether nothing can be expected of the idea), weights
        (label of the frozen weights), collapsed (trainings of either network that collapsed),
        verdict, and what the idea costs more. Differences are in dB of PSNR, means over seeds and
        scenes. Where a training collapsed there is no interval, p-value or detectable difference
        (NaN).

    Raises:
        StudyError: no two networks can be compared.
    """
    gone = collapsed(runs)
    lines: list[dict[str, object]] = []
    missing: dict[str, None] = {}
    for output in OUTPUTS:
        found = list(_effects(runs, output))
        missing |= dict.fromkeys(f"{c.idea} − {c.control}" for c, _, e in found if e is None)
        for kind in (False, True):
            family = {
                (contrast, head): e
                for contrast, head, e in found
                if e is not None and (head == INTERACTION) is kind
            }
            of_both = {key: _of_both(runs, gone, *key) for key in family}
            differences = {key: e.difference() for key, e in family.items()}
            for key in filter(of_both.get, family):
                differences[key] = replace(differences[key], p=1.0)
            adjusted = holm(differences)
            for (contrast, head), e in family.items():
                p, lost = adjusted[contrast, head].p, of_both[contrast, head]
                lines.append(
                    _names(runs, contrast, head)
                    | _figures(e, 1.0 if p is None else p, len(family), lost)
                    | _costs(runs, contrast, head)
                    | {"output": output}
                )
    if not lines:
        raise StudyError(
            "no two networks can be compared: they need two seeds and held-out images of two "
            "scenes; add to ideas.seeds, or hold out more (split.validation)"
        )
    if missing:
        logger.warning("no runs, or too few, for: %s", ", ".join(missing))
    table = _whole(pd.DataFrame(lines), "extra_")
    order = {c.name: place for place, c in enumerate((HEAD, *CONTRASTS, *OWN))}
    return table.sort_values(
        "contrast", key=lambda names: names.map(order), kind="stable"
    ).reset_index(drop=True)


def _effects(runs: Runs, output: str) -> Iterator[tuple[Contrast, str, Effect | None]]:
    """Contrast, head and effect, None where one of its experiments was not run."""
    yield HEAD, "", _effect(runs, HEAD.idea, HEAD.control, output)
    for contrast in CONTRASTS:
        pairs = [(f"{contrast.idea}.{head}", f"{contrast.control}.{head}") for head in HEADS]
        if contrast.name == RATE and runs.share_recipe(*pairs[0]):
            continue  # the same network twice
        for head, pair in zip(HEADS, pairs, strict=True):
            yield contrast, head, _effect(runs, *pair, output)
        seeds = runs.shared_seeds([name for pair in pairs for name in pair])
        first, second = (runs.difference(*pair, output, seeds) for pair in pairs)
        both = None if first is None or second is None else effect(second - first)
        yield contrast, INTERACTION, both
    for contrast in OWN:
        yield contrast, "", _effect(runs, contrast.idea, contrast.control, output)


def _effect(runs: Runs, idea: str, control: str, output: str) -> Effect | None:
    table = runs.difference(idea, control, output)
    return None if table is None else effect(table)


def _experiments(name: str, head: str) -> list[str]:
    """The experiments behind one side of a contrast; both heads' behind an interaction."""
    heads = HEADS if head == INTERACTION else (head,)
    return [f"{name}.{part}" for part in heads] if head else [name]


def _of_both(runs: Runs, gone: Mapping[str, list[int]], contrast: Contrast, head: str) -> int:
    """Collapsed trainings among those that a contrast compares."""
    sides = (contrast.idea, contrast.control)
    names = [name for side in sides for name in _experiments(side, head)]
    compared = runs.shared_seeds(names)
    return sum(seed in compared for name in names for seed in gone[name])


def _names(runs: Runs, contrast: Contrast, head: str) -> dict[str, object]:
    weights = str(runs.card(_experiments(contrast.idea, head)[0]).get("weights", ""))
    return {
        "contrast": contrast.name,
        "head": head,
        "output": "",
        "idea": contrast.idea,
        "control": contrast.control,
        "placebo": contrast.placebo,
        "weights": weights,
    }


def _figures(e: Effect, adjusted: float, tests: int, lost: int) -> dict[str, object]:
    low, high = e.interval()
    inference = {
        "low": low,
        "high": high,
        "p": e.p,
        "adjusted": adjusted,
        "detectable": e.detectable(ALPHA / tests),
    }
    if lost:  # the seeds are no sample of one distribution then
        inference = dict.fromkeys(inference, np.nan)
    return {
        "delta": e.mean,
        **inference,
        "seeds": e.seeds,
        "scenes": e.scenes,
        "collapsed": lost,
        "verdict": "collapsed" if lost else verdict(e, adjusted),
    }


def _costs(runs: Runs, contrast: Contrast, head: str) -> dict[str, object]:
    idea, control = (_experiments(side, head)[-1] for side in (contrast.idea, contrast.control))
    return {f"extra_{name}": runs.cost(idea, name) - runs.cost(control, name) for name in COSTS}


def collapsed(runs: Runs) -> dict[str, list[int]]:
    """Experiment → seeds of its trainings that collapsed (`NEAR`, `FAR`)."""
    found: dict[str, list[int]] = {}
    for name in runs.experiments:
        over = [
            scores - runs.reference("bicubic", output)
            for output in OUTPUTS
            if (scores := runs.scores_of(name, output)) is not None
        ]
        near = np.all([np.median(np.abs(gain), axis=1) < NEAR for gain in over], axis=0)
        far = np.any([np.median(gain, axis=1) < -FAR for gain in over], axis=0)
        gone = np.asarray(near | far)
        seeds = zip(runs.seeds(name), gone, strict=True)
        found[name] = [seed for seed, is_gone in seeds if is_gone]
    return found


def verdict(e: Effect, adjusted: float) -> Verdict:
    """What may be said of an effect whose adjusted p-value is given.

    `few`: too few seeds or scenes for any claim. `negligible`: the whole interval lies within
    `EQUIVALENCE_MARGIN` of zero, even if the difference is significant. `better`, `worse`: any
    other significant difference. `inconclusive`: none of these.
    """
    if e.seeds < MIN_SEEDS or e.scenes < MIN_GROUPS:
        return "few"
    low, high = e.interval()
    if low > -EQUIVALENCE_MARGIN and high < EQUIVALENCE_MARGIN:
        return "negligible"
    if adjusted < ALPHA:
        return "better" if e.mean > 0 else "worse"
    return "inconclusive"


def gains(runs: Runs) -> pd.DataFrame:
    """Every experiment's gain over interpolation.

    Returns:
        One row per experiment and output: experiment, output, psnr, gain, low, high (95 % interval
        over seeds and scenes; NaN if a training collapsed), spread (standard deviation between
        seeds), seeds, collapsed (trainings that did), below (trainings that end below bicubic),
        weights, and the costs. PSNR, gains and their spread are in dB, means over scenes. The
        linear filter stands last, without what only a network has.
    """
    lines: list[dict[str, object]] = []
    gone = collapsed(runs)
    for name in runs.experiments:
        for output in OUTPUTS:
            scores = runs.scores_of(name, output)
            if scores is None:
                continue
            over = scores - runs.reference("bicubic", output)
            of_seeds = over.mean(axis=1)
            whole = min(over.shape) > 1 and not gone[name]
            low, high = effect(over).interval() if whole else (np.nan, np.nan)
            line: dict[str, object] = {
                "experiment": name,
                "output": output,
                "psnr": scores.mean(),
                "gain": over.mean(),
                "low": low,
                "high": high,
                "spread": of_seeds.std(ddof=1) if len(of_seeds) > 1 else 0.0,
                "seeds": len(of_seeds),
                "collapsed": len(gone[name]),
                "below": int((of_seeds < 0).sum()),
                "weights": str(runs.card(name)["weights"]),
            }
            lines.append(line | {column: runs.cost(name, column) for column in COSTS})
    for output in OUTPUTS:
        linear = runs.reference("linear", output)
        gain = (linear - runs.reference("bicubic", output)).mean()
        lines.append({"experiment": LINEAR, "output": output, "psnr": linear.mean(), "gain": gain})
    return _whole(pd.DataFrame(lines))


def _whole(table: pd.DataFrame, prefix: str = "") -> pd.DataFrame:
    """Counts as whole numbers, though a line may lack them."""
    costs = [f"{prefix}{name}" for name in COSTS]
    counts = [name for name in ("seeds", "collapsed", "below", *costs) if name in table]
    return table.astype(dict.fromkeys(counts, "Int64"))
