"""What the groups of parameters share: their base, and paths that are checked."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from srcore.params.nearest import nearest

NOTHING = "data/none"
"""A committed empty file that path parameters point at when they are not used: DVC needs a path."""


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
    if not Path(path).exists():
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


def _seed(seed: int) -> int:
    if seed >= 2**63:  # torch takes no other
        raise ValueError("must be below 2**63")
    return seed


def distinct(seeds: list[int]) -> list[int]:
    """Refuse a list that names a seed twice."""
    if len(set(seeds)) != len(seeds):
        raise ValueError("names a seed twice")
    return seeds


# What a validator adds to a type is told to docs/parameters.md beside it.
PATH: JsonDict = {"format": "path"}
ExistingPath = Annotated[str, AfterValidator(_existing), Field(json_schema_extra=PATH)]
Weights = Annotated[
    str,
    AfterValidator(_weights),
    Field(json_schema_extra={"anyOf": [{"enum": ["random"]}, {"enum": ["pretrained"]}, PATH]}),
]
Seed = Annotated[int, Field(ge=0), AfterValidator(_seed)]
