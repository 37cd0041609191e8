"""Float32 or bfloat16: every network trains in either, and what was picked is known."""

from itertools import pairwise

import pytest
import torch
from lightning_fabric import Fabric

from srcore.models.checkpoint import Card
from srcore.models.registry import MODELS, model_class
from srcore.models.scales import OUTPUTS
from srcore.params.schema import Trainer
from srcore.training import precision
from srcore.training.distributed import engine, launch
from srcore.training.losses import LOSSES
from srcore.training.optimization import OptimizationState
from srcore.training.precision import Bfloat16Convolutions, pick_precision, processor
from srcore.training.recipe import Recipe

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
FEATURES = {None: (), "vgg": (128, 6, 6), "clip": (512,)}


@pytest.fixture
def units(monkeypatch):
    """Pretend that the CPU has these units, or that the GPU has bfloat16."""

    def pretend(*there: str) -> None:
        for function, name in precision.UNITS.items():
            monkeypatch.setattr(torch.cpu, function, lambda name=name: name in there)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: "GPU" in there)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100")

    return pretend


def one_step(name: str, fabric: Fabric) -> tuple[dict[str, torch.Tensor], OptimizationState]:
    torch.manual_seed(0)
    model = model_class(name)()
    low = torch.rand(2, 3, 12, 12)
    inputs = [low, *([torch.rand(2, *FEATURES[model.frozen])] if model.frozen else [])]
    recipe = Recipe(1, 2, 0.001, "l1", "one_cycle", max_norm=0.1, average=0.5)
    optimization = OptimizationState(fabric, model, recipe, steps=2)
    outputs = optimization.forward(*inputs)
    targets = {o: torch.rand(2, 3, 12 * OUTPUTS[o], 12 * OUTPUTS[o]) for o in model.outputs}
    losses = [LOSSES[recipe.loss](outputs[o], target) for o, target in targets.items()]
    optimization.step(torch.stack(losses).sum())
    return {name: output.detach() for name, output in outputs.items()}, optimization


@pytest.mark.parametrize("name", MODELS)
def test_every_network_takes_a_step_in_bfloat16(name):
    """Nearly the outputs and gradients of float32; weights, outputs and gradients stay float32."""
    mixed = Fabric(accelerator="cpu", devices=1, plugins=Bfloat16Convolutions(CPU))
    (exact, plain), (rounded, other) = (
        one_step(name, fabric) for fabric in (Fabric(accelerator="cpu", devices=1), mixed)
    )
    assert rounded.keys() == exact.keys()
    for output, expected in exact.items():
        assert rounded[output].dtype == torch.float32
        assert not rounded[output].equal(expected), "computed in float32"
        torch.testing.assert_close(rounded[output], expected, atol=0.02, rtol=0)
    pairs = zip(plain.model.named_parameters(), other.model.parameters(), strict=True)
    for (key, one), two in pairs:
        assert two.dtype == two.grad.dtype == torch.float32
        far = (one.grad - two.grad).norm() / one.grad.norm()
        assert far < 0.1, key
    assert all(value.dtype == torch.float32 for value in other.network.parameters())


@pytest.mark.parametrize("scale", [2, 4])
def test_outputs_have_more_levels_than_bfloat16_holds(scale):
    """A ramp of 8 bits comes through the bicubic skip: images are not rounded on the way."""
    mixed = Fabric(accelerator="cpu", devices=1, plugins=Bfloat16Convolutions(CPU))
    torch.manual_seed(0)
    model = model_class("subpixel")()
    for parameter in model.heads.parameters():
        parameter.data.zero_()
    network = mixed.setup_module(model)
    name = next(name for name, factor in OUTPUTS.items() if factor == scale)
    ramp = torch.arange(128, 256).div(255).expand(1, 3, 8, 128)
    row = network(ramp)[name][0, 0, 4 * scale, scale // 2 :: scale].detach()
    assert all(b > a for a, b in pairwise(row[2:-2].tolist()))


@pytest.mark.parametrize(
    ("there", "device", "picked", "label"),
    [
        ((), CPU, "32-true", "cpu"),
        (("AVX512-BF16",), CPU, "bf16-mixed", "cpu (AVX512-BF16)"),
        (("AMX", "AVX512-BF16"), CPU, "bf16-mixed", "cpu (AMX)"),
        (("AMX",), CUDA, "32-true", "NVIDIA H100"),
        (("GPU",), CUDA, "bf16-mixed", "NVIDIA H100"),
        (("AMX", "GPU"), torch.device("mps"), "32-true", "mps"),
    ],
)
def test_auto_takes_bfloat16_where_it_has_units(units, there, device, picked, label):
    units(*there)
    assert pick_precision("auto", device) == picked
    assert processor(device, picked) == label
    assert pick_precision("auto", device, bfloat16=False) == "32-true"
    for asked in ("32-true", "bf16-mixed"):
        assert pick_precision(asked, device) == asked
        assert pick_precision(asked, device, bfloat16=False) == asked


def test_in_float32_every_cpu_writes_the_same_card(units):
    labels = set()
    for there in ((), ("AMX",), ("AVX512-BF16",)):
        units(*there)
        labels.add(processor(CPU, "32-true"))
    assert labels == {"cpu"}


@pytest.mark.parametrize(("asked", "picked"), [("auto", "bf16-mixed"), ("32-true", "32-true")])
def test_what_was_picked_is_what_computes_and_what_the_card_says(units, asked, picked):
    units("AMX")
    fabric = launch(CPU, Trainer(devices=1, nodes=1, precision=asked))
    printed = engine(fabric)
    assert (printed["precision"], printed["device"], printed["processes"]) == (picked, "cpu", 1)
    assert printed["processor"] == ("cpu (AMX)" if picked == "bf16-mixed" else "cpu")
    outputs, _ = one_step("basic", fabric)
    same, _ = one_step("basic", Fabric(accelerator="cpu", devices=1))
    assert outputs["mid"].equal(same["mid"]) == (picked == "32-true")


@pytest.mark.parametrize(
    ("trained", "label"),
    [
        ({}, ""),
        ({"precision": "32-true", "device": "cpu", "processor": "cpu"}, ""),
        ({"precision": "bf16-mixed", "processor": "cpu (AMX)"}, "bf16-mixed on cpu (AMX)"),
        ({"precision": "bf16-mixed", "device": "cuda"}, "bf16-mixed on cuda"),
    ],
)
def test_a_card_labels_all_but_float32(trained, label):
    assert Card("basic", 0, trained).precision == label
