"""VGG16 up to conv2_2: four convolutions, 128 channels, half the size (original study, step 6)."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import VGG16_Weights
from torchvision.models.vgg import cfgs, make_layers

from srcore.common.errors import StudyError
from srcore.features.extractor import RANDOM_SEED, Extractor, count, fingerprint, freeze
from srcore.features.files import check_values, load_torch, named_tensors, read_tensors
from srcore.features.labels import label_of
from srcore.features.published import Published

LAYERS = 9
"""Modules of torchvision's `vgg16().features` up to the ReLU after conv2_2."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet normalisation that the weights expect."""
SHA256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"
"""Of torchvision's file, whose name has the first eight digits: many projects that verify the whole
file (LPIPS is built on it) publish this value."""


def load(weights: str, device: torch.device) -> Extractor:
    """VGG16 features with weights `random`, `pretrained` (torchvision's) or of a file.

    A file holds tensors named as in torchvision (`features.0.weight` …), as safetensors or as a
    torch file; more layers than needed may stand in it. Whatever the weights, the features of
    noise are about one in size.

    Raises:
        StudyError: the file is damaged or not the published one, or lacks a tensor, or one has
            another shape or NaN or infinite values.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        layers = make_layers(cfgs["D"])[:LAYERS]
        for layer in layers:
            if isinstance(layer, nn.Conv2d):  # as torchvision initialises its VGG
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    assert isinstance(layers, nn.Sequential)
    if weights == "pretrained":
        _fill(layers, fetched("frozen.vgg"), "torchvision's VGG16")
    elif weights != "random":
        _fill(layers, read_tensors(Path(weights)), weights)
    _level(layers)
    freeze(layers, device)
    mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (MEAN, STD))

    def embed(low: Tensor) -> Tensor:
        return layers((low - mean) / std)

    return Extractor(embed, label_of(weights), fingerprint(layers), count(layers))


@torch.no_grad()
def _level(layers: nn.Sequential) -> None:
    """Scale the last convolution so that the features of white noise have a mean square near one.

    Weights in circulation differ a thousandfold in the size of their features (the original
    release's are of several hundred), and a network beside features of hundreds does not learn.
    ReLU lets a factor pass, so the features are the same but for it; it is a power of two, so
    that not even their rounding changes.
    """
    noise = torch.randn(1, 3, 72, 72, generator=torch.Generator().manual_seed(RANDOM_SEED))
    size = layers(noise).square().mean().sqrt()
    if not size.isfinite():
        return  # the features of an image are then refused for what they are
    factor = torch.exp2(-size.log2().round()) if size > 0 else torch.ones(())
    last = layers[-2]
    for parameter in last.parameters():
        parameter.mul_(factor)


def fetched(key: str) -> dict[str, Tensor]:
    """The tensors of torchvision's VGG16, all of its layers.

    Args:
        key: the parameter that asks for them.

    Raises:
        StudyError: they cannot be had, or are others.
    """
    url, folder = VGG16_Weights.IMAGENET1K_V1.url, Path(torch.hub.get_dir()) / "checkpoints"
    with Published(key, url, SHA256, folder).open() as file:
        path = folder / url.rpartition("/")[2]
        return named_tensors(load_torch(file, path), path)


def _fill(layers: nn.Sequential, state: dict[str, Tensor], source: str) -> None:
    for name, target in layers.state_dict().items():
        value = state.get(f"features.{name}")
        if value is None:
            raise StudyError(f"{source}: holds no tensor features.{name}; is it a VGG16?")
        if value.shape != target.shape:
            raise StudyError(
                f"{source}: features.{name} has shape {tuple(value.shape)}, "
                f"VGG16's has {tuple(target.shape)}"
            )
        check_values({f"features.{name}": value}, source)
        target.copy_(value)
