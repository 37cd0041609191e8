"""Seeds trained together learn what each would alone, in the loop that trains the models."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from srcore.common.errors import StudyError
from srcore.data.dataset import Pyramids
from srcore.ideas.together import Resident, Training
from srcore.models.registry import model_class
from srcore.training.batches import Examples
from srcore.training.loop import train
from srcore.training.recipe import Recipe

MODERN = Recipe(3, 2, 0.002, "l1", "one_cycle", 0.1, flips=True, group="modern")
REPORT = Recipe(3, 4, 0.003)
SPLIT = (np.arange(9), np.arange(9, 12))


@pytest.fixture(scope="module")
def pyramids() -> Pyramids:
    coarse = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), np.uint8)
    low, mid, large = (coarse.repeat(side // 4, 1).repeat(side // 4, 2) for side in (16, 32, 64))
    names = tuple(f"{row}.png" for row in range(12))
    return Pyramids((16, 32, 64), names, names, ((),) * 12, low, mid, large)


def resident(pyramids) -> Resident:
    targets = {"mid": torch.from_numpy(pyramids.mid), "large": torch.from_numpy(pyramids.large)}
    return Resident(torch.from_numpy(pyramids.low), targets)


def training(name, pyramids, recipe, seeds) -> Training:
    build, images = model_class(name), resident(pyramids)
    return Training(build, images, SPLIT, recipe, seeds=seeds, precision="32-true")


@pytest.mark.parametrize(
    ("name", "recipe"), [("subpixel", MODERN), ("multi", REPORT), ("basic", REPORT)]
)
def test_it_is_the_loop_of_the_models(pyramids, name, recipe):
    """The same order, augmentation, schedule, clipping and Adam; a last batch that is not full."""
    together = training(name, pyramids, recipe, [0, 1])
    histories, scores = together.run()
    fabric = Fabric(accelerator="cpu", devices=1)
    for k, seed in enumerate((0, 1)):
        torch.manual_seed(seed)
        alone = model_class(name)()
        alone.to(memory_format=torch.channels_last)
        examples = Examples.of(pyramids, None, alone.outputs, torch.device("cpu"))
        history = train(
            alone, examples, SPLIT, recipe, fabric=fabric, seed=seed, live=None, state=None
        )
        assert np.allclose(history["loss"], histories[k]["loss"], atol=1e-6)
        assert np.allclose(history["psnr"], histories[k]["psnr"], atol=2e-3)
        for one, other in zip(
            alone.parameters(), together.stack.networks[k].parameters(), strict=True
        ):
            assert torch.allclose(one, other, atol=3e-4)
        last = histories[k].groupby("output", sort=False)["psnr"].last()
        assert np.allclose(scores[k].mean(axis=1), last, atol=1e-5)


def test_two_seeds_together_are_each_as_alone(pyramids):
    both = training("multi", pyramids, REPORT, [3, 4])
    one = training("multi", pyramids, REPORT, [4])
    assert both.run()[0][1].equals(one.run()[0][0])


def test_without_a_curve_the_last_epoch_alone_is_judged(pyramids):
    (curve,), scores = training("multi", pyramids, REPORT, [3]).run()
    (last,), same = training("multi", pyramids, REPORT, [3]).run(curve=False)
    assert len(curve) > len(last) == 2
    assert last.equals(curve.tail(2).reset_index(drop=True))
    assert (same == scores).all()


def test_what_it_cannot_do_it_refuses(pyramids):
    for recipe in (Recipe(1, 2, 0.1, average=0.9), Recipe(1, 2, 0.1, optimizer="muon")):
        with pytest.raises(ValueError, match="Adam alone"):
            training("basic", pyramids, recipe, [0])
    with pytest.raises(StudyError, match="batch_size = 10"):
        training("basic", pyramids, Recipe(1, 10, 0.1), [0])


def test_a_loss_that_is_no_number_ends_it(pyramids):
    wild = Recipe(3, 4, 1e9, "l1", group="modern")
    with pytest.raises(StudyError, match=r"loss of seed 0 .*modern\.lr = 1000000000\.0 may be too"):
        training("subpixel", pyramids, wild, [0]).run()


def test_weights_that_are_no_numbers_after_the_last_step_end_it(pyramids):
    """The loss of the only step is of the first weights, and finite."""
    wild = Recipe(1, 9, 1e25, "l1", group="modern")
    both = training("subpixel", pyramids, wild, [5, 6])
    with pytest.raises(StudyError, match=r"held-out PSNR of seed 5, 6 is NaN or infinite; modern"):
        both.run()
