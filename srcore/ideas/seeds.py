"""Networks of one architecture that take their steps together, under one Adam."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from srcore.models.base import SuperResolver
from srcore.training.recipe import Recipe
from srcore.training.schedules import SCHEDULES

BETA2, EPSILON = 0.999, 1e-8
"""Adam's, as torch has them."""


class StackedNetworks:
    """Networks of one architecture whose weights are the rows of one matrix, under one Adam."""

    def __init__(
        self,
        build: Callable[[], SuperResolver],
        seeds: Sequence[int],
        recipe: Recipe,
        steps: int,
        device: torch.device,
    ) -> None:
        self.networks: list[SuperResolver] = []
        for seed in seeds:
            torch.manual_seed(seed)
            network = build().to(device=device, memory_format=torch.channels_last)  # type: ignore[reportCallIssue]
            self.networks.append(network)
        count = sum(p.numel() for p in self.networks[0].parameters())
        self.weights = torch.empty(len(seeds), count, device=device)
        self.gradients = torch.zeros_like(self.weights)
        self._mean, self._square = torch.zeros_like(self.weights), torch.zeros_like(self.weights)
        for row, network in zip(self.weights, self.networks, strict=True):
            start = 0
            for parameter in network.parameters():
                part = row[start : start + parameter.numel()]
                part.copy_(_in_memory_order(parameter.detach()))
                parameter.data = _shaped(part, parameter)
                start += parameter.numel()
        self._max_norm = recipe.max_norm
        # Rate, first decay and both bias corrections of every step.
        self._plan = torch.tensor(_plan(recipe, steps), device=device)
        self._step = torch.zeros(1, dtype=torch.int64, device=device)

    def backward(self, k: int, loss: Tensor) -> None:
        """Compute network k's gradient of a scalar loss."""
        found = torch.autograd.grad(loss, list(self.networks[k].parameters()))
        torch.cat([_in_memory_order(part) for part in found], out=self.gradients[k])

    def step(self) -> None:
        """Adam's step (Kingma and Ba 2015) of every network, gradients clipped one by one."""
        rate, decay, correction, correction2 = self._plan.index_select(0, self._step)[0].unbind()
        gradients = self.gradients
        if self._max_norm:
            norms = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
            gradients = gradients * (self._max_norm / (norms + 1e-6)).clamp(max=1)
        self._mean.lerp_(gradients, 1 - decay)
        self._square.mul_(BETA2).addcmul_(gradients, gradients, value=1 - BETA2)
        denominator = self._square.sqrt() / correction2.sqrt() + EPSILON
        self.weights.sub_(rate / correction * self._mean / denominator)
        self._step += 1

    def state(self) -> list[Tensor]:
        """All that a step changes."""
        return [self.weights, self._mean, self._square, self._step]


def _in_memory_order(value: Tensor) -> Tensor:
    """Flat, in the order in which a channels-last network keeps it, so that nothing is moved."""
    return (value.permute(0, 2, 3, 1) if value.dim() == 4 else value).reshape(-1)


def _shaped(part: Tensor, like: Tensor) -> Tensor:
    if like.dim() != 4:
        return part.view(like.shape)
    n, c, h, w = like.shape
    return part.view(n, h, w, c).permute(0, 3, 1, 2)


def _plan(recipe: Recipe, steps: int) -> list[list[float]]:
    """Rate, β₁, 1 − β₁^t and 1 − β₂^t of every step, by the recipe's schedule."""
    plan: list[list[float]] = []
    for taken in range(1, steps + 1):
        rate = SCHEDULES[recipe.schedule](taken - 1, steps, recipe.warm_up)
        corrections = [1 - rate.beta1**taken, 1 - BETA2**taken]
        plan.append([recipe.lr * rate.factor, rate.beta1, *corrections])
    return plan
