"""How a network is trained: by its own recipe, or by one that all networks share."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from srcore.common.errors import StudyError
from srcore.models.registry import name_of

if TYPE_CHECKING:
    from srcore.models.base import SuperResolver
    from srcore.params.optional import Modern
    from srcore.params.schema import Params


@dataclass(frozen=True)
class Recipe:
    """Settings of one training; what is left out is as in the original study.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step.
        lr: Adam's learning rate; the highest one where the schedule changes it.
        loss: name of a loss in `srcore.training.losses.LOSSES`.
        schedule: name of a schedule in `srcore.training.schedules.SCHEDULES`.
        max_norm: gradient clipping: maximum norm, longer ones are clipped to it; 0 for no bound.
        flips: rotate and mirror every batch at random.
        crops: share of the batches that are cut at random and shrunk anew
            (`srcore.training.crops`); the others are whole images as they are stored.
        average: decay of the exponential average of the weights, which is then the network that
            is judged and kept; 0 for none.
        optimizer: adam, or muon: Muon for the kernels between features, Adam for the rest.
        muon_lr: Muon's learning rate; the highest one where the schedule changes it.
        warm_up: share of the steps for which the rates of linear and constant rise.
        group: group of params.yaml that these come from, for messages.
        rate: name of the learning rate in that group, for messages.
    """

    epochs: int
    batch_size: int
    lr: float
    loss: str = "inverse_psnr"
    schedule: str = "constant"
    max_norm: float = 0.0
    flips: bool = False
    crops: float = 0.0
    average: float = 0.0
    optimizer: str = "adam"
    muon_lr: float = 0.0
    warm_up: float = 0.0
    group: str = "train"
    rate: str = "lr"

    def settings(self) -> dict[str, Any]:
        """What decides the training, as a checkpoint carries it; crops only where there are any.

        Otherwise every checkpoint and every stored run from before them would count as another.
        """
        left_out = ("group", "rate") if self.crops else ("group", "rate", "crops")
        return {k: value for k, value in asdict(self).items() if k not in left_out}

    def rates(self) -> str:
        """The learning rates by their names in params.yaml, for messages."""
        found = {self.rate: self.lr}
        if self.optimizer == "muon":
            found["muon_lr"] = self.muon_lr
        return " and ".join(f"{self.group}.{name} = {value}" for name, value in found.items())


def recipe_for(model: "type[SuperResolver]", params: "Params") -> Recipe:
    """How params.yaml has a model trained: by `train.recipe`, with `train.epochs` for all.

    Raises:
        StudyError: one recipe is for all, and this model differs from another by its recipe alone.
    """
    train = params.train
    if train.recipe != "own" and model.recipe_overrides:
        raise StudyError(
            f"train.recipe = {train.recipe}: {name_of(model)} has a recipe as its only "
            "difference; set it to own, or choose other models"
        )
    if train.recipe == "modern":
        return modern_recipe(params.modern, train.epochs, frozen=model.frozen is not None)
    group = "train" if train.recipe == "report" else model.recipe
    values: dict[str, Any] = {"epochs": train.epochs}
    values |= getattr(params, group).model_dump(exclude={"recipe"}) | model.recipe_overrides
    return Recipe(**values, group=group)


def modern_recipe(modern: "Modern", epochs: int, *, frozen: bool) -> Recipe:
    """The recipe `modern`.

    Args:
        modern: its group of params.yaml.
        epochs: passes over the training images.
        frozen: whether it is for a network beside frozen features, or for the control of one. It
            then has a lower rate, at which these do not collapse, and no flips, since stored
            features belong to images that are not transformed.
    """
    values = modern.model_dump(exclude={"frozen_lr"})
    if frozen:
        values |= {"lr": modern.frozen_lr, "flips": False, "rate": "frozen_lr"}
    return Recipe(epochs=epochs, **values, group="modern")
