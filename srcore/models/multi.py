"""The first network with two outputs (original study, step 3)."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SuperResolver, conv3, two_heads


class SuperResNetMulti(SuperResolver):
    """The body of `SuperResNet` with a 1×1 head at twice and one at four times the size."""

    idea: ClassVar[str] = "two outputs"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    auto_bfloat16: ClassVar[bool] = False
    # Two convolutions, and bilinear upsampling, once or twice.
    receptive_radius: ClassVar[int] = 2 + 1

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv3(3, 64)
        self.conv2 = conv3(64, 64)
        self.head_mid = nn.Conv2d(64, 3, 1)
        self.head_large = nn.Conv2d(64, 3, 1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in [0, 1] → mid (N, 3, 2H, 2W), large (N, 3, 4H, 4W) in [0, 1]."""
        x = F.relu(self.conv1(low), inplace=True)
        x = F.relu(self.conv2(x), inplace=True)
        return two_heads(x, self.head_mid, self.head_large)
