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


class WithReportLoss(SuperResNetSubpixel):
    """Trained on 1/PSNR, as the original study's networks are."""

    idea: ClassVar[str] = "subpixel trained on the original study's loss"
    recipe_overrides: ClassVar[Mapping[str, Any]] = {"loss": "inverse_psnr"}


class WithoutSpectrum(SuperResNetSubpixel):
    """Trained on L1 alone, without the difference of the spectra."""

    idea: ClassVar[str] = "subpixel trained on L1 alone"
    recipe_overrides: ClassVar[Mapping[str, Any]] = {"loss": "l1"}


class WithAdam(SuperResNetSubpixel):
    """All of it trained by Adam, none by Muon."""

    idea: ClassVar[str] = "subpixel trained by Adam alone"
    recipe_overrides: ClassVar[Mapping[str, Any]] = {"optimizer": "adam"}
