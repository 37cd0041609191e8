"""Every hyperparameter of the study, typed and checked in one place.

`params.yaml` holds the values; the docstring below a field says what it is. `load_params` refuses
what is unknown, of the wrong type, out of range or at odds with another key, in one line.
"""

import difflib
import re
import types
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from srcore.errors import StudyError
from srcore.models import MODELS, SETS

NOTHING = "data/none"
"""A committed empty file that path parameters point at when they are not used: DVC needs a path."""


class Settings(BaseModel):
    """Base of all groups: no unknown key, no silent conversion, no change after loading."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


def _known_model(name: str) -> str:
    known = [*SETS, *MODELS]
    if name not in known:
        raise ValueError(f"is not one of {', '.join(known)}{nearest(name, known)}")
    return name


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


def _doubling(sizes: list[int]) -> list[int]:
    low = sizes[0]
    if sizes != [low, 2 * low, 4 * low]:
        raise ValueError(f"must be [{low}, {2 * low}, {4 * low}]: each twice the one before")
    return sizes


def _count_or_share(validation: float) -> float:
    if isinstance(validation, float) and validation >= 1:
        raise ValueError("must be a share below 1 (0.2) or a whole number of pictures (1000)")
    return validation


def _distinct(seeds: list[int]) -> list[int]:
    if len(set(seeds)) != len(seeds):
        raise ValueError("names a seed twice")
    return seeds


def _said(sentences: list[str]) -> list[str]:
    for place, sentence in enumerate(sentences, start=1):
        if not sentence.strip():
            raise ValueError(f"sentence {place} is empty; write it or take it out")
    return sentences


ExistingPath = Annotated[str, AfterValidator(_existing)]
Weights = Annotated[str, AfterValidator(_weights)]


class Sample(Settings):
    """The offline sample: crops of the photographs that installed packages ship."""

    crops: int = Field(ge=2, le=1000)
    """Most crops to cut; they are shared out evenly over the scenes."""


class Voc2007(Settings):
    """PASCAL VOC2007 trainval."""

    archive: ExistingPath
    """A local VOCtrainval archive (tar, tar.gz, zip), or data/none to download it."""
    mirrors: list[str] = Field(min_length=1)
    """Addresses of the archive, tried in order."""
    md5: str = Field(pattern="^[0-9a-f]{32}$")
    """Checksum that a downloaded archive must have."""


class Folder(Settings):
    """A folder of the user's own pictures."""

    path: ExistingPath
    """The folder; sub-folders are read as well."""


class Data(Settings):
    """Where pictures come from and which of them are used."""

    source: Literal["sample", "voc2007", "folder"]
    """sample, voc2007 or folder."""
    limit: int | None = Field(ge=2)
    """Use only the first N pictures; null for all."""
    max_pixels: int = Field(ge=1)
    """Pictures with more pixels than this are set aside."""
    small: Literal["use", "reject"]
    """What to do with pictures smaller than the largest pyramid size."""
    max_rejected: float = Field(ge=0, le=1)
    """Stop when more than this share of the pictures cannot be used."""
    sample: Sample
    voc2007: Voc2007
    folder: Folder


class Pyramid(Settings):
    """The three sizes of every picture."""

    sizes: Annotated[
        list[Annotated[int, Field(ge=8, le=4096)]],
        Field(min_length=3, max_length=3),
        AfterValidator(_doubling),
    ]
    """Side in pixels of the low, mid and large picture; mid is twice and large four times low."""


class Split(Settings):
    """Which pictures are held out."""

    validation: Annotated[int | float, Field(gt=0), AfterValidator(_count_or_share)]
    """Held-out pictures: a count (1000) or a share (0.2)."""
    seed: int = Field(ge=0)
    """Seed of the shuffle."""


class Frozen(Settings):
    """Weights of the frozen feature extractors: random, pretrained, or the path of a file."""

    vgg: Weights
    """VGG16 up to conv2_2."""
    clip: Weights
    """CLIP ViT-B/32."""


class Train(Settings):
    """Training of the report's networks (Adam, loss 1/PSNR)."""

    epochs: int = Field(ge=1, le=100_000)
    """Passes over the training pictures."""
    batch_size: int = Field(ge=1)
    """Pictures a step."""
    lr: float = Field(gt=0, le=1)
    """Adam's learning rate."""


class Evaluate(Settings):
    """How the held-out pictures are judged."""

    resamples: int = Field(ge=100, le=1_000_000)
    """Bootstrap resamples behind every 95 % interval."""


class Compare(Settings):
    """Which held-out pictures the comparison sheets and the report page show."""

    pictures: int = Field(ge=1, le=24)
    """How many, when none are named."""
    names: list[str]
    """Held-out pictures by name; an empty list chooses by seed."""
    seed: int = Field(ge=0)
    """Seed of the choice."""


