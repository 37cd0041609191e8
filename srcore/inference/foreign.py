"""Networks that others trained, from the files that the field exchanges; spandrel knows them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from srcore.common.errors import StudyError, reason
from srcore.common.stage import NO_MEMORY
from srcore.common.text import LONGEST_NAME, printable
from srcore.features.files import check_values, read_weights
from srcore.inference.checkpoint_files import card_text, find_checkpoints, is_ours
from srcore.inference.network import Network
from srcore.models.base import RGB, SuperResolver
from srcore.models.checkpoint import Card, load_checkpoint
from srcore.models.scales import OUTPUTS

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor

MISFITS = (
    ("missing", "Missing key(s)", r'"([^"]+)"'),
    ("unexpected", "Unexpected key(s)", r'"([^"]+)"'),
    ("of another shape", "size mismatch", r"size mismatch for ([^:\n]+):"),
)
"""What to call it, and how torch's lines about tensors that do not fit begin and name them."""
SHOWN = 3
"""Names of tensors of each kind in a message."""
TRIAL = (41, 57)
"""Height and width of the image that every network has to enlarge before any is judged."""


class ExternalNetwork(SuperResolver):
    """An architecture of the field, as a network of one output."""

    idea: ClassVar[str] = "trained by others"

    def __init__(self, descriptor: "ImageModelDescriptor[Any]", output: str) -> None:
        super().__init__()
        self.outputs = (output,)  # type: ignore[misc]  # a class's elsewhere, a file's here
        self.network = descriptor.model
        self._descriptor = descriptor

    def forward(self, low: Tensor) -> dict[str, Tensor]:
        """(N, 3, H, W) in [0, 1] → its one output, in [0, 1]; padded as the network needs."""
        # A copy, for some (RCAN) scale their input in place, and other networks are to see it.
        return {self.outputs[0]: self._descriptor(low.clone())}


def load_external(path: Path, device: torch.device, *, pickles: bool) -> list[Network]:
    """Load a checkpoint, or every checkpoint of a folder: this study's, or others'.

    Args:
        path: value of `benchmark.checkpoints`.
        device: where to compute.
        pickles: whether files that are pickles may be read: their tensors and plain values alone,
            nothing in them is run.

    Raises:
        StudyError: nothing there, a pickle that was not asked for, a file that is damaged or of an
            architecture that is not known, a scale other than 2 and 4, or not RGB; weights that
            are NaN or infinite; a network that cannot enlarge an image.
    """
    return [_load(file, device) for file in find_checkpoints(path, pickles=pickles)]


def _load(path: Path, device: torch.device) -> Network:
    if is_ours(path):
        model, card = load_checkpoint(path)
        if model.frozen is not None:
            raise StudyError(f"{path}: takes frozen features; judge it in its model set")
        return Network(model.to(device), _named(path, card.trained), None)
    descriptor = _describe(path)
    output = next((name for name, scale in OUTPUTS.items() if scale == descriptor.scale), None)
    if output is None or descriptor.input_channels != RGB or descriptor.output_channels != RGB:
        raise StudyError(
            f"{path}: {descriptor.architecture.name} ×{descriptor.scale}, "
            f"{descriptor.input_channels} to {descriptor.output_channels} channels; "
            "×2 and ×4 of RGB images are judged, so take it out"
        )
    descriptor.to(device).eval()
    _check_enlarges(path, descriptor, device)
    trained = {"architecture": descriptor.architecture.name}
    return Network(ExternalNetwork(descriptor, output).eval(), _named(path, trained), None)


def _check_enlarges(
    path: Path, descriptor: "ImageModelDescriptor[Any]", device: torch.device
) -> None:
    """See that a network runs: what spandrel guesses from shapes may fit the tensors alone."""
    name, scale = descriptor.architecture.name, descriptor.scale
    try:
        with torch.inference_mode():
            made = descriptor(torch.zeros(1, RGB, *TRIAL, device=device)).shape
    except Exception as error:
        if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
            raise
        why = reason(error)
        raise StudyError(f"{path}: {name} cannot enlarge an image ({why}); take it out") from None
    if made[-2:] != torch.Size(scale * side for side in TRIAL):
        raise StudyError(f"{path}: {name} does not enlarge by {scale}; take it out")


def _named(path: Path, trained: dict[str, Any]) -> Card:
    """A file is known by its name: several may be of one architecture."""
    return Card(printable(path.stem), 0, trained)


def _describe(path: Path) -> "ImageModelDescriptor[Any]":
    from spandrel import (  # noqa: PLC0415  an extra
        MAIN_REGISTRY,
        ImageModelDescriptor,
        canonicalize_state_dict,
    )

    # Not by spandrel's own reader: it runs a file that is a program (TorchScript).
    weights: Any = read_weights(path)
    try:
        state = canonicalize_state_dict(weights)
        kinds = MAIN_REGISTRY.architectures("detection")
        architecture = next((kind.architecture for kind in kinds if kind.detect(state)), None)
    except Exception as error:  # noqa: BLE001  its readers raise anything on damaged or odd files
        raise StudyError(f"{_unknown(path)} ({reason(error)})") from None
    if architecture is None:
        raise StudyError(f"{_unknown(path)}; take it out")
    try:
        descriptor = architecture.load(state)
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        raise StudyError(
            f"{path}: spandrel takes it for {architecture.name}, but its tensors do not fit "
            f"({_misfits(error)}); get it again, or take it out"
        ) from None
    if not isinstance(descriptor, ImageModelDescriptor):
        raise StudyError(f"{path}: takes more than an image; take it out")
    tensors = descriptor.model.state_dict()  # whole numbers among them are counts and indices
    check_values({k: v for k, v in tensors.items() if v.is_floating_point()}, str(path))
    return descriptor


def _unknown(path: Path) -> str:
    if card_text(path) is not None:
        return f"{path}: neither a network that spandrel knows nor, by its card, one of this study"
    return f"{path}: not a network that spandrel knows"


def _misfits(error: Exception) -> str:
    """The tensors that a network could not be given, as torch or spandrel tells of them."""
    if isinstance(error, KeyError) and error.args:  # looked up by spandrel, to learn a size from it
        return f"missing {printable(str(error.args[0]), LONGEST_NAME)}"
    message, parts = str(error), list[str]()
    for kind, beginning, name in MISFITS:
        lines = [line for line in message.splitlines() if line.strip().startswith(beginning)]
        names = re.findall(name, "\n".join(lines))
        if names:
            shown = ", ".join(printable(each, LONGEST_NAME) for each in names[:SHOWN])
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            parts.append(f"{kind} {shown}{more}")
    return "; ".join(parts) or printable(reason(error), LONGEST_NAME)
