"""The eight ways to turn and mirror an image."""

import torch
from torch import Tensor

DIHEDRAL = 8


def dihedral(images: Tensor, way: int) -> Tensor:
    """Turn (N, C, H, W) by `way` % 4 quarters, the second four ways after mirroring.

    Turning commutes with downscaling, so an image and its smaller versions turn together.
    """
    if way == 0:
        return images  # torch would copy them
    mirrored = images.flip(3) if way >= DIHEDRAL // 2 else images
    return torch.rot90(mirrored, way % 4, (2, 3))


def undo_dihedral(images: Tensor, way: int) -> Tensor:
    """The inverse of `dihedral`: turn (N, C, H, W) back, then mirror it back."""
    if way == 0:
        return images
    turned = torch.rot90(images, -way % 4, (2, 3))
    return turned.flip(3) if way >= DIHEDRAL // 2 else turned
