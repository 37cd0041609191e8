"""What the groups of parameters share: their base, and paths that are checked."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from srcore.params.nearest import nearest

NOTHING = "data/none"
"""A committed empty file that path parameters point at when they are not used: DVC needs a path."""

Listed = TypeVar("Listed", int, str)


class Settings(BaseModel):
    """Base of all groups: no unknown key, no silent conversion, no change after loading."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


def _existing(path: str) -> str:
    if not path or not Path(path).exists():
        raise ValueError("does not exist; give the path of a file or folder that does")
    return path


def _weights(value: str) -> str:
    if value in ("random", "pretrained"):
        return value
    if not Path(value).is_file() or value == NOTHING:
        hint = nearest(value, ["random", "pretrained"])
        raise ValueError(
            f"is neither 'random' nor 'pretrained' nor the path of a weights file{hint}"
        )
    return value


def _trained_weights(value: str) -> str:
    if value in ("pretrained", NOTHING):
        return value
    if value == "random":
        raise ValueError("a metric of random weights means nothing; give 'pretrained' or a path")
    if not Path(value).is_file():
        hint = nearest(value, ["pretrained"])
        raise ValueError(f"is neither 'pretrained' nor the path of a weights file{hint}")
    return value


def _seed(seed: int) -> int:
    if seed >= 2**63:  # what a checkpoint's card may hold (srcore.models.checkpoint)
        raise ValueError("must be below 2**63")
    return seed


def distinct(values: list[Listed]) -> list[Listed]:
    """Refuse a list that names something twice.

    Raises:
        ValueError: it does.
    """
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"names {twice[0]} twice")
    return values


Loss = Literal["l1_fft", "l1", "inverse_psnr"]
"""Names of `srcore.training.losses.LOSSES`; that table imports torch, which the schema need not."""
Schedule = Literal["linear", "one_cycle", "constant"]
"""Names of `srcore.training.schedules.SCHEDULES`, likewise."""
# What a validator adds to a type is written to docs/parameters.md beside it.
PATH: JsonDict = {"format": "path"}
ExistingPath = Annotated[str, AfterValidator(_existing), Field(json_schema_extra=PATH)]
Weights = Annotated[
    str,
    AfterValidator(_weights),
    Field(json_schema_extra={"anyOf": [{"enum": ["random"]}, {"enum": ["pretrained"]}, PATH]}),
]
Seed = Annotated[int, Field(ge=0), AfterValidator(_seed)]
TrainedWeights = Annotated[
    str,
    AfterValidator(_trained_weights),
    Field(json_schema_extra={"anyOf": [{"enum": ["pretrained"]}, PATH]}),
]
