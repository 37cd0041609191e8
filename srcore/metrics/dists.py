"""Deep image structure and texture similarity, one value per image: zero for equal images."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torchvision.models import VGG

from srcore.metrics.vgg16 import Tensors, fill, library


def load(tensors: Tensors, device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """DISTS (Ding et al. 2020), as torchmetrics has it, with its own weights of the channels.

    Args:
        tensors: VGG16's.
        device: where it computes.

    Returns:
        (output, target) → (N,), about [0, 1]; both (N, 3, H, W) in [0, 1], with H and W at
        least 16.

    Raises:
        StudyError: torchmetrics is of another version.
    """
    theirs = library("dists", "DISTSNetwork", "vgg16")
    with _without_download(theirs), torch.random.fork_rng(devices=[]):
        network = theirs.DISTSNetwork().eval()
    fill(network, tensors)
    network.to(device)

    @torch.inference_mode()
    def dists(output: Tensor, target: Tensor) -> Tensor:
        pairs = zip(output.to(device).split(1), target.to(device).split(1), strict=True)
        found = [network(*pair).reshape(1) for pair in pairs]  # singly: memory
        return torch.cat(found).to(output.device)

    return dists


@contextmanager
def _without_download(theirs: Any) -> Generator[None]:
    """Let the library build its VGG16 without weights.

    It has no argument for that, and what it would fetch it would read as a pickle, whatever it is.
    """
    whole = theirs.vgg16

    def empty(weights: object) -> VGG:  # noqa: ARG001
        return whole(weights=None)

    theirs.vgg16 = empty
    try:
        yield
    finally:
        theirs.vgg16 = whole
