"""Judging a model set on the held-out images, beside interpolation and the linear filter."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from srcore.common.progress import progress
from srcore.common.tensors import quantise, to_tensor
from srcore.data.dataset import Indices, Pyramids
from srcore.inference.baselines import BASELINE, LINEAR, METHODS, upscale
from srcore.inference.linear import LinearFilter
from srcore.inference.network import Network
from srcore.metrics import cost
from srcore.metrics.paired import paired_difference
from srcore.metrics.psnr import psnr
from srcore.metrics.seeds import spread_over_seeds
from srcore.metrics.ssim import ssim
from srcore.models.scales import OUTPUTS

BATCH = 8
"""Images judged at once; bounds the memory."""


def judge_images(
    networks: list[Network],
    linear: LinearFilter,
    pyramids: Pyramids,
    held_out: Indices,
    device: torch.device,
) -> pd.DataFrame:
    """PSNR and SSIM of every method on every held-out image.

    Both sides are 8-bit RGB images.

    Returns:
        One line a method, seed, output and image, in this order: image, group, method, output,
        seed (missing for a method that is not trained with one), psnr (dB), ssim, weights (label
        of the frozen weights, empty without), and gain (dB over bicubic).
    """
    # Plain tuples: an array kept among those that come and go leaves holes in the memory.
    lines: dict[tuple[str, int | None, str], list[tuple[str | int | float | None, ...]]] = {}
    starts = range(0, len(held_out), BATCH)
    for start in progress(starts, desc="evaluating", unit="batch"):
        rows = held_out[start : start + BATCH]
        low = np.array(pyramids.low[rows])
        targets = {output: to_tensor(getattr(pyramids, output)[rows]) for output in OUTPUTS}
        for method, seed, weights, output, images in _outputs(networks, linear, low, device):
            target = targets[output]
            part = lines.setdefault((method, seed, output), [])
            figures = torch.stack([psnr(images, target), ssim(images, target)], 1).tolist()
            for row, of_image in zip(rows, figures, strict=True):
                name, group = pyramids.names[row], pyramids.groups[row]
                part.append((name, group, method, output, seed, *of_image, weights))
    columns = ["image", "group", "method", "output", "seed", "psnr", "ssim", "weights"]
    table = pd.DataFrame(chain.from_iterable(lines.values()), columns=columns)
    table["seed"] = table["seed"].astype("Int64")
    baseline = table[table.method == BASELINE].set_index(["image", "output"])["psnr"]
    pairs = pd.MultiIndex.from_frame(table[["image", "output"]])
    table["gain"] = table["psnr"] - baseline.reindex(pairs).to_numpy()
    return table


def _outputs(
    networks: list[Network], linear: LinearFilter, low: NDArray[np.uint8], device: torch.device
) -> Iterator[tuple[str, int | None, str, str, Tensor]]:
    """Method, seed, label of its weights, output and images (N, 3, H, W), quantised, on CPU."""
    for method in METHODS:
        for output, scale in OUTPUTS.items():
            yield method, None, "", output, to_tensor(upscale(low, method, scale))
    for output, scale in OUTPUTS.items():
        yield LINEAR, None, "", output, to_tensor(linear(low, scale))
    inputs = to_tensor(low, device)
    for network in networks:
        card = network.card
        for output, image in network(inputs).items():
            yield card.model, card.seed, card.weights or "", output, quantise(image).cpu()


def summarise(table: pd.DataFrame, networks: list[Network], side: int) -> Any:
    """The content of `metrics/evaluate.json`.

    Args:
        table: what `judge_images` gave.
        networks: the model set.
        side: side of a low-resolution image, for the cost.

    Returns:
        {"best": {output: {model, gain, weights?}}, method: {output: {psnr, ssim, gain, gain_low?,
        gain_high?, wins, weights?, seeds?, psnr_spread?, gain_spread?}, parameters?, macs?}};
        gain_low and gain_high are the 95 % interval of the mean gain (`paired_difference`), left
        out where scenes are too few for one; wins is the share of images on which one training
        beats bicubic. With several seeds every figure is the mean over them, beside what
        `spread_over_seeds` gives.
    """
    summary: dict[str, Any] = {"best": {}}
    models = dict.fromkeys(network.card.model for network in networks)
    for (method, output), part in table.groupby(["method", "output"], sort=False):
        entry: dict[str, Any] = {"psnr": part["psnr"].mean(), "ssim": part["ssim"].mean()}
        if method != BASELINE:
            entry["gain"] = part["gain"].mean()
            baseline = table[(table["method"] == BASELINE) & (table["output"] == output)]
            difference = paired_difference(part, baseline)
            if difference is not None and difference.low is not None:
                entry |= {"gain_low": difference.low, "gain_high": difference.high}
            entry["wins"] = float((part["gain"] > 0).mean())
        entry |= spread_over_seeds(part)
        if weights := part["weights"].iloc[0]:
            entry["weights"] = weights
        summary.setdefault(str(method), {})[str(output)] = entry
        best = summary["best"].get(output)
        if method in models and (best is None or entry["gain"] > best["gain"]):
            kept = {key: entry[key] for key in ("gain", "weights") if key in entry}
            summary["best"][str(output)] = {"model": method, **kept}
    for network in networks:
        summary[network.card.model] |= {
            "parameters": cost.parameters(network.model),
            "macs": cost.macs(network.model, network.extractor, side),
        }
    return summary


def quality_and_cost(summary: dict[str, Any]) -> pd.DataFrame:
    """One line a model and output of `summarise`, for the plots of quality against cost.

    Returns:
        method, output, gain, gain_low, gain_high (dB over bicubic; both ends are missing where
        scenes are too few), parameters, macs, and weights (label of the frozen weights, empty
        without).
    """
    lines = [
        {
            "method": method,
            "output": output,
            **{key: entry[output].get(key) for key in ("gain", "gain_low", "gain_high")},
            "parameters": entry["parameters"],
            "macs": entry["macs"],
            "weights": entry[output].get("weights", ""),
        }
        for method, entry in summary.items()
        for output in OUTPUTS
        if "macs" in entry and output in entry
    ]
    return pd.DataFrame(lines)
