"""In which precision a training computes: float32, or bfloat16 where the processor is made for it.

Float32 is the same bits on processors with and without such units, and the study's default.
"""

from typing import Any, Literal, cast

import torch
from lightning_fabric.plugins.precision import MixedPrecision

Precision = Literal["32-true", "bf16-mixed"]

UNITS = {"_is_amx_tile_supported": "AMX", "_is_avx512_bf16_supported": "AVX512-BF16"}
"""Function of `torch.cpu`, the fastest units first → what processors call these units."""


class Bfloat16Convolutions(MixedPrecision):
    """Convolutions and products in bfloat16; images, weights, outputs and losses in float32.

    Fabric's own plugin rounds the images to bfloat16, too: 256 levels become 128 in the brighter
    half, and the bicubic image of a network loses as much.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__("bf16-mixed", device.type)

    def convert_input(self, data: Any) -> Any:
        """Leave what the network is given as it is."""
        return data


def bfloat16_units(device: torch.device) -> str | None:
    """What computes bfloat16 faster than float32 there, None where nothing does."""
    if device.type == "cuda":
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.cuda.get_device_name(device) if faster else None
    if device.type == "cpu":
        # Older releases of torch lack a function or two; they then do not use the units either.
        return next((u for name, u in UNITS.items() if getattr(torch.cpu, name, bool)()), None)
    return None


def pick_precision(requested: str, device: torch.device, *, bfloat16: bool = True) -> Precision:
    """Turn `auto` into bf16-mixed where the device has units for it, else into 32-true.

    Args:
        requested: 32-true, bf16-mixed or auto.
        device: where the network will be trained.
        bfloat16: whether `auto` may take bfloat16 for this network.
    """
    if requested == "auto":
        return "bf16-mixed" if bfloat16 and bfloat16_units(device) else "32-true"
    return cast("Precision", requested)


def processor(device: torch.device, precision: Precision) -> str:
    """What computed, as a checkpoint carries it.

    A GPU by its name. A CPU in bfloat16 with the units, whose sums differ in the last bits of
    others; in float32 just "cpu", so that checkpoints of two machines are the same bytes.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    units = bfloat16_units(device) if precision == "bf16-mixed" else None
    return f"{device.type} ({units})" if units else device.type
