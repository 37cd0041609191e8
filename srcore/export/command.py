"""The work behind `srcore export`: a checkpoint becomes an ONNX file and a card beside it."""

import logging
import shlex
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.common.files import atomic
from srcore.common.text import code, printable
from srcore.features.labels import RANDOM, label_of
from srcore.inference.load import load_network, named_weights
from srcore.inference.network import Network
from srcore.models.checkpoint import Card, load_checkpoint

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
"""What the extra `export` installs."""

logger = logging.getLogger(__name__)


def export(
    checkpoint: Path,
    out: Path | None = None,
    *,
    weights: str | None = None,
    overwrite: bool = False,
    study: Path | None = None,
) -> Path:
    """Write a checkpoint as ONNX, check the file against torch, and write its card.

    Args:
        checkpoint: the network.
        out: the ONNX file; None for the checkpoint's name in the current folder.
        weights: `random`, `pretrained` or the path of its frozen extractor's weights; None to take
            what the checkpoint names, unless that is a file.
        overwrite: replace files that are there.
        study: top folder of the study that judged this checkpoint; None to look in this one.

    Returns:
        The ONNX file; its card is beside it, with the suffix .md.

    Raises:
        StudyError: packages are missing, a file already exists, the checkpoint or its weights
            cannot be used, the network cannot be expressed, or the file is not equal to torch.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise StudyError(
            f"export needs {', '.join(missing)}, of the extra `export`: in the project's folder, "
            'pip install -c constraints.txt -e ".[export]"'
        )
    from srcore.export.card import Exported, model_card  # noqa: PLC0415  # need the packages
    from srcore.export.check import compare, tolerance  # noqa: PLC0415
    from srcore.export.graph import SMALLEST, write_graph  # noqa: PLC0415
    from srcore.export.judged import own_figures, sha256  # noqa: PLC0415

    out = Path(f"{checkpoint.stem or 'network'}.onnx") if out is None else out
    page = _places(out, overwrite)
    digest = sha256(checkpoint) if checkpoint.is_file() else ""
    network, embed = _network(checkpoint, weights)
    card = network.card
    figures = own_figures(checkpoint, study)
    with (  # the card is put in place last: it says that the network is there
        atomic(page, overwrite=overwrite) as partial_page,
        atomic(out, overwrite=overwrite) as partial,
    ):
        opset = write_graph(network, embed, partial)
        compared = compare(network, partial)
        text = model_card(
            network,
            checkpoint.name,
            digest,
            figures=figures,
            exported=Exported(
                file=code(out.name),
                opset=opset,
                smallest=SMALLEST,
                compared=compared,
                tolerance=tolerance(network),
                versions={name: version(name) for name in ("torch", *PACKAGES)},
                command=_again(checkpoint, out, card),
            ),
        )
        partial_page.write_text(text, encoding="utf-8")
        if sha256(checkpoint) != digest:
            raise StudyError(f"{checkpoint}: changed while it was exported; run again")
    largest = max(one.largest for one in compared)
    label = f" ({card.weights})" if card.weights else ""
    logger.info("%s: %s%s, %.1f MB", out, card.model, label, out.stat().st_size / 1e6)
    logger.info("largest difference to torch: %.1e (allowed: %.0e)", largest, tolerance(network))
    logger.info("%s: its card", page)
    return out


def _places(out: Path, overwrite: bool) -> Path:
    """Where the card goes, when both files may be written."""
    if out.suffix != ".onnx":
        raise StudyError(f"{out}: give a name that ends in .onnx, with --out")
    page = out.with_suffix(".md")
    for path in (out, page):
        if path.is_dir():
            raise StudyError(f"{path}: is a folder; give another --out")
        if path.exists() and not overwrite:
            raise StudyError(f"{path} already exists; use --overwrite or another --out")
    return page


def _network(
    checkpoint: Path, weights: str | None
) -> tuple[Network, Callable[[Tensor], Tensor] | None]:
    """The network as torch runs it, and its extractor on tensors alone."""
    cpu = torch.device("cpu")
    model, card = load_checkpoint(checkpoint)
    if model.frozen == "clip":
        from srcore.export.clip import ClipFeatures  # noqa: PLC0415  # open_clip loads slowly
        from srcore.features.clip import load_clip  # noqa: PLC0415

        clip = load_clip(weights or named_weights(checkpoint, card), cpu)
        return load_network(checkpoint, weights, cpu, clip.extractor()), ClipFeatures(clip)
    network = load_network(checkpoint, weights, cpu)
    return network, network.extractor.embed if network.extractor else None


def _again(checkpoint: Path, out: Path, card: Card) -> str:
    """The command, without the folders of this machine."""
    words = ["srcore", "export", checkpoint.name, "--out", out.name]
    if card.weights not in (None, RANDOM, label_of("pretrained")):
        words += ["--weights", str(card.weights).removeprefix("weights of ")]
    return printable(shlex.join(words))
