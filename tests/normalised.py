"""A network with buffers: a normalisation that keeps statistics of the images it learned from."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SuperResolver, conv3, two_heads


class Normalised(SuperResolver):
    """A 3×3 convolution, batch normalisation, ReLU, and the two heads of the report."""

    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    receptive_radius: ClassVar[int] = 1 + 1

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv3(3, 8)
        self.norm = nn.BatchNorm2d(8)
        self.head_mid = nn.Conv2d(8, 3, 1)
        self.head_large = nn.Conv2d(8, 3, 1)

    def hidden_kernels(self) -> list[nn.Parameter]:
        return [self.conv.weight]

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        return two_heads(F.relu(self.norm(self.conv(low))), self.head_mid, self.head_large)
