"""Small data sets of photographs, untrained networks and small CLIPs: nothing is trained."""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import open_clip
import skimage
import torch
from open_clip.model import CLIPTextCfg, CLIPVisionCfg
from photographs import arrays
from PIL import Image

from srcore.data.dataset import Pyramids
from srcore.data.pyramids import square
from srcore.evaluation.least_squares import fit_linear
from srcore.features.clip import ARCHITECTURE, Clip
from srcore.features.extractor import Extractor, freeze
from srcore.inference.linear import LinearFilter
from srcore.inference.network import Network
from srcore.models.checkpoint import Card
from srcore.models.registry import model_class

CPU = torch.device("cpu")
SCENES = {"astronaut": 4, "coffee": 2, "chelsea": 1}
"""Photograph → how many crops of it `tiny_scenes` holds, named astronaut-0.png and so on."""
FEATURES = {"vgg": (128, 12, 12), "clip": (512,)}
"""Frozen network → the shape of what it gives of one image."""


def tiny_pyramids(count: int = 5, low: int = 16, labels: tuple = ()) -> Pyramids:
    """`count` images of three photographs; images of one photograph are one group."""
    photographs = [Image.fromarray(array) for array in arrays()]
    crops = []
    for k in range(count):
        photograph = photographs[k % 3]
        width, height = photograph.size
        crops.append(photograph.crop((3 * k, 2 * k, width - k, height - k)))

    def level(size: int) -> np.ndarray:
        flat = [np.frombuffer(square(crop, size), np.uint8) for crop in crops]
        return np.stack(flat).reshape(count, size, size, 3)

    return Pyramids(
        (low, 2 * low, 4 * low),
        tuple(f"{k:03}.png" for k in range(count)),
        tuple(f"scene{k % 3}" for k in range(count)),
        tuple(labels) or ((),) * count,
        level(low),
        level(2 * low),
        level(4 * low),
    )


def tiny_scenes(low: int = 24) -> Pyramids:
    """Seven crops of three whole photographs, at sides of `low`, twice and four times that."""
    folder = Path(skimage.__file__).parent / "data"
    crops, names, groups = [], [], []
    for scene, count in SCENES.items():
        photograph = Image.open(folder / f"{scene}.png").convert("RGB")
        for number in range(count):
            left = 40 * number
            crops.append(photograph.crop((left, 20, left + 256, 276)))
            names.append(f"{scene}-{number}.png")
            groups.append(scene)
    sizes = (low, 2 * low, 4 * low)
    levels = (np.stack([np.asarray(crop.resize((s, s))) for crop in crops]) for s in sizes)
    return Pyramids(sizes, tuple(names), tuple(groups), ((),) * len(names), *levels)


@cache
def tiny_linear() -> LinearFilter:
    """The linear filter, fitted on a few small images."""
    return fit_linear(tiny_pyramids(4, low=48), np.arange(4))


def tiny_network(name: str, seed: int = 0, extractor=None) -> Network:
    """An untrained network of the study, as `assemble` would give it."""
    torch.manual_seed(seed)
    model = model_class(name)().eval()
    frozen = (extractor.label, extractor.fingerprint) if extractor else ()
    return Network(model, Card(name, seed, {}, *frozen), extractor)


def noisy_network(name: str, seed: int = 0, weights: str = "random weights") -> Network:
    """The same; its extractor, if it needs one, gives the same noise of all images."""
    model = model_class(name)
    if model.frozen is None:
        return tiny_network(name, seed)
    shape = FEATURES[model.frozen]
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    extractor = Extractor(lambda low: noise.expand(len(low), *shape), weights, "0" * 64)
    return tiny_network(name, seed, extractor)


def tiny_clip(label: str = "random weights") -> Clip:
    """open_clip's own CLIP, its towers one layer deep, with the real tokenizer and transform."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = open_clip.CLIP(
            512,
            CLIPVisionCfg(layers=1, width=64, head_width=32, patch_size=56, image_size=224),
            CLIPTextCfg(layers=1, width=64, heads=2),
            quick_gelu=True,
        )
    freeze(model, CPU)
    transform = open_clip.image_transform(224, is_train=False)
    return Clip(model, transform, open_clip.get_tokenizer(ARCHITECTURE), label, CPU)


def relabelled(clip: Clip, label: str) -> Clip:
    """The same CLIP that claims other weights."""
    return dataclasses.replace(clip, label=label)
