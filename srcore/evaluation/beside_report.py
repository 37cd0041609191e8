"""Training beside the original study: both curves, how far they differ, where bicubic stands."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from srcore.common.tables import Columns, read_table
from srcore.common.tensors import to_tensor
from srcore.data.dataset import Indices, Pyramids
from srcore.evaluation.tables import OURS, REPORT, SHARED
from srcore.inference.baselines import BASELINE, upscale
from srcore.metrics.psnr import psnr
from srcore.models.checkpoint import Card
from srcore.models.scales import OUTPUTS

BATCH = 64
"""Images enlarged at once; bounds the memory."""

REPORT_COLUMNS: Columns = {"model": str, "epoch": float, "output": str, "loss": float}


def training_curves(history: pd.DataFrame, report: Path, cards: Iterable[Card]) -> pd.DataFrame:
    """The histories beside the original study's curves of the same models, distinguished by `run`.

    The original losses are data (`data/report_losses.csv`: model, epoch, output, loss); it gives
    no held-out PSNR.

    Args:
        history: what `srcore.evaluation.model_sets.histories` gave.
        report: the original study's losses.
        cards: of the checkpoints, which name the frozen weights that curves depend on.

    Returns:
        The content of `plots/training.csv`: model, seed, epoch, output, run, curve, criterion (name
        of the loss that trained), loss (its mean over the epoch), inverse_psnr (1/PSNR of the same
        outputs), psnr (of the held-out images, in dB), weights.

    Raises:
        StudyError: the original study's losses are missing or damaged.
    """
    weights = {card.model: card.weights or "" for card in cards}
    labels = history["model"].map(weights).fillna("")
    ours = history.assign(run=OURS, weights=labels)
    theirs = read_table(report, REPORT_COLUMNS, f"restore it with `git restore {report}`")
    theirs = theirs.assign(run=REPORT, criterion=SHARED, inverse_psnr=theirs["loss"])
    both = pd.concat([ours, theirs[theirs["model"].isin(set(ours["model"]))]], ignore_index=True)
    both["seed"] = both["seed"].astype("Int64")  # the original study gives no seed
    both["curve"] = both["model"] + " " + both["output"] + ", " + both["run"]
    columns = ["model", "seed", "epoch", "output", "run", "curve", "criterion", "loss", SHARED]
    return both[[*columns, "psnr", "weights"]]


def bicubic_losses(pyramids: Pyramids, rows: Indices) -> dict[str, float]:
    """Mean of 1/PSNR of bicubic interpolation over images: what a loss says of who learns nothing.

    Args:
        pyramids: all images.
        rows: those to take, the training images.

    Returns:
        Output → the mean, of 8-bit images.
    """
    sums = dict.fromkeys(OUTPUTS, 0.0)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        low = np.array(pyramids.low[part])
        for output, scale in OUTPUTS.items():
            target = to_tensor(np.array(getattr(pyramids, output)[part]))
            made = to_tensor(upscale(low, BASELINE, scale))
            sums[output] += float(psnr(made, target).reciprocal().sum())
    return {output: total / len(rows) for output, total in sums.items()}


def differences(curves: pd.DataFrame, bicubic: Mapping[str, float]) -> pd.DataFrame:
    """How far our training losses are from the original study's, in the epochs that both have.

    Args:
        curves: what `training_curves` gave.
        bicubic: what `bicubic_losses` gave.

    Returns:
        The content of `plots/beside_report.csv`, one row per model and output: model, output,
        weights, epochs (that both have), last (our 1/PSNR of the last epoch, the mean over
        seeds), report_last, mean_difference and largest_difference (ours less those of the original
        study, over those epochs; empty without any), and bicubic (its 1/PSNR on the same training
        images).
    """
    lines: list[dict[str, Any]] = []
    ours, theirs = (curves[curves["run"] == run] for run in (OURS, REPORT))
    for (model, output), part in ours.groupby(["model", "output"], sort=False):
        mine = part.groupby("epoch")[SHARED].mean()
        same = theirs[(theirs["model"] == model) & (theirs["output"] == output)]
        given = same.set_index("epoch")[SHARED]
        apart = (mine - given).dropna()
        line: dict[str, Any] = {"model": model, "output": output, "epochs": len(apart)}
        line |= {"weights": part["weights"].iloc[0], "last": mine.iloc[-1]}
        if len(given):
            line["report_last"] = given.iloc[-1]
        if len(apart):
            line["mean_difference"] = apart.mean()
            line["largest_difference"] = max(apart.tolist(), key=abs)
        lines.append(line | {"bicubic": bicubic[str(output)]})
    columns = ["model", "output", "weights", "epochs", "last", "report_last"]
    columns += ["mean_difference", "largest_difference", "bicubic"]
    return pd.DataFrame(lines, columns=columns)
