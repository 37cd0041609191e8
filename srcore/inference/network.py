"""Running trained networks on new images: the frozen features are computed from the weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.features.extractor import Extractor, load_extractor
from srcore.inference.baselines import PLUS
from srcore.models.base import SuperResolver
from srcore.models.checkpoint import Card
from srcore.training.augment import DIHEDRAL, dihedral, undo_dihedral

AVERAGED = "self-ensemble"
"""Note on a network whose outputs are means over the dihedral transforms."""


@dataclass(frozen=True)
class Network:
    """A trained network with everything it needs to see an image.

    Attributes:
        model: the network, in evaluation mode.
        card: what its checkpoint says.
        extractor: its frozen extractor, None when it has none.
        ensemble: whether outputs are means over the eight dihedral transforms of the input (the
            field's geometric self-ensemble, Timofte et al. 2016), for eight times the work.
    """

    model: SuperResolver
    card: Card
    extractor: Extractor | None
    ensemble: bool = False

    @property
    def label(self) -> str:
        """Name of the method, with all that its figures depend on."""
        notes = "; ".join([*([AVERAGED] if self.ensemble else []), *self.notes])
        return f"{self.method} ({notes})" if notes else self.method

    @property
    def notes(self) -> list[str]:
        """The frozen weights and the precision that its figures depend on, where there are any."""
        trained = f"trained in {self.card.precision}" if self.card.precision else None
        return [*filter(None, (self.card.weights, trained))]

    @property
    def method(self) -> str:
        """Name in tables of methods; an ensemble has the field's plus sign."""
        return f"{self.card.model}{PLUS if self.ensemble else ''}"

    @property
    def runs(self) -> int:
        """How often the model computes for one image."""
        return DIHEDRAL if self.ensemble else 1

    @torch.inference_mode()
    def __call__(self, low: Tensor, features: Tensor | None = None) -> dict[str, Tensor]:
        """Run the network.

        Args:
            low: (N, 3, H, W) in [0, 1].
            features: what `global_features` gave, when it is at hand.

        Returns:
            Its outputs, each (N, 3, s·H, s·W).
        """
        return self._ensembled(
            lambda x, given: self.model(x, *self._features(x, given)), low, features
        )

    @torch.inference_mode()
    def forward_output(self, output: str, low: Tensor, features: Tensor | None = None) -> Tensor:
        """One of its outputs, (N, 3, s·H, s·W); args as of a call."""

        def run(x: Tensor, given: Tensor | None) -> dict[str, Tensor]:
            return {output: self.model.forward_output(output, x, *self._features(x, given))}

        return self._ensembled(run, low, features)[output]

    @torch.inference_mode()
    def global_features(self, low: Tensor) -> Tensor | None:
        """Frozen features that stand for the image as a whole, for all tiles of it.

        Args:
            low: (N, 3, H, W) in [0, 1], all of the image.

        Returns:
            (1, N, F), or (8, N, F) of an ensemble, one for each transform; None where the network
            has no such features.
        """
        if not self.model.global_features or self.extractor is None:
            return None
        return torch.stack([self.extractor(dihedral(low, each)) for each in range(self.runs)])

    def _ensembled(
        self,
        run: Callable[[Tensor, Tensor | None], dict[str, Tensor]],
        low: Tensor,
        features: Tensor | None,
    ) -> dict[str, Tensor]:
        given = [None] * self.runs if features is None else list(features)
        if not self.ensemble:
            return run(low, given[0])
        total: dict[str, Tensor] = {}
        for transform in range(DIHEDRAL):
            for name, output in run(dihedral(low, transform), given[transform]).items():
                part = undo_dihedral(output, transform).div(DIHEDRAL)
                total[name] = total[name] + part if name in total else part
        return total

    def _features(self, low: Tensor, given: Tensor | None) -> tuple[Tensor, ...]:
        if self.extractor is None:
            return ()
        return (self.extractor(low) if given is None else given,)


def ensembles(networks: Sequence[Network]) -> list[Network]:
    """The same networks, each as the ensemble of its eight dihedral transforms."""
    return [replace(network, ensemble=True) for network in networks]


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
