"""Residual blocks, two at low resolution and one at twice the size (report, step 4)."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SuperResolver, conv3, image_up, up2


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


class SuperResNetResidualBlock(SuperResolver):
    """conv 3→32, residual blocks 1 and 2, upsampling, head; residual block 3, upsampling, head."""

    idea: ClassVar[str] = "skip connections"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    receptive_radius: ClassVar[int] = (
        5 + 2
    )  # five convolutions; two at twice the size between upsamplings

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv3(3, 32)
        self.block1 = ResidualBlock(32)
        self.block2 = ResidualBlock(32)
        self.block3 = ResidualBlock(32)
        self.head_mid = nn.Conv2d(32, 3, 1)
        self.head_large = nn.Conv2d(32, 3, 1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in [0, 1] → mid (N, 3, 2H, 2W), large (N, 3, 4H, 4W) in [0, 1]."""
        x = self._features(low)
        return {"mid": self._mid(x), "large": self._large(x)}

    def only(self, output: str, low: Tensor, *features: Tensor) -> Tensor:  # noqa: ARG002
        """One of the outputs: `mid` needs nothing of the work at twice the size."""
        x = self._features(low)
        return self._mid(x) if output == "mid" else self._large(x)

    def _features(self, low: Tensor) -> Tensor:
        return self.block2(self.block1(F.relu(self.conv1(low), inplace=True)))

    # Both heads commute with the upsampling before them.

    def _mid(self, x: Tensor) -> Tensor:
        return image_up(self.head_mid(x), 1).sigmoid()

    def _large(self, x: Tensor) -> Tensor:
        return image_up(self.head_large(self.block3(up2(x))), 1).sigmoid()
