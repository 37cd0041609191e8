"""The table of models. It imports a model's file only when that model is asked for.

Adding a model: one file in this folder, one line here, one stage in stages/dvc.yaml.
"""

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcore.models.base import SuperResolver


@dataclass(frozen=True)
class Entry:
    """A line of the table.

    Attributes:
        place: where the class lives, as module:class.
        sets: the model sets that the model belongs to.
    """

    place: str
    sets: tuple[str, ...] = ("all",)


MODELS: dict[str, Entry] = {
    "basic": Entry("srcore.models.basic:SuperResNet"),
    "multi": Entry("srcore.models.multi:SuperResNetMulti"),
    "residual": Entry("srcore.models.residual:SuperResNetResidualBlock"),
    "dilated": Entry("srcore.models.dilated:SuperResNetDilated"),
    "vgg": Entry("srcore.models.vgg:SuperResNetWithVGG"),
    "clip": Entry("srcore.models.clip:SuperResNetWithCLIP"),
    "subpixel": Entry("srcore.models.subpixel:SuperResNetSubpixel", ("all", "ablation")),
    "subpixel_no_skip": Entry("srcore.models.ablation:WithoutSkip", ("ablation",)),
    "subpixel_bilinear": Entry("srcore.models.ablation:WithBilinearHead", ("ablation",)),
    "subpixel_report_loss": Entry("srcore.models.ablation:WithReportLoss", ("ablation",)),
    "subpixel_l1": Entry("srcore.models.ablation:WithoutSpectrum", ("ablation",)),
    "subpixel_adam": Entry("srcore.models.ablation:WithAdam", ("ablation",)),
}
"""Name of a model → its line."""

SETS: dict[str, tuple[str, ...]] = {
    chosen: tuple(name for name, entry in MODELS.items() if chosen in entry.sets)
    for chosen in dict.fromkeys(chosen for entry in MODELS.values() for chosen in entry.sets)
}
"""Name of a model set → the models that its stage `train_<set>` gathers."""


def name_of(model: "type[SuperResolver]") -> str:
    """A model's name in the table; of a class that is not there, the name of the class."""
    place = f"{model.__module__}:{model.__qualname__}"
    return next((name for name, entry in MODELS.items() if entry.place == place), model.__name__)


def model_class(name: str) -> "type[SuperResolver]":
    """Import a model's file and give its class.

    Raises:
        KeyError: no model of that name; `srcore.params` refuses such a name before.
    """
    return resolve_name(MODELS[name].place)
