"""The body of the first network beside a frozen CLIP embedding (original study, step 8)."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SuperResolver, conv3, two_heads


class SuperResNetWithCLIP(SuperResolver):
    """Learned features (64) and an expanded CLIP embedding (512), merged by a 3×3 convolution."""

    idea: ClassVar[str] = "a frozen CLIP embedding"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    frozen: ClassVar[str | None] = "clip"
    receptive_radius: ClassVar[int] = 3 + 1  # three convolutions, and bilinear upsampling
    global_features: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv3(3, 64)
        self.conv2 = conv3(64, 64)
        self.merge = conv3(64 + 512, 64)
        self.head_mid = nn.Conv2d(64, 3, 1)
        self.head_large = nn.Conv2d(64, 3, 1)

    def forward(self, low: Tensor, features: Tensor) -> dict[str, Tensor]:
        """Give mid (N, 3, 2H, 2W) and large (N, 3, 4H, 4W) in [0, 1].

        Args:
            low: images (N, 3, H, W) in [0, 1].
            features: CLIP embeddings of the same images, (N, 512).
        """
        x = F.relu(self.conv1(low), inplace=True)
        x = F.relu(self.conv2(x), inplace=True)
        of_image, of_embedding = self.merge.weight.split([64, 512], dim=1)
        merged = F.conv2d(x, of_image, self.merge.bias, padding=1)
        x = F.relu(merged + conv3_of_constant(features, of_embedding, x.shape[-2], x.shape[-1]))
        return two_heads(x, self.head_mid, self.head_large)


def conv3_of_constant(values: Tensor, weight: Tensor, height: int, width: int) -> Tensor:
    """A 3×3 convolution, zero padding 1, of a map that is `values` everywhere.

    The result is the same at every pixel that does not touch the border, so a map of at most 3×3
    pixels is convolved and its middle row and column are repeated.

    Args:
        values: (N, C), the value of each channel.
        weight: (K, C, 3, 3).
        height: height of the map in pixels.
        width: width of the map in pixels.

    Returns:
        (N, K, height, width).
    """
    small = values[:, :, None, None].expand(-1, -1, min(height, 3), min(width, 3))
    x = F.conv2d(small, weight, padding=1)
    return _stretch(_stretch(x, 2, height), 3, width)


def _stretch(x: Tensor, dim: int, size: int) -> Tensor:
    """Repeat the middle slice of three along `dim` until there are `size`; fewer stay as is."""
    if size <= 3:
        return x
    first, middle, last = x.split(1, dim=dim)
    shape = [-1] * x.dim()
    shape[dim] = size - 2
    return torch.cat([first, middle.expand(shape), last], dim=dim)
