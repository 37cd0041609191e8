"""One step of the training of the shipped network; on a GPU it is recorded once and replayed."""

from typing import Any

import torch
from torch import Tensor, nn

from srcore.models.base import SuperResolver
from srcore.params.optional import Shipped
from srcore.shipping.crops import Crops, Plan
from srcore.training.losses import LOSSES
from srcore.training.muon import Muon

WARM_UP = 3
"""Steps before the recording, in which libraries choose their kernels and take their memory."""


class Step:
    """Crops, both outputs' losses, and a step of both optimisers.

    A CUDA graph replays the same kernels on the same memory, so all that changes from step to step
    lies in tensors that are written before it: the plan of the crops and the learning rates.
    """

    def __init__(
        self, model: SuperResolver, crops: Crops, settings: Shipped, *, bfloat16: bool
    ) -> None:
        """Args are the network, trained in place, its data, how, and the convolutions' kind."""
        self.model = model
        self._crops = crops
        self._settings = settings
        self._bfloat16 = bfloat16
        self._device = next(model.parameters()).device
        batch = settings.batch_size  # which has crops of both kinds, whatever rounding says
        self._large = min(max(round(batch * settings.large_share), 1), batch - 1)
        hidden = model.hidden_kernels()
        theirs = {id(kernel) for kernel in hidden}
        others = [p for p in model.parameters() if id(p) not in theirs]
        cuda = self._device.type == "cuda"
        self._rates = [torch.zeros((), device=self._device) for _ in range(2)]
        self._optimizers = (
            Muon(hidden, self._rates[0]),
            torch.optim.Adam(others, self._rates[1], fused=cuda, capturable=cuda),
        )
        self._plan = torch.zeros(settings.batch_size, 4, dtype=torch.long, device=self._device)
        self._sum = torch.zeros((), device=self._device)
        self._graph: torch.cuda.CUDAGraph | None = None

    @property
    def recorded(self) -> bool:
        """Whether steps are replayed; off a GPU there is nothing to record."""
        return self._graph is not None or self._device.type != "cuda"

    def plans(self, rng: Any, steps: int) -> Plan:
        """Choose the crops of some steps: (steps, batch, 4), those for ×4 first in a batch."""
        small = self._settings.batch_size - self._large
        parts = [
            torch.from_numpy(self._crops.draw(rng, output, (steps, count)))
            for output, count in (("large", self._large), ("mid", small))
        ]
        return torch.cat(parts, dim=1).numpy()

    def take(self, plan: Tensor, factor: float) -> None:
        """One step on the crops of a plan (batch, 4), with a share of the highest rates."""
        self._plan.copy_(plan)
        self._rates[0].fill_(self._settings.muon_lr * factor)
        self._rates[1].fill_(self._settings.lr * factor)
        if self._graph is not None:
            self._graph.replay()
        else:
            self._once()

    def mean_loss(self, steps: int) -> float:
        """Mean loss of the last steps, and begin anew."""
        mean = self._sum.item() / steps
        self._sum.zero_()
        return mean

    def record(self, plan: Tensor) -> None:
        """Record the step as a CUDA graph; nothing is learned meanwhile."""
        before = self.state_dict()
        self._plan.copy_(plan)
        for rate in self._rates:
            rate.zero_()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                self._once()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._once()
        self._restore(before)
        self._sum.zero_()
        self._graph = graph

    def state_dict(self) -> dict[str, Any]:
        """Everything that the steps so far have changed."""
        optimizers = [
            {key: {name: value.clone() for name, value in of.items()} for key, of in state.items()}
            for state in (optimizer.state_dict()["state"] for optimizer in self._optimizers)
        ]
        model = {name: value.clone() for name, value in self.model.state_dict().items()}
        return {"model": model, "optimizers": optimizers}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(optimizer.state_dict() | {"state": saved})
        for optimizer, rate in zip(self._optimizers, self._rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate  # loading has put a copy in its place

    def _restore(self, state: dict[str, Any]) -> None:
        """Bring back an earlier state in the memory that a recording knows."""
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            for key, values in optimizer.state_dict()["state"].items():
                for name, value in values.items():
                    value.copy_(saved[key][name]) if key in saved else value.zero_()

    def _once(self) -> None:
        for optimizer in self._optimizers:
            optimizer.zero_grad()
        loss = self._loss()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self._settings.max_norm)
        for optimizer in self._optimizers:
            optimizer.step()
        self._sum.add_(loss.detach())

    def _loss(self) -> Tensor:
        """Each crop for its own output, and those for ×4, weighted, for ×2 as well.

        An image shrunk to a half and one shrunk to a quarter are not alike; both are judged.
        """
        criterion = LOSSES[self._settings.loss]
        first, second = self._plan[: self._large], self._plan[self._large :]
        low, targets = self._crops.take(first, "large")
        other_low, other_targets = self._crops.take(second, "mid")
        inputs = torch.cat([low, other_low]).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            outputs = self.model(inputs)
        count = len(first)
        return (
            criterion(outputs["large"][:count], targets["large"])
            + self._settings.mid_weight * criterion(outputs["mid"][:count], targets["mid"])
            + criterion(outputs["mid"][count:], other_targets["mid"])
        )
