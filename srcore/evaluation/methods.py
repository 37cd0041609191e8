"""What the evaluation leaves: a table of methods, one of checkpoints, and the declared metrics."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from srcore.evaluation.tables import (
    CHECKPOINT_COLUMNS,
    COSTS,
    ENSEMBLE,
    METHOD_COLUMNS,
    NETWORK,
    NO_NETWORK,
)
from srcore.inference.baselines import BASELINE
from srcore.inference.network import Network
from srcore.metrics import cost
from srcore.metrics.paired import paired_difference
from srcore.metrics.seeds import figure_columns, spread_over_seeds
from srcore.metrics.table import HEADLINE, METRIC_WEIGHTS, OPTIONAL_METRICS
from srcore.models.scales import OUTPUTS

LABELS = ("weights", METRIC_WEIGHTS)
"""Columns that are the same in all lines of a method."""


def by_method(table: pd.DataFrame, networks: list[Network], side: int) -> pd.DataFrame:
    """The content of `plots/methods.csv`.

    With several seeds every figure is the mean over them, beside the spread between seeds; a win
    is that of one training. Where scenes are too few there is no interval.

    Args:
        table: what `evaluate_images` gave.
        networks: those that were judged.
        side: side of a low-resolution image, for the cost.

    Returns:
        One row per method and output, with the columns `METHOD_COLUMNS`, and then the further
        metrics that were measured.
    """
    costs = {network.method: _cost(network, side) for network in networks}
    kinds = {network.method: ENSEMBLE if network.ensemble else NETWORK for network in networks}
    measured = figure_columns(table)
    further = [name for name in table.columns if name in (*OPTIONAL_METRICS, METRIC_WEIGHTS)]
    lines: list[dict[str, Any]] = []
    for (method, output), part in table.groupby(["method", "output"], sort=False):
        line: dict[str, Any] = {"method": method, "output": output}
        line["kind"] = kinds.get(str(method), NO_NETWORK)
        line |= {name: part[name].iloc[0] for name in part.columns if name in LABELS}
        line |= {name: part[name].mean() for name in measured}
        line |= {"seeds": part["seed"].nunique() if method in costs else None}
        line |= spread_over_seeds(part)
        if method != BASELINE:
            baseline = table[(table["method"] == BASELINE) & (table["output"] == output)]
            difference = paired_difference(part, baseline)
            if difference is not None and difference.low is not None:
                line |= {"gain_low": difference.low, "gain_high": difference.high}
            line["wins"] = float((part["gain"] > 0).mean())
        lines.append(line | costs.get(str(method), {}))
    found = pd.DataFrame(lines, columns=[*METHOD_COLUMNS, *further])
    return found.astype(dict.fromkeys(("seeds", *COSTS), "Int64"))


def headline(methods: pd.DataFrame) -> dict[str, Any]:
    """The content of `metrics/evaluate.json`: what somebody decides by, and no more.

    Args:
        methods: what `by_method` gave.

    Returns:
        {"best": {output: {gain, model}}, "bicubic": {output: {psnr}}, model: {output: {gain,
        psnr}}}. The best stands first, and only where several networks have that output: of one
        alone it would say no more than its own gain, and pass for a change beside the best of many.
    """
    networks = methods[methods["kind"] == NETWORK]
    best: dict[str, Any] = {}
    for output in OUTPUTS:
        part = networks[networks["output"] == output]
        if len(part) > 1:
            first = part.sort_values("gain", ascending=False, kind="stable").iloc[0]
            best[output] = {"gain": first["gain"], "model": first["method"]}
    found: dict[str, Any] = {"best": best} if best else {}
    found[BASELINE] = {
        line["output"]: {HEADLINE: line[HEADLINE]}
        for line in methods[methods["method"] == BASELINE].to_dict("records")
    }
    for line in networks.to_dict("records"):
        figures = {name: line[name] for name in ("gain", HEADLINE)}
        found.setdefault(line["method"], {})[line["output"]] = figures
    return found


def by_checkpoint(networks: list[Network], folder: Path, side: int) -> pd.DataFrame:
    """The content of `plots/models.csv`: every checkpoint, and how it came to be.

    Args:
        networks: the model set.
        folder: where its checkpoints lie.
        side: side of a low-resolution image, for the cost.

    Returns:
        One row per checkpoint, with the columns `CHECKPOINT_COLUMNS`, and then one for everything
        that a checkpoint says of its training.
    """
    lines: list[dict[str, Any]] = []
    for network in networks:
        card = network.card
        with (folder / card.file_name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        known = {
            "model": card.model,
            "seed": card.seed,
            "ours": _text(network.model.ours),
            "weights": card.weights or "",
            "sha256": digest,
        }
        # As text: a rate of 0.00005 must not be rounded as a figure is.
        trained = {key: _text(value) for key, value in card.trained.items()}
        lines.append(known | _cost(network, side) | trained)
    further = dict.fromkeys(key for line in lines for key in line if key not in CHECKPOINT_COLUMNS)
    return pd.DataFrame(lines, columns=[*CHECKPOINT_COLUMNS, *further])


def _cost(network: Network, side: int) -> dict[str, int]:
    return {
        "parameters": cost.parameters(network.model),
        "frozen_parameters": cost.frozen_parameters(network.extractor),
        "macs": network.runs * cost.macs(network.model, network.extractor, side),
    }


def _text(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
