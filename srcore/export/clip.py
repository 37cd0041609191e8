"""CLIP's image tower with its preprocessing, as a module that a graph can hold."""

from typing import Any, cast

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms import Normalize

from srcore.common.errors import StudyError
from srcore.common.tensors import quantise
from srcore.export.pillow import shortest_side
from srcore.features.clip import Clip


class ClipFeatures(nn.Module):
    """What `Clip.extractor` computes, without leaving tensors: (N, 3, H, W) → (N, 512).

    Attributes:
        tower: open_clip's image tower.
        side: pixels of a side of what it looks at.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.tower = cast("nn.Module", clip.model.visual)
        self.side = int(cast("Any", self.tower).image_size[0])
        mean, std = _normalisation(clip.preprocess)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, low: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] → embeddings (N, 512), of length 1."""
        levels = quantise(low).mul(255).round()
        seen = shortest_side(levels, self.side).float() / 255
        return F.normalize(self.tower((seen - self.mean) / self.std), dim=1)


def _normalisation(preprocess: Any) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (3, 1, 1) of a transform of open_clip."""
    for step in preprocess.transforms:
        if isinstance(step, Normalize):
            mean, std = (Tensor(list(values)).view(-1, 1, 1) for values in (step.mean, step.std))
            return mean, std
    raise StudyError("CLIP's preprocessing is not as expected; use the versions of constraints.txt")
