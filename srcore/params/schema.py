"""Every hyperparameter of the study, typed and checked in one place.

`params.yaml` holds the values; the docstring below a field says what it is.
"""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from srcore.models.registry import MODELS, SETS
from srcore.params.base import (
    NOTHING,
    ExistingPath,
    Loss,
    Schedule,
    Seed,
    Settings,
    TrainedWeights,
    Weights,
    distinct,
)
from srcore.params.nearest import nearest
from srcore.params.optional import Benchmark, Ideas, Modern, Shipped
from srcore.params.sources import SOURCES


def _known_model(name: str) -> str:
    known = [*SETS, *MODELS]
    if name not in known:
        raise ValueError(f"is not one of {', '.join(known)}{nearest(name, known)}")
    return name


def _known_source(name: str) -> str:
    if name not in SOURCES:
        raise ValueError(f"is not one of {', '.join(SOURCES)}{nearest(name, list(SOURCES))}")
    return name


def _doubling(sizes: list[int]) -> list[int]:
    low = sizes[0]
    if sizes != [low, 2 * low, 4 * low]:
        raise ValueError(f"must be [{low}, {2 * low}, {4 * low}]: each twice the one before")
    return sizes


def _count_or_share(held_out: float) -> float:
    if isinstance(held_out, float) and held_out >= 1:
        raise ValueError("must be a share below 1 (0.2) or a whole number of images (1000)")
    return held_out


