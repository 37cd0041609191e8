"""A family of networks that differ in one idea: a body at low resolution, and a head.

All bodies have `WIDTH` channels, all convolutions are 3×3 with ReLU, and all of a body's work is at
low resolution, so that two networks with the same head differ by the idea alone.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.ideas.names import HEADS
from srcore.models.base import RGB, SuperResolver, conv3, two_heads
from srcore.models.clip import conv3_of_constant
from srcore.models.residual import ResidualBlock
from srcore.models.scales import OUTPUTS
from srcore.models.subpixel import PlainBlock, SuperResNetSubpixel, bicubic, scaled_down

WIDTH = 64
"""Channels of every body."""
BLOCKS = 2
"""Residual or dilated blocks after the first convolution."""
VGG_CHANNELS, CLIP_CHANNELS = 128, 512
"""Channels of the frozen features (`srcore.features`)."""


class Plain(nn.Module):
    """Convolutions in a row, each with ReLU; two are the original study's first body."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(conv3(WIDTH if i else 3, WIDTH) for i in range(layers))

    def forward(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, WIDTH, H, W)."""
        x = low
        for conv in self.convs:
            x = F.relu(conv(x), inplace=True)
        return x


class Residual(nn.Module):
    """A convolution, then the original study's residual blocks (two convolutions, a skip)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv3(3, WIDTH)
        self.blocks = nn.Sequential(*(ResidualBlock(WIDTH) for _ in range(BLOCKS)))

    def forward(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, WIDTH, H, W)."""
        return self.blocks(F.relu(self.first(low), inplace=True))


class ParallelBlock(nn.Module):
    """Three parallel 3×3 convolutions (ReLU), fused by a 1×1: the original study's block."""

    def __init__(self, dilations: tuple[int, int, int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(conv3(WIDTH, WIDTH, dilation=d) for d in dilations)
        self.fuse = nn.Conv2d(3 * WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, WIDTH, H, W) → (N, WIDTH, H, W)."""
        return self.fuse(torch.cat([F.relu(branch(x)) for branch in self.branches], dim=1))


class Parallel(nn.Module):
    """A convolution, then blocks of parallel convolutions."""

    def __init__(self, dilations: tuple[int, int, int]) -> None:
        super().__init__()
        self.first = conv3(3, WIDTH)
        self.blocks = nn.Sequential(*(ParallelBlock(dilations) for _ in range(BLOCKS)))

    def forward(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, WIDTH, H, W)."""
        return self.blocks(F.relu(self.first(low), inplace=True))


class WithVGG(nn.Module):
    """The plain body of two convolutions, merged with frozen VGG16 features by a third."""

    def __init__(self) -> None:
        super().__init__()
        self.learned = Plain(2)
        self.merge = conv3(WIDTH + VGG_CHANNELS, WIDTH)

    def forward(self, low: Tensor, features: Tensor) -> Tensor:
        """(N, 3, H, W), (N, 128, H // 2, W // 2) → (N, WIDTH, H, W)."""
        seen = F.interpolate(features, size=low.shape[-2:], mode="bilinear", align_corners=False)
        return F.relu(self.merge(torch.cat([self.learned(low), seen.to(low.dtype)], dim=1)))


class WithCLIP(nn.Module):
    """The plain body of two convolutions, merged with an expanded CLIP embedding by a third."""

    def __init__(self) -> None:
        super().__init__()
        self.learned = Plain(2)
        self.merge = conv3(WIDTH + CLIP_CHANNELS, WIDTH)

    def forward(self, low: Tensor, features: Tensor) -> Tensor:
        """(N, 3, H, W), (N, 512) → (N, WIDTH, H, W)."""
        of_image, of_embedding = self.merge.weight.split([WIDTH, CLIP_CHANNELS], dim=1)
        x = F.conv2d(self.learned(low), of_image, self.merge.bias, padding=1)
        return F.relu(x + conv3_of_constant(features, of_embedding, x.shape[-2], x.shape[-1]))


BODIES: dict[str, Callable[[], nn.Module]] = {
    "plain": partial(Plain, 2),
    "merge": partial(Plain, 3),
    "merge_slow": partial(Plain, 3),
    "stacked": partial(Plain, 1 + 2 * BLOCKS),
    "residual": Residual,
    "undilated": partial(Parallel, (1, 1, 1)),
    "dilated": partial(Parallel, (1, 2, 4)),
    "vgg": WithVGG,
    "vgg_random": WithVGG,
    "clip": WithCLIP,
    "clip_shuffled": WithCLIP,
}
"""Name of a body → how it is made. `merge_slow` is what `vgg` and `clip` are without frozen
features (`merge`, at their rate), `stacked` is `residual` without its skips, `undilated` is
`dilated` at dilation 1."""

FEATURES = ("vgg", "vgg_random", "clip", "clip_shuffled")
"""Bodies that take frozen features, which have the same names."""


class IdeaNetwork(SuperResolver):
    """One body under one head."""

    idea: ClassVar[str] = "one idea at a time"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")

    def __init__(self, body: str, head: str) -> None:
        """Build it.

        Args:
            body: a name in `BODIES`.
            head: a name in `srcore.ideas.names.HEADS`.
        """
        super().__init__()
        self.body = BODIES[body]()
        self.subpixel = head == HEADS[1]
        self.heads = nn.ModuleDict(
            {
                output: scaled_down(conv3(WIDTH, 3 * s**2))
                if self.subpixel
                else nn.Conv2d(WIDTH, 3, 1)
                for output, s in OUTPUTS.items()
            }
        )

    def forward(self, low: Tensor, *features: Tensor) -> dict[str, Tensor]:
        """Give mid (N, 3, 2H, 2W) and large (N, 3, 4H, 4W), in [0, 1] or, sub-pixel, about.

        Args:
            low: images (N, 3, H, W) in [0, 1].
            features: the frozen features of the same images, if the body takes any.
        """
        x = self.body(low, *features)
        if not self.subpixel:
            mid, large = (self.heads[output] for output in self.outputs)
            assert isinstance(mid, nn.Conv2d)
            assert isinstance(large, nn.Conv2d)
            return two_heads(x, mid, large)
        return {
            output: bicubic(low, s) + F.pixel_shuffle(self.heads[output](x), s)
            for output, s in OUTPUTS.items()
        }


class Shallow(SuperResNetSubpixel):
    """Our own network made wide and shallow: the work of 11 blocks of 32 channels in 3 of 56."""

    idea: ClassVar[str] = "subpixel, wide and shallow"
    receptive_radius: ClassVar[int] = 1 + 2 * 3 + 1 + 1

    def __init__(self) -> None:
        super().__init__()
        width, blocks = 56, 3
        self.first = conv3(RGB, width)
        self.body = nn.Sequential(*(PlainBlock(width) for _ in range(blocks)))
        self.last = conv3(width, width)
        self.heads = nn.ModuleDict(
            {output: scaled_down(conv3(width, RGB * s**2)) for output, s in OUTPUTS.items()}
        )
