"""Embeddings of every version of every held-out image, each computed once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from srcore.common.progress import progress
from srcore.common.tensors import to_images, to_tensor
from srcore.data.dataset import Images, Indices, Pyramids
from srcore.features.clip import Clip
from srcore.inference.baselines import LINEAR, upscale
from srcore.inference.linear import LinearFilter
from srcore.inference.network import Network
from srcore.models.scales import OUTPUTS

BATCH = 16
"""Images embedded at once; bounds the memory."""
INTERPOLATIONS = ("nearest", "bicubic")
"""The interpolations that are embedded beside the models, and beside the linear filter."""
LOW, TARGET = "low resolution", "target"
"""The two versions of an image that no method made: what all start from, and what all aim at."""


@dataclass(frozen=True)
class Version:
    """One version of the images.

    Attributes:
        method: a model, an interpolation, linear, `LOW` or `TARGET`.
        seed: seed of the model's training; None for what is not trained with one.
        output: mid or large; low for `LOW`.
        weights: label of the frozen weights that the model takes, empty without.
    """

    method: str
    seed: int | None
    output: str
    weights: str = ""


Embeddings = dict[Version, Tensor]
"""Version → embeddings of the images, (N, 512), of length 1, on the CPU."""


def embed_versions(
    networks: list[Network],
    linear: LinearFilter,
    pyramids: Pyramids,
    rows: Indices,
    clip: Clip,
) -> Embeddings:
    """Embed the low resolution, what every method makes of it, and the target, as 8-bit images.

    Args:
        networks: the model set, on CLIP's device.
        linear: the linear filter.
        pyramids: the images.
        rows: which of them.
        clip: CLIP.
    """
    outputs = sum(len(network.model.outputs) for network in networks)
    versions = len(OUTPUTS) * (len(INTERPOLATIONS) + 2) + outputs + 1
    steps = versions * -(-len(rows) // BATCH)
    parts: dict[Version, list[Tensor]] = {}
    made = _versions(networks, linear, pyramids, rows, clip.device)
    for version, images in progress(made, "embedding", steps, "batch"):
        embedded = clip.embed_images([Image.fromarray(image) for image in images])
        parts.setdefault(version, []).append(F.normalize(embedded, dim=-1).cpu())
    return {version: torch.cat(batches) for version, batches in parts.items()}


def _versions(
    networks: list[Network],
    linear: LinearFilter,
    pyramids: Pyramids,
    rows: Indices,
    device: torch.device,
) -> Iterator[tuple[Version, Images]]:
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        small = np.array(pyramids.low[batch])
        yield Version(LOW, None, "low"), small
        for method in INTERPOLATIONS:
            for output, scale in OUTPUTS.items():
                yield Version(method, None, output), upscale(small, method, scale)
        for output, scale in OUTPUTS.items():
            yield Version(LINEAR, None, output), linear(small, scale)
        inputs = to_tensor(small, device)
        for network in networks:
            card = network.card
            for output, images in network(inputs).items():
                version = Version(card.model, card.seed, output, card.weights or "")
                yield version, to_images(images)
        for output in OUTPUTS:
            yield Version(TARGET, None, output), np.array(getattr(pyramids, output)[batch])
