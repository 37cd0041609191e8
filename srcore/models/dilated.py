"""Parallel convolutions of dilation 1, 2 and 4 (original study, step 5)."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SharedFeatures, bias_of, conv3, upsample2x, upsample_image


class DilatedConvBlock(nn.Module):
    """Three parallel 3×3 convolutions (dilation 1, 2, 4; ReLU), concatenated, fused by a 1×1.

    The original study names no activation after the fusion, so there is none.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(conv3(channels, channels, dilation=d) for d in (1, 2, 4))
        self.fuse = nn.Conv2d(3 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C, H, W)."""
        return self.fused(x, self.fuse.weight, bias_of(self.fuse))

    def fused(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The branches under a 1×1 convolution (K, 3C, 1, 1): (N, C, H, W) → (N, K, H, W).

        A convolution of a concatenation is a sum of convolutions, which copies nothing.
        """
        seen = [F.relu(branch(x), inplace=True) for branch in self.branches]
        first, *others = weight.split(x.shape[1], dim=1)
        y = F.conv2d(seen[0], first, bias)
        for branch, part in zip(seen[1:], others, strict=True):
            y = y.add_(F.conv2d(branch, part))
        return y


class SuperResNetDilated(SharedFeatures):
    """As the residual network, with dilated blocks in place of residual ones."""

    idea: ClassVar[str] = "dilated convolutions"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    receptive_radius: ClassVar[int] = 1 + 4 + 4 + 3  # the last block is at twice the size

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv3(3, 32)
        self.block1 = DilatedConvBlock(32)
        self.block2 = DilatedConvBlock(32)
        self.block3 = DilatedConvBlock(32)
        self.head_mid = nn.Conv2d(32, 3, 1)
        self.head_large = nn.Conv2d(32, 3, 1)

    def features(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] → (N, 32, H, W)."""
        return self.block2(self.block1(F.relu(self.conv1(low), inplace=True)))

    def head(self, output: str, features: Tensor, low: Tensor) -> Tensor:
        """Mid (N, 3, 2H, 2W) or large (N, 3, 4H, 4W), in [0, 1].

        Both heads commute with the upsampling before them.
        """
        if output == "mid":
            return upsample_image(self.head_mid(features), 1).sigmoid()
        # Two 1×1 convolutions in a row are one, whose weights are the product of theirs.
        fuse, head = self.block3.fuse, self.head_large
        with torch.autocast(low.device.type, enabled=False):  # rounded once, as a convolution's
            weight = torch.einsum("hf,fc->hc", head.weight[..., 0, 0], fuse.weight[..., 0, 0])
            bias = head.weight[..., 0, 0] @ bias_of(fuse) + bias_of(head)
        large = self.block3.fused(upsample2x(features), weight[..., None, None], bias)
        return upsample_image(large, 1).sigmoid()
