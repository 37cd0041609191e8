"""Two convolutions, bilinear upsampling, one output (original study, step 2)."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SuperResolver, conv3, upsample_image


class SuperResNet(SuperResolver):
    """Two 3×3 convolutions (3→64→64, ReLU) and a 1×1 head at twice the size."""

    idea: ClassVar[str] = "two convolutions, one output"
    outputs: ClassVar[tuple[str, ...]] = ("mid",)
    auto_bfloat16: ClassVar[bool] = False
    receptive_radius: ClassVar[int] = 2 + 1  # two convolutions, and bilinear upsampling

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv3(3, 64)
        self.conv2 = conv3(64, 64)
        self.head_mid = nn.Conv2d(64, 3, 1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in [0, 1] → mid (N, 3, 2H, 2W) in [0, 1]."""
        x = F.relu(self.conv1(low), inplace=True)
        x = F.relu(self.conv2(x), inplace=True)
        # The head commutes with upsampling.
        return {"mid": upsample_image(self.head_mid(x), 1).sigmoid()}
