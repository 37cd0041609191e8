"""The table of models. It imports a model's file only when that model is asked for.

Adding a model: one file in this folder, one line here, one stage in stages/dvc.yaml.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcore.models.base import SuperResolver

MODELS: dict[str, str] = {
    "basic": "srcore.models.basic:SuperResNet",
    "multi": "srcore.models.multi:SuperResNetMulti",
    "residual": "srcore.models.residual:SuperResNetResidualBlock",
    "dilated": "srcore.models.dilated:SuperResNetDilated",
    "vgg": "srcore.models.vgg:SuperResNetWithVGG",
    "clip": "srcore.models.clip:SuperResNetWithCLIP",
    "subpixel": "srcore.models.subpixel:SuperResNetSubpixel",
    "subpixel_no_skip": "srcore.models.ablation:WithoutSkip",
    "subpixel_bilinear": "srcore.models.ablation:WithBilinearHead",
    "subpixel_report_loss": "srcore.models.ablation:WithReportLoss",
}
"""Name of a model → where its class lives."""

SETS: dict[str, tuple[str, ...]] = {
    "all": ("basic", "multi", "residual", "dilated", "vgg", "clip", "subpixel"),
    "ablation": ("subpixel", "subpixel_no_skip", "subpixel_bilinear", "subpixel_report_loss"),
}
"""Name of a model set → the models that its stage `train_<set>` gathers."""


def model_class(name: str) -> "type[SuperResolver]":
    """Import a model's file and give its class.

    Raises:
        KeyError: no model of that name; `srcore.params` refuses such a name before.
    """
    module, _, attribute = MODELS[name].partition(":")
    return getattr(import_module(module), attribute)
