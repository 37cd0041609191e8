"""What each experiment's network costs: parameters, frozen ones too, work, and time to train."""

from collections.abc import Mapping, Sequence

import pandas as pd

from srcore.features.extractor import Extractor
from srcore.ideas.experiments import Experiment
from srcore.ideas.runs import Runs
from srcore.metrics import cost

COSTS = ("parameters", "frozen", "macs", "milliseconds")
"""Columns of the table."""


def costs(
    experiments: Sequence[Experiment],
    extractors: Mapping[str, Extractor],
    runs: Runs,
    side: int,
) -> pd.DataFrame:
    """One line an experiment that was run, by its name.

    Args:
        experiments: how their networks are built.
        extractors: kind (vgg, clip) → the frozen extractor, whose weights do not matter here.
        runs: the runs, whose cards say how long they took.
        side: side in pixels of a low-resolution image.

    Returns:
        parameters (trainable), frozen (parameters of the extractor), macs (multiply-accumulates of
        one image, extractor included), milliseconds (to train on one image, features stored).
    """
    lines: dict[str, dict[str, float]] = {}
    for experiment in experiments:
        cards = [c for c in runs.cards.values() if c["experiment"] == experiment.name]
        if not cards:
            continue
        network = experiment.build().eval()
        kind = (experiment.features or "").partition("_")[0]
        extractor = extractors[kind] if kind else None
        lines[experiment.name] = {
            "parameters": cost.parameters(network),
            "frozen": extractor.parameters if extractor else 0,
            "macs": cost.macs(network, extractor, side),
            "milliseconds": sum(float(card["milliseconds"]) for card in cards) / len(cards),
        }
    return pd.DataFrame.from_dict(lines, orient="index", columns=list(COSTS))
