"""A network with buffers is judged, upscales and is exported like any other."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from normalised import Normalised
from photographs import arrays, photographs
from PIL import Image
from tiny import CPU, tiny_linear, tiny_pyramids

from srcore.common.tensors import to_images, to_tensor
from srcore.evaluation.held_out import evaluate_images
from srcore.export.command import export
from srcore.inference.load import load_network
from srcore.inference.network import assemble
from srcore.metrics.psnr import psnr
from srcore.models.checkpoint import Card, load_checkpoint, save_checkpoint
from srcore.upscale.command import Options, upscale


@pytest.fixture
def checkpoint(normalised, tmp_path) -> Path:
    """A network whose statistics are those of photographs, and far from what they begin with."""
    torch.manual_seed(0)
    model = Normalised().train()
    with torch.no_grad():
        for low in photographs():
            model(4 * low)
    assert model.norm.running_var.sub(1).abs().max() > 0.1
    return save_checkpoint(model, Card(normalised, 0, {}), tmp_path)


def by_hand(checkpoint: Path, low: torch.Tensor) -> dict[str, torch.Tensor]:
    """The network with its normalisation written out."""
    model, _ = load_checkpoint(checkpoint)
    mean, variance = (v[:, None, None] for v in (model.norm.running_mean, model.norm.running_var))
    weight, bias = (v[:, None, None] for v in (model.norm.weight, model.norm.bias))
    norm = lambda x: (x - mean) / (variance + model.norm.eps).sqrt() * weight + bias  # noqa: E731
    model.norm.forward = norm
    with torch.inference_mode():
        return model(low)


def test_it_is_judged_with_its_statistics(checkpoint):
    pyramids, rows = tiny_pyramids(3), np.arange(3)
    networks = assemble([load_checkpoint(checkpoint)], {}, CPU)
    table = evaluate_images(networks, tiny_linear(), pyramids, rows, CPU).set_index(
        ["method", "output"]
    )
    made = to_tensor(to_images(by_hand(checkpoint, to_tensor(pyramids.low))["large"]))
    expected = psnr(made, to_tensor(pyramids.large)).tolist()
    found = table.loc[("normalised", "large"), "psnr"].tolist()
    assert found == pytest.approx(expected, abs=1e-3)


def test_it_upscales_in_tiles(checkpoint, tmp_path):
    source = tmp_path / "photo.png"
    Image.fromarray(arrays()[2]).save(source)
    upscale([source], Options(checkpoint=checkpoint, tile=32, device="cpu"), lambda _: None)
    made = np.asarray(Image.open(tmp_path / "photo.x4.png")).astype(int)
    wider = F.pad(photographs()[2], [4] * 4, mode="replicate")  # as the border is met with
    expected = to_images(by_hand(checkpoint, wider)["large"])[0, 16:-16, 16:-16]
    assert np.abs(made - expected).max() <= 1


def test_it_is_exported(checkpoint, tmp_path):
    path = export(checkpoint, tmp_path / "normalised.onnx")
    low = photographs()[2]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = session.run(["mid", "large"], {"low": low.numpy()})
    for found, expected in zip(given, by_hand(checkpoint, low).values(), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert load_network(checkpoint, None, CPU).model.norm.running_mean.abs().max() > 0
