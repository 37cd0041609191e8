"""What a network costs: trainable and frozen parameters, and multiply-accumulates."""

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from srcore.features.extractor import Extractor
from srcore.models.base import SuperResolver


def parameters(model: SuperResolver) -> int:
    """Number of trainable parameters."""
    return sum(value.numel() for value in model.parameters() if value.requires_grad)


def running_parameters(model: SuperResolver, side: int) -> int:
    """Number of parameters of the layers that run: of merged branches what became of them.

    Of alternatives in one list, of which the image chooses, all count: papers count every expert.

    Args:
        model: the network, in evaluation mode.
        side: pixels of the image that it is run on.
    """
    running: dict[int, int] = {}
    ran: set[nn.Module] = set()

    def note(module: nn.Module, *_: object) -> None:
        ran.add(module)
        running.update((id(p), p.numel()) for p in module.parameters(recurse=False))

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    try:
        with torch.inference_mode():
            model(torch.zeros(1, 3, side, side, device=next(model.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
    for several in model.modules():
        if isinstance(several, nn.ModuleList) and not ran.isdisjoint(several):
            others = (p for module in several if module not in ran for p in module.parameters())
            running.update((id(p), p.numel()) for p in others)
    return sum(running.values())


def frozen_parameters(extractor: Extractor | None) -> int:
    """Number of parameters of the frozen extractor beside it, which a new image passes as well."""
    return extractor.parameters if extractor else 0


def macs(model: SuperResolver, extractor: Extractor | None, side: int) -> int:
    """Multiply-accumulates of convolutions and matrix products for one image of `side` pixels.

    All outputs of the network are counted together; one of them alone may take less. The frozen
    extractor counts, since a new image must pass through it as well.
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
