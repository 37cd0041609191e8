"""VGG16 up to conv2_2: four convolutions, 128 channels at half the size (report, step 6)."""

import sys
import warnings
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import VGG16_Weights
from torchvision.models.vgg import cfgs, make_layers

from srcore.common.errors import StudyError, reason
from srcore.features.extractor import RANDOM_SEED, Extractor, fingerprint, freeze, size
from srcore.features.labels import label_of

LAYERS = 9
"""Modules of torchvision's `vgg16().features` up to the ReLU after conv2_2."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet normalisation that the weights expect."""


def load(weights: str, device: torch.device) -> Extractor:
    """VGG16 features with weights `random`, `pretrained` (torchvision's) or of a file.

    A file holds tensors named as in torchvision (`features.0.weight` …), as safetensors or as a
    torch file; more layers than needed may stand in it. Whatever the weights, the features of
    noise are about one in size.

    Raises:
        StudyError: the file is damaged, or lacks a tensor, or one has another shape.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        layers = make_layers(cfgs["D"])[:LAYERS]
        for layer in layers:
            if isinstance(layer, nn.Conv2d):  # as torchvision initialises its VGG
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    assert isinstance(layers, nn.Sequential)
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            layer.inplace = True
    if weights == "pretrained":
        _fill(layers, _fetch(), "torchvision's VGG16")
    elif weights != "random":
        _fill(layers, read_tensors(Path(weights)), weights)
    _level(layers)
    freeze(layers, device)
    mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (MEAN, STD))

    def embed(low: Tensor) -> Tensor:
        return layers((low - mean) / std)

    return Extractor(embed, label_of(weights), fingerprint(layers), size(layers))


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


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors or torch file; nothing else in it is ever run.

    Raises:
        StudyError: the file is neither, or damaged.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about pickles, which are refused
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except UnpicklingError:  # its advice is to run what the file holds
        raise StudyError(
            f"{path}: refused; only tensors are read, so save its state_dict as safetensors"
        ) from None
    except Exception as error:  # noqa: BLE001  # torch raises whatever the file makes it raise
        raise StudyError(f"{path}: not a readable weights file ({reason(error)})") from None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise StudyError(f"{path}: holds something else than named tensors; save a state_dict")
    return state


def _fetch() -> dict[str, Tensor]:
    try:
        shown = sys.stderr.isatty()
        return dict(VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=shown, check_hash=True))
    except (OSError, RuntimeError) as error:  # no network; or not the file that was meant
        raise StudyError(
            f"frozen.vgg = pretrained: torchvision cannot fetch the weights ({reason(error)}); "
            "give the path of a file, or random"
        ) from None


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
        target.copy_(value)
