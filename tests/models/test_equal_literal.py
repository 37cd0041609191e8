"""Each network computes the function of the original study's program: outputs and gradients."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st
from literal import LITERAL, PSNRLoss, VGGFeatures
from torch import Tensor, nn

from srcore.models.clip import conv3_of_constant
from srcore.models.registry import model_class

LARGE_ENOUGH = [(24, 24), (20, 36), (7, 10)]
ODD = [(2, 2), (3, 5), (9, 2), (15, 13)]
TINY = [(1, 1), (1, 7), (2, 2), (3, 3), (2, 9), (4, 3)]
CASES = [
    *((name, size) for name in LITERAL for size in LARGE_ENOUGH),
    *(("vgg", size) for size in ODD),
    *(("clip", size) for size in TINY),
]
each_case = pytest.mark.parametrize(("name", "size"), CASES)


def outputs_and_gradients(
    model: nn.Module, arguments: list[Tensor], targets: dict[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    outputs = model(*arguments)
    losses = [PSNRLoss()(outputs[name], target) for name, target in targets.items()]
    torch.stack(losses).sum().backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {name: x.detach() for name, x in outputs.items()}, gradients


def both(name: str, size: tuple[int, int], dtype: torch.dtype):
    """Run the literal program and the product with the same weights on the same images."""
    torch.manual_seed(7)
    literal = LITERAL[name]().to(dtype)
    product = model_class(name)().to(dtype)
    product.load_state_dict(literal.state_dict(), strict=True)
    low = torch.rand(2, 3, *size, dtype=dtype)
    height, width = size
    scales = {"mid": 2, "large": 4}
    targets = {
        output: torch.rand(2, 3, scales[output] * height, scales[output] * width, dtype=dtype)
        for output in product.outputs
    }
    features = [literal.extract(low)] if product.frozen else []
    return (
        outputs_and_gradients(literal, [low], targets),
        outputs_and_gradients(product, [low, *features], targets),
    )


@each_case
def test_outputs_and_gradients_agree_in_float32(name, size):
    (outputs, gradients), (our_outputs, our_gradients) = both(name, size, torch.float32)
    assert outputs.keys() == our_outputs.keys()
    assert gradients.keys() == our_gradients.keys()
    for key, expected in {**outputs, **gradients}.items():
        ours = {**our_outputs, **our_gradients}[key]
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5, msg=lambda m, k=key: k + m)


@each_case
def test_the_algebra_is_exact(name, size):
    """In float64 nothing but rounding is left, relative to each tensor's largest entry."""
    (outputs, gradients), (our_outputs, our_gradients) = both(name, size, torch.float64)
    for key, expected in {**outputs, **gradients}.items():
        ours = {**our_outputs, **our_gradients}[key]
        largest = expected.abs().max().item()
        assert largest > 0, key
        assert (ours - expected).abs().max().item() <= 1e-10 * largest, key


def test_every_trainable_parameter_is_compared():
    for name in LITERAL:
        (_, gradients), (_, ours) = both(name, (7, 10), torch.float32)
        every = {key for key, _ in model_class(name)().named_parameters()}
        assert set(gradients) == set(ours) == every, name


@pytest.mark.parametrize("name", ["vgg", "clip"])
def test_the_frozen_features_matter(name):
    """Otherwise agreement would say nothing about how they are merged."""
    torch.manual_seed(0)
    literal, low = LITERAL[name](), torch.rand(1, 3, 8, 8)
    product = model_class(name)()
    features = literal.extract(low)
    with torch.no_grad():
        changed = product(low, features + 1)["mid"] - product(low, features)["mid"]
    assert changed.abs().max() > 1e-3


def test_the_literal_vgg_is_torchvisions():
    from torchvision.models import vgg16

    with torch.device("meta"):  # the classifier's 120 M weights are not needed
        theirs = vgg16().features[:9]
    ours = VGGFeatures()
    theirs.to_empty(device="cpu").load_state_dict(ours.features.state_dict(), strict=True)
    low = torch.rand(2, 3, 11, 14)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (low - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        assert torch.equal(ours(low), theirs(normalised))


sides = st.integers(1, 9)
counts = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 4))


@given(st.tuples(sides, sides), counts, st.integers(0, 999))
@example((1, 1), (1, 1, 1), 0)
@example((1, 7), (2, 3, 2), 0)
@example((7, 1), (2, 3, 2), 0)
@example((2, 2), (2, 3, 2), 0)
@example((3, 3), (2, 3, 2), 0)
@example((2, 9), (2, 3, 2), 0)
@example((4, 4), (2, 3, 2), 0)
@example((72, 40), (1, 2, 2), 0)
@settings(max_examples=60)
def test_convolution_of_a_constant_map(size, counts, seed):
    (height, width), (images, channels, filters) = size, counts
    random = torch.Generator().manual_seed(seed)
    values = torch.randn(images, channels, generator=random, dtype=torch.float64)
    weight = torch.randn(filters, channels, 3, 3, generator=random, dtype=torch.float64)
    upstream = torch.randn(images, filters, height, width, generator=random, dtype=torch.float64)
    results = []
    for fast in (True, False):
        v, w = values.clone().requires_grad_(), weight.clone().requires_grad_()
        if fast:
            out = conv3_of_constant(v, w, height, width)
        else:
            out = F.conv2d(v[:, :, None, None].expand(-1, -1, height, width), w, padding=1)
        results.append((out, *torch.autograd.grad((out * upstream).sum(), (v, w))))
    for ours, expected in zip(*results, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-10)
