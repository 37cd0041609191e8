"""The card of a trained network: what it is, what it learned from, how good it is, whose it is."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from srcore.common.text import code, markdown
from srcore.export.check import Deviation, by
from srcore.features.labels import RANDOM
from srcore.inference.network import Network
from srcore.metrics import cost
from srcore.metrics.table import METRICS
from srcore.models.scales import OUTPUTS

SIDE = 72
"""Side of the image that costs are counted for."""
FROZEN = {"vgg": "VGG16", "clip": "CLIP"}
"""Kind of frozen extractor → its name."""
RECIPE = {
    "epochs": "epochs",
    "steps": "steps",
    "batch_size": "images per step",
    "crop": "side of an input in pixels",
    "factors": "sizes at which the originals were taken",
    "large_share": "share of inputs for ×4",
    "mid_weight": "weight of ×2 on inputs for ×4",
    "optimizer": "optimiser",
    "muon_lr": "learning rate of Muon",
    "lr": "learning rate of Adam",
    "loss": "loss",
    "schedule": "schedule of the learning rate",
    "warm_up": "share of the steps in which the rate rises",
    "max_norm": "gradient clipping: maximum norm",
    "flips": "rotated and mirrored at random",
    "crops": "share of the batches cut at random and shrunk anew",
    "average": "decay of the average of the weights",
    "device": "trained on",
    "processes": "processes",
    "precision": "precision",
}
"""What a checkpoint knows of its training → how it reads."""
OFF = ("muon_lr", "warm_up", "max_norm", "average")
"""Settings that are off at 0, so that a card with "0" would say something else."""


@dataclass(frozen=True)
class Exported:
    """How an ONNX file was made.

    Attributes:
        file: its name.
        opset: version of the ONNX operators.
        smallest: least height and width of an image.
        compared: its differences to torch.
        tolerance: the largest difference that would have passed.
        versions: package → version.
        command: what makes it again.
    """

    file: str
    opset: int
    smallest: int
    compared: list[Deviation]
    tolerance: float
    versions: dict[str, str]
    command: str


def model_card(
    network: Network,
    checkpoint: str,
    sha256: str,
    *,
    figures: dict[str, Any] | None = None,
    exported: Exported | None = None,
) -> str:
    """The card as Markdown.

    Args:
        network: the network with its extractor, from the checkpoint.
        checkpoint: name of the checkpoint's file.
        sha256: of the checkpoint's file.
        figures: what `srcore.export.judged.own_figures` gave: of this very checkpoint (under the
            model's name) and of "bicubic"; None when it was not judged.
        exported: how the ONNX file was made; None for a card of the checkpoint alone.
    """
    card, model = network.card, network.model
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # noqa: S701  (Markdown)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return pages.get_template("card.md.j2").render(
        card=card,
        title=card.model,
        idea=_paragraph(type(model).__doc__),
        module=_paragraph(inspect.getdoc(inspect.getmodule(type(model)))),
        weights=markdown(" ".join(card.weights.split())) if card.weights else None,
        version=markdown(card.version),
        random=RANDOM,
        frozen=FROZEN[model.frozen] if model.frozen else None,
        outputs={name: OUTPUTS[name] for name in model.outputs},
        metrics=METRICS,
        parameters=cost.parameters(model),
        frozen_parameters=cost.frozen_parameters(network.extractor),
        macs=cost.macs(model, network.extractor, SIDE),
        side=SIDE,
        radius=model.receptive_radius,
        recipe=[
            (label, _shown(card.trained[key]))
            for key, label in RECIPE.items()
            if key in card.trained and not _unused(key, card.trained)
        ],
        images=_shown(card.trained.get("images")),
        # The shipped network's training takes its originals at several sizes, and shrinks them as
        # MATLAB does (srcore/shipping); the study's shrinks as Pillow does.
        shrunk_by="MATLAB" if "factors" in card.trained else "Pillow",
        figures=figures[card.model] if figures else None,
        bicubic=figures["bicubic"] if figures else None,
        checkpoint=code(checkpoint),
        sha256=sha256,
        exported=exported,
        by=by,
    )


def _unused(key: str, trained: dict[str, Any]) -> bool:
    """Whether a setting played no part: it is off, or of an optimiser that was not used.

    A network that was trained by Adam alone has Muon's rate too, where its recipe names one.
    """
    off = key in OFF and trained[key] == 0
    return off or (key == "muon_lr" and trained.get("optimizer") == "adam")


def _shown(value: object) -> str:
    """A value of a checkpoint, which others may have made, as Markdown shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return "" if value is None else markdown(str(value))


def _paragraph(text: str | None) -> str:
    """The first paragraphs of a docstring as running text."""
    return " ".join(inspect.cleandoc(text or "").split())
