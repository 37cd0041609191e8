"""VGG16's weights for the metrics that compare what it sees: LPIPS and DISTS."""

import re
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

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
        StudyError: the file is damaged or not the published one, or lacks a tensor, or one has
            another shape or NaN or infinite values.
    """
    pretrained = weights == "pretrained"
    found = fetched("evaluate.vgg16") if pretrained else read_tensors(Path(weights))
    source = "torchvision's VGG16" if pretrained else weights
    with torch.device("meta"):
        expected = make_layers(cfgs["D"]).state_dict(prefix="features.")
    for name, wanted in expected.items():
        value = found.get(name)
        if value is None or value.shape != wanted.shape:
            raise StudyError(
                f"{source}: holds no {name} of shape {tuple(wanted.shape)}; "
                "give all convolutions of a VGG16 (evaluate.vgg16)"
            )
        check_values({name: value}, source)
    return {name: found[name] for name in expected}


CONVOLUTIONS = 13
"""Of VGG16; each has a weight and a bias."""


@torch.no_grad()
def fill(network: nn.Module, tensors: Tensors) -> None:
    """Put VGG16's tensors into a network that is cut into slices or stages of VGG16's layers.

    Raises:
        RuntimeError: the network is none of VGG16's layers; its weights would stay random.
    """
    filled = 0
    for name, target in network.named_parameters():
        if place := re.fullmatch(r"(?:slice|stage)\d\.(\d+\.(?:weight|bias))", name):
            value = tensors[f"features.{place[1]}"]
            if value.shape == target.shape:
                target.copy_(value)
                filled += 1
    if filled != 2 * CONVOLUTIONS:
        raise RuntimeError(f"{filled} of VGG16's {2 * CONVOLUTIONS} tensors have a place")


def library(name: str, *needed: str) -> Any:
    """A module of torchmetrics, and private names of it.

    The public classes would fetch torchvision's weights, and read them as a pickle.

    Args:
        name: of the module, among its functions of images.
        needed: what has to be in it.

    Raises:
        StudyError: this version of torchmetrics lacks one.
    """
    try:
        module = import_module(f"torchmetrics.functional.image.{name}")
        for each in needed:
            getattr(module, each)
    except (ImportError, AttributeError) as error:
        raise StudyError(
            f"evaluate.metrics: {name} does not work with torchmetrics {version('torchmetrics')} "
            f"({error}); in the project's folder, "
            'pip install -c constraints.txt -e ".[perceptual]"'
        ) from None
    return module
