"""The eight ways to turn and mirror a picture."""

import torch
from torch import Tensor

WAYS = 8


def turned(pictures: Tensor, way: int) -> Tensor:
    """Turn (N, C, H, W) by `way` % 4 quarters, the second four ways after mirroring.

    Turning commutes with downscaling, so a picture and its smaller versions turn together.
    """
    if way == 0:
        return pictures  # torch would copy them
    mirrored = pictures.flip(3) if way >= WAYS // 2 else pictures
    return torch.rot90(mirrored, way % 4, (2, 3))
