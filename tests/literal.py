"""The program of the report, word for word: the reference for the networks of srcore.

Every 1×1 head runs after bilinear upsampling of all feature channels, the frozen extractor runs in
every step, and a CLIP embedding becomes 512 planes. Nothing is computed cleverly. The trainable
parts carry the names that they have in srcore, so a state dict loads into either.

Tests compare outputs and gradients with it; benchmarks measure against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable


class PSNRLoss(nn.Module):
    """1 / PSNR, averaged over the images: two (N, 3, H, W) in [0, 1] → a scalar."""

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        mse = torch.mean((output - target) ** 2, dim=(1, 2, 3))
        psnr = 10 * torch.log10(1.0 / mse)
        return torch.mean(1 / psnr)


class L1AndSpectrum(nn.Module):
    """L1, and 0.05 times the L1 of the Fourier transforms: two (N, 3, H, W) → a scalar."""

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        one, other = torch.fft.rfft2(output), torch.fft.rfft2(target)
        real = (one.real - other.real).abs().mean()
        imaginary = (one.imag - other.imag).abs().mean()
        return (output - target).abs().mean() + 0.05 * (real + imaginary) / 2


class VGGFeatures(nn.Module):
    """torchvision's vgg16().features[:9] on ImageNet-normalised images, frozen.

    (N, 3, H, W) in [0, 1] → (N, 128, H // 2, W // 2). The weights are random and seeded unless a
    state dict with torchvision's keys ("0.weight" …) is loaded into `features`.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.features = nn.Sequential(
                nn.Conv2d(3, 64, kernel_size=3, padding=1),
                nn.ReLU(inplace=True),
                nn.Conv2d(64, 64, kernel_size=3, padding=1),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(kernel_size=2, stride=2),
                nn.Conv2d(64, 128, kernel_size=3, padding=1),
                nn.ReLU(inplace=True),
                nn.Conv2d(128, 128, kernel_size=3, padding=1),
                nn.ReLU(inplace=True),
            )
            for layer in self.features:
                if isinstance(layer, nn.Conv2d):  # keeps the size of the signal, as trained ones do
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, low: Tensor) -> Tensor:
        return self.features((low - self.mean) / self.std)


