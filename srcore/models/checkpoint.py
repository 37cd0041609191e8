"""Trained networks as safetensors files that say how they were made."""

import json
import re
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.common.files import atomic
from srcore.common.reading import NotAFileError, open_regular, parse_json
from srcore.common.text import LONGEST_NAME, printable
from srcore.models.base import SuperResolver
from srcore.models.registry import MODELS, model_class

KINDS = {True: ("F32", "F64", "F16", "BF16"), False: ("I64",)}
"""Whether a tensor holds fractions → how safetensors calls the types it may have; counts do not."""
FORMAT = 1
"""Raised when older code could no longer read a new file."""
LONGEST_CARD = 1 << 16
"""Characters of a card; the study's have a few hundred."""


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
        """Label beside its figures: "" for float32, else such as "bf16-mixed on cpu (AMX)".

        Results of two precisions are never compared as if only the networks differed.
        """
        precision = str(self.trained.get("precision", "32-true"))
        where = self.trained.get("processor") or self.trained.get("device")
        if precision == "32-true":
            return ""
        return f"{precision} on {where}" if where else precision


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

    Anybody may have written the file. Only tensors that its model has are read; texts of the card
    come back printable.

    Raises:
        StudyError: damaged, not a checkpoint of this study, of a model that is not in the table,
            of a newer format, with other tensors than its model has, or holding NaN or infinite
            values.
    """
    try:
        with open_regular(path):  # safetensors would wait for a pipe
            pass
        with safe_open(path, framework="pt") as file:
            card = _read_card(path, (file.metadata() or {}).get("card"))
            model = model_class(card.model)()
            expected = model.state_dict()
            _check_tensors(path, card.model, expected, file)
            # As the network has them: what is infinite there must not pass as finite here.
            tensors = {name: file.get_tensor(name).to(v.dtype) for name, v in expected.items()}
    except FileNotFoundError:
        raise StudyError(f"{path}: no such checkpoint") from None
    except NotAFileError as error:
        raise StudyError(f"{path}: {error.strerror}; name a checkpoint") from None
    except SafetensorError as error:
        raise StudyError(
            f"{path}: not a whole safetensors file ({printable(str(error), LONGEST_NAME)})"
        ) from None
    for name, value in tensors.items():
        if not bool(value.isfinite().all()):
            raise StudyError(f"{path}: {name} holds NaN or infinite values; train again")
    model.load_state_dict(tensors)
    return model.eval(), card


def _read_card(path: Path, text: str | None) -> Card:
    strange = StudyError(f"{path}: not a checkpoint of this study, or of a newer version")
    try:
        values = parse_json(text or "") if len(text or "") <= LONGEST_CARD else None
        if not isinstance(values, dict) or not {"model", "seed", "trained"} <= values.keys():
            raise strange
        values = cast("dict[str, Any]", values)
        if type(values.get("format")) is int and values["format"] > FORMAT:
            raise StudyError(
                f"{path}: written by srcore {_text(values.get('version'))} (format "
                f"{values['format']}); this one reads up to format {FORMAT}, so update it"
            )
        if not values.keys() <= {field.name for field in fields(Card)}:
            raise strange
        card = Card(**values)
    except (ValueError, RecursionError):
        raise strange from None
    if name := _wrong(card):
        raise StudyError(f"{path}: its card is damaged: {name} cannot be so; train again")
    if card.model not in MODELS:
        raise StudyError(
            f"{path}: holds the model '{_text(card.model)}', which is not in the table"
        )
    trained = {_text(key): _setting(value) for key, value in card.trained.items()}
    return Card(
        card.model,
        card.seed,
        trained,
        weights=_text(card.weights),
        fingerprint=card.fingerprint,
        version=_text(card.version),
        format=card.format,
    )


def _check_tensors(path: Path, model: str, expected: dict[str, Tensor], file: Any) -> None:
    """See that a file holds a model's tensors and no others, before any of them is read."""
    found = set(file.keys())
    odd = sorted(expected.keys() ^ found)
    odd += [
        name
        for name in sorted(expected.keys() & found)
        if file.get_slice(name).get_shape() != list(expected[name].shape)
        or file.get_slice(name).get_dtype() not in KINDS[expected[name].is_floating_point()]
    ]
    if odd:
        shown = ", ".join(printable(name, LONGEST_NAME) for name in odd[:3])
        more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
        raise StudyError(f"{path}: tensors {shown}{more} are not those of {model!r}")


def _text(value: Any) -> Any:
    return printable(value, LONGEST_NAME) if isinstance(value, str) else value


def _setting(value: Any) -> Any:
    """A setting with its texts printable, those in a list as well."""
    return [*map(_text, cast("list[Any]", value))] if isinstance(value, list) else _text(value)


def _is_whole_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_plain(value: Any) -> bool:
    whole = isinstance(value, int) and abs(value) < 2**63
    return value is None or whole or isinstance(value, str | float)


def _is_setting(value: Any) -> bool:
    """A plain value, or a flat list of them."""
    parts = cast("list[Any]", value) if isinstance(value, list) else [value]
    return all(map(_is_plain, parts))


def _wrong(card: Card) -> str | None:
    """The first field of a card in which something stands that no training writes."""
    values: dict[str, Any] = vars(card)  # `asdict` would follow lists within lists
    trained = values["trained"]
    right = {
        "model": isinstance(values["model"], str),
        "seed": _is_whole_number(card.seed),
        "trained": isinstance(trained, dict)
        and len(cast("dict[str, Any]", trained)) <= 100
        and all(map(_is_setting, cast("dict[str, Any]", trained).values())),
        "weights": isinstance(values["weights"], str | None),
        "fingerprint": card.fingerprint is None
        or re.fullmatch("[0-9a-f]{64}", str(card.fingerprint)) is not None,
        "version": isinstance(values["version"], str),
        "format": _is_whole_number(card.format),
    }
    return next((name for name, good in right.items() if not good), None)


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
