"""How a network is trained: recipes are groups of params.yaml, and any model can take any."""

from dataclasses import asdict, dataclass, replace
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
        schedule: constant, or one_cycle (up for three tenths of the steps, then down to nothing).
        max_norm: greatest norm of a gradient, longer ones are clipped to it; 0 for no bound.
        flips: turn and mirror every batch at random.
        average: decay of the exponential average of the weights, which is then the network that
            is judged and kept; 0 for none.
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
    group: str = "train"

    def settings(self) -> dict[str, Any]:
        """What decides the training, as a checkpoint carries it."""
        return {key: value for key, value in asdict(self).items() if key != "group"}


def recipe(name: str, params: "Params") -> Recipe:
    """A recipe of params.yaml by its name; `train.epochs` is of all."""
    settings: dict[str, Any] = {"epochs": params.train.epochs}
    settings |= params.recipes[name].model_dump(exclude={"recipe"})
    return Recipe(**settings, group="train" if name == "report" else name)


def recipe_for(model: "type[SuperResolver]", params: "Params") -> Recipe:
    """How params.yaml has a model trained.

    By its own recipe, unless `train.recipe` names one for all; what a model is about (its
    `changes`) stays. Frozen features are stored, and stored ones are not turned with their image,
    so a network that takes them is trained without flips, as its card then says.
    """
    asked = params.train.recipe
    found = recipe(model.recipe if asked == "own" else asked, params)
    unturned: dict[str, Any] = {"flips": False} if model.frozen else {}
    return replace(found, **(dict(model.changes) | unturned))
