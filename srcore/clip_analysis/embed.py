"""Embeddings of every version of every held-out picture, each computed once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from srcore.data.packed import Indices, Pictures, Pyramids
from srcore.frozen.clip import Clip
from srcore.inference import Network
from srcore.interpolation import upscale
from srcore.models.base import OUTPUTS
from srcore.progress import progress
from srcore.tensors import to_pictures, to_tensor

BATCH = 16
"""Pictures embedded at once; bounds the memory."""
INTERPOLATIONS = ("nearest", "bicubic")
"""The baselines that are embedded beside the models."""
LOW, TRUTH = "low resolution", "truth"
"""The two versions of a picture that no method made: what all start from, and what all aim at."""


@dataclass(frozen=True)
class Version:
    """One version of the pictures.

    Attributes:
        method: a model, an interpolation, `LOW` or `TRUTH`.
        seed: seed of the model's training.
        output: mid or large; low for `LOW`.
        weights: label of the frozen weights that the model takes, empty without.
    """

    method: str
    seed: int
    output: str
    weights: str = ""


Embeddings = dict[Version, Tensor]
"""Version → embeddings of the pictures, (N, 512), of length 1, on the CPU."""


def embed_versions(
    networks: list[Network],
    pyramids: Pyramids,
    rows: Indices,
    clip: Clip,
    *,
    low: bool,
) -> Embeddings:
    """Embed the interpolations, the outputs of every network, and the truth, as 8-bit pictures.

    Args:
        networks: the model set, on CLIP's device.
        pyramids: the pictures.
        rows: which of them.
        clip: CLIP.
        low: whether to embed the low-resolution pictures as well.
    """
    outputs = sum(len(network.model.outputs) for network in networks)
    versions = len(OUTPUTS) * (1 + len(INTERPOLATIONS)) + outputs + low
    steps = versions * -(-len(rows) // BATCH)
    parts: dict[Version, list[Tensor]] = {}
    made = _versions(networks, pyramids, rows, clip.device, low=low)
    for version, pictures in progress(made, "embedding", steps, "batch"):
        embedded = clip.embed_pictures([Image.fromarray(picture) for picture in pictures])
        parts.setdefault(version, []).append(F.normalize(embedded, dim=-1).cpu())
    return {version: torch.cat(batches) for version, batches in parts.items()}


def _versions(
    networks: list[Network], pyramids: Pyramids, rows: Indices, device: torch.device, *, low: bool
) -> Iterator[tuple[Version, Pictures]]:
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        small = np.array(pyramids.low[batch])
        if low:
            yield Version(LOW, 0, "low"), small
        for method in INTERPOLATIONS:
            for output, scale in OUTPUTS.items():
                yield Version(method, 0, output), upscale(small, method, scale)
        inputs = to_tensor(small, device)
        for network in networks:
            card = network.card
            for output, pictures in network(inputs).items():
                version = Version(card.model, card.seed, output, card.weights or "")
                yield version, to_pictures(pictures)
        for output in OUTPUTS:
            yield Version(TRUTH, 0, output), np.array(getattr(pyramids, output)[batch])
