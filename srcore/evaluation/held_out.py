"""Judging a model set on the held-out images, beside interpolation and the linear filter."""

from collections.abc import Iterator
from itertools import chain

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
from srcore.metrics.optional import NONE, load_optional_metrics
from srcore.metrics.table import HEADLINE, METRIC_WEIGHTS, METRICS, measure
from srcore.models.scales import OUTPUTS
from srcore.params.schema import Evaluate

BATCH = 8
"""Images judged at once; bounds the memory."""


def evaluate_images(
    networks: list[Network],
    linear: LinearFilter,
    pyramids: Pyramids,
    held_out: Indices,
    device: torch.device,
    *,
    extra: Evaluate | None = None,
) -> pd.DataFrame:
    """Every metric of every method on every held-out image.

    Both sides are 8-bit RGB images.

    Args:
        networks: the model set; an ensemble is a method of its own.
        linear: the fitted filter.
        pyramids: the images.
        held_out: rows of those that are judged.
        device: where to compute.
        extra: which metrics beside those that are always there; None for none.

    Returns:
        One row per method, seed, output and image, in this order: image, group, method, output,
        seed (missing for a method that is not trained with one), a column for each metric of
        `srcore.metrics.table` and each further one, weights (label of the frozen weights, empty
        without), gain (dB over bicubic), and metric_weights where a metric has a network.
    """
    optional = load_optional_metrics(extra, device) if extra else NONE
    # Plain tuples: an array kept among those that come and go leaves holes in the memory.
    lines: dict[tuple[str, int | None, str], list[tuple[str | int | float | None, ...]]] = {}
    starts = range(0, len(held_out), BATCH)
    for start in progress(starts, desc="evaluating", unit="batch"):
        rows = held_out[start : start + BATCH]
        low = np.array(pyramids.low[rows])
        targets = {output: to_tensor(getattr(pyramids, output)[rows]) for output in OUTPUTS}
        for method, seed, weights, output, images in _outputs(networks, linear, low, device):
            part = lines.setdefault((method, seed, output), [])
            pair = images, targets[output]
            found = measure(*pair) | optional(*pair)
            figures = torch.stack([*found.values()], 1).tolist()
            for row, of_image in zip(rows, figures, strict=True):
                name, group = pyramids.names[row], pyramids.groups[row]
                part.append((name, group, method, output, seed, *of_image, weights))
    columns = [
        "image",
        "group",
        "method",
        "output",
        "seed",
        *METRICS,
        *optional.measures,
        "weights",
    ]
    table = pd.DataFrame(chain.from_iterable(lines.values()), columns=columns)
    table["seed"] = table["seed"].astype("Int64")
    baseline = table[table.method == BASELINE].set_index(["image", "output"])[HEADLINE]
    pairs = pd.MultiIndex.from_frame(table[["image", "output"]])
    table["gain"] = table[HEADLINE] - baseline.reindex(pairs).to_numpy()
    return table.assign(**{METRIC_WEIGHTS: optional.weights}) if optional.weights else table


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
            yield network.method, card.seed, card.weights or "", output, quantise(image).cpu()
