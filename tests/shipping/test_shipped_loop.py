"""The training of the shipped network: it learns, and resumes in the same bits."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tiny import CPU

from srcore.common.errors import StudyError
from srcore.models.checkpoint import load_checkpoint
from srcore.models.registry import model_class
from srcore.shipping.crops import Crops
from srcore.shipping.loop import train_shipped
from srcore.shipping.step import Step
from srcore.training.losses import LOSSES
from srcore.training.muon import orthogonalise
from srcore.training.resume import State
from srcore.training.schedules import SCHEDULES

FILE = "subpixel.seed0.safetensors"


class StoppedError(Exception):
    pass


def run(originals, settings, folder, device=CPU, **options):
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    options = {"bfloat16": False} | options
    return train_shipped(
        originals, settings, device=device, out=out, states=folder / "states", **options
    )


def mean_loss(model, originals, settings) -> float:
    """Of the large output, on crops that are always the same."""
    crops = Crops.of(originals, settings.crop, CPU)
    plan = torch.from_numpy(crops.draw(np.random.default_rng(9), "large", (64,)))
    low, targets = crops.take(plan, "large")
    with torch.no_grad():
        return LOSSES["l1"](model(low)["large"], targets["large"]).item()


def test_it_learns(originals, settings, tmp_path):
    longer = settings.model_copy(update={"steps": 60, "period": 15, "warm_up": 0.1})
    state = run(originals, longer, tmp_path)
    assert list(pd.read_csv(tmp_path / "out" / "history.csv").step) == [15, 30, 45, 60]
    model, card = load_checkpoint(tmp_path / "out" / FILE)
    torch.manual_seed(longer.seed)
    before = mean_loss(model_class("subpixel")(), originals, longer)
    assert mean_loss(model, originals, longer) < 0.95 * before
    assert card.trained["images"] == 3
    assert card.trained["muon_lr"] == longer.muon_lr
    assert json.dumps(card.trained)
    assert state.path.exists()


@pytest.mark.parametrize("stopped_after", [1, 2])
def test_a_stopped_training_ends_in_the_same_bits(
    originals, settings, tmp_path, monkeypatch, stopped_after
):
    run(originals, settings, tmp_path / "whole")
    save, count = State.save, iter(range(1, 10))

    def save_and_stop(state, content):
        save(state, content)
        if next(count) == stopped_after:
            raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(State, "save", save_and_stop)
        with pytest.raises(StoppedError):
            run(originals, settings, tmp_path / "stopped")
        run(originals, settings, tmp_path / "stopped")
    assert next(count) == 1 + 3, "a period was trained twice"
    for file in (FILE, "history.csv"):
        whole, resumed = (tmp_path / name / "out" / file for name in ("whole", "stopped"))
        assert whole.read_bytes() == resumed.read_bytes()


def test_other_settings_do_not_resume(originals, settings, tmp_path):
    run(originals, settings, tmp_path)
    other = settings.model_copy(update={"mid_weight": 0.0})
    run(originals, other, tmp_path)
    resumed = load_file(tmp_path / "out" / FILE)
    run(originals, other, tmp_path / "anew")
    anew = load_file(tmp_path / "anew" / "out" / FILE)
    assert all(resumed[name].equal(anew[name]) for name in anew)


@pytest.mark.parametrize(("processor", "periods"), [("cpu", 0), ("another", 3)])
def test_another_processor_does_not_resume(
    originals, settings, tmp_path, monkeypatch, processor, periods
):
    """Its sums differ in the last bits."""
    run(originals, settings, tmp_path)
    saved, save = [], State.save

    def note(state, content):
        saved.append(content)
        save(state, content)

    monkeypatch.setattr(State, "save", note)
    monkeypatch.setattr("srcore.shipping.loop.processor", lambda *_: processor)
    run(originals, settings, tmp_path)
    assert len(saved) == periods
    assert load_checkpoint(tmp_path / "out" / FILE)[1].trained["processor"] == processor


def test_other_images_do_not_resume(originals, settings, tmp_path):
    run(originals, settings, tmp_path)
    other = replace(originals, pixels={key: 255 - of for key, of in originals.pixels.items()})
    run(other, settings, tmp_path)
    run(other, settings, tmp_path / "anew")
    resumed, anew = (load_file(folder / "out" / FILE) for folder in (tmp_path, tmp_path / "anew"))
    assert all(resumed[name].equal(anew[name]) for name in anew)


def test_its_steps_are_those_of_the_two_optimisers_by_hand(originals, settings, tmp_path):
    """torch's Adam, a literal step of Muon, the clipping, and the schedule with its warm-up."""
    chosen = settings.model_copy(update={"warm_up": 0.5, "max_norm": 0.01})
    run(originals, chosen, tmp_path)
    torch.manual_seed(chosen.seed)
    model = model_class("subpixel")()
    step = Step(model, Crops.of(originals, chosen.crop, CPU), chosen, bfloat16=False)
    hidden = model.hidden_kernels()
    theirs = {id(kernel) for kernel in hidden}
    adam = torch.optim.Adam([p for p in model.parameters() if id(p) not in theirs])
    averages = [torch.zeros_like(kernel).flatten(1) for kernel in hidden]
    for taken in range(chosen.steps):
        period, place = divmod(taken, chosen.period)
        rng = np.random.default_rng([chosen.seed, period])
        step._plan.copy_(torch.from_numpy(step.plans(rng, chosen.period))[place])
        factor = SCHEDULES[chosen.schedule](taken, chosen.steps, chosen.warm_up).factor
        adam.param_groups[0]["lr"] = chosen.lr * factor
        model.zero_grad()
        step._loss().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), chosen.max_norm)
        adam.step()
        for kernel, average in zip(hidden, averages, strict=True):
            average.lerp_(kernel.grad.flatten(1), 0.1)
            update = orthogonalise(kernel.grad.flatten(1).lerp(average, 0.9))
            kernel.data -= chosen.muon_lr * factor * update.view_as(kernel)
    trained, _ = load_checkpoint(tmp_path / "out" / FILE)
    for found, expected in zip(trained.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_bfloat16_changes_the_convolutions_and_the_card(originals, settings, tmp_path):
    for bfloat16 in (False, True):
        run(originals, settings, tmp_path / str(bfloat16), bfloat16=bfloat16)
    single, mixed = (load_checkpoint(tmp_path / each / "out" / FILE) for each in ("False", "True"))
    assert single[1].trained["precision"] == "32-true"
    assert mixed[1].trained["precision"] == "bf16-mixed"
    pairs = list(zip(single[0].parameters(), mixed[0].parameters(), strict=True))
    assert any(not one.equal(other) for one, other in pairs)
    assert all(other.dtype == torch.float32 for _, other in pairs)


def test_rates_too_high_are_one_line(originals, settings, tmp_path):
    wild = settings.model_copy(update={"lr": 1e30, "muon_lr": 1e30, "warm_up": 0.0})
    with pytest.raises(StudyError, match=r"^the loss is \w+ after step \d; shipped\.muon_lr = 1e"):
        run(originals, wild, tmp_path)


@pytest.mark.parametrize(("rate", "period"), [(1.0, 2), (1.0, 6), (0.05, 6)])
def test_a_training_that_diverges_is_no_success(originals, settings, tmp_path, rate, period):
    """Its loss is finite, in one period or in several, and as large as it likes."""
    rates = {"lr": rate, "muon_lr": rate, "schedule": "constant", "warm_up": 0.0}
    high = rates | {"period": period, "steps": 40}
    with pytest.raises(
        StudyError, match=r"^the loss is [1-9][\d.e+]+ after step \d+; shipped\.muon"
    ):
        run(originals, settings.model_copy(update=high), tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_loss_above_the_first_is_borne_up_to_the_bound(
    originals, settings, tmp_path, monkeypatch
):
    """Ten times the first period's mean, also where the first is that of an earlier run."""
    losses = iter([0.02, 0.19, StoppedError, 0.21])

    def next_loss(*_):
        loss = next(losses)
        if loss is StoppedError:
            raise StoppedError
        return loss

    monkeypatch.setattr(Step, "mean_loss", next_loss)
    with pytest.raises(StoppedError):
        run(originals, settings, tmp_path)
    with pytest.raises(StudyError, match=r"the loss is 0\.21 after step 6"):
        run(originals, settings, tmp_path)


def test_the_loss_is_that_of_each_crop_for_its_own_output(originals, settings):
    """Against the same sum, taken apart; the weight of ×2 on inputs for ×4 is `mid_weight`."""
    torch.manual_seed(0)
    model = model_class("subpixel")()
    weighted = settings.model_copy(update={"mid_weight": 0.25})
    crops = Crops.of(originals, settings.crop, CPU)
    step = Step(model, crops, weighted, bfloat16=False)
    plan = torch.from_numpy(step.plans(np.random.default_rng(3), 1))[0]
    criterion = LOSSES[settings.loss]
    with torch.no_grad():
        low, targets = crops.take(plan[:2], "large")
        made = model(low)
        expected = criterion(made["large"], targets["large"])
        expected += 0.25 * criterion(made["mid"], targets["mid"])
        low, targets = crops.take(plan[2:], "mid")
        expected += criterion(model(low)["mid"], targets["mid"])
    step.take(plan, 1.0)
    assert step.mean_loss(1) == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_recorded_step_is_the_step_itself(originals, settings):
    device = torch.device("cuda")
    weights = []
    for recorded in (False, True):
        torch.manual_seed(0)
        model = model_class("subpixel")().to(device)
        step = Step(model, Crops.of(originals, settings.crop, device), settings, bfloat16=False)
        plans = torch.from_numpy(step.plans(np.random.default_rng(0), 4))
        plans = plans.to(device)
        if recorded:
            step.record(plans[0])
        for plan in plans:
            step.take(plan, 0.5)
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    torch.testing.assert_close(*weights)


@pytest.mark.parametrize(("share", "large"), [(0.01, 1), (0.99, 3), (0.5, 2)])
def test_a_batch_has_crops_of_both_kinds_whatever_its_share(originals, settings, share, large):
    """Rounding gave none, or the whole batch."""
    asked = settings.model_copy(update={"large_share": share})
    crops = Crops.of(originals, asked.crop, CPU)
    step = Step(model_class("subpixel")(), crops, asked, bfloat16=False)
    (plan,) = torch.from_numpy(step.plans(np.random.default_rng(0), 1))
    step.take(plan, 1.0)
    assert np.isfinite(step.mean_loss(1))
    assert step._large == large
