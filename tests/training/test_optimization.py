"""What changes a network: the original Adam as it is; one cycle; the average of the weights."""

import copy
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from lightning_fabric import Fabric
from normalised import Normalised
from torch import nn

from srcore.common.errors import StudyError
from srcore.models.base import SuperResolver
from srcore.models.registry import model_class
from srcore.training.muon import orthogonalise
from srcore.training.optimization import OptimizationState
from srcore.training.recipe import Recipe
from srcore.training.schedules import SCHEDULES

FABRIC = Fabric(accelerator="cpu", devices=1)
STEPS = 12
REPORT = Recipe(epochs=1, batch_size=1, lr=0.01)
CYCLE = Recipe(epochs=1, batch_size=1, lr=0.01, schedule="one_cycle", average=0.8)
MUON = Recipe(
    epochs=1,
    batch_size=1,
    lr=0.01,
    schedule="linear",
    max_norm=0.1,
    optimizer="muon",
    muon_lr=0.02,
    warm_up=0.2,
)


def model() -> SuperResolver:
    torch.manual_seed(1)
    return model_class("basic")()


def loss(network: nn.Module, step: int) -> torch.Tensor:
    low = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(step))
    return network(low)["mid"].square().mean()


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def taught(optimization: OptimizationState, first: int, last: int) -> list[torch.Tensor]:
    """Take some steps; the weights after each."""
    seen = []
    for step in range(first, last):
        optimization.step(loss(optimization.model, step))
        seen.append(weights(optimization.model))
    return seen


def test_the_report_takes_plain_steps_of_adam():
    optimization = OptimizationState(FABRIC, model(), REPORT, STEPS)
    other = model()
    optimizer = torch.optim.Adam(other.parameters(), lr=0.01)
    for step in range(STEPS):
        optimization.step(loss(optimization.model, step))
        optimizer.zero_grad()
        loss(other, step).backward()
        optimizer.step()
    torch.testing.assert_close(weights(optimization.network), weights(other))
    assert optimization.network is optimization.model


def test_one_cycle_goes_up_then_down_to_nothing():
    optimization = OptimizationState(
        FABRIC, model(), Recipe(1, 1, 0.01, schedule="one_cycle"), STEPS
    )
    seen = [weights(optimization.model), *taught(optimization, 0, STEPS)]
    moved = [(after - before).abs().max() for before, after in pairwise(seen)]
    assert max(moved) > 5 * moved[0]
    assert moved[-1] < 1e-3 * max(moved)


def test_one_cycle_is_that_of_torch():
    """The rate and Adam's momentum of every step, by the weights that come of them."""
    optimization = OptimizationState(
        FABRIC, model(), Recipe(1, 1, 0.01, schedule="one_cycle"), STEPS
    )
    taught(optimization, 0, STEPS)
    other = model()
    adam = torch.optim.Adam(other.parameters(), lr=0.01)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, max_lr=0.01, total_steps=STEPS)
    for step in range(STEPS):
        adam.zero_grad()
        loss(other, step).backward()
        adam.step()
        if step < STEPS - 1:
            cycle.step()
    torch.testing.assert_close(weights(optimization.network), weights(other))


def test_long_gradients_are_clipped_and_short_ones_left():
    """Adam levels a constant factor out, so the gradient is looked at, not the step."""
    seen = {}
    for bound in (0.0, 1e-3, 1e3):
        optimization = OptimizationState(FABRIC, model(), Recipe(1, 1, 0.01, max_norm=bound), STEPS)
        optimization.step(loss(optimization.model, 0))
        seen[bound] = torch.cat([p.grad.flatten() for p in optimization.model.parameters()])
    assert seen[0.0].norm() > 0.01
    assert seen[1e3].equal(seen[0.0])
    torch.testing.assert_close(seen[1e-3], 1e-3 * seen[0.0] / seen[0.0].norm(), rtol=1e-3, atol=0)


def test_muon_trains_the_hidden_kernels_and_adam_the_rest():
    """Against both optimisers taken by hand, torch's Adam and a literal step of Muon."""
    optimization = OptimizationState(FABRIC, model(), MUON, STEPS)
    taught(optimization, 0, STEPS)
    other = model()
    (hidden,) = other.hidden_kernels()
    others = [p for p in other.parameters() if p is not hidden]
    adam = torch.optim.Adam(others, lr=0.01)
    average = torch.zeros(hidden.shape[0], hidden[0].numel())
    for step in range(STEPS):
        factor = SCHEDULES["linear"](step, STEPS, 0.2).factor
        adam.param_groups[0]["lr"] = 0.01 * factor
        adam.zero_grad()
        hidden.grad = None
        loss(other, step).backward()
        torch.nn.utils.clip_grad_norm_(other.parameters(), 0.1)
        adam.step()
        gradient = hidden.grad.flatten(1)
        average = 0.9 * average + 0.1 * gradient
        update = orthogonalise(0.1 * gradient + 0.9 * average)
        hidden.data -= 0.02 * factor * update.view_as(hidden)
    torch.testing.assert_close(weights(optimization.network), weights(other))


def test_a_network_without_hidden_kernels_is_refused():
    network = model()
    network.hidden_kernels = list
    with pytest.raises(StudyError, match=r"^train.optimizer = muon: .*set it to adam$"):
        OptimizationState(FABRIC, network, MUON, STEPS)


def test_the_average_forgets_at_its_decay():
    optimization = OptimizationState(FABRIC, model(), Recipe(1, 1, 0.01, average=0.8), STEPS)
    seen = taught(optimization, 0, STEPS)
    expected = seen[0]
    for after in seen[1:]:
        expected = 0.8 * expected + 0.2 * after
    torch.testing.assert_close(weights(optimization.network), expected)
    assert not weights(optimization.network).equal(weights(optimization.model))


@pytest.mark.parametrize("recipe", [REPORT, CYCLE, MUON], ids=["report", "cycle", "muon"])
@pytest.mark.parametrize("stopped", [1, 5, STEPS - 1])
def test_it_goes_on_from_its_state_in_the_same_bits(recipe, stopped, tmp_path):
    whole = OptimizationState(FABRIC, model(), recipe, STEPS)
    taught(whole, 0, STEPS)
    first = OptimizationState(FABRIC, model(), recipe, STEPS)
    taught(first, 0, stopped)
    torch.save(copy.deepcopy(first.state_dict()), tmp_path / "state")
    second = OptimizationState(FABRIC, model(), recipe, STEPS)
    second.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    taught(second, stopped, STEPS)
    assert weights(second.network).equal(weights(whole.network))
    assert weights(second.model).equal(weights(whole.model))


def test_buffers_are_sent_in_one_order_by_every_process(monkeypatch):
    """A set would send them in the order of addresses, which processes do not share."""
    for _ in range(8):
        optimization = OptimizationState(FABRIC, Normalised(), CYCLE, STEPS)
        sent = []
        together = SimpleNamespace(world_size=2, broadcast=lambda x, to=sent: to.append(x) or x)
        monkeypatch.setattr(optimization, "_fabric", together)
        optimization.broadcast_buffers()
        wanted = [*optimization.model.buffers(), *optimization.network.buffers()]
        assert [id(buffer) for buffer in sent] == [id(buffer) for buffer in wanted]
