"""The body of the first network beside frozen VGG16 features (original study, step 6)."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import SuperResolver, conv3, two_heads


class SuperResNetWithVGG(SuperResolver):
    """Learned features (64) and frozen VGG16 features (128), merged by a 3×3 convolution."""

    idea: ClassVar[str] = "frozen VGG16 features"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    frozen: ClassVar[str | None] = "vgg"
    # Through VGG16, half of whose convolutions are at half the size.
    receptive_radius: ClassVar[int] = 10
    multiple_of: ClassVar[int] = 2

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv3(3, 64)
        self.conv2 = conv3(64, 64)
        self.merge = conv3(64 + 128, 64)
        self.head_mid = nn.Conv2d(64, 3, 1)
        self.head_large = nn.Conv2d(64, 3, 1)

    def forward(self, low: Tensor, features: Tensor) -> dict[str, Tensor]:
        """Give mid (N, 3, 2H, 2W) and large (N, 3, 4H, 4W) in [0, 1].

        Args:
            low: images (N, 3, H, W) in [0, 1].
            features: VGG16's conv2_2 of the same images, (N, 128, H // 2, W // 2).
        """
        x = F.relu(self.conv1(low), inplace=True)
        x = F.relu(self.conv2(x), inplace=True)
        features = features.contiguous(memory_format=torch.channels_last)
        seen = F.interpolate(features, size=x.shape[-2:], mode="bilinear", align_corners=False)
        of_image, of_features = self.merge.weight.split([64, 128], dim=1)
        merged = F.conv2d(x, of_image, self.merge.bias, padding=1)
        merged = merged.add_(F.conv2d(seen, of_features, padding=1))
        x = F.relu(merged, inplace=True)
        return two_heads(x, self.head_mid, self.head_large)
