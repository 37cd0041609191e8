"""Learned perceptual image patch similarity, one value per image: zero for equal images."""

from collections.abc import Callable

import torch
from torch import Tensor

from srcore.metrics.vgg16 import Tensors, fill, library


def load(tensors: Tensors, device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """LPIPS 0.1 over VGG16 (Zhang et al. 2018), as torchmetrics has it, with its own linear layers.

    Args:
        tensors: VGG16's.
        device: where it computes.

    Returns:
        (output, target) → (N,), 0 or more; both (N, 3, H, W) in [0, 1], with H and W at least 16.

    Raises:
        StudyError: torchmetrics is of another version.
    """
    theirs = library("lpips", "_LPIPS")
    with torch.random.fork_rng(devices=[]):  # it draws weights first, which are all replaced
        network = theirs._LPIPS(net="vgg", pretrained=True, pnet_rand=True)
    fill(network.net, tensors)
    network.to(device)

    @torch.inference_mode()
    def lpips(output: Tensor, target: Tensor) -> Tensor:
        pairs = zip(output.to(device).split(1), target.to(device).split(1), strict=True)
        found = [network(*pair, normalize=True).reshape(1) for pair in pairs]  # singly: memory
        return torch.cat(found).to(output.device)

    return lpips
