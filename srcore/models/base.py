"""What the networks share: their interface, and the upsampling that every one of them uses."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RGB = 3
"""Channels of an image."""
MATRIX_CACHE_SIZE = 16
"""Matrices that `upsampling_matrix` keeps; a training needs two or four."""


class SuperResolver(nn.Module):
    """A network from a low-resolution image to one or two larger ones.

    `forward(low)` takes (N, 3, H, W) in [0, 1] and gives, for every name in `outputs`,
    (N, 3, s·H, s·W), s from `srcore.models.scales.OUTPUTS`, in [0, 1] or, without a sigmoid,
    about. A network with a frozen extractor takes that extractor's features of the same images as a
    second argument.
    """

    idea: ClassVar[str]
    """What it tries, in a few words, for tables."""
    outputs: ClassVar[tuple[str, ...]]
    frozen: ClassVar[str | None] = None
    """Kind of frozen extractor whose features `forward` takes: vgg, clip or None."""
    ours: ClassVar[bool] = False
    """Whether it is one of this project's own, and not one of the original study's."""
    recipe: ClassVar[str] = "train"
    """Group of params.yaml that says how to train it."""
    recipe_overrides: ClassVar[Mapping[str, Any]] = {}
    """What it does otherwise than that group says (see `srcore.training.recipe.Recipe`)."""
    auto_bfloat16: ClassVar[bool] = True
    """Whether precision `auto` may train it in bfloat16; False where that was measured to lose
    more than 0.02 dB on average (docs/machines.md)."""
    receptive_radius: ClassVar[int]
    """How far it sees, in pixels of the low-resolution image: whatever its outputs show of a
    pixel depends on no other that is further away, across or along. Tiles overlap by as much."""
    multiple_of: ClassVar[int] = 1
    """Side in input pixels of each frozen feature: tiles start and end at multiples of it."""
    global_features: ClassVar[bool] = False
    """Whether its frozen features are of the image as a whole, and one for all tiles."""

    def hidden_kernels(self) -> list[nn.Parameter]:
        """The kernels that Muon trains: of convolutions from features to features.

        That leaves out what takes an image or gives one; Adam trains it, and all biases.
        """
        convolutions = (module for module in self.modules() if isinstance(module, nn.Conv2d))
        kernels = [
            conv.weight for conv in convolutions if min(conv.in_channels, conv.out_channels) > RGB
        ]
        return cast("list[nn.Parameter]", kernels)

    def forward_output(self, output: str, low: Tensor, *features: Tensor) -> Tensor:
        """One of the outputs, (N, 3, s·H, s·W), from the arguments of `forward`.

        A network for which one is less work than all computes it alone, and equals `forward` to
        rounding.
        """
        return self(low, *features)[output]


class SharedFeatures(SuperResolver):
    """A network whose outputs come from the same features, so that one alone is less work."""

    def features(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] → (N, C, H, W), what all outputs are made from."""
        raise NotImplementedError

    def head(self, output: str, features: Tensor, low: Tensor) -> Tensor:
        """One output, (N, 3, s·H, s·W), from the features and the image that they are of."""
        raise NotImplementedError

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in [0, 1] → mid (N, 3, 2H, 2W), large (N, 3, 4H, 4W), about [0, 1]."""
        features = self.features(low)
        return {output: self.head(output, features, low) for output in self.outputs}

    def forward_output(self, output: str, low: Tensor, *features: Tensor) -> Tensor:  # noqa: ARG002
        """One of the outputs, with its head alone."""
        return self.head(output, self.features(low), low)


def conv3(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """A 3×3 convolution that keeps the size of its input."""
    return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)


def upsample2x(x: Tensor) -> Tensor:
    """Double the size bilinearly: (N, C, H, W) → (N, C, 2H, 2W)."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def upsample_image(x: Tensor, doublings: int) -> Tensor:
    """Double the size once or twice, with the values of `upsample2x`.

    (N, 3, H, W) → (N, 3, s·H, s·W), s = 2^doublings.

    In training it is a product with a fixed matrix on either side: for three channels a third of
    the time, with its backward pass.
    """
    x = bfloat16_to_float32(x)
    if use_matrices():
        factors = (2,) * doublings
        return resize_by_matrices(
            x, *(upsampling_matrix(n, factors, "bilinear", x.dtype, x.device) for n in x.shape[-2:])
        )
    for _ in range(doublings):
        x = upsample2x(x)
    return x


def use_matrices() -> bool:
    """Whether an image is enlarged by matrices: where gradients are kept, and no graph is exported.

    That is in training, whose images are small and always of the same size.
    """
    return torch.is_grad_enabled() and not torch.compiler.is_compiling()


def resize_by_matrices(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Enlarge by a matrix on either side: (N, C, H, W) → (N, C, H', W'), contiguous.

    Args:
        x: images (N, C, H, W), float32 or float64.
        rows: (H', H), of the same type.
        columns: (W', W), of the same type.
    """
    with torch.autocast(x.device.type, enabled=False):
        return rows @ (x.contiguous() @ columns.T)


def bfloat16_to_float32(x: Tensor) -> Tensor:
    """bfloat16 → float32, for an image needs more bits than a convolution; others as they are."""
    return x.float() if x.dtype == torch.bfloat16 else x


@lru_cache(MATRIX_CACHE_SIZE)
def upsampling_matrix(
    size: int, factors: tuple[int, ...], mode: str, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """The matrix that enlarges a row of `size` pixels by one factor after another.

    Args:
        size: pixels of the row.
        factors: scales, applied in this order.
        mode: bilinear, or bicubic as Pillow has it.
        dtype: of the matrix, which is computed in float64.
        device: where the matrix is.

    Returns:
        (s·size, size), s the product of the factors.
    """
    matrix = torch.eye(size, dtype=torch.float64)[None, None]
    for factor in factors:
        matrix = F.interpolate(
            matrix, scale_factor=(factor, 1), mode=mode, antialias=mode == "bicubic"
        )
    return matrix[0, 0].contiguous().to(device, dtype)


def two_heads(features: Tensor, mid: nn.Conv2d, large: nn.Conv2d) -> dict[str, Tensor]:
    """Both outputs from low-resolution features (N, C, H, W), whose heads are 1×1 convolutions.

    A 1×1 convolution commutes with bilinear upsampling (both are linear, and the weights of an
    interpolation sum to one), so both heads run at low resolution, as one convolution, and six
    channels are upsampled in place of twice C.
    """
    weight = torch.cat([mid.weight, large.weight])
    bias = torch.cat([bias_of(mid), bias_of(large)])
    of_mid, of_large = F.conv2d(features, weight, bias).split(3, dim=1)
    return {
        "mid": upsample_image(of_mid, 1).sigmoid(),
        "large": upsample_image(of_large, 2).sigmoid(),
    }


def bias_of(conv: nn.Conv2d) -> Tensor:
    """The bias of a convolution that has one: (K,)."""
    assert conv.bias is not None
    return conv.bias
