"""What each idea of the sub-pixel network is worth: the same network, one difference away."""

from collections.abc import Mapping
from typing import Any, ClassVar

from srcore.models.subpixel import SuperResNetSubpixel


class WithoutSkip(SuperResNetSubpixel):
    """Gives the whole image, not the difference to a bicubic one."""

    idea: ClassVar[str] = "subpixel without the difference to bicubic"
    skip: ClassVar[bool] = False


class WithBilinearHead(SuperResNetSubpixel):
    """Heads give three channels at low resolution, upsampled bilinearly."""

    idea: ClassVar[str] = "subpixel with bilinear heads"
    shuffle: ClassVar[bool] = False
    receptive_radius: ClassVar[int] = SuperResNetSubpixel.receptive_radius + 1


class Shallow(SuperResNetSubpixel):
    """Wide and shallow: seven convolutions of 56 channels for the work of twenty-three of 32."""

    channels: ClassVar[int] = 56
    blocks: ClassVar[int] = 3
    receptive_radius: ClassVar[int] = 1 + 2 * 3 + 1 + 1


class WithReportLoss(SuperResNetSubpixel):
    """Trained on 1/PSNR, as the report's networks are."""

    idea: ClassVar[str] = "subpixel trained on the report's loss"
    changes: ClassVar[Mapping[str, Any]] = {"loss": "inverse_psnr"}
