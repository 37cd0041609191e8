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

from srcore.common.tensors import to_tensor
from srcore.data.dataset import Features, Indices, Pyramids
from srcore.features.extractor import Extractor, load_extractor, round_features
from srcore.ideas.together import Resident
from srcore.ideas.trainings import Data, Frozen
from srcore.models.scales import OUTPUTS
from srcore.training.resume import digest

SHUFFLE_SEED = 0
"""Seed of the shuffle that gives every image another one's embedding."""
AT_ONCE = 64
"""Images embedded together; bounds the memory."""


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
        StudyError: stored features are missing or damaged.
    """
    targets: dict[str, NDArray[Any]] = {output: getattr(pyramids, output) for output in OUTPUTS}
    images = Resident(
        _tensor(pyramids.low).to(device),
        {output: _tensor(target).to(device) for output, target in targets.items()},
    )
    vgg, clip = (_stored(features / kind) for kind in ("vgg", "clip"))
    random = load_extractor("vgg", "random", device)
    compute = cache(partial(_embed, random, pyramids.low, device))
    frozen = {
        "vgg": vgg,
        "vgg_random": Frozen(random.label, random.fingerprint, compute),
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


def _stored(folder: Path) -> Frozen:
    stored = Features.open(folder)
    return Frozen(stored.label, stored.fingerprint, partial(_tensor, stored.array))


def _shuffled(load: Callable[[], torch.Tensor]) -> torch.Tensor:
    """The features of another image for every image, in place of its own."""
    features = load()
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(features))
    return features[torch.from_numpy(order)]


@torch.inference_mode()
def _embed(extractor: Extractor, low: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    parts = [
        round_features(extractor.embed(to_tensor(np.array(low[i : i + AT_ONCE]), device))).cpu()
        for i in range(0, len(low), AT_ONCE)
    ]
    return torch.cat(parts)


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    """An array as a tensor that shares its memory, which may be a read-only file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # nothing here writes into it
        return torch.from_numpy(array)
