"""Muon: momentum, then an orthogonal update, for the kernels between features.

After Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024),
https://kellerjordan.github.io/posts/muon/, from which the coefficients are taken.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic, chosen so that small singular values grow fast; the large ones end near one."""
SMALLEST_NORM = 1e-12


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """Bring the singular values of matrices near one, and keep their singular vectors.

    The Newton-Schulz iteration: products only. After five steps singular values from 0.01 of the
    matrix's norm upwards are in about [0.7, 1.2].

    Args:
        matrices: (..., M, N), each orthogonalised on its own.
        steps: iterations.

    Returns:
        (..., M, N), about U·Vᵀ of each matrix U·S·Vᵀ.
    """
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.reshape(-1, *matrices.shape[-2:])
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + SMALLEST_NORM)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape)


class Muon(torch.optim.Optimizer):
    """Steps along the orthogonalised Nesterov momentum, for kernels (O, I, K, K) as (O, I·K²).

    Kernels of one shape are orthogonalised together, as one batched product. The step does not
    depend on the gradient's size; neither does it decay the weights.
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float | Tensor, momentum: float = 0.9
    ) -> None:
        """Take the kernels to train.

        Args:
            params: parameters of two or more dimensions.
            lr: learning rate, in units of the singular values of a step; a tensor where a CUDA
                graph reads it.
            momentum: share of the earlier gradients in the running average.
        """
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Take one step; parameters without a gradient stay."""
        assert closure is None
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = {}
            for parameter in cast("list[nn.Parameter]", group["params"]):
                if parameter.grad is not None:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
            for alike in by_shape.values():
                self._step(alike, group["lr"], group["momentum"])

    def _step(self, alike: list[nn.Parameter], lr: float | Tensor, momentum: float) -> None:
        gradients = torch.stack([cast("Tensor", parameter.grad) for parameter in alike])
        gradients = gradients.float().flatten(2)
        # An average of its own for each: which kernels have a gradient may change.
        for parameter, gradient in zip(alike, gradients, strict=True):
            if "average" not in self.state[parameter]:
                self.state[parameter]["average"] = torch.zeros_like(gradient)
        averages = torch.stack([self.state[parameter]["average"] for parameter in alike])
        averages.lerp_(gradients, 1 - momentum)
        updates = orthogonalise(gradients.lerp(averages, momentum)) * -lr
        for parameter, average, update in zip(alike, averages, updates, strict=True):
            self.state[parameter]["average"].copy_(average)
            parameter.add_(update.view(parameter.shape))
