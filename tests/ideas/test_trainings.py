"""Runs are trained once: what was stopped goes on, seeds are added, processes share the work."""

import fcntl
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from srcore.common.errors import StudyError
from srcore.data.dataset import Pyramids
from srcore.features.extractor import load_extractor
from srcore.features.store import store_features
from srcore.ideas.data import load_data
from srcore.ideas.experiments import REPORT, Experiment, asked, experiments
from srcore.ideas.names import HEADS, SLOW
from srcore.ideas.networks import BODIES, FEATURES, IdeaNetwork, Shallow
from srcore.ideas.trainings import require, train_ideas
from srcore.metrics.cost import macs, parameters
from srcore.models.registry import model_class
from srcore.models.subpixel import SuperResNetSubpixel
from srcore.params import load_params
from srcore.training.recipe import Recipe

CPU = torch.device("cpu")
MODERN = Recipe(1, 4, 0.002, "l1", "one_cycle", 0.1, flips=True, group="modern")
WIDTHS = {"vgg": (128, 8, 8), "clip": (512,)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight images of 16 pixels; VGG16's features are its own, CLIP's are made up."""
    folder = tmp_path_factory.mktemp("features")
    chance = np.random.default_rng(0)
    low, mid, large = (chance.integers(0, 256, (8, s, s, 3), np.uint8) for s in (16, 32, 64))
    names = tuple(f"{row}.png" for row in range(8))
    pyramids = Pyramids((16, 32, 64), names, names, ((),) * 8, low, mid, large)
    vgg = load_extractor("vgg", "random", CPU)
    store_features(vgg, low, folder / "vgg", CPU)
    made = replace(vgg, embed=lambda x: x.flatten(1)[:, :512], fingerprint="c" * 64)
    store_features(made, low, folder / "clip", CPU)
    return load_data(pyramids, (np.arange(6), np.arange(6, 8)), folder, CPU)


def one(name="plain.bilinear", seeds=(0, 1)) -> Experiment:
    report = Recipe(1, 4, 0.001)
    slow = replace(MODERN, lr=0.001, flips=False)
    found = {e.name: e for e in experiments(MODERN, slow, report, seeds, (0,))}
    return found[name]


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.card.json")}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("head", HEADS)
def test_every_network_of_the_grid_learns(data, body, head, tmp_path):
    assert train_ideas([one(f"{body}.{head}", (0,))], data, tmp_path, "32-true") == []
    torch.manual_seed(0)
    before = dict(IdeaNetwork(body, head).named_parameters())
    after = load_file(tmp_path / f"{body}.{head}.seed0.safetensors")
    assert after.keys() == before.keys()
    assert all(not torch.equal(value, before[name]) for name, value in after.items())
    card = json.loads((tmp_path / f"{body}.{head}.seed0.card.json").read_text())
    assert bool(card["weights"]) == (body in FEATURES)
    assert card["recipe"]["flips"] is False


def test_controls_cost_what_their_ideas_cost():
    """`stacked` and `undilated` lack the idea alone, so parameters and work are the same."""
    for control, idea in (("stacked", "residual"), ("undilated", "dilated")):
        networks = [IdeaNetwork(body, "subpixel") for body in (control, idea)]
        assert len({parameters(network) for network in networks}) == 1
        assert len({macs(network, None, 16) for network in networks}) == 1
    deep, shallow = (macs(kind(), None, 72) for kind in (SuperResNetSubpixel, Shallow))
    assert abs(shallow / deep - 1) < 0.01


def test_the_heads_are_those_of_the_report_and_of_our_own_network():
    torch.manual_seed(0)
    ours = IdeaNetwork("plain", "bilinear")
    torch.manual_seed(0)
    multi = model_class("multi")()
    low = torch.rand(1, 3, 9, 9)
    for made, wanted in zip(ours(low).values(), multi(low).values(), strict=True):
        assert torch.equal(made, wanted)


def test_a_second_run_trains_nothing_and_new_seeds_alone(data, tmp_path):
    train_ideas([one()], data, tmp_path, "32-true")
    first = times(tmp_path)
    train_ideas([one()], data, tmp_path, "32-true")
    assert times(tmp_path) == first
    train_ideas([one(seeds=(0, 1, 2))], data, tmp_path, "32-true")
    assert {name: times(tmp_path)[name] for name in first} == first
    assert "plain.bilinear.seed2.card.json" in times(tmp_path)


def test_a_run_that_was_killed_before_its_card_is_trained_again_and_ends_the_same(data, tmp_path):
    train_ideas([one()], data, tmp_path, "32-true")
    weights = (tmp_path / "plain.bilinear.seed1.safetensors").read_bytes()
    other = times(tmp_path)["plain.bilinear.seed0.card.json"]
    (tmp_path / "plain.bilinear.seed1.card.json").unlink()
    train_ideas([one()], data, tmp_path, "32-true")
    assert (tmp_path / "plain.bilinear.seed1.safetensors").read_bytes() == weights
    assert times(tmp_path)["plain.bilinear.seed0.card.json"] == other


def test_other_settings_train_anew(data, tmp_path):
    train_ideas([one()], data, tmp_path, "32-true")
    first = times(tmp_path)
    other = replace(one(), recipe=replace(one().recipe, lr=0.001))
    train_ideas([other], data, tmp_path, "32-true")
    assert not set(times(tmp_path).items()) & set(first.items())


def test_what_another_process_trains_is_left_to_it(data, tmp_path):
    with (tmp_path / ".plain.bilinear.seed0.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = train_ideas([one()], data, tmp_path, "32-true")
    assert missing == ["plain.bilinear.seed0"]
    assert list(times(tmp_path)) == ["plain.bilinear.seed1.card.json"]
    with pytest.raises(StudyError, match=r"1 runs are being trained by other processes"):
        require(missing)


def test_a_shuffled_embedding_is_that_of_another_image(data):
    own, other = (data.frozen[name].load() for name in ("clip", "clip_shuffled"))
    assert sorted(map(tuple, own.tolist())) == sorted(map(tuple, other.tolist()))
    assert not torch.equal(own, other)


def test_params_ask_for_the_grid_our_own_and_the_reports(root):
    params = load_params(root / "params.yaml")
    found = asked(params)
    assert len(found) == len(BODIES) * len(HEADS) + 7 + len(REPORT)
    assert {len(e.seeds) for e in found if e.group != "report"} == {len(params.ideas.seeds)}
    assert {e.recipe.schedule for e in found if e.group == "grid"} == {"one_cycle"}
    rates = {e.name.partition(".")[0]: e.recipe.lr for e in found if e.group == "grid"}
    assert set(SLOW) == {"merge_slow", *FEATURES}
    assert {body for body in rates if rates[body] == params.modern.frozen_lr} == set(SLOW)
    assert {rates[body] for body in rates.keys() - set(SLOW)} == {params.modern.lr}
    assert {(e.recipe.schedule, e.recipe.loss) for e in found if e.group == "report"} == {
        ("constant", "inverse_psnr")
    }
