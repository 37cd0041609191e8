from dataclasses import replace

import numpy as np
import pytest
import torch
from photographs import FOLDER
from PIL import Image
from safetensors.torch import save_file
from tiny import CPU
from upscaling import enlarge

from srcore.common.errors import StudyError
from srcore.features.extractor import load_extractor
from srcore.images.raster import Kept, Raster
from srcore.inference import load as module
from srcore.inference.baselines import upscale
from srcore.inference.load import SHIPPED, load_network
from srcore.models.checkpoint import Card, save_checkpoint
from srcore.models.registry import model_class


def refused(*arguments) -> str:
    with pytest.raises(StudyError) as caught:
        load_network(*arguments, CPU)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """VGG16's first layers with other weights than the random ones."""
    torch.manual_seed(1)
    shapes = {0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128)}
    tensors = {f"features.{k}.weight": torch.randn(*s, 3, 3) / 20 for k, s in shapes.items()}
    tensors |= {f"features.{k}.bias": torch.zeros(s[0]) for k, s in shapes.items()}
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_file(tensors, path)
    return path


def trained(folder, weights: str):
    extractor = load_extractor("vgg", weights, CPU)
    card = Card("vgg", 0, {}, extractor.label, extractor.fingerprint)
    return save_checkpoint(model_class("vgg")(), card, folder)


def test_random_weights_need_not_be_named(tmp_path):
    path = trained(tmp_path, "random")
    assert load_network(path, None, CPU).label == "vgg (random weights)"
    assert load_network(path, "random", CPU).label == "vgg (random weights)"


def test_a_file_of_weights_is_asked_for_and_taken(tmp_path, weights):
    path = trained(tmp_path, str(weights))
    assert refused(path, None) == (
        f"{path}: was trained with weights of mine.safetensors; give that file (--weights FILE)"
    )
    assert load_network(path, str(weights), CPU).label == "vgg (weights of mine.safetensors)"


def test_other_weights_are_refused(tmp_path, weights):
    message = refused(trained(tmp_path, "random"), str(weights))
    assert "was trained with random weights (SHA-256" in message
    assert "not with the weights of mine.safetensors given here" in message
    assert "with the random weights given here" in refused(
        trained(tmp_path, str(weights)), "random"
    )


def test_pretrained_weights_are_fetched_when_a_checkpoint_names_them(tmp_path, monkeypatch):
    extractor = load_extractor("vgg", "random", CPU)
    asked = []

    def load(kind, weights, device):
        asked.append((kind, weights))
        return replace(extractor, label="pretrained weights")

    monkeypatch.setattr(module, "load_extractor", load)
    card = Card("vgg", 0, {}, "pretrained weights", extractor.fingerprint)
    path = save_checkpoint(model_class("vgg")(), card, tmp_path)
    assert load_network(path, None, CPU).label == "vgg (pretrained weights)"
    assert asked == [("vgg", "pretrained")]


def test_weights_for_a_network_without_are_refused():
    assert "subpixel has no frozen weights" in refused(SHIPPED, "random")


def test_a_missing_default_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "none.safetensors")
    assert "missing from this copy of srcore; give --checkpoint" in refused(None, None)


def test_the_checkpoint_that_ships_is_small_and_described():
    assert SHIPPED.stat().st_size <= 2 * 2**20
    assert SHIPPED.with_suffix(".md").is_file()
    assert load_network(None, None, CPU).label == "subpixel (trained in bf16-mixed on cuda)"


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "chelsea.png"])
def test_the_checkpoint_that_ships_beats_bicubic(name, scale):
    with Image.open(FOLDER / name) as image:
        target = image.convert("RGB").crop((80, 40, 80 + 256, 40 + 192))
    low = np.asarray(target.resize((256 // scale, 192 // scale), Image.Resampling.BICUBIC))
    made = enlarge(load_network(None, None, CPU), Raster(low, None, Kept()), scale, CPU)

    def psnr(pixels) -> float:
        return -10 * np.log10(((np.asarray(target) / 255 - pixels / 255.0) ** 2).mean())

    assert psnr(made.colours) > psnr(upscale(low[None], "bicubic", scale)[0]) + 0.1
