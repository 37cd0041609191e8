"""Our own network: depth at low resolution, sub-pixel heads, and a difference to bicubic."""

from typing import ClassVar, cast

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.models.base import (
    SharedFeatures,
    bfloat16_to_float32,
    conv3,
    resize_by_matrices,
    upsampling_matrix,
    use_matrices,
)
from srcore.models.scales import OUTPUTS

CHANNELS, BLOCKS = 32, 11
GREY = 0.45
"""About the mean of photographs; taken off, so that the network sees values around zero."""
INITIAL_SCALE = 0.1
"""Factor on the first weights of whatever is added to an image: training starts near bicubic."""


class PlainBlock(nn.Module):
    """x + conv(relu(conv(x))), with no activation and no normalisation on the skip (EDSR)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv3(channels, channels)
        self.conv2 = scaled_down(conv3(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, C, H, W)."""
        return self.conv2(F.relu(self.conv1(x), inplace=True)).add_(x)


class SuperResNetSubpixel(SharedFeatures):
    """Residual blocks at low resolution, then one sub-pixel convolution for each output.

    After EDSR (Lim et al. 2017) and ESPCN (Shi et al. 2016), made deep and narrow. Every head gives
    the difference to a bicubic image. There is no sigmoid: outputs may leave [0, 1] a little.
    """

    idea: ClassVar[str] = "ours: many layers at low resolution, sub-pixel heads on top of bicubic"
    outputs: ClassVar[tuple[str, ...]] = ("mid", "large")
    ours: ClassVar[bool] = True
    recipe: ClassVar[str] = "subpixel"
    # All its convolutions; bicubic sees less.
    receptive_radius: ClassVar[int] = 1 + 2 * BLOCKS + 1 + 1
    skip: ClassVar[bool] = True
    """Whether outputs are differences to a bicubic image."""
    shuffle: ClassVar[bool] = True
    """Whether heads give every pixel of the output (sub-pixel), or are upsampled bilinearly."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv3(3, CHANNELS)
        self.body = nn.Sequential(*(PlainBlock(CHANNELS) for _ in range(BLOCKS)))
        self.last = conv3(CHANNELS, CHANNELS)
        cells = {output: s**2 if self.shuffle else 1 for output, s in OUTPUTS.items()}
        self.heads = nn.ModuleDict(
            {output: scaled_down(conv3(CHANNELS, 3 * n)) for output, n in cells.items()}
        )

    def hidden_kernels(self) -> list[nn.Parameter]:
        """Those of the body and the last convolution; a sub-pixel head gives an image."""
        heads = {id(parameter) for parameter in self.heads.parameters()}
        return [kernel for kernel in super().hidden_kernels() if id(kernel) not in heads]

    def features(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] → (N, 32, H, W)."""
        shallow = self.first(low - GREY)
        return self.last(self.body(shallow)).add_(shallow)

    def head(self, output: str, features: Tensor, low: Tensor) -> Tensor:
        """Mid (N, 3, 2H, 2W) or large (N, 3, 4H, 4W), about [0, 1]."""
        scale, detail = OUTPUTS[output], self.heads[output](features)
        if self.shuffle:
            detail = F.pixel_shuffle(detail, scale)
        else:
            detail = F.interpolate(bfloat16_to_float32(detail), scale_factor=scale, mode="bilinear")
        # In this order, for the sum has the memory format of the first: see `bicubic`.
        return bicubic(low, scale) + detail if self.skip else bfloat16_to_float32(detail) + GREY


def scaled_down(conv: nn.Conv2d) -> nn.Conv2d:
    """Give a convolution small first weights and no bias to begin with."""
    nn.init.zeros_(cast("Tensor", conv.bias))
    conv.weight.data.mul_(INITIAL_SCALE)
    return conv


def bicubic(low: Tensor, scale: int) -> Tensor:
    """Enlarge as Pillow does (cubic coefficient −0.5, which torch uses with `antialias` only).

    (N, 3, H, W) → (N, 3, s·H, s·W). In training it is a product with a fixed matrix on either side,
    as in `upsample_image`, and contiguous: the loss has to transform it, which takes longer for an
    image in channels-last.
    """
    if use_matrices():
        sides = low.shape[-2:]
        return resize_by_matrices(
            low, *(upsampling_matrix(n, (scale,), "bicubic", low.dtype, low.device) for n in sides)
        )
    return F.interpolate(low, scale_factor=scale, mode="bicubic", antialias=True)
