"""A network with all that changes it: optimiser, learning rate, average of its weights."""

from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import swa_utils

from srcore.common.errors import StudyError
from srcore.models.base import SuperResolver
from srcore.training.muon import Muon
from srcore.training.recipe import Recipe
from srcore.training.schedules import SCHEDULES

ADAM_BETA2 = 0.999


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
        self._optimizers = _optimizers(model, recipe)
        self._recipe = recipe
        self._ema = (
            swa_utils.AveragedModel(
                model,
                multi_avg_fn=swa_utils.get_ema_multi_avg_fn(recipe.average),
                use_buffers=True,  # statistics of a normalisation belong to the weights beside them
            )
            if recipe.average
            else None
        )
        self._shared, *self._steppers = fabric.setup(model, *self._optimizers)
        self._fabric = fabric
        self._taken = 0
        self._steps = steps

    @property
    def network(self) -> SuperResolver:
        """The average of the weights where one is kept, else the network as it is."""
        return self.model if self._ema is None else cast("SuperResolver", self._ema.module)

    def broadcast_buffers(self) -> None:
        """Have every process judge with the buffers of the first; each saw its share of batches."""
        if self._fabric.world_size == 1:
            return
        # In one order everywhere, which that of a set is not: what is sent must be what is awaited.
        for network in dict.fromkeys((self.model, self.network)):
            for buffer in network.buffers():
                buffer.copy_(self._fabric.broadcast(buffer))

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """The network's outputs, to be learned from."""
        return self._shared(*inputs)

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of a scalar, averaged over the processes."""
        self._set_rates()
        for stepper in self._steppers:
            stepper.zero_grad()
        self._fabric.backward(loss)
        if self._recipe.max_norm:  # of all parameters together, whichever optimiser has them
            nn.utils.clip_grad_norm_(self.model.parameters(), self._recipe.max_norm)
        for stepper in self._steppers:
            stepper.step()
        self._taken += 1
        if self._ema is not None:
            self._ema.update_parameters(self.model)

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides the next steps."""
        return {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "average": self._ema.state_dict() if self._ema else None,
            "taken": self._taken,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        if self._ema is not None:
            self._ema.load_state_dict(state["average"])
        self._taken = state["taken"]

    def _set_rates(self) -> None:
        """Give both optimisers what the schedule asks of this step."""
        recipe = self._recipe
        rate = SCHEDULES[recipe.schedule](self._taken, self._steps, recipe.warm_up)
        for optimizer in self._optimizers:
            group = optimizer.param_groups[0]
            if isinstance(optimizer, Muon):
                group["lr"] = recipe.muon_lr * rate.factor
            else:
                group["lr"] = recipe.lr * rate.factor
                group["betas"] = (rate.beta1, ADAM_BETA2)


def _optimizers(model: SuperResolver, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Adam for all parameters, or Muon for the kernels between features and Adam for the rest."""
    hidden = model.hidden_kernels() if recipe.optimizer == "muon" else []
    if recipe.optimizer == "muon" and not hidden:
        raise StudyError(
            f"{recipe.group}.optimizer = muon: {type(model).__name__} has no convolution from "
            "features to features; set it to adam"
        )
    theirs = {id(kernel) for kernel in hidden}
    others = [parameter for parameter in model.parameters() if id(parameter) not in theirs]
    adam = torch.optim.Adam(others, lr=recipe.lr, fused=True)
    return [Muon(hidden, recipe.muon_lr), adam] if hidden else [adam]
