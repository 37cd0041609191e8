"""What the trainings learn from: images on the device, and the frozen features that some take."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from srcore.common.errors import StudyError
from srcore.common.tensors import to_tensor
from srcore.data.dataset import Features, Indices, Pyramids
from srcore.features.extractor import Extractor, load_extractor, round_features
from srcore.features.store import BATCH
from srcore.ideas.together import Resident
from srcore.ideas.trainings import Data, Frozen
from srcore.models.scales import OUTPUTS
from srcore.training.resume import digest

SHUFFLE_SEED = 0
"""Seed of the shuffle that gives every image another one's embedding."""


def load_data(
    pyramids: Pyramids, split: tuple[Indices, Indices], features: Path, device: torch.device
) -> Data:
    """Everything that the trainings take.

    Args:
        pyramids: the images.
        split: rows of the training images and of the held-out ones.
        features: folder of the stored features of VGG16 and CLIP.
        device: where to train; the images are put there, features when they are needed.

    Raises:
        StudyError: stored features are missing, damaged, or of another data set.
    """
    targets: dict[str, NDArray[Any]] = {output: getattr(pyramids, output) for output in OUTPUTS}
    images = Resident(
        _tensor(pyramids.low).to(device),
        {output: _tensor(target).to(device) for output, target in targets.items()},
    )
    vgg, clip = (_stored(features / kind, len(pyramids)) for kind in ("vgg", "clip"))
    random = load_extractor("vgg", "random", device)
    compute = cache(partial(_embed, random, pyramids.low, device))
    frozen = {
        "vgg": vgg,
        "vgg_random": Frozen(random.label, random.fingerprint, "", compute),
        "clip": clip,
        "clip_shuffled": replace(
            clip,
            label=f"{clip.label}, shuffled",
            fingerprint=f"{clip.fingerprint}, shuffled",
            load=partial(_shuffled, clip.load),
        ),
    }
    return Data(
        images, pyramids.names, split, frozen, digest(pyramids.low, *targets.values(), *split)
    )


def _stored(folder: Path, images: int) -> Frozen:
    stored = Features.open(folder)
    if len(stored.array) != images:
        raise StudyError(f"{folder}: the features are of another data set; run `dvc repro`")
    load = partial(_tensor, stored.array)
    return Frozen(stored.label, stored.fingerprint, digest(stored.array), load)


def _shuffled(load: Callable[[], torch.Tensor]) -> torch.Tensor:
    """The features of another image for every image, in place of its own."""
    features = load()
    return features[torch.from_numpy(_order_of_others(len(features)))]


def _order_of_others(count: int) -> Indices:
    """A shuffle of two or more rows that leaves none in its place."""
    order = np.random.default_rng(SHUFFLE_SEED).permutation(count)
    stayed = np.flatnonzero(order == np.arange(count))
    if len(stayed) == 1:  # it changes places with its neighbour
        stayed = np.append(stayed, (stayed + 1) % count)
    order[stayed] = np.roll(order[stayed], 1)
    return order


@torch.inference_mode()
def _embed(extractor: Extractor, low: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    # Not by calling the extractor, whose batches are of another size: sums differ in their last
    # bits, and recorded trainings were made with these.
    parts = [
        round_features(extractor.embed(to_tensor(np.array(low[i : i + BATCH]), device))).cpu()
        for i in range(0, len(low), BATCH)
    ]
    return torch.cat(parts)


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    """An array as a tensor that shares its memory, which may be a read-only file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # nothing here writes into it
        return torch.from_numpy(array)
