"""Groups of parameters of the stages that run only when they are asked for."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from srcore.params.base import ExistingPath, Loss, Schedule, Seed, Settings, distinct


class Shipped(Settings):
    """Training of the network that the package ships, by the stage `train_shipped`."""

    model: Literal["subpixel"]
    """Its architecture; one with both outputs and no frozen features."""
    seed: Seed
    """Seed of the first weights and of the crops."""
    factors: list[Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)
    """Sizes at which the originals are taken, as factors on their sides."""
    steps: int = Field(ge=1)
    """Steps of the whole training."""
    period: int = Field(ge=1)
    """Steps between saved states, from the last of which a stopped training resumes; part of the
    result, since crops are drawn per period."""
    batch_size: int = Field(ge=2)
    """Crops per step."""
    crop: int = Field(ge=8)
    """Side in pixels of an input; its targets are twice and four times as large."""
    large_share: float = Field(gt=0, lt=1)
    """Share of the crops that are inputs for four times the size; the others are for twice."""
    mid_weight: float = Field(ge=0)
    """Weight of the output of twice the size on inputs for four times the size."""
    lr: float = Field(gt=0, le=1)
    """Adam's highest learning rate."""
    muon_lr: float = Field(gt=0, le=1)
    """Muon's highest learning rate."""
    schedule: Literal["linear", "constant"]
    """Of both learning rates: linear (to nothing), or constant, each after the warm-up."""
    warm_up: float = Field(ge=0, lt=1)
    """Share of the steps for which the rates rise."""
    loss: Loss
    """Training loss, as for `subpixel`."""
    max_norm: float = Field(gt=0)
    """Gradient clipping: maximum norm."""


class Benchmark(Settings):
    """The field's benchmarks, evaluated by the stage `benchmark`."""

    folder: ExistingPath
    """Its sub-folders are data sets of high-resolution images; data/none for no folder."""
    checkpoints: ExistingPath
    """Networks to evaluate beside the model set: a checkpoint, this study's or another's, or a
    folder of them; data/none for none."""
    shipped: bool
    """Evaluate the network that the package ships as well."""
    ensemble: bool
    """Evaluate every network a second time with the mean of its eight dihedral transforms."""
    pickles: bool
    """Read .pth, .pt and .ckpt files as well, which are pickles; else safetensors alone."""


class Modern(Settings):
    """A recipe for all networks (`train.recipe`), and of the experiment on the ideas: Adam."""

    batch_size: int = Field(ge=1)
    """Images per step."""
    lr: float = Field(gt=0, le=1)
    """Adam's learning rate; the highest one where the schedule changes it."""
    frozen_lr: float = Field(gt=0, le=1)
    """The same for networks beside frozen features and for their control, in place of `lr`."""
    loss: Loss
    """Training loss, as for `subpixel`."""
    schedule: Schedule
    """As for `subpixel`."""
    warm_up: float = Field(ge=0, lt=1)
    """Share of the steps for which the rates of linear and constant rise; one_cycle has its own."""
    max_norm: float = Field(ge=0)
    """Gradient clipping: maximum norm; 0 for no bound."""
    flips: bool
    """Rotate and mirror every batch at random; never for the bodies, whose frozen features are
    stored and not transformed."""


class Ideas(Settings):
    """The experiment that tells what each idea is worth, run only when it is asked for."""

    seeds: Annotated[list[Seed], Field(min_length=2), AfterValidator(distinct)]
    """Of the bodies and of our own network; with fewer than five nothing is claimed."""
    epochs: int = Field(ge=1, le=100_000)
    """Passes of the bodies and of our own network, by the recipe `modern`."""
    report_seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(distinct)]
    """Of the original study's networks."""
    report_epochs: int = Field(ge=1, le=100_000)
    """Passes of the original study's networks, by the recipe `train`."""
