"""Our own network: it starts at bicubic, keeps the orientation, and keeps to its budget."""

import numpy as np
import pytest
import torch
from PIL import Image

from srcore.features.extractor import load_extractor
from srcore.metrics import cost
from srcore.models.registry import MODELS, SETS, model_class
from srcore.models.scales import OUTPUTS
from srcore.models.subpixel import bicubic
from srcore.params import load_params
from srcore.training.recipe import Recipe, recipe_for

OURS = ("subpixel", *SETS["ablation"])


def images(*size: int) -> torch.Tensor:
    torch.manual_seed(4)
    return torch.rand(2, 3, *size)


@pytest.mark.parametrize("scale", OUTPUTS.values())
def test_its_bicubic_is_the_baselines(scale):
    """The gain over bicubic is then what the network adds."""
    low = np.random.default_rng(0).integers(64, 192, (11, 14, 3), np.uint8)
    pillow = np.asarray(
        Image.fromarray(low).resize((14 * scale, 11 * scale), Image.Resampling.BICUBIC)
    )
    ours = bicubic(torch.from_numpy(low).permute(2, 0, 1)[None].double(), scale)
    ours = ours.clamp(0, 255).round()[0].permute(1, 2, 0).numpy()
    assert np.abs(ours - pillow).max() <= 1, "Pillow rounds (and clips) between the sides"


@pytest.mark.parametrize("scale", OUTPUTS.values())
def test_its_bicubic_in_training_is_the_one_in_use(scale):
    low = images(11, 14)
    with torch.no_grad():
        in_use = bicubic(low, scale)
    torch.testing.assert_close(bicubic(low, scale), in_use, atol=1e-6, rtol=0)


def test_its_outputs_in_training_are_contiguous():
    """The loss transforms them, which takes longer in channels-last, in which its kernels are."""
    model = model_class("subpixel")().to(memory_format=torch.channels_last)
    low = images(12, 15).to(memory_format=torch.channels_last)
    assert all(image.is_contiguous() for image in model(low).values())


def test_without_its_heads_it_is_bicubic():
    model, low = model_class("subpixel")(), images(12, 15)
    with torch.no_grad():
        for parameter in model.heads.parameters():
            parameter.zero_()
        for output, image in model(low).items():
            torch.testing.assert_close(image, bicubic(low, OUTPUTS[output]))


def test_without_its_heads_and_skip_it_is_grey():
    model = model_class("subpixel_no_skip")()
    with torch.no_grad():
        for parameter in model.heads.parameters():
            parameter.zero_()
        assert all(image.std() < 1e-6 for image in model(images(12, 15)).values())


def test_it_starts_nearer_to_bicubic_than_bicubic_is_to_grey():
    torch.manual_seed(0)
    low = images(24, 24)
    for output, image in model_class("subpixel")()(low).items():
        start = bicubic(low, OUTPUTS[output])
        assert (image - start).std() < 0.3 * start.std()


def test_it_costs_no_more_than_vgg():
    vgg, ours = model_class("vgg")(), model_class("subpixel")()
    extractor = load_extractor("vgg", "random", torch.device("cpu"))
    assert cost.macs(ours, None, 72) <= cost.macs(vgg, extractor, 72)


@pytest.mark.parametrize("name", SETS["ablation"][1:])
def test_a_variant_is_one_difference_away(root, name):
    plain, variant = model_class("subpixel"), model_class(name)
    params = load_params(root / "params.yaml")
    differences = [
        plain.skip != variant.skip,
        plain.shuffle != variant.shuffle,
        recipe_for(plain, params) != recipe_for(variant, params),
    ]
    assert sum(differences) == 1
    assert set(vars(variant)) - set(vars(plain)) <= {"skip", "shuffle", "recipe_overrides"}


def test_the_report_networks_are_trained_as_in_the_report(root):
    params = load_params(root / "params.yaml")
    for name in set(MODELS) - set(OURS):
        train = params.train
        as_reported = Recipe(train.epochs, train.batch_size, train.lr)
        assert recipe_for(model_class(name), params) == as_reported
        assert (as_reported.loss, as_reported.schedule) == ("inverse_psnr", "constant")
