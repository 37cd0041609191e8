"""Pillow's bicubic resizing of 8-bit images as operations that a graph can hold.

CLIP's preprocessing is a resize by Pillow, which computes in whole numbers. The same numbers in
the same order of rounding are written here with tensors, so that an exported graph gives the very
bits of `Image.resize` for an image of any size (src/libImaging/Resample.c).
"""

import torch
from torch import Tensor

SUPPORT = 2.0
"""Half the width of the cubic kernel, in pixels (as Pillow calls it)."""
UNIT = 2.0**22
"""What Pillow multiplies weights by before it rounds them to whole numbers."""


def shortest_side(images: Tensor, side: int) -> Tensor:
    """Resize so that the shorter side has `side` pixels, and crop the middle, as CLIP does.

    The sizes and the places of the crop are those of torchvision's `Resize` and `CenterCrop`.

    Args:
        images: (N, C, H, W), whole numbers from 0 to 255 of any floating type.
        side: pixels of both sides of the result.

    Returns:
        (N, C, side, side) of float64, whole numbers from 0 to 255.
    """
    height, width = images.shape[-2:]
    shorter = torch.minimum(_number(height), _number(width))
    rows, columns = _weights(height, shorter, side), _weights(width, shorter, side).transpose(0, 1)
    # Whole numbers in float64: sums are exact in any order.
    images = images.double()
    across_first = _to_8_bits(rows @ _to_8_bits(images @ columns))
    down_first = _to_8_bits(_to_8_bits(rows @ images) @ columns)
    # Pillow rounds in between, so the order shows. From 13 on it shrinks tall images down first.
    tall = (_number(width) > side) & (_number(height) > 2 * _number(width))
    return torch.where(tall, down_first, across_first)


def _weights(size: int, shorter: Tensor, side: int) -> Tensor:
    """Pillow's weights of `size` pixels in the middle `side` of the resized ones: (side, size)."""
    old = _number(size)
    new = torch.floor(side * old / shorter)
    first = torch.round((new - side) / 2)
    scale = old / new
    stretch = scale.clamp(min=1.0)
    place = torch.arange(side, dtype=torch.float64)[:, None] + first
    centre = (place + 0.5) * scale
    start = torch.floor(centre - SUPPORT * stretch + 0.5).clamp(min=0.0)
    end = torch.floor(centre + SUPPORT * stretch + 0.5)
    pixel = torch.arange(size, dtype=torch.float64)[None, :]
    inside = (pixel >= start) & (pixel < end)
    weight = torch.where(inside, _cubic((pixel - centre + 0.5) * (1.0 / stretch)), 0.0)
    weight = weight / weight.sum(dim=1, keepdim=True)
    # Rounded away from zero at halves, as a C cast of x ± 0.5 does.
    return torch.sign(weight) * torch.floor(weight.abs() * UNIT + 0.5)


def _cubic(x: Tensor) -> Tensor:
    """The cubic kernel of coefficient −0.5, in Pillow's order of operations."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return torch.where(x < 1, near, torch.where(x < SUPPORT, far, 0.0))


def _to_8_bits(sums: Tensor) -> Tensor:
    return torch.floor((sums + UNIT / 2) / UNIT).clamp(0.0, 255.0)


def _number(size: int) -> Tensor:
    """A size, which is no constant in a graph, as a tensor."""
    return torch.scalar_tensor(size, dtype=torch.float64)
