"""A small comparison to test with: real photographs, networks that never learned anything."""

from pathlib import Path

import numpy as np
import skimage
import torch
from PIL import Image

from srcore.data.dataset import Pyramids
from srcore.features.extractor import Extractor
from srcore.inference.network import Network
from srcore.models.checkpoint import Card
from srcore.models.registry import model_class

CPU = torch.device("cpu")
SCENES = {"astronaut": 4, "coffee": 2, "chelsea": 1}
"""Photograph → how many crops of it; they are named astronaut-0.png and so on."""


def pyramids(side: int = 24) -> Pyramids:
    """Seven crops of three photographs, at sides of `side`, twice and four times that."""
    folder = Path(skimage.__file__).parent / "data"
    crops, names, groups = [], [], []
    for scene, count in SCENES.items():
        photograph = Image.open(folder / f"{scene}.png").convert("RGB")
        for turn in range(count):
            left = 40 * turn
            crops.append(photograph.crop((left, 20, left + 256, 276)))
            names.append(f"{scene}-{turn}.png")
            groups.append(scene)
    low, mid, large = (
        np.stack([np.asarray(crop.resize((size, size))) for crop in crops])
        for size in (side, 2 * side, 4 * side)
    )
    sizes = (side, 2 * side, 4 * side)
    return Pyramids(sizes, tuple(names), tuple(groups), ((),) * len(names), low, mid, large)


def network(name: str, seed: int = 0, weights: str = "random weights") -> Network:
    """An untrained network; its extractor, if it needs one, gives noise and bears that label."""
    torch.manual_seed(seed)
    model = model_class(name)().eval()
    shape = {"vgg": (128, 12, 12), "clip": (512,), None: None}[model.frozen]
    if shape is None:
        return Network(model, Card(name, seed, {}), None)
    noise = torch.randn(shape)
    extractor = Extractor(lambda low: noise.expand(len(low), *shape), weights, "0" * 64)
    return Network(model, Card(name, seed, {}, weights, "0" * 64), extractor)
