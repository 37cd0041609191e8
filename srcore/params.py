"""Every hyperparameter of the study, typed and checked in one place.

`params.yaml` holds the values; the docstring below a field says what it is. `load_params` refuses
what is unknown, of the wrong type, out of range or at odds with another key, in one line.
"""

import difflib
import types
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast, get_args

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
        raise ValueError("is neither 'random' nor 'pretrained' nor the path of a weights file")
    return value


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

    sizes: list[Annotated[int, Field(ge=8, le=4096)]] = Field(min_length=3, max_length=3)
    """Side in pixels of the low, mid and large picture; mid is twice and large four times low."""

    @model_validator(mode="after")
    def _doubling(self) -> Self:
        low = self.sizes[0]
        if self.sizes != [low, 2 * low, 4 * low]:
            raise ValueError(f"must be [{low}, {2 * low}, {4 * low}]: each twice the one before")
        return self


class Split(Settings):
    """Which pictures are held out."""

    validation: int | float = Field(gt=0)
    """Held-out pictures: a count (1000) or a share (0.2)."""
    seed: int = Field(ge=0)
    """Seed of the shuffle."""

    @model_validator(mode="after")
    def _count_or_share(self) -> Self:
        if isinstance(self.validation, float) and self.validation >= 1:
            raise ValueError("validation must be a share below 1 or a whole number of pictures")
        return self


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


class Params(Settings):
    """All of params.yaml."""

    model: Annotated[str, AfterValidator(_known_model)]
    """A model, or a set of models such as all."""
    device: Literal["auto", "cpu", "cuda", "mps"]
    """Where to compute; auto takes the first of cuda, mps and cpu that is there."""
    threads: int = Field(ge=1, le=1024)
    """CPU threads of a stage; part of the result, since sums change with it."""
    seeds: list[Annotated[int, Field(ge=0)]] = Field(min_length=1)
    """Every model is trained once for each."""
    data: Data
    pyramid: Pyramid
    split: Split
    frozen: Frozen
    train: Train
    evaluate: Evaluate

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.data.source == "folder" and self.data.folder.path == NOTHING:
            raise ValueError(
                "data.folder.path = data/none: data.source is 'folder', "
                "so name the folder (-S data.folder.path=/my/pictures)"
            )
        if self.data.source == "folder" and not Path(self.data.folder.path).is_dir():
            raise ValueError(f"data.folder.path = {self.data.folder.path}: is not a folder")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds = {self.seeds}: names a seed twice")
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
    # An unknown key explains the missing one beside it, so it is told first.
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    where = [str(part) for part in first["loc"] if part not in ("int", "float")]
    key, value = ".".join(where), first.get("input")
    undo = "" if len(error.errors()) == 1 else f" (and {len(error.errors()) - 1} more)"
    undo += "; after a refused -S, `git restore params.yaml` undoes it"
    match first["type"]:
        case "extra_forbidden":
            fields = _fields(where[:-1])
            known = f"known here: {', '.join(fields)}" if fields else ""
            return f"{key} is not a parameter{nearest(where[-1], fields)}; {known}{undo}"
        case "missing":
            return f"{key} is missing{undo}"
        case "value_error":
            text = str(first["msg"]).removeprefix("Value error, ")
            shown = f" = {value}" if not isinstance(value, dict) else ""
            return f"{key}{shown}: {text}{undo}" if key else f"{text}{undo}"
        case _:
            text = str(first["msg"])
            return f"{key} = {value!r}: {text[0].lower()}{text[1:]}{undo}"


def _fields(where: list[str]) -> list[str]:
    group: type[BaseModel] = Params
    for part in where:
        annotation = cast("Any", group.model_fields[part].annotation)
        if isinstance(annotation, types.UnionType):
            annotation = get_args(annotation)[0]
        group = annotation
    return list(group.model_fields)
