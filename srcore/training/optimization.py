"""A network with all that changes it: optimiser, learning rate, average of its weights."""

from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim import lr_scheduler, swa_utils

from srcore.models.base import SuperResolver
from srcore.training.recipe import Recipe


class OptimizationState:
    """Takes steps; `network` is what it has learned so far, to be judged and kept."""

    def __init__(self, fabric: Fabric, model: SuperResolver, recipe: Recipe, steps: int) -> None:
        """Keep a network that is trained in place.

        Args:
            fabric: the processes that train it together.
            model: the network.
            recipe: how to train it.
            steps: steps of the whole training.
        """
        self.model = model
        self._fabric = fabric
        self._optimizer = torch.optim.Adam(model.parameters(), lr=recipe.lr, fused=True)
        self._schedule = (
            lr_scheduler.OneCycleLR(self._optimizer, recipe.lr, total_steps=steps)
            if recipe.schedule == "one_cycle"
            else None
        )
        self._average = (
            swa_utils.AveragedModel(
                model,
                multi_avg_fn=swa_utils.get_ema_multi_avg_fn(recipe.average),
                use_buffers=True,  # statistics of a normalisation belong to the weights beside them
            )
            if recipe.average
            else None
        )
        self._shared, self._stepper = fabric.setup(model, self._optimizer)
        self._max_norm = recipe.max_norm
        self._taken = 0
        self._steps = steps

    @property
    def network(self) -> SuperResolver:
        """The average of the weights where one is kept, else the network as it is."""
        return self.model if self._average is None else cast("SuperResolver", self._average.module)

    def share_buffers(self) -> None:
        """Have every process judge with the buffers of the first; each saw its share of batches."""
        if self._fabric.world_size == 1:
            return
        for network in {self.model, self.network}:
            for buffer in network.buffers():
                buffer.copy_(self._fabric.broadcast(buffer))

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """The network's outputs, to be learned from."""
        return self._shared(*inputs)

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of a scalar, averaged over the processes."""
        self._stepper.zero_grad()
        self._fabric.backward(loss)
        if self._max_norm:
            self._fabric.clip_gradients(
                self._shared, self._stepper, max_norm=self._max_norm, error_if_nonfinite=False
            )
        self._stepper.step()
        self._taken += 1
        if self._schedule is not None and self._taken < self._steps:
            self._schedule.step()
        if self._average is not None:
            self._average.update_parameters(self.model)

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides the next steps."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict() if self._schedule else None,
            "average": self._average.state_dict() if self._average else None,
            "taken": self._taken,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._schedule is not None:
            self._schedule.load_state_dict(state["schedule"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._taken = state["taken"]
