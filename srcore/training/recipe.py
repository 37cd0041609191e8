"""How a network is trained: by its own recipe, or by one that all networks share."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srcore.models.base import SuperResolver
    from srcore.params.schema import Params


@dataclass(frozen=True)
class Recipe:
    """Settings of one training; what is left out is as in the report.

    Attributes:
        epochs: passes over the training images.
        batch_size: images a step.
        lr: Adam's learning rate; the highest one where the schedule changes it.
        loss: name of a loss in `srcore.training.losses.LOSSES`.
        schedule: name of a schedule in `srcore.training.schedules.SCHEDULES`.
        max_norm: greatest norm of a gradient, longer ones are clipped to it; 0 for no bound.
        flips: turn and mirror every batch at random.
        average: decay of the exponential average of the weights, which is then the network that
            is judged and kept; 0 for none.
        optimizer: adam, or muon: Muon for the kernels between features, Adam for the rest.
        muon_lr: Muon's learning rate; the highest one where the schedule changes it.
        warm_up: share of the steps for which the rates of linear and constant rise.
        group: group of params.yaml that these come from, for messages.
    """

    epochs: int
    batch_size: int
    lr: float
    loss: str = "inverse_psnr"
    schedule: str = "constant"
    max_norm: float = 0.0
    flips: bool = False
    average: float = 0.0
    optimizer: str = "adam"
    muon_lr: float = 0.0
    warm_up: float = 0.0
    group: str = "train"

    def settings(self) -> dict[str, Any]:
        """What decides the training, as a checkpoint carries it."""
        return {key: value for key, value in asdict(self).items() if key != "group"}

    def rates(self) -> str:
        """The learning rates by their names in params.yaml, for messages."""
        names = ["lr", "muon_lr"] if self.optimizer == "muon" else ["lr"]
        return " and ".join(f"{self.group}.{name} = {getattr(self, name)}" for name in names)


GROUPS = {"report": "train", "modern": "modern"}
"""Recipe for all networks → its group of params.yaml; with `own`, each has that of its class."""


def recipe_for(model: "type[SuperResolver]", params: "Params") -> Recipe:
    """How params.yaml has a model trained: by `train.recipe`, with `train.epochs` for all.

    Stored features are of images that are not turned, so that a network beside frozen features is
    trained without flips, whatever the recipe says.
    """
    group = GROUPS.get(params.train.recipe, model.recipe)
    values: dict[str, Any] = {"epochs": params.train.epochs}
    values |= getattr(params, group).model_dump(exclude={"recipe"})
    if params.train.recipe == "own":
        values |= model.changes
    if model.frozen:
        values["flips"] = False
    return Recipe(**values, group=group)