def _address(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:  # half an IPv6 address
        parts = urlsplit("")
    name = PurePosixPath(parts.path).name
    if parts.scheme not in ("http", "https") or not parts.hostname or name in ("", ".."):
        raise ValueError("must be the http or https address of a file")
    return address


def _said(sentences: list[str]) -> list[str]:
    for place, sentence in enumerate(sentences, start=1):
        if not sentence.strip():
            raise ValueError(f"sentence {place} is empty; write it or take it out")
    return sentences


class Sample(Settings):
    """The offline sample: crops of the photographs that installed packages ship."""

    crops: int = Field(ge=2, le=1000)
    """Most crops to cut; they are shared out evenly over the scenes."""


class Voc2007(Settings):
    """PASCAL VOC2007 trainval."""

    archive: ExistingPath
    """A local VOCtrainval archive (tar, tar.gz, zip), or data/none to download it."""
    mirrors: list[Annotated[str, AfterValidator(_address)]] = Field(min_length=1)
    """Addresses of the archive, tried in order."""
    md5: str = Field(pattern="^[0-9a-f]{32}$")
    """Checksum that a downloaded archive must have."""


class Folder(Settings):
    """A folder of the user's own images."""

    path: ExistingPath
    """The folder; sub-folders are read as well."""


class Data(Settings):
    """Where images come from and which of them are used."""

    source: Annotated[
        str, AfterValidator(_known_source), Field(json_schema_extra={"enum": [*SOURCES]})
    ]
    """Which source; what it asks for stands in the group of its name."""
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
    """Images held out for training curves and choices: a count (1000) or a share (0.2)."""
    test: Annotated[int | float, Field(ge=0), AfterValidator(_count_or_share)]
    """More held-out images, used only to evaluate finished networks: a count or a share; with 0,
    the validation images are used."""
    seed: Seed
    """Seed of the shuffle."""


class Frozen(Settings):
    """Weights of the frozen feature extractors: random, pretrained, or the path of a file."""

    vgg: Weights
    """VGG16 up to conv2_2."""
    clip: Weights
    """CLIP ViT-B/32."""


class Train(Settings):
    """Training of the original study's networks (Adam, loss 1/PSNR)."""

    epochs: int = Field(ge=1, le=100_000)
    """Passes over the training images."""
    batch_size: int = Field(ge=1)
    """Images per step."""
    lr: float = Field(gt=0, le=1)
    """Adam's learning rate."""
    recipe: Literal["own", "report", "modern"]
    """Which recipe trains the networks of the model set: each its own, or for all of them this
    group (`report`, the original study's) or the group `modern`, without flips beside frozen
    features."""


class Subpixel(Settings):
    """Training of our own network and its variants, as many epochs as the others."""

    batch_size: int = Field(ge=1)
    """Images per step."""
    lr: float = Field(gt=0, le=1)
    """Adam's learning rate; the highest one where the schedule changes it."""
    optimizer: Literal["muon", "adam"]
    """muon for the kernels between features and Adam for the rest, or adam for all."""
    muon_lr: float = Field(gt=0, le=1)
    """Muon's learning rate; the highest one where the schedule changes it; unused with adam."""
    loss: Loss
    """l1, l1_fft (and the difference of the spectra), or inverse_psnr (the original study's)."""
    schedule: Schedule
    """linear (to nothing), one_cycle (up for three tenths of the steps, then down to nothing) or
    constant."""
    warm_up: float = Field(ge=0, lt=1)
    """Share of the steps for which the rates of linear and constant rise; one_cycle has its own."""
    max_norm: float = Field(ge=0)
    """Gradient clipping: maximum norm; 0 for no bound."""
    flips: bool
    """Rotate and mirror every batch at random."""
    crops: float = Field(ge=0, le=1)
    """Share of the batches whose large images are cut at random, to a size that is two
    low-resolution pixels smaller, and shrunk anew; the others are whole images as stored."""
    average: float = Field(ge=0, lt=1)
    """Decay of the moving average (EMA) of the weights, which is evaluated and kept; 0 for none."""


class Trainer(Settings):
    """The machines behind one training; a step's batch is shared out among the processes."""

    devices: int = Field(ge=1, le=64)
    """Processes on each machine; on CUDA one a GPU."""
    nodes: int = Field(ge=1, le=1024)
    """Machines."""
    precision: Literal["32-true", "bf16-mixed", "auto"]
    """32-true, bf16-mixed (convolutions in bfloat16), or auto: bf16-mixed where the processor has
    units for it (AMX, AVX512-BF16, a GPU of 2020 or later), else 32-true. With auto, `basic` and
    `multi` stay in 32-true, except in `train_ideas`, whose networks have one precision."""


class Evaluate(Settings):
    """Figures beside those that are always there."""

    metrics: Annotated[list[str], AfterValidator(distinct)]
    """Metrics beside PSNR and SSIM, in `evaluate` and `benchmark`: any of psnr_y (PSNR of
    luma, which PSNR is in `benchmark` anyway),
    lpips and dists."""
    vgg16: TrainedWeights
    """Weights of VGG16 for lpips and dists; a file needs all of its convolutions; data/none for
    none."""
    ensemble: bool
    """Evaluate every network a second time with the mean of its eight dihedral transforms."""


class Compare(Settings):
    """Which held-out images the comparison sheets and the report page show."""

    images: int = Field(ge=1, le=24)
    """How many, when none are named."""
    names: list[str]
    """Held-out images by name; an empty list chooses by seed."""
    seed: Seed
    """Seed of the choice."""


class ClipAnalysis(Settings):
    """What CLIP sees in the images, and whether it survives super-resolution."""

    images: int = Field(ge=1, le=64)
    """Held-out images in the matrix of images and descriptions."""
    seed: Seed
    """Seed of the choice."""
    descriptions: Annotated[list[str], AfterValidator(_said)]
    """Your own sentences; an empty list asks for the VOC classes instead."""


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
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(distinct)]
    """Every model is trained once for each."""
    data: Data
    pyramid: Pyramid
    split: Split
    frozen: Frozen
    train: Train
    subpixel: Subpixel
    shipped: Shipped
    trainer: Trainer
    evaluate: Evaluate
    compare: Compare
    clip_analysis: ClipAnalysis
    benchmark: Benchmark
    modern: Modern
    ideas: Ideas

    @model_validator(mode="after")
    def _together(self) -> "Params":
        if self.data.source == "folder" and self.data.folder.path == NOTHING:
            raise ValueError(
                "data.folder.path = data/none: data.source is 'folder', "
                "so name the folder (-S data.folder.path=/my/images)"
            )
        if self.data.source == "folder" and not Path(self.data.folder.path).is_dir():
            raise ValueError(f"data.folder.path = {self.data.folder.path}: is not a folder")
        held_out = [self.split.validation, self.split.test]
        if all(isinstance(part, float) for part in held_out) and sum(held_out) >= 1:
            raise ValueError(
                f"split.validation + split.test = {sum(held_out):g}: nothing is left for training; "
                "hold out less than 1 together"
            )
        return self
