"""Residual blocks, two at low resolution and one at twice the size (original study, step 4)."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SharedFeatures, conv3, upsample2x, upsample_image


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around which the input skips: relu(x + conv(relu(conv(x))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv3(channels, channels)
        self.conv2 = conv3(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C, H, W)."""
        y = self.conv2(F.relu(self.conv1(x), inplace=True))
        return F.relu(y.add_(x), inplace=True)


class SuperResNetResidualBlock(SharedFeatures):
    """conv 3→32, residual blocks 1 and 2, upsampling, head; residual block 3, upsampling, head."""

    idea: ClassVar[str] = "skip connections"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    # Five convolutions; two at twice the size between upsamplings.
    receptive_radius: ClassVar[int] = 5 + 2

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv3(3, 32)
        self.block1 = ResidualBlock(32)
        self.block2 = ResidualBlock(32)
        self.block3 = ResidualBlock(32)
        self.head_mid = nn.Conv2d(32, 3, 1)
        self.head_large = nn.Conv2d(32, 3, 1)

    def features(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] → (N, 32, H, W)."""
        return self.block2(self.block1(F.relu(self.conv1(low), inplace=True)))

    def head(self, output: str, features: Tensor, low: Tensor) -> Tensor:  # noqa: ARG002
        """Mid (N, 3, 2H, 2W) or large (N, 3, 4H, 4W), in [0, 1].

        Both heads commute with the upsampling before them.
        """
        if output == "mid":
            return upsample_image(self.head_mid(features), 1).sigmoid()
        return upsample_image(self.head_large(self.block3(upsample2x(features))), 1).sigmoid()
