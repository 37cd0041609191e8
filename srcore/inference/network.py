"""Running trained networks on new images: the frozen features are computed from the weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.features.extractor import Extractor, load_extractor
from srcore.models.base import SuperResolver
from srcore.models.checkpoint import Card


@dataclass(frozen=True)
class Network:
    """A trained network with everything it needs to see an image.

    Attributes:
        model: the network, in evaluation mode.
        card: what its checkpoint says.
        extractor: its frozen extractor, None when it has none.
    """

    model: SuperResolver
    card: Card
    extractor: Extractor | None

    @property
    def label(self) -> str:
        """Name of the model, with the frozen weights and the precision its figures depend on."""
        notes = "; ".join(filter(None, (self.card.weights, self.card.precision)))
        return f"{self.card.model} ({notes})" if notes else self.card.model

    @torch.inference_mode()
    def __call__(self, low: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in [0, 1] → its outputs, each (N, 3, s·H, s·W)."""
        return self.model(low, *self._features(low))

    @torch.inference_mode()
    def only(self, output: str, low: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] → one of its outputs, (N, 3, s·H, s·W)."""
        return self.model.only(output, low, *self._features(low))

    def _features(self, low: Tensor) -> tuple[Tensor, ...]:
        return () if self.extractor is None else (self.extractor(low),)


def assemble(
    checkpoints: list[tuple[SuperResolver, Card]],
    weights: dict[str, str],
    device: torch.device,
    loaded: dict[str, Extractor] | None = None,
) -> list[Network]:
    """Join checkpoints with their frozen extractors, each loaded once.

    Args:
        checkpoints: networks and their cards.
        weights: kind of extractor → `random`, `pretrained` or a path.
        device: where to compute.
        loaded: extractors that are there already, by kind.

    Raises:
        StudyError: a network was trained with other frozen weights than these.
    """
    extractors = dict(loaded or {})
    networks: list[Network] = []
    for model, card in checkpoints:
        kind = model.frozen
        if kind is not None and kind not in extractors:
            extractors[kind] = load_extractor(kind, weights[kind], device)
        extractor = extractors[kind] if kind is not None else None
        if extractor is not None and extractor.fingerprint != card.fingerprint:
            raise StudyError(
                f"{card.file_name} was trained with {card.weights} "
                f"(SHA-256 {str(card.fingerprint)[:12]}…), but frozen.{kind} = "
                f"{weights[str(kind)]} is another network ({extractor.fingerprint[:12]}…); "
                "train again or give the same weights"
            )
        placed = model.to(device=device, memory_format=torch.channels_last)  # type: ignore[reportCallIssue]
        networks.append(Network(placed, card, extractor))
    return networks
