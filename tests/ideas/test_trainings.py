"""Runs are trained once: what was stopped goes on, seeds are added, processes share the work."""

import ast
import fcntl
import json
import os
import shutil
import threading
import time
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
from srcore.ideas import trainings
from srcore.ideas.data import SHUFFLE_SEED, _shuffled, load_data
from srcore.ideas.experiments import REPORT, Experiment, experiments, requested_experiments
from srcore.ideas.files import copy_run, hold, key_of
from srcore.ideas.names import HEADS, SLOW
from srcore.ideas.networks import BODIES, FEATURES, IdeaNetwork, Shallow
from srcore.ideas.together import Training
from srcore.ideas.trainings import DECIDES, train_ideas
from srcore.metrics.cost import macs, parameters
from srcore.models.registry import model_class
from srcore.models.subpixel import SuperResNetSubpixel
from srcore.params import load_params
from srcore.training.recipe import Recipe
from srcore.training.resume import digest

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
    keys = train_ideas([one(f"{body}.{head}", (0,))], data, tmp_path, "32-true")
    assert keys == {f"{body}.{head}.seed0": key_of(tmp_path, f"{body}.{head}.seed0")}
    torch.manual_seed(0)
    before = dict(IdeaNetwork(body, head).named_parameters())
    after = load_file(tmp_path / f"{body}.{head}.seed0.safetensors")
    assert after.keys() == before.keys()
    assert all(not torch.equal(value, before[name]) for name, value in after.items())
    card = json.loads((tmp_path / f"{body}.{head}.seed0.card.json").read_text())
    assert bool(card["weights"]) == (body in FEATURES)
    assert card["recipe"]["flips"] is False


def test_a_training_that_breaks_down_is_named_and_leaves_no_run(data, tmp_path):
    wild = replace(one("merge.subpixel", (3,)), recipe=replace(MODERN, lr=1e25))
    with pytest.raises(StudyError, match=r"^merge\.subpixel: the .* of seed 3 is NaN or infinite"):
        train_ideas([wild], data, tmp_path, "32-true")
    assert key_of(tmp_path, "merge.subpixel.seed3") is None


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


