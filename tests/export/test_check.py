import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from srcore.common.errors import StudyError
from srcore.export.check import SHAPES, TOLERANCE, by, compare
from srcore.export.graph import TRACED


def tampered(source, target, change) -> None:
    graph = onnx.load(source)
    change(graph)
    onnx.save(graph, target)


def one_line(network, path) -> str:
    with pytest.raises(StudyError) as caught:
        compare(network, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sizes_are_others_than_the_one_recorded(made):
    one = made("basic")
    found = compare(one.network, one.onnx)
    assert [item.shape for item in found] == list(SHAPES)
    assert len({shape[2:] for shape in (*SHAPES, TRACED)}) == 3
    assert all(item.largest <= TOLERANCE for item in found)


def test_a_weight_that_is_a_little_off_is_noticed(made, tmp_path):
    def change(graph: onnx.ModelProto) -> None:
        weight = max(graph.graph.initializer, key=lambda item: len(item.raw_data))
        weight.CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(weight) * 1.01, name=weight.name)
        )

    one, path = made("subpixel"), tmp_path / "off.onnx"
    tampered(one.onnx, path, change)
    message = one_line(one.network, path)
    assert "subpixel: onnxruntime's output is" in message
    assert "allowed: 1e-04" in message


def test_bicubic_of_the_other_kernel_is_noticed(made, tmp_path):
    """What torch computes without `antialias`, and older exporters wrote."""

    def change(graph: onnx.ModelProto) -> None:
        cubic = [node for node in graph.graph.node if node.op_type == "Resize"]
        assert len(cubic) == 2
        for node in cubic:
            next(a for a in node.attribute if a.name == "cubic_coeff_a").f = -0.75

    one, path = made("subpixel"), tmp_path / "kernel.onnx"
    tampered(one.onnx, path, change)
    assert "away from torch's" in one_line(one.network, path)


def test_a_border_of_another_kind_is_noticed(made, tmp_path):
    def change(graph: onnx.ModelProto) -> None:
        for node in graph.graph.node:
            for attribute in node.attribute:
                if attribute.name == "exclude_outside":
                    attribute.i = 0

    one, path = made("subpixel"), tmp_path / "border.onnx"
    tampered(one.onnx, path, change)
    assert "away from torch's" in one_line(one.network, path)


def test_a_file_that_does_not_run_is_one_line(made, tmp_path):
    path = tmp_path / "cut.onnx"
    path.write_bytes(made("basic").onnx.read_bytes()[:1000])
    assert "onnxruntime cannot run the graph" in one_line(made("basic").network, path)


def test_too_little_memory_is_told_from_a_bad_graph(made, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 1099511627776")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(MemoryError):
        compare(made("basic").network, made("basic").onnx)


def test_a_network_without_numbers_is_noticed(made, monkeypatch):
    one = made("basic")
    nothing = {"mid": torch.full((1, 3, 144, 144), float("nan"))}
    monkeypatch.setattr(one.network.model, "forward", lambda low: nothing)
    one_line(one.network, one.onnx)


def test_an_output_without_numbers_is_noticed_whichever_it_is(made, monkeypatch):
    one = made("multi")
    forward = one.network.model.forward

    def broken(low):
        outputs = forward(low)
        return outputs | {"large": outputs["large"] * float("nan")}

    monkeypatch.setattr(one.network.model, "forward", broken)
    assert "is inf away from torch's" in one_line(one.network, one.onnx)


def test_outputs_are_compared_by_name(made, monkeypatch):
    one = made("multi")
    forward = one.network.model.forward
    monkeypatch.setattr(
        one.network.model, "forward", lambda low: dict(reversed(forward(low).items()))
    )
    compare(one.network, one.onnx)


def test_shapes_read_well():
    assert by((1, 3, 72, 72)) == "1 image of 72×72"
    assert by((2, 3, 97, 61)) == "2 images of 97×61"
