"""What a network costs: trainable and frozen parameters, and multiply-accumulates."""

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from srcore.features.extractor import Extractor
from srcore.models.base import SuperResolver


def parameters(model: SuperResolver) -> int:
    """Number of trainable parameters."""
    return sum(value.numel() for value in model.parameters() if value.requires_grad)


def frozen_parameters(extractor: Extractor | None) -> int:
    """Number of parameters of the frozen extractor beside it, which a new image passes as well."""
    return extractor.parameters if extractor else 0


def macs(model: SuperResolver, extractor: Extractor | None, side: int) -> int:
    """Multiply-accumulates of convolutions and matrix products for one image of `side` pixels.

    The frozen extractor counts, since a new image must pass through it as well.
    """
    device = next(model.parameters()).device
    low = torch.zeros(1, 3, side, side, device=device)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # attention's fused form is not counted
    try:
        with (
            torch.inference_mode(),
            sdpa_kernel(SDPBackend.MATH),  # nor are the products within its other fused forms
            FlopCounterMode(display=False) as counter,
        ):
            model(low) if extractor is None else model(low, extractor.embed(low))
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return counter.get_total_flops() // 2