class ClipAnalysis(Settings):
    """What CLIP sees in the pictures, and whether it survives super-resolution."""

    pictures: int = Field(ge=1, le=64)
    """Held-out pictures in the matrix of pictures and descriptions."""
    seed: int = Field(ge=0)
    """Seed of the choice."""
    descriptions: Annotated[list[str], AfterValidator(_said)]
    """Your own sentences; an empty list asks for the VOC classes instead."""


class Params(Settings):
    """All of params.yaml."""

    model: Annotated[str, AfterValidator(_known_model)]
    """A model, or a set of models such as all."""
    device: Literal["auto", "cpu", "cuda", "mps"]
    """Where to compute; auto takes the first of cuda, mps and cpu that is there."""
    threads: int = Field(ge=1, le=1024)
    """CPU threads of a stage; part of the result, since sums change with it."""
    seeds: Annotated[
        list[Annotated[int, Field(ge=0)]], Field(min_length=1), AfterValidator(_distinct)
    ]
    """Every model is trained once for each."""
    data: Data
    pyramid: Pyramid
    split: Split
    frozen: Frozen
    train: Train
    evaluate: Evaluate
    compare: Compare
    clip_analysis: ClipAnalysis

    @model_validator(mode="after")
    def _together(self) -> "Params":
        if self.data.source == "folder" and self.data.folder.path == NOTHING:
            raise ValueError(
                "data.folder.path = data/none: data.source is 'folder', "
                "so name the folder (-S data.folder.path=/my/pictures)"
            )
        if self.data.source == "folder" and not Path(self.data.folder.path).is_dir():
            raise ValueError(f"data.folder.path = {self.data.folder.path}: is not a folder")
        return self


def load_params(path: str | Path = "params.yaml") -> Params:
    """Read and check a parameter file.

    Raises:
        StudyError: one line with key, value and what is allowed, for the first mistake found.
    """
    try:
        values = YAML(typ="safe").load(Path(path))
    except FileNotFoundError:
        raise StudyError(f"{path} is missing; run from the top folder of the project") from None
    except YAMLError as error:
        what = " ".join(str(error).split())
        raise StudyError(f"{path} is not valid YAML: {what}") from None
    if not isinstance(values, dict):
        raise StudyError(f"{path} holds no keys; restore it with `git restore {path}`")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise StudyError(f"{path}: {_one_line(error)}") from None


def nearest(name: str, known: list[str]) -> str:
    """A hint such as "; did you mean 'epochs'?", empty when nothing known is close to `name`."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _one_line(error: ValidationError) -> str:
    errors = error.errors()
    # An unknown key explains the missing one beside it, so it is told first.
    first = min(errors, key=lambda item: item["type"] != "extra_forbidden")
    where = _place(first["loc"])
    key, value = ".".join(where), first.get("input")
    others = len({_place(item["loc"]) for item in errors}) - 1
    undo = f" (and {others} more)" if others else ""
    undo += "; after a refused -S, `git restore params.yaml` undoes it"
    match first["type"]:
        case "extra_forbidden":
            return f"{key} is not a parameter{_known_near(where)}{undo}"
        case "missing":
            return f"{key} is missing{undo}"
        case "value_error":
            text = str(first["msg"]).removeprefix("Value error, ")
            shown = " ".join(str(value).split())
            return f"{key} = {shown}: {text}{undo}" if key else f"{text}{undo}"
        case _:  # the kinds of a union (a count or a share) each give an error of their own
            kinds = [str(item["msg"]) for item in errors if _place(item["loc"]) == where]
            text = " or ".join(dict.fromkeys(kinds)).replace(" or Input should be", " or")
            allowed = re.findall("'([^']*)'", text) if first["type"] == "literal_error" else []
            hint = nearest(str(value), allowed)
            return f"{key} = {value!r}: {text[0].lower()}{text[1:]}{hint}{undo}"


def _place(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in loc if part not in ("int", "float"))


def _known_near(where: tuple[str, ...]) -> str:
    """What may stand where an unknown key stood, and which key may have been meant."""
    fields = _names(_group(where[:-1]))
    hint = nearest(where[-1], fields)
    elsewhere = [name for name in _names(Params, deep=True) if name.split(".")[-1] == where[-1]]
    if not hint and elsewhere:
        hint = f"; did you mean {elsewhere[0]!r}?"
    return f"{hint or ';'} known here: {', '.join(fields)}"


def _group(where: tuple[str, ...]) -> type[BaseModel]:
    group: type[BaseModel] = Params
    for part in where:
        annotation = cast("Any", group.model_fields[part].annotation)
        if isinstance(annotation, types.UnionType):
            annotation = get_args(annotation)[0]
        group = annotation
    return group


def _names(group: type[BaseModel], deep: bool = False) -> list[str]:
    names = list(group.model_fields)
    for name, field in group.model_fields.items():
        inner = cast("Any", field.annotation)
        if deep and isinstance(inner, type) and issubclass(inner, BaseModel):
            names += [f"{name}.{below}" for below in _names(inner, deep=True)]
    return names