class AnyEmbedding(nn.Module):
    """A small seeded stand-in for CLIP's image encoder: (N, 3, H, W) → (N, 512), unlike for each
    image. Benchmarks hand over the real encoder instead."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(4)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.project = nn.Linear(3 * 4 * 4, 512)

    def forward(self, low: Tensor) -> Tensor:
        return self.project(self.pool(low).flatten(1))


class _WithFrozen(nn.Module):
    """Holds a frozen extractor outside the trainable parts: not in parameters() or state_dict().

    It follows .to(), .double() and the like, and is in evaluation mode.
    """

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        extractor.eval().requires_grad_(False)
        self._aside = (extractor,)  # a tuple, so that torch does not register it

    def extract(self, low: Tensor) -> Tensor:
        with torch.no_grad():
            return self._aside[0](low)

    def _apply(self, fn: Callable[..., Tensor], recurse: bool = True) -> nn.Module:
        self._aside[0]._apply(fn, recurse)
        return super()._apply(fn, recurse)


class SuperResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(64, 64, kernel_size=3, padding=1)
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_mid = nn.Conv2d(64, 3, kernel_size=1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.conv1(low))
        x = torch.relu(self.conv2(x))
        x = self.upsample(x)
        return {"mid": torch.sigmoid(self.head_mid(x))}


class SuperResNetMulti(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(64, 64, kernel_size=3, padding=1)
        self.upsample_mid = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_mid = nn.Conv2d(64, 3, kernel_size=1)
        self.upsample_large = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_large = nn.Conv2d(64, 3, kernel_size=1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.conv1(low))
        x = torch.relu(self.conv2(x))
        x_mid = self.upsample_mid(x)
        x_large = self.upsample_large(x_mid)
        return {
            "mid": torch.sigmoid(self.head_mid(x_mid)),
            "large": torch.sigmoid(self.head_large(x_large)),
        }


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        residual = x
        out = torch.relu(self.conv1(x))
        out = self.conv2(out)
        return torch.relu(out + residual)


class SuperResNetResidualBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, kernel_size=3, padding=1)
        self.block1 = ResidualBlock(32)
        self.block2 = ResidualBlock(32)
        self.upsample1 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_mid = nn.Conv2d(32, 3, kernel_size=1)
        self.block3 = ResidualBlock(32)
        self.upsample2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_large = nn.Conv2d(32, 3, kernel_size=1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.conv1(low))
        x = self.block1(x)
        x = self.block2(x)
        x_mid = self.upsample1(x)
        mid = torch.sigmoid(self.head_mid(x_mid))
        x_large = self.upsample2(self.block3(x_mid))
        return {"mid": mid, "large": torch.sigmoid(self.head_large(x_large))}


class DilatedConvBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                nn.Conv2d(channels, channels, kernel_size=3, padding=1, dilation=1),
                nn.Conv2d(channels, channels, kernel_size=3, padding=2, dilation=2),
                nn.Conv2d(channels, channels, kernel_size=3, padding=4, dilation=4),
            ]
        )
        self.fuse = nn.Conv2d(channels * 3, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        out1 = torch.relu(self.branches[0](x))
        out2 = torch.relu(self.branches[1](x))
        out3 = torch.relu(self.branches[2](x))
        return self.fuse(torch.cat([out1, out2, out3], dim=1))


class SuperResNetDilated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, kernel_size=3, padding=1)
        self.block1 = DilatedConvBlock(32)
        self.block2 = DilatedConvBlock(32)
        self.upsample1 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_mid = nn.Conv2d(32, 3, kernel_size=1)
        self.block3 = DilatedConvBlock(32)
        self.upsample2 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_large = nn.Conv2d(32, 3, kernel_size=1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.conv1(low))
        x = self.block1(x)
        x = self.block2(x)
        x_mid = self.upsample1(x)
        mid = torch.sigmoid(self.head_mid(x_mid))
        x_large = self.upsample2(self.block3(x_mid))
        return {"mid": mid, "large": torch.sigmoid(self.head_large(x_large))}


class SuperResNetWithVGG(_WithFrozen):
    """`extractor`: (N, 3, H, W) in [0, 1] → (N, 128, H // 2, W // 2); seeded VGG layers if None."""

    def __init__(self, extractor: nn.Module | None = None) -> None:
        super().__init__(VGGFeatures() if extractor is None else extractor)
        self.conv1 = nn.Conv2d(3, 64, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(64, 64, kernel_size=3, padding=1)
        self.merge = nn.Conv2d(64 + 128, 64, kernel_size=3, padding=1)
        self.upsample_mid = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_mid = nn.Conv2d(64, 3, kernel_size=1)
        self.upsample_large = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_large = nn.Conv2d(64, 3, kernel_size=1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.conv1(low))
        x = torch.relu(self.conv2(x))
        vgg = self.extract(low)
        vgg = nn.functional.interpolate(
            vgg, size=(x.shape[2], x.shape[3]), mode="bilinear", align_corners=False
        )
        x = torch.relu(self.merge(torch.cat([x, vgg], dim=1)))
        x_mid = self.upsample_mid(x)
        x_large = self.upsample_large(x_mid)
        return {
            "mid": torch.sigmoid(self.head_mid(x_mid)),
            "large": torch.sigmoid(self.head_large(x_large)),
        }


class SuperResNetWithCLIP(_WithFrozen):
    """`extractor`: (N, 3, H, W) in [0, 1] → embeddings (N, 512); `AnyEmbedding` if None."""

    def __init__(self, extractor: nn.Module | None = None) -> None:
        super().__init__(AnyEmbedding() if extractor is None else extractor)
        self.conv1 = nn.Conv2d(3, 64, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(64, 64, kernel_size=3, padding=1)
        self.merge = nn.Conv2d(64 + 512, 64, kernel_size=3, padding=1)
        self.upsample_mid = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_mid = nn.Conv2d(64, 3, kernel_size=1)
        self.upsample_large = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.head_large = nn.Conv2d(64, 3, kernel_size=1)

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.conv1(low))
        x = torch.relu(self.conv2(x))
        clip = self.extract(low)
        clip = clip.view(clip.size(0), 512, 1, 1).expand(-1, -1, x.size(2), x.size(3))
        x = torch.relu(self.merge(torch.cat([x, clip], dim=1)))
        x_mid = self.upsample_mid(x)
        x_large = self.upsample_large(x_mid)
        return {
            "mid": torch.sigmoid(self.head_mid(x_mid)),
            "large": torch.sigmoid(self.head_large(x_large)),
        }


def cubic(sides: int, scale: int) -> Tensor:
    """Keys' cubic interpolation (coefficient -1/2) as a matrix (scale·sides, sides).

    At the edges, weights that fall outside are dropped and the others made to sum to one.
    """
    centres = (torch.arange(scale * sides, dtype=torch.float64) + 0.5) / scale - 0.5
    d = (centres[:, None] - torch.arange(sides)).abs()
    near = 1.5 * d**3 - 2.5 * d**2 + 1
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    weights = torch.where(d <= 1, near, torch.where(d < 2, far, 0.0))
    return weights / weights.sum(dim=1, keepdim=True)


class PlainBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.relu(self.conv1(x)))


class SuperResNetSubpixel(nn.Module):
    """Not in the report: our own network, its interpolation as two products with matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 32, kernel_size=3, padding=1)
        self.body = nn.Sequential(*[PlainBlock(32) for _ in range(11)])
        self.last = nn.Conv2d(32, 32, kernel_size=3, padding=1)
        self.heads = nn.ModuleDict(
            {
                "mid": nn.Conv2d(32, 3 * 4, kernel_size=3, padding=1),
                "large": nn.Conv2d(32, 3 * 16, kernel_size=3, padding=1),
            }
        )

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        shallow = self.first(low - 0.45)
        features = self.last(self.body(shallow)) + shallow
        outputs = {}
        for name, scale in {"mid": 2, "large": 4}.items():
            rows, columns = (cubic(side, scale).to(low.dtype) for side in low.shape[2:])
            enlarged = torch.einsum("yh,nchw,xw->ncyx", rows, low, columns)
            outputs[name] = enlarged + nn.PixelShuffle(scale)(self.heads[name](features))
        return outputs


LITERAL: dict[str, type[nn.Module]] = {
    "basic": SuperResNet,
    "multi": SuperResNetMulti,
    "residual": SuperResNetResidualBlock,
    "dilated": SuperResNetDilated,
    "vgg": SuperResNetWithVGG,
    "clip": SuperResNetWithCLIP,
    "subpixel": SuperResNetSubpixel,
}
"""Name of a model in srcore's table → its literal program."""
