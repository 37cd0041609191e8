"""Every hyperparameter of the study, typed and checked in one place.

`params.yaml` holds the values; the docstring below a field says what it is.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from srcore.models.registry import MODELS, SETS
from srcore.params.nearest import nearest

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
        raise ValueError("must be a share below 1 (0.2) or a whole number of images (1000)")
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


# What a validator adds to a type is told to docs/parameters.md beside it.
PATH: JsonDict = {"format": "path"}
ExistingPath = Annotated[str, AfterValidator(_existing), Field(json_schema_extra=PATH)]
Weights = Annotated[
    str,
    AfterValidator(_weights),
    Field(json_schema_extra={"anyOf": [{"enum": ["random"]}, {"enum": ["pretrained"]}, PATH]}),
]


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
    """A folder of the user's own images."""

    path: ExistingPath
    """The folder; sub-folders are read as well."""


class Data(Settings):
    """Where images come from and which of them are used."""

    source: Literal["sample", "voc2007", "folder"]
    """sample, voc2007 or folder."""
    limit: int | None = Field(ge=2)
    """Use only the first N images; null for all."""
    max_pixels: int = Field(ge=1)
    """Images with more pixels than this are set aside."""
    small: Literal["use", "reject"]
    """What to do with images smaller than the largest pyramid size."""
    max_rejected: float = Field(ge=0, le=1)
    """Stop when more than this share of the images cannot be used."""
    sample: Sample
    voc2007: Voc2007
    folder: Folder


class Pyramid(Settings):
    """The three sizes of every image."""

    sizes: Annotated[
        list[Annotated[int, Field(ge=8, le=4096)]],
        Field(min_length=3, max_length=3),
        AfterValidator(_doubling),
    ]
    """Side in pixels of the low, mid and large image; mid is twice and large four times low."""


class Split(Settings):
    """Which images are held out."""

    validation: Annotated[int | float, Field(gt=0), AfterValidator(_count_or_share)]
    """Held-out images: a count (1000) or a share (0.2)."""
    seed: int = Field(ge=0)
    """Seed of the shuffle."""


class Frozen(Settings):
    """Weights of the frozen feature extractors: random, pretrained, or the path of a file."""

    vgg: Weights
    """VGG16 up to conv2_2."""
    clip: Weights
    """CLIP ViT-B/32."""


class Train(Settings):
    """Which recipe trains the models, and the report's own (Adam, loss 1/PSNR, constant rate)."""

    recipe: str = Field(json_schema_extra={"enum": ["own", "report", "modern"]})
    """own: each model's; report or modern: that one for all models alike."""
    epochs: int = Field(ge=1, le=100_000)
    """Passes over the training images, whatever the recipe."""
    batch_size: int = Field(ge=1)
    """Images a step."""
    lr: float = Field(gt=0, le=1)
    """Adam's learning rate."""


class RecipeSettings(Settings):
    """A recipe, such as `modern`, that of our own network; epochs are `train.epochs`."""

    batch_size: int = Field(ge=1)
    """Images a step."""
    lr: float = Field(gt=0, le=1)
    """Adam's learning rate; the highest one where the schedule changes it."""
    loss: Literal["l1", "inverse_psnr"]
    """l1, or inverse_psnr as for the report's networks."""
    schedule: Literal["one_cycle", "constant"]
    """one_cycle (up for three tenths of the steps, then down to nothing) or constant."""
    max_norm: float = Field(ge=0)
    """Greatest norm of a gradient; longer ones are clipped to it; 0 for no bound."""
    flips: bool
    """Turn and mirror every batch at random; left out beside stored frozen features."""
    average: float = Field(ge=0, lt=1)
    """Decay of the exponential average of the weights that is judged and kept; 0 for none."""


class Trainer(Settings):
    """The machines behind one training; a step's batch is shared out among the processes."""

    devices: int = Field(ge=1, le=64)
    """Processes on each machine; on CUDA one a GPU."""
    nodes: int = Field(ge=1, le=1024)
    """Machines."""
    precision: Literal["32-true", "bf16-mixed"]
    """32-true, or bf16-mixed for convolutions in bfloat16 (for GPUs; slow on most CPUs)."""


class Evaluate(Settings):
    """How the held-out images are judged."""

    resamples: int = Field(ge=100, le=1_000_000)
    """Bootstrap resamples behind every 95 % interval."""


class Compare(Settings):
    """Which held-out images the comparison sheets and the report page show."""

    images: int = Field(ge=1, le=24)
    """How many, when none are named."""
    names: list[str]
    """Held-out images by name; an empty list chooses by seed."""
    seed: int = Field(ge=0)
    """Seed of the choice."""


class ClipAnalysis(Settings):
    """What CLIP sees in the images, and whether it survives super-resolution."""

    images: int = Field(ge=1, le=64)
    """Held-out images in the matrix of images and descriptions."""
    seed: int = Field(ge=0)
    """Seed of the choice."""
    descriptions: Annotated[list[str], AfterValidator(_said)]
    """Your own sentences; an empty list asks for the VOC classes instead."""


class Benchmark(Settings):
    """The field's benchmarks, judged by a stage that runs only when it is asked for."""

    folder: ExistingPath
    """Its sub-folders are data sets of high-resolution images; data/none for no folder."""


class Ideas(Settings):
    """The experiment that tells what each idea is worth, run only when it is asked for."""

    seeds: Annotated[
        list[Annotated[int, Field(ge=0)]], Field(min_length=2), AfterValidator(_distinct)
    ]
    """Of the grid and of our own network; with fewer than five nothing is claimed."""
    epochs: int = Field(ge=1, le=100_000)
    """Passes of the grid and of our own network, by the recipe `modern`."""
    report_seeds: Annotated[
        list[Annotated[int, Field(ge=0)]], Field(min_length=1), AfterValidator(_distinct)
    ]
    """Of the report's own networks."""
    report_epochs: int = Field(ge=1, le=100_000)
    """Passes of the report's own networks, by the recipe `report`."""
    table: ExistingPath
    """The table of ideas that the report page shows; data/none for none."""


class Params(Settings):
    """All of params.yaml."""

    model: Annotated[
        str,
        AfterValidator(_known_model),
        Field(json_schema_extra={"enum": [*SETS, *MODELS]}),
    ]
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
    modern: RecipeSettings
    trainer: Trainer
    evaluate: Evaluate
    compare: Compare
    clip_analysis: ClipAnalysis
    benchmark: Benchmark
    ideas: Ideas

    @property
    def recipes(self) -> dict[str, "Train | RecipeSettings"]:
        """Name of a recipe → its settings: the report's, and every group of such settings."""
        groups = {name: getattr(self, name) for name in type(self).model_fields}
        found = {n: group for n, group in groups.items() if isinstance(group, RecipeSettings)}
        return {"report": self.train, **found}

    @model_validator(mode="after")
    def _known_recipe(self) -> "Params":
        known = ["own", *self.recipes]
        if self.train.recipe not in known:
            hint = nearest(self.train.recipe, known)
            raise ValueError(
                f"train.recipe = {self.train.recipe}: is not one of {', '.join(known)}{hint}"
            )
        return self

    @model_validator(mode="after")
    def _together(self) -> "Params":
        if self.data.source == "folder" and self.data.folder.path == NOTHING:
            raise ValueError(
                "data.folder.path = data/none: data.source is 'folder', "
                "so name the folder (-S data.folder.path=/my/images)"
            )
        if self.data.source == "folder" and not Path(self.data.folder.path).is_dir():
            raise ValueError(f"data.folder.path = {self.data.folder.path}: is not a folder")
        return self
