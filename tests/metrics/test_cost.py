import pytest
import torch

from srcore.features.extractor import load_extractor
from srcore.metrics import cost
from srcore.models.registry import model_class

SIDE = 72
PIXELS = SIDE * SIDE


def conv(inputs: int, outputs: int, kernel: int, pixels: int = PIXELS) -> int:
    """Multiply-accumulates of a convolution that keeps the size of its input."""
    return inputs * outputs * kernel**2 * pixels


def body(channels: int) -> int:
    return conv(3, 64, 3) + conv(channels, 64, 3)


EXPECTED = {
    "basic": body(64) + conv(64, 3, 1),
    "multi": body(64) + conv(64, 6, 1),  # both heads at low resolution
    "residual": conv(3, 32, 3)
    + 4 * conv(32, 32, 3)
    + 2 * conv(32, 32, 3, 4 * PIXELS)
    + conv(32, 3, 1)
    + conv(32, 3, 1, 4 * PIXELS),
    "dilated": conv(3, 32, 3)
    + 2 * (3 * conv(32, 32, 3) + conv(96, 32, 1))
    + 3 * conv(32, 32, 3, 4 * PIXELS)
    + conv(96, 3, 1, 4 * PIXELS)  # the last fusion and head are one convolution,
    + 3 * 32 * 96  # whose weights are a product
    + conv(32, 3, 1),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_multiply_accumulates_are_those_counted_by_hand(name):
    assert cost.macs(model_class(name)(), None, SIDE) == EXPECTED[name]


def test_the_frozen_features_count():
    extractor = load_extractor("vgg", "random", torch.device("cpu"))
    frozen = conv(3, 64, 3) + conv(64, 64, 3) + (conv(64, 128, 3) + conv(128, 128, 3)) // 4
    own = conv(3, 64, 3) + conv(64, 64, 3) + conv(192, 64, 3) + conv(64, 6, 1)
    total = cost.macs(model_class("vgg")(), extractor, SIDE)
    assert total == own + frozen
    assert round(total / 1e9, 2) == 1.26


def test_cost_grows_with_the_number_of_pixels():
    model = model_class("basic")()
    assert cost.macs(model, None, 144) == 4 * cost.macs(model, None, 72)


def test_attention_is_counted_and_its_switch_put_back():
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()

    class Attending(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, low: torch.Tensor) -> torch.Tensor:
            return self.layer(low.new_zeros(1, 5, 8))

    before = torch.backends.mha.get_fastpath_enabled()
    tokens, width, hidden = 5, 8, 16
    projections = tokens * width * (3 * width + width + 2 * hidden)
    attention = 2 * tokens * tokens * width
    assert cost.macs(Attending(), None, 4) == projections + attention  # type: ignore[arg-type]
    assert torch.backends.mha.get_fastpath_enabled() is before


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("basic", 38_915),
        ("multi", 39_110),
        ("residual", 56_582),
        ("dilated", 93_638),
        ("vgg", 149_766),
        ("clip", 370_950),
    ],
)
def test_trainable_parameters_are_those_of_the_design(name, count):
    model = model_class(name)()
    assert cost.parameters(model) == count
    model.conv1.bias.requires_grad_(False)
    assert cost.parameters(model) == count - len(model.conv1.bias)
