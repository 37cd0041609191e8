"""Between images as they are stored (8 bits, channels last) and as networks take them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_tensor(images: NDArray[np.uint8], device: torch.device | None = None) -> Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float32 in [0, 1], in channels-last memory order."""
    return to_float(torch.from_numpy(images).to(device))


def to_float(images: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 → (N, 3, H, W) float32 in [0, 1], where the images are."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def quantise(images: Tensor) -> Tensor:
    """Clip to [0, 1] and round to the 256 values that a saved image can hold; any shape."""
    return images.clamp(0, 1).mul(255).round().div(255)


def to_images(tensor: Tensor) -> NDArray[np.uint8]:
    """(N, 3, H, W) in [0, 1] → (N, H, W, 3) uint8, clipped and rounded as `quantise` does."""
    levels = tensor.clamp(0, 1).mul(255).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
