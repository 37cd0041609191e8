"""Schedules: properties of each, and one cycle against torch's own."""

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from srcore.training.schedules import SCHEDULES, constant, linear, one_cycle


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 97])
def test_one_cycle_is_torchs(steps):
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    theirs = OneCycleLR(optimizer, 0.3, total_steps=steps)
    for step in range(steps):
        group, rate = optimizer.param_groups[0], one_cycle(step, steps, 0.5)
        assert rate.factor * 0.3 == pytest.approx(group["lr"], rel=1e-12)
        assert rate.beta1 == pytest.approx(group["betas"][0], rel=1e-12)
        if step < steps - 1:
            optimizer.step()
            theirs.step()


def test_linear_goes_straight_up_and_straight_down():
    factors = [linear(step, 100, 0.2).factor for step in range(100)]
    assert factors[:4] == pytest.approx([0.05, 0.1, 0.15, 0.2])
    assert factors[19:21] == pytest.approx([1, 1])
    assert factors[60] == pytest.approx(0.5)
    assert factors[99] == pytest.approx(1 / 80)
    assert max(factors) == 1


def test_constant_is_constant_after_the_warm_up():
    assert {constant(step, 10, 0).factor for step in range(10)} == {1}
    assert [constant(step, 10, 0.4).factor for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
@pytest.mark.parametrize("warm_up", [0.0, 0.05, 0.99])
def test_every_step_learns_and_none_too_fast(name, steps, warm_up):
    for step in range(steps):
        rate = SCHEDULES[name](step, steps, warm_up)
        assert 0 < rate.factor <= 1
        assert 0.8 < rate.beta1 < 1
