"""Trained networks as safetensors files that say how they were made."""

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from srcore.common.errors import StudyError
from srcore.common.files import atomic
from srcore.models.base import SuperResolver
from srcore.models.registry import MODELS, model_class

FORMAT = 1
"""Raised when older code could no longer read a new file."""


@dataclass(frozen=True)
class Card:
    """What a checkpoint says about itself.

    Attributes:
        model: its name in the table of models.
        seed: seed of the training.
        trained: the parameters it was trained with.
        weights: label of the frozen extractor's weights, None without an extractor.
        fingerprint: SHA-256 of those weights.
        version: version of this package.
        format: version of this file format.
    """

    model: str
    seed: int
    trained: dict[str, Any]
    weights: str | None = None
    fingerprint: str | None = None
    version: str = version("srcore")
    format: int = FORMAT

    @property
    def file_name(self) -> str:
        """Name of the checkpoint in a model set."""
        return f"{self.model}.seed{self.seed}.safetensors"

    @property
    def precision(self) -> str:
        """What must stand beside its figures: "" for float32, else such as "bf16-mixed, cpu (AMX)".

        Results of two precisions are never compared as if only the networks differed.
        """
        precision = str(self.trained.get("precision", "32-true"))
        where = self.trained.get("processor") or self.trained.get("device")
        if precision == "32-true":
            return ""
        return f"{precision}, {where}" if where else precision


def save_checkpoint(model: SuperResolver, card: Card, folder: Path) -> Path:
    """Write a network, parameters and buffers, and its card to `folder`; gives the file's path."""
    path = folder / card.file_name
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()
    }
    with atomic(path) as partial:
        # One key only: safetensors writes several in an order that changes from run to run.
        save_file(tensors, partial, metadata={"card": json.dumps(asdict(card), sort_keys=True)})
    return path


def load_checkpoint(path: Path) -> tuple[SuperResolver, Card]:
    """Read a network, in evaluation mode on the CPU, and its card.

    Raises:
        StudyError: damaged, not a checkpoint of this study, of a model that is not in the table,
            of a newer format, or with other tensors than its model has.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        card = Card(**json.loads(metadata["card"]))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such checkpoint") from None
    except SafetensorError as error:
        raise StudyError(f"{path}: not a whole safetensors file ({error})") from None
    except (KeyError, TypeError, ValueError):
        raise StudyError(f"{path}: not a checkpoint of this study, or of a newer version") from None
    if card.format > FORMAT:
        raise StudyError(
            f"{path}: written by srcore {card.version} (format {card.format}); "
            f"this one reads up to format {FORMAT}, so update it"
        )
    if card.model not in MODELS:
        raise StudyError(f"{path}: holds the model {card.model!r}, which is not in the table")
    model = model_class(card.model)()
    expected = {name: value.shape for name, value in model.state_dict().items()}
    found = {name: value.shape for name, value in tensors.items()}
    if expected != found:
        odd = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        raise StudyError(f"{path}: tensors {', '.join(odd)} are not those of {card.model!r}")
    model.load_state_dict(tensors)
    return model.eval(), card


def load_set(folder: Path) -> list[tuple[SuperResolver, Card]]:
    """All checkpoints of a model set, in the order of the table of models, then by seed.

    Raises:
        StudyError: there is none, or one cannot be read.
    """
    loaded = [load_checkpoint(path) for path in sorted(folder.glob("*.safetensors"))]
    if not loaded:
        raise StudyError(f"{folder}: holds no checkpoint; `dvc repro` trains them")
    names = list(MODELS)
    return sorted(loaded, key=lambda item: (names.index(item[1].model), item[1].seed))
