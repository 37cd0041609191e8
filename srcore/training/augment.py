"""The eight dihedral transforms: rotations by quarter turns, each with and without mirroring."""

import torch
from torch import Tensor

DIHEDRAL = 8


def dihedral(images: Tensor, transform: int) -> Tensor:
    """Rotate (N, C, H, W) by `transform` % 4 quarter turns; 4 to 7 mirror the images first.

    Rotation commutes with downscaling, so an image and its smaller versions stay aligned.
    """
    if transform == 0:
        return images  # torch would copy them
    mirrored = images.flip(3) if transform >= DIHEDRAL // 2 else images
    return torch.rot90(mirrored, transform % 4, (2, 3))


def undo_dihedral(images: Tensor, transform: int) -> Tensor:
    """The inverse of `dihedral`: rotate (N, C, H, W) back, then mirror."""
    if transform == 0:
        return images
    rotated = torch.rot90(images, -transform % 4, (2, 3))
    return rotated.flip(3) if transform >= DIHEDRAL // 2 else rotated