def test_a_run_that_was_published_is_copied_if_it_is_the_same_training(data, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    train_ideas([one()], data, old, "32-true")
    card = json.loads((old / "plain.bilinear.seed1.card.json").read_text())
    (old / "plain.bilinear.seed1.card.json").write_text(json.dumps({**card, "key": "another"}))
    train_ideas([one()], data, new, "32-true", published=old)
    first = "plain.bilinear.seed0.card.json"
    assert times(new)[first] == times(old)[first]
    again = json.loads((new / "plain.bilinear.seed1.card.json").read_text())
    assert again == card


def test_other_settings_train_anew(data, tmp_path):
    train_ideas([one()], data, tmp_path, "32-true")
    first = times(tmp_path)
    other = replace(one(), recipe=replace(one().recipe, lr=0.001))
    train_ideas([other], data, tmp_path, "32-true")
    assert not set(times(tmp_path).items()) & set(first.items())


def test_another_network_of_the_name_trains_anew(data, tmp_path):
    train_ideas([one()], data, tmp_path, "32-true")
    first = times(tmp_path)
    train_ideas([replace(one(), build=one("merge.bilinear").build)], data, tmp_path, "32-true")
    assert not set(times(tmp_path).items()) & set(first.items())


def test_other_features_of_the_same_weights_train_anew(data, tmp_path):
    """Code that changed may have made them."""
    vgg = one("vgg.bilinear", (0,))
    train_ideas([vgg], data, tmp_path, "32-true")
    first = times(tmp_path)
    other = replace(data.frozen["vgg"], digest="other")
    changed = replace(data, frozen={**data.frozen, "vgg": other})
    train_ideas([vgg], changed, tmp_path, "32-true")
    assert times(tmp_path) != first


def test_the_digest_is_of_the_features(data):
    array = data.frozen["vgg"].load().numpy()
    assert data.frozen["vgg"].digest == digest(array) != digest(array + 1)


def test_another_processor_trains_anew(data, tmp_path, monkeypatch):
    """In bfloat16 the bits are those of its units."""
    names = iter(("cpu (AMX)", "cpu (AVX512-BF16)"))
    monkeypatch.setattr(trainings, "processor", lambda *_: next(names))
    train_ideas([one(seeds=(0,))], data, tmp_path, "bf16-mixed")
    first = times(tmp_path)
    train_ideas([one(seeds=(0,))], data, tmp_path, "bf16-mixed")
    assert times(tmp_path) != first


@pytest.mark.parametrize("ends", [True, False])
def test_what_another_process_trains_is_waited_for_and_taken_over_if_it_stops(data, tmp_path, ends):
    runs, others = tmp_path / "runs", tmp_path / "others"
    train_ideas([one(seeds=(0,))], data, others, "32-true")
    runs.mkdir()
    first, second = (f"plain.bilinear.seed{seed}" for seed in (0, 1))

    def other_process(lock):
        while not key_of(runs, second):  # the one that nobody holds comes first
            time.sleep(0.01)
        if ends:
            copy_run(others, runs, first)
        lock.close()

    lock = (runs / f".{first}.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    thread = threading.Thread(target=other_process, args=(lock,))
    thread.start()
    keys = train_ideas([one()], data, runs, "32-true")
    thread.join()
    assert keys == {stem: key_of(runs, stem) for stem in (first, second)}
    same = times(runs)[f"{first}.card.json"] == times(others)[f"{first}.card.json"]
    assert same is ends


def test_a_card_stands_for_no_files_but_its_own(data, tmp_path, monkeypatch):
    """Other settings were stopped while they replaced a whole run."""
    train_ideas([one(seeds=(0,))], data, tmp_path, "32-true")
    weights = tmp_path / "plain.bilinear.seed0.safetensors"
    whole = weights.read_bytes()
    other = replace(one(seeds=(0,)), recipe=replace(one().recipe, lr=0.001))
    with monkeypatch.context() as patch:
        patch.setattr(trainings, "write_json", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train_ideas([other], data, tmp_path, "32-true")
    assert weights.read_bytes() != whole
    train_ideas([one(seeds=(0,))], data, tmp_path, "32-true")
    assert weights.read_bytes() == whole


def test_a_shuffled_embedding_is_that_of_another_image(data):
    own, other = (data.frozen[name].load() for name in ("clip", "clip_shuffled"))
    assert sorted(map(tuple, own.tolist())) == sorted(map(tuple, other.tolist()))
    assert not (own == other).all(dim=1).any()


@pytest.mark.parametrize("count", [*range(2, 40), 99, 946, 1000])
def test_no_image_keeps_its_own_embedding(count):
    rows = torch.arange(count)[:, None]
    shuffled = _shuffled(lambda: rows)
    assert not (shuffled == rows).any()
    assert sorted(shuffled.flatten().tolist()) == list(range(count))


def test_the_shuffle_of_the_study_is_the_one_on_record():
    plain = np.random.default_rng(SHUFFLE_SEED).permutation(946)
    assert _shuffled(lambda: torch.arange(946)).tolist() == plain.tolist()


def test_features_of_another_data_set_are_refused(data, tmp_path):
    chance = np.random.default_rng(0)
    low, mid, large = (chance.integers(0, 256, (8, s, s, 3), np.uint8) for s in (16, 32, 64))
    names = tuple(f"{row}.png" for row in range(8))
    vgg = load_extractor("vgg", "random", CPU)
    for kind, count in (("vgg", 8), ("clip", 7)):
        store_features(vgg, low[:count], tmp_path / kind, CPU)
    pyramids = Pyramids((16, 32, 64), names, names, ((),) * 8, low, mid, large)
    with pytest.raises(StudyError, match=r"clip: the features are of another data set; run"):
        load_data(pyramids, (np.arange(6), np.arange(6, 8)), tmp_path, CPU)


@pytest.mark.parametrize(
    ("setting", "left_out"),
    [
        ({"flips": False}, "own.no_flips"),
        ({"schedule": "constant"}, "own.constant"),
        ({"loss": "inverse_psnr"}, "own.report_loss"),
    ],
)
def test_our_own_network_is_not_compared_with_itself(setting, left_out):
    report = Recipe(1, 4, 0.001)
    whole = {e.name for e in experiments(MODERN, MODERN, report, (0, 1), (0,))}
    some = {e.name for e in experiments(replace(MODERN, **setting), MODERN, report, (0, 1), (0,))}
    assert whole - some == {left_out}


def test_params_ask_for_the_grid_our_own_and_the_reports(root):
    params = load_params(root / "params.yaml")
    found = requested_experiments(params)
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


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the files that decide a run, to be edited."""
    folder = tmp_path / "package"
    for file in DECIDES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(trainings.PACKAGE / file, folder / file)
    monkeypatch.setattr(trainings, "PACKAGE", folder)
    trainings._code.cache_clear()
    yield folder
    trainings._code.cache_clear()


@pytest.mark.parametrize(
    "file",
    [
        "training/schedules.py",
        "training/augment.py",
        "metrics/psnr.py",
        "common/tensors.py",
        "models/basic.py",
    ],
)
def test_other_code_trains_anew(data, tmp_path, package, file):
    out = tmp_path / "out"
    train_ideas([one(seeds=(0,))], data, out, "32-true")
    first = times(out)
    trainings._code.cache_clear()  # as in another process
    train_ideas([one(seeds=(0,))], data, out, "32-true")
    assert times(out) == first
    (package / file).write_text((package / file).read_text() + "# edited\n")
    trainings._code.cache_clear()
    train_ideas([one(seeds=(0,))], data, out, "32-true")
    assert times(out) != first


def test_code_that_is_edited_during_a_training_is_not_the_code_that_trained(
    data, tmp_path, package, monkeypatch
):
    out, run = tmp_path / "out", Training.run

    def edited(self, **options):
        (package / "ideas/seeds.py").write_text("# edited\n")
        return run(self, **options)

    monkeypatch.setattr(Training, "run", edited)
    train_ideas([one(seeds=(0,))], data, out, "32-true")
    first = times(out)
    trainings._code.cache_clear()
    train_ideas([one(seeds=(0,))], data, out, "32-true")
    assert times(out) != first


def test_what_a_deciding_file_imports_decides_too_or_changes_no_bit():
    changes_nothing = {
        "common/errors.py",  # messages
        "common/files.py",  # writes the stored features, whose digest is in the key
        "common/progress.py",
        "data/dataset.py",  # reads what the digest of the data tells
        "features/files.py",  # reads weights, whose fingerprint is in the key
        "features/labels.py",
        "features/published.py",
        "ideas/names.py",
        "ideas/trainings.py",  # this list's file: it trains nothing itself
        "training/recipe.py",  # whose settings are in the key
        "training/resume.py",  # the digest
    }
    imported = {
        f"{node.module.removeprefix('srcore.').replace('.', '/')}.py"
        for file in DECIDES
        for node in ast.walk(ast.parse((trainings.PACKAGE / file).read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("srcore.")
    }
    assert imported - set(DECIDES) <= changes_nothing


def test_threads_are_part_of_a_result_of_the_cpu(data, tmp_path):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        train_ideas([one(seeds=(0,))], data, tmp_path, "32-true")
        first = times(tmp_path)
        torch.set_num_threads(2)
        train_ideas([one(seeds=(0,))], data, tmp_path, "32-true")
    finally:
        torch.set_num_threads(before)
    assert times(tmp_path) != first


def test_a_run_that_another_process_ended_meanwhile_is_not_trained_twice(
    data, tmp_path, monkeypatch
):
    """It ends between the look at the card and the lock."""
    train_ideas([one(seeds=(0,))], data, tmp_path, "32-true")
    card = tmp_path / "plain.bilinear.seed0.card.json"
    text, first = card.read_text(), card.stat().st_mtime_ns
    card.unlink()

    def late(path, *, wait):
        card.write_text(text)
        os.utime(card, ns=(first, first))
        return hold(path, wait=wait)

    monkeypatch.setattr(trainings, "hold", late)
    train_ideas([one(seeds=(0,))], data, tmp_path, "32-true")
    assert card.stat().st_mtime_ns == first


def test_a_card_tells_no_time(data, tmp_path):
    """Tracked files would change with every run."""
    cards = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        train_ideas([one(seeds=(0,))], data, folder, "32-true")
        cards.append((folder / "plain.bilinear.seed0.card.json").read_text())
    assert cards[0] == cards[1]


def test_a_batch_that_is_too_large_is_refused_before_the_first_training(data, tmp_path):
    """The original study's networks come last, hours after the first."""
    first = one(seeds=(0,))
    last = replace(first, recipe=replace(first.recipe, batch_size=7, group="train"))
    with pytest.raises(StudyError, match=r"^train\.batch_size = 7: there are 6 training images$"):
        train_ideas([first, last], data, tmp_path / "runs", "32-true")
    assert not (tmp_path / "runs").exists()
