"""A network for use beyond the study: a checkpoint, and the frozen weights it was trained with."""

from pathlib import Path

import torch

from srcore.common.errors import StudyError
from srcore.features.extractor import Extractor, load_extractor
from srcore.features.labels import label_of
from srcore.inference.network import Network, assemble
from srcore.models.checkpoint import Card, load_checkpoint

SHIPPED = Path(__file__).parents[1] / "weights" / "subpixel.voc2007.safetensors"
"""The checkpoint that comes with the package; its model card lies beside it."""


def load_network(
    checkpoint: Path | None,
    weights: str | None,
    device: torch.device,
    loaded: Extractor | None = None,
) -> Network:
    """Load a checkpoint, by default the package's own, with its frozen extractor.

    Args:
        checkpoint: a file that the study wrote, None for the one that the package ships.
        weights: `random`, `pretrained` or the path of the frozen weights, None for what the
            checkpoint names.
        device: where to compute.
        loaded: its extractor, where one was loaded already.

    Raises:
        StudyError: a file is missing or damaged, or the frozen weights are not those that the
            network was trained with.
    """
    if checkpoint is None and not SHIPPED.is_file():
        raise StudyError(f"{SHIPPED}: missing from this copy of srcore; give --checkpoint FILE")
    path = checkpoint or SHIPPED
    model, card = load_checkpoint(path)
    if model.frozen is None:
        if weights is not None:
            raise StudyError(
                f"--weights {weights}: {card.model} has no frozen weights; leave it out"
            )
        return assemble([(model, card)], {}, device)[0]
    extractor = loaded or load_extractor(model.frozen, weights or named_weights(path, card), device)
    _check(path, card, extractor)
    return assemble([(model, card)], {}, device, {model.frozen: extractor})[0]


def named_weights(path: Path, card: Card) -> str:
    """The frozen weights that a checkpoint names: `random` or `pretrained`.

    Raises:
        StudyError: it names a file, which must be given, or nothing.
    """
    if card.weights is None:
        raise StudyError(f"{path}: does not say which frozen weights it was trained with")
    for word in ("random", "pretrained"):
        if card.weights == label_of(word):
            return word
    raise StudyError(f"{path}: was trained with {card.weights}; give that file (--weights FILE)")


def _check(path: Path, card: Card, extractor: Extractor) -> None:
    if extractor.fingerprint != card.fingerprint:
        raise StudyError(
            f"{path}: was trained with {card.weights} (SHA-256 {str(card.fingerprint)[:12]}…), not "
            f"with the {extractor.label} given here ({extractor.fingerprint[:12]}…); "
            "give its own as --weights"
        )
