"""How a network is trained: the report's way, and what a network of our own does otherwise."""

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
        schedule: constant, or one_cycle (up for three tenths of the steps, then down to nothing).
        max_norm: greatest norm of a gradient, longer ones are shortened to it; 0 for no bound.
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


def recipe_for(model: "type[SuperResolver]", params: "Params") -> Recipe:
    """How params.yaml has a model trained: its own group's values, `train.epochs` for all."""
    values: dict[str, Any] = {"epochs": params.train.epochs}
    values |= getattr(params, model.recipe).model_dump() | model.changes
    return Recipe(**values, group=model.recipe)
