"""Training: it learns, repeats itself bit for bit, goes on where it was stopped, refuses NaN."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric import Fabric
from safetensors.torch import load_file

from srcore.common.errors import StudyError
from srcore.common.tensors import quantise, to_tensor
from srcore.data.dataset import Features, Pyramids
from srcore.metrics.psnr import psnr
from srcore.models.checkpoint import load_checkpoint
from srcore.models.registry import model_class
from srcore.training.augment import DIHEDRAL
from srcore.training.batches import Examples
from srcore.training.distributed import data_digest
from srcore.training.loop import train_model, validate
from srcore.training.losses import LOSSES, inverse_psnr
from srcore.training.optimization import OptimizationState
from srcore.training.precision import Bfloat16Convolutions
from srcore.training.recipe import Recipe
from srcore.training.resume import State, training_lock

CPU = torch.device("cpu")
FABRIC = Fabric(accelerator="cpu", devices=1)
MIXED = Fabric(accelerator="cpu", devices=1, plugins=Bfloat16Convolutions(CPU))
OURS = Recipe(
    epochs=3,
    batch_size=2,
    lr=0.003,
    loss="l1_fft",
    schedule="linear",
    max_norm=0.1,
    flips=True,
    crops=0.5,
    average=0.9,
    optimizer="muon",
    muon_lr=0.01,
    warm_up=0.1,
    group="subpixel",
)


@pytest.fixture(scope="module")
def pyramids() -> Pyramids:
    """Smooth random images, so that there is something to learn."""
    coarse = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), np.uint8)
    low, mid, large = (coarse.repeat(side // 4, 1).repeat(side // 4, 2) for side in (16, 32, 64))
    names = tuple(f"{row}.png" for row in range(12))
    return Pyramids((16, 32, 64), names, names, ((),) * 12, low, mid, large)


@pytest.fixture
def split() -> tuple[np.ndarray, np.ndarray]:
    return np.arange(9), np.arange(9, 12)


def examples(pyramids, name, features=None) -> Examples:
    return Examples.of(pyramids, features, model_class(name).outputs, CPU)


def clip_features() -> Features:
    array = np.random.default_rng(1).normal(size=(12, 512)).astype(np.float16)
    return Features(array, "random weights", "0" * 64)


@pytest.fixture(autouse=True)
def deterministic(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def run(name, pyramids, split, folder, *, features=None, seed=0, recipe=None, fabric=FABRIC):
    (folder / "out").mkdir(parents=True)
    (folder / "states").mkdir(exist_ok=True)
    recipe = recipe or Recipe(epochs=3, batch_size=2, lr=0.003)
    return train_model(
        name,
        pyramids,
        features,
        split,
        recipe,
        fabric=fabric,
        data=data_digest(name, pyramids, features, split, fabric),
        seed=seed,
        out=folder / "out",
        states=folder / "states",
    )


def content(folder: Path) -> dict[str, bytes]:
    files = [file for file in (folder / "out").rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_it_learns_and_leaves_what_it_says(pyramids, split, tmp_path):
    recipe = Recipe(epochs=12, batch_size=2, lr=0.003)
    run("multi", pyramids, split, tmp_path, recipe=recipe)
    history = pd.read_csv(tmp_path / "out/multi.seed0.history.csv")
    assert list(history.columns) == [
        "model", "seed", "epoch", "output", "criterion", "loss", "inverse_psnr", "psnr",
    ]  # fmt: skip
    assert set(history.criterion) == {"inverse_psnr"}
    assert (history.loss == history.inverse_psnr).all()
    assert history.groupby("output").size().to_dict() == {"mid": 12, "large": 12}
    first, last = (history[history.epoch == epoch].set_index("output") for epoch in (1, 12))
    assert (last.loss < first.loss).all()
    assert (last.psnr > first.psnr).all()
    live = pd.read_csv(tmp_path / "out/live/multi.seed0/plots/metrics/mid/psnr.tsv", sep="\t")
    np.testing.assert_allclose(live.psnr, history[history.output == "mid"].psnr, atol=5e-5)


def test_checkpoint_holds_the_trained_network(pyramids, split, tmp_path):
    features = clip_features()
    data = examples(pyramids, "clip", features)
    run("clip", pyramids, split, tmp_path, features=features)
    model, card = load_checkpoint(tmp_path / "out/clip.seed0.safetensors")
    assert (card.model, card.weights, card.fingerprint) == ("clip", "random weights", "0" * 64)
    assert card.trained["lr"] == 0.003
    history = pd.read_csv(tmp_path / "out/clip.seed0.history.csv")
    again = validate(model, data, split[1], FABRIC)
    for output, value in again.items():
        assert history[history.output == output].psnr.iloc[-1] == pytest.approx(value, abs=5e-5)


def test_first_step_is_adam_on_the_sum_of_both_losses(pyramids, split, tmp_path):
    """One step, written out independently of the training loop."""
    rows = np.array([4])
    recipe = Recipe(epochs=1, batch_size=1, lr=0.01)
    run("multi", pyramids, (rows, split[1]), tmp_path, recipe=recipe)
    torch.manual_seed(0)
    model = model_class("multi")()
    outputs = model(to_tensor(pyramids.low[rows]))
    losses = [inverse_psnr(outputs[o], to_tensor(getattr(pyramids, o)[rows])) for o in outputs]
    (losses[0] + losses[1]).backward()
    trained = load_file(tmp_path / "out/multi.seed0.safetensors")
    for name, value in model.named_parameters():
        # Adam's first step is lr · g / (|g| + ε), whatever the size of the gradient.
        step = 0.01 * value.grad / (value.grad.abs() + 1e-8)
        torch.testing.assert_close(trained[name], value.detach() - step, atol=1e-4, rtol=0)
    history = pd.read_csv(tmp_path / "out/multi.seed0.history.csv")
    np.testing.assert_allclose(history.loss, [loss.item() for loss in losses], atol=5e-5)


def test_a_loss_of_its_own_is_named_with_the_reports_beside(pyramids, split, tmp_path):
    """One step on L1; 1/PSNR is that of the very outputs that were trained on."""
    rows = np.array([4])
    recipe = Recipe(epochs=1, batch_size=1, lr=0.01, loss="l1", group="subpixel")
    run("subpixel", pyramids, (rows, split[1]), tmp_path, recipe=recipe)
    torch.manual_seed(0)
    outputs = model_class("subpixel")()(to_tensor(pyramids.low[rows]))
    targets = {o: to_tensor(getattr(pyramids, o)[rows]) for o in outputs}
    history = pd.read_csv(tmp_path / "out/subpixel.seed0.history.csv").set_index("output")
    for output, target in targets.items():
        line = history.loc[output]
        assert line.criterion == "l1"
        assert line.loss == pytest.approx((outputs[output] - target).abs().mean().item(), abs=5e-5)
        error = (outputs[output] - target).square().mean().item()
        assert line.inverse_psnr == pytest.approx(-0.1 / np.log10(error), abs=5e-5)
    logged = tmp_path / "out/live/subpixel.seed0/plots/metrics/mid"
    assert {file.stem for file in logged.iterdir()} == {"l1", "inverse_psnr", "psnr"}


def test_what_is_reported_beside_the_loss_moves_no_bit(pyramids, split, tmp_path, monkeypatch):
    run("subpixel", pyramids, split, tmp_path / "one", recipe=OURS)
    monkeypatch.setattr("srcore.training.loop._inverse_psnr", lambda _, losses, *__: losses * 0)
    run("subpixel", pyramids, split, tmp_path / "two", recipe=OURS)
    one, other = (
        (tmp_path / name / "out/subpixel.seed0.safetensors").read_bytes() for name in ("one", "two")
    )
    assert one == other


def test_the_average_of_the_weights_is_judged_and_kept(pyramids, split, tmp_path):
    data = examples(pyramids, "subpixel")
    state = run("subpixel", pyramids, split, tmp_path, recipe=OURS)
    learned = state.load()["optimization"]
    kept = load_file(tmp_path / "out/subpixel.seed0.safetensors")
    average = {name: learned["average"][f"module.{name}"] for name in kept}
    assert all(kept[name].equal(average[name]) for name in kept)
    assert not all(kept[name].equal(learned["model"][name]) for name in kept)
    history = pd.read_csv(tmp_path / "out/subpixel.seed0.history.csv")
    again = validate(
        load_checkpoint(tmp_path / "out/subpixel.seed0.safetensors")[0], data, split[1], FABRIC
    )
    assert history.psnr.tail(2).tolist() == pytest.approx(list(again.values()), abs=5e-5)


def test_images_and_targets_are_transformed_together(pyramids):
    data, rows = examples(pyramids, "multi"), np.array([0, 3])
    for symmetry in range(1, DIHEDRAL):
        (low,), targets = data.take(rows, symmetry)
        assert not low.equal(data.take(rows)[0][0])
        for target in targets.values():  # these images are blocks, so each level is the other
            shrunk = target[..., :: target.shape[-1] // 16, :: target.shape[-1] // 16]
            torch.testing.assert_close(shrunk, low)


@pytest.mark.parametrize("crops", [0, 0.5, 1])
def test_a_share_of_the_batches_is_cut_and_no_held_out_image(
    crops, pyramids, split, tmp_path, monkeypatch
):
    taken: list[tuple[bool, bool]] = []
    take = Examples.take

    def record(self, rows, transform=0, corner=None):
        taken.append((bool(set(rows) & set(split[1])), corner is not None))
        return take(self, rows, transform, corner)

    monkeypatch.setattr(Examples, "take", record)
    run("subpixel", pyramids, split, tmp_path, recipe=replace(OURS, epochs=6, crops=crops))
    assert not any(cut for held_out, cut in taken if held_out)
    cut = [cut for held_out, cut in taken if not held_out]
    assert len(cut) == 6 * 5
    assert set(cut) == {0: {False}, 0.5: {False, True}, 1: {True}}[crops]


def test_validation_is_the_mean_over_images_of_8_bit_outputs(pyramids, split):
    model = model_class("basic")()
    found = validate(model, examples(pyramids, "basic"), split[1], FABRIC)["mid"]
    with torch.no_grad():
        scores = [
            psnr(
                quantise(model(to_tensor(pyramids.low[row : row + 1]))["mid"]),
                to_tensor(pyramids.mid[row : row + 1]),
            )
            for row in split[1]
        ]
    assert found == pytest.approx(torch.cat(scores).mean().item(), abs=1e-5)


@pytest.mark.parametrize(
    "fabric",
    [
        pytest.param(FABRIC, id="float32"),
        pytest.param(MIXED, id="bfloat16", marks=pytest.mark.slow),
    ],
)
def test_same_seed_same_bits_other_seed_other_bits(pyramids, split, tmp_path, fabric):
    run("residual", pyramids, split, tmp_path / "a", fabric=fabric)
    run("residual", pyramids, split, tmp_path / "b", fabric=fabric)
    run("residual", pyramids, split, tmp_path / "c", seed=1, fabric=fabric)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert (
        load_file(tmp_path / "a/out/residual.seed0.safetensors")["conv1.weight"]
        .ne(load_file(tmp_path / "c/out/residual.seed1.safetensors")["conv1.weight"])
        .any()
    )


@pytest.mark.parametrize(
    ("name", "fabric", "finished"),
    [
        *(("multi", FABRIC, finished) for finished in (1, 2, 3)),
        ("subpixel", FABRIC, 2),
        *(
            pytest.param("subpixel", FABRIC, finished, marks=pytest.mark.slow)
            for finished in (1, 3)
        ),
        pytest.param("subpixel", MIXED, 2, marks=pytest.mark.slow),
        ("normalised", FABRIC, 2),
    ],
)
@pytest.mark.usefixtures("normalised")
def test_a_stopped_training_ends_in_the_same_bits(
    pyramids, split, tmp_path, monkeypatch, name, fabric, finished
):
    recipe = None if name == "multi" else OURS
    run(name, pyramids, split, tmp_path / "whole", recipe=recipe, fabric=fabric)
    save, saves = State.save, []

    def save_then_stop(self, state):
        save(self, state)
        saves.append(state)
        if len(saves) == finished:
            raise KeyboardInterrupt

    with monkeypatch.context() as stopping:
        stopping.setattr(State, "save", save_then_stop)
        with pytest.raises(KeyboardInterrupt):
            run(name, pyramids, split, tmp_path / "stopped", recipe=recipe, fabric=fabric)
    (tmp_path / "resumed").mkdir()
    (tmp_path / "stopped/states").rename(tmp_path / "resumed/states")
    monkeypatch.setattr(State, "save", lambda self, state: (saves.append(state), save(self, state)))
    state = run(name, pyramids, split, tmp_path / "resumed", recipe=recipe, fabric=fabric)
    assert len(saves) == 3, "finished epochs must not be trained again"
    assert content(tmp_path / "resumed") == content(tmp_path / "whole")
    state.forget()
    assert list((tmp_path / "resumed/states").iterdir()) == []


def test_buffers_are_learned_averaged_saved_and_judged(pyramids, split, tmp_path, normalised):
    state = run(normalised, pyramids, split, tmp_path, recipe=OURS).load()["optimization"]
    path = tmp_path / f"out/{normalised}.seed0.safetensors"
    kept, fresh = load_file(path), model_class(normalised)().state_dict()
    assert kept.keys() == fresh.keys()
    for name in ("norm.running_mean", "norm.running_var"):
        assert not kept[name].equal(fresh[name]), "never learned"
        assert kept[name].equal(state["average"][f"module.{name}"])
        assert not kept[name].equal(state["model"][name]), "not averaged as the weights are"
    loaded, _ = load_checkpoint(path)
    assert all(value.equal(kept[name]) for name, value in loaded.state_dict().items())
    again = validate(loaded, examples(pyramids, normalised), split[1], FABRIC)
    history = pd.read_csv(tmp_path / f"out/{normalised}.seed0.history.csv")
    assert history.psnr.tail(2).tolist() == pytest.approx(list(again.values()), abs=5e-5)


@pytest.mark.parametrize("change", ["lr", "seed", "data", "damage", "precision"])
def test_state_of_another_training_is_not_used(pyramids, split, tmp_path, caplog, change):
    caplog.set_level("INFO")
    data = pyramids
    first = MIXED if change == "precision" else FABRIC
    run("basic", data, split, tmp_path / "first", recipe=Recipe(2, 2, 0.001), fabric=first)
    state = tmp_path / "first/states/basic.seed0.state"
    recipe = Recipe(2, 2, 0.002 if change == "lr" else 0.001)
    seed = 1 if change == "seed" else 0
    if change == "data":
        changed = pyramids.mid.copy()
        changed[0, 0, 0] ^= 1
        fields = pyramids.__dict__ | {"mid": changed}
        data = Pyramids(**fields)
    run("basic", data, split, tmp_path / "plain", seed=seed, recipe=recipe)
    (tmp_path / "with/states").mkdir(parents=True)
    raw = state.read_bytes()
    (tmp_path / f"with/states/basic.seed{seed}.state").write_bytes(
        raw[: len(raw) // 2] if change == "damage" else raw
    )
    caplog.clear()
    run("basic", data, split, tmp_path / "with", seed=seed, recipe=recipe)
    assert content(tmp_path / "with") == content(tmp_path / "plain")
    assert sum("training starts from the beginning" in line for line in caplog.messages) == 1


def test_a_loss_that_is_no_number_stops_with_epoch_and_step(pyramids, split, tmp_path, monkeypatch):
    calls = []

    def broken(output, target):
        calls.append(1)
        return inverse_psnr(output, target) * (float("nan") if len(calls) == 7 else 1)

    monkeypatch.setitem(LOSSES, "inverse_psnr", broken)
    with pytest.raises(StudyError, match=r"the loss is nan in epoch 2, step 2; train\.lr = 0\.003"):
        run("basic", pyramids, split, tmp_path)
    assert (tmp_path / "states/basic.seed0.state").exists(), "the last good epoch is kept"


def test_what_cannot_be_trained_is_refused(pyramids, split, tmp_path):
    with pytest.raises(StudyError, match=r"train\.batch_size = 10: there are 9 training images"):
        run("basic", pyramids, split, tmp_path / "a", recipe=Recipe(1, 10, 0.1))
    few = Features(clip_features().array[:5], "random weights", "0" * 64)
    with pytest.raises(StudyError, match="another data set"):
        run("clip", pyramids, split, tmp_path / "b", features=few)


@pytest.mark.parametrize(
    ("flips", "crops", "named"), [(True, 0.5, "flips = true"), (False, 0.5, "crops = 0.5")]
)
def test_augmented_images_beside_features_are_refused(
    flips, crops, named, pyramids, split, tmp_path
):
    recipe = replace(OURS, flips=flips, crops=crops)
    with pytest.raises(StudyError, match=rf"subpixel\.{named}: clip takes stored features"):
        run("clip", pyramids, split, tmp_path, features=clip_features(), recipe=recipe)


def test_weights_broken_by_the_last_step_stop_the_run(pyramids, split, tmp_path, monkeypatch):
    step = OptimizationState.step

    def breaking(self, loss):
        step(self, loss)
        next(self.model.parameters()).data.fill_(float("nan"))

    monkeypatch.setattr(OptimizationState, "step", breaking)
    one_step = Recipe(epochs=1, batch_size=9, lr=0.003)
    with pytest.raises(
        StudyError, match=r"held-out PSNR is NaN or infinite after epoch 1; train\.lr = 0\.003"
    ):
        run("basic", pyramids, split, tmp_path, recipe=one_step)


def test_one_process_at_a_time(tmp_path):
    holding = (
        "import sys, time; from srcore.training.resume import training_lock\n"
        "with training_lock('vgg'):\n    print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", holding],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(StudyError, match=f"process {other.pid} is training vgg"),
            training_lock("vgg"),
        ):
            pass
        with training_lock("basic"):
            pass
        other.kill()
        other.wait()
        time.sleep(0.1)
        with training_lock("vgg") as folder:
            assert folder.is_dir()
    finally:
        other.kill()
