"""VGG16's weights for the metrics that compare what it sees: LPIPS and DISTS."""

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from srcore.common.errors import StudyError
from srcore.features.files import check_values, read_tensors
from srcore.features.vgg import fetched

Tensors = dict[str, Tensor]
"""By name, as torchvision has them: `features.0.weight` …"""


def tensors_of(weights: str) -> Tensors:
    """The tensors of all of VGG16's convolutions.

    Args:
        weights: `pretrained` (torchvision's, trained on ImageNet, as both metrics ask for), or the
            path of a safetensors or torch file with the same names.

    Raises:
        StudyError: the file is damaged or not the published one.
    """
    return fetched("evaluate.vgg16") if weights == "pretrained" else read_tensors(Path(weights))


CONVOLUTIONS = 13
"""Of VGG16; each has a weight and a bias."""


@torch.no_grad()
def fill(network: nn.Module, tensors: Tensors) -> None:
    """Put VGG16's tensors into a network that is cut into slices or stages of VGG16's layers.

    Raises:
        StudyError: a tensor is missing, or of another shape, or holds NaN or infinite values.
        RuntimeError: the network is none of VGG16's layers; its weights would stay random.
    """
    filled = 0
    for name, target in network.named_parameters():
        if place := re.fullmatch(r"(?:slice|stage)\d\.(\d+\.(?:weight|bias))", name):
            wanted = f"features.{place[1]}"
            value = tensors.get(wanted)
            if value is None or value.shape != target.shape:
                raise StudyError(
                    f"evaluate.vgg16: these weights have no {wanted} of shape "
                    f"{tuple(target.shape)}; give all convolutions of a VGG16"
                )
            check_values({wanted: value}, "evaluate.vgg16")
            target.copy_(value)
            filled += 1
    if filled != 2 * CONVOLUTIONS:
        raise RuntimeError(f"{filled} of VGG16's {2 * CONVOLUTIONS} tensors have a place")
