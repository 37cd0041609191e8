import json
import re
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from photographs import photographs

from srcore.common.errors import StudyError
from srcore.common.tensors import quantise
from srcore.export.check import tolerance
from srcore.export.graph import write_graph
from srcore.models.registry import MODELS
from srcore.models.scales import OUTPUTS


def run(path, low: torch.Tensor) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"low": low.numpy()}), strict=True))


def images() -> list[torch.Tensor]:
    """Photographs of other sizes than the command checks, and the least size."""
    square, wide, odd = photographs()
    tall = wide.transpose(2, 3).contiguous()
    several = torch.cat([square[..., :63, :34], square[..., 63:126, 34:68], odd[..., :63, :34]])
    return [odd, tall, several, odd[..., :4, :5]]


QUICK = ("basic", "multi", "vgg", "subpixel")
"""One output and two, a frozen network, bicubic: what an export may meet with."""
EVERY = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]
"""An export takes seconds; what is built of the same operations is among the slow ones."""


@pytest.mark.parametrize("name", EVERY)
def test_every_model_gives_what_torch_gives_at_any_size(made, name):
    one = made(name)
    for low in images():
        given = run(one.onnx, low)
        expected = one.network(low)
        assert list(given) == list(one.network.model.outputs)
        for output, scale in OUTPUTS.items():
            if output not in given:
                continue
            count, _, height, width = low.shape
            assert given[output].shape == (count, 3, scale * height, scale * width)
            far = np.abs(given[output] - expected[output].clamp(0, 1).numpy()).max()
            assert far <= tolerance(one.network)


@pytest.mark.parametrize("name", ["subpixel", "vgg"])
def test_what_is_judged_is_the_same_level_of_8_bits(made, name):
    one, low = made(name), photographs()[2]
    for output, expected in one.network(low).items():
        given = torch.from_numpy(run(one.onnx, low)[output])
        levels = (quantise(given) - quantise(expected)).abs() * 255
        assert levels.max() < 1.5
        assert (levels > 0.5).float().mean() < 1e-4


def test_outputs_are_clipped_as_they_are_judged(made):
    """The sub-pixel network alone leaves the range a little."""
    one = made("subpixel")
    low = (torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    inside = one.network(low)["mid"]
    assert inside.min() < 0
    assert inside.max() > 1
    given = run(one.onnx, low)["mid"]
    assert given.min() == 0
    assert given.max() == 1


@pytest.mark.parametrize(
    "name", ["basic", "subpixel", pytest.param("clip", marks=pytest.mark.slow)]
)
def test_the_file_is_valid_and_says_what_it_is(made, name):
    one = made(name)
    graph = onnx.load(one.onnx, load_external_data=False)
    onnx.checker.check_model(graph, full_check=True)
    properties = {item.key: item.value for item in graph.metadata_props}
    assert json.loads(properties["srcore"]) == asdict(one.network.card)
    assert not any(one.external_data for one in graph.graph.initializer)
    (low,) = graph.graph.input
    sizes = [dim.dim_param or dim.dim_value for dim in low.type.tensor_type.shape.dim]
    assert sizes == ["batch", 3, "height", "width"]


@pytest.mark.parametrize("name", ["multi", "vgg", "subpixel"])
def test_the_file_tells_nothing_of_this_machine(made, name):
    """As `strings` would show it; torch notes beside each operation where its code stands."""
    runs = re.findall(rb"[\x20-\x7e]{4,}", made(name).onnx.read_bytes())
    places = [sys.prefix, str(Path.home()), tempfile.gettempdir(), str(Path(__file__).parents[2])]
    words = [b"site-packages", b'", line ', *(place.encode() for place in places if len(place) > 1)]
    assert [run for run in runs if any(word in run for word in words)] == []


def test_an_operation_that_onnx_lacks_is_one_line(made, tmp_path, monkeypatch):
    network = made("basic").network

    def odd(low: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"mid": torch.linalg.eigvals(low).real}

    monkeypatch.setattr(network.model, "forward", odd)
    with pytest.raises(StudyError, match="basic: torch cannot write it as ONNX") as caught:
        write_graph(network, None, tmp_path / "odd.onnx")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
