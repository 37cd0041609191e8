"""The whole computation from an image to the outputs as one ONNX graph of any size."""

import json
import logging
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from srcore.common.errors import StudyError, reason
from srcore.features.extractor import round_features
from srcore.inference.network import Network
from srcore.models.base import SuperResolver

TRACED = (2, 3, 20, 28)
"""Shape of the image that the graph is recorded with; it holds for others."""
SMALLEST = 4
"""Least height and width of an image, in pixels."""
CHATTY = ("torch.onnx", "torch.export", "torch.fx", "onnxscript", "onnx_ir", "onnx_ir.passes")
"""Loggers of the exporter that tell of every step."""


class Whole(nn.Module):
    """A network with its frozen extractor, as the study judges it: outputs are clipped to [0, 1].

    Attributes:
        model: the network.
        embed: its extractor on tensors, (N, 3, H, W) → features; None when it has none.
    """

    def __init__(self, model: SuperResolver, embed: Callable[[Tensor], Tensor] | None) -> None:
        super().__init__()
        self.model = model
        self.embed = embed

    def forward(self, low: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) in [0, 1] → the outputs in the order of the model's `outputs`."""
        if self.embed is None:
            outputs = self.model(low)
        else:
            outputs = self.model(low, round_features(self.embed(low)).float())
        return tuple(outputs[name].clamp(0, 1) for name in self.model.outputs)


def write_graph(network: Network, embed: Callable[[Tensor], Tensor] | None, path: Path) -> int:
    """Write a network as one ONNX file; batch, height and width stay open.

    Args:
        network: the network.
        embed: its extractor on tensors, None when it has none.
        path: the file to write.

    Returns:
        The version of the ONNX operators in the file, which onnx has checked.

    Raises:
        StudyError: the network does something that ONNX has no operation for.
    """
    outputs = network.model.outputs
    dim = torch.export.Dim
    open_sizes = {
        0: dim("batch", min=1),
        2: dim("height", min=SMALLEST),
        3: dim("width", min=SMALLEST),
    }
    try:
        with _suppress_logging(), torch.no_grad():
            program = torch.onnx.export(
                Whole(network.model, embed).eval(),
                (torch.rand(TRACED, generator=torch.Generator().manual_seed(0)),),
                dynamo=True,
                input_names=["low"],
                output_names=list(outputs),
                dynamic_shapes={"low": open_sizes},
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise StudyError(
            f"{network.card.model}: torch cannot write it as ONNX ({reason(error)}); "
            "is there an operation that ONNX lacks?"
        ) from None
    assert program is not None
    _forget_machine(program.model)
    program.model.metadata_props["srcore"] = json.dumps(asdict(network.card), sort_keys=True)
    program.save(path, external_data=False)
    onnx.checker.check_model(str(path))
    return program.model.opset_imports[""]


def _forget_machine(model: Any) -> None:
    """Take out where each operation stands in the source code: paths of this machine."""
    model.metadata_props.clear()
    for graph in (model.graph, *model.functions.values()):
        graph.metadata_props.clear()
        for value in (*graph.inputs, *graph.outputs, *getattr(graph, "initializers", {}).values()):
            value.metadata_props.clear()
        for node in graph.all_nodes():
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()


@contextmanager
def _suppress_logging() -> Generator[None]:
    """Keep the exporter's notes and warnings from the user; what goes wrong, it raises."""
    loggers = [logging.getLogger(name) for name in CHATTY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
