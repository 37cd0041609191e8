"""What the frozen extractors share: label, fingerprint, and the rounding of features."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import torch
from torch import Tensor, nn

RANDOM_SEED = 0
"""Seed of the `random` weights."""

KINDS: dict[str, str] = {"vgg": "srcore.features.vgg:load", "clip": "srcore.features.clip:load"}
"""Kind of extractor → the function that builds it from `random`, `pretrained` or a path."""


@dataclass(frozen=True)
class Extractor:
    """A frozen network that turns low-resolution images into features.

    Attributes:
        embed: (N, 3, H, W) in [0, 1] → features (N, ...), float32.
        label: what the weights are, as must stand beside every figure (`srcore.features.labels`).
        fingerprint: SHA-256 of the weights.
        parameters: how many they are.
        batch: images that are embedded at once, always as many.
    """

    embed: Callable[[Tensor], Tensor]
    label: str
    fingerprint: str
    parameters: int = 0
    batch: int = 1

    @torch.inference_mode()
    def __call__(self, low: Tensor) -> Tensor:
        """Features of `low` (N, 3, H, W) in [0, 1], rounded as they are when stored.

        The last bits of a sum change with the size of a batch, and stored features would no longer
        equal those computed later. So a batch is always of the same size, the last one filled up
        with its last image; what else is in it changes no bit.
        """
        parts: list[Tensor] = []
        for part in low.split(self.batch):
            missing = self.batch - len(part)
            full = torch.cat([part, part[-1:].expand(missing, -1, -1, -1)]) if missing else part
            parts.append(round_features(self.embed(full)[: len(part)]))
        return torch.cat(parts).float()


def round_features(features: Tensor) -> Tensor:
    """Round to float16, the one precision in which features are stored and used."""
    return features.half()


def load_extractor(kind: str, weights: str, device: torch.device) -> Extractor:
    """Build the extractor `kind` ("vgg" or "clip") with weights `random`, `pretrained` or a path.

    Raises:
        StudyError: the weights cannot be had or are not those of this network.
    """
    module, _, function = KINDS[kind].partition(":")
    return getattr(import_module(module), function)(weights, device)


def freeze(module: nn.Module, device: torch.device) -> nn.Module:
    """Put a module on a device, in evaluation mode, without gradients."""
    return module.to(device).eval().requires_grad_(False)


def count(module: nn.Module) -> int:
    """Number of a module's parameters."""
    return sum(value.numel() for value in module.parameters())


def fingerprint(module: nn.Module) -> str:
    """SHA-256 over the names and values of a module's weights, whatever file they came from."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
