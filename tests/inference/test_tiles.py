from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from photographs import arrays
from tiny import CPU, tiny_clip, tiny_network

from srcore.common.tensors import to_tensor
from srcore.features.extractor import load_extractor
from srcore.inference.network import Network
from srcore.inference.tiles import Tiles, spans
from srcore.models.registry import MODELS, SETS, model_class
from srcore.models.scales import OUTPUTS


@pytest.fixture(scope="module")
def networks() -> dict[str, Network]:
    extractors = {
        "vgg": load_extractor("vgg", "random", CPU),
        "clip": tiny_clip().extractor(),
        None: None,
    }
    return {name: tiny_network(name, 0, extractors[model_class(name).frozen]) for name in MODELS}


def lively(network: Network) -> Network:
    """In double precision, all weights positive: whatever can depend on a pixel, does."""
    torch.manual_seed(0)
    model = model_class(network.card.model)().double().eval()
    for parameter in model.parameters():
        fan_in = parameter[0].numel()
        torch.nn.init.uniform_(parameter.data, 0.5 / fan_in, 1.5 / fan_in)
    return Network(model, network.card, network.extractor)


def seen(network: Network, low: torch.Tensor, centre: int) -> list[torch.Tensor]:
    """What the outputs show of the pixel `centre`, `centre`."""
    model, extractor = network.model, network.extractor
    if extractor is None:
        outputs = model(low)
    else:
        features = extractor.embed(low.float()).double()  # not rounded, to miss no small change
        if model.global_features:
            features = torch.ones_like(features)
        outputs = model(low, features)
    blocks = [slice(OUTPUTS[name] * centre, OUTPUTS[name] * (centre + 1)) for name in outputs]
    return [made[..., b, b] for b, made in zip(blocks, outputs.values(), strict=True)]


def changed_beyond(network: Network, distance: int, centre: int) -> bool:
    """Whether pixels further than that from `centre`, `centre` matter to it."""
    size = 56  # holds the largest receptive field around its middle
    low, other = torch.rand(
        2, 1, 3, size, size, generator=torch.Generator().manual_seed(1)
    ).double()
    window = slice(centre - distance, centre + distance + 1)
    other[..., window, window] = low[..., window, window]
    with torch.inference_mode():
        pairs = zip(seen(network, low, centre), seen(network, other, centre), strict=True)
        return not all(torch.equal(one, two) for one, two in pairs)


@pytest.mark.parametrize("name", MODELS)
def test_a_network_sees_as_far_as_it_says_and_no_further(networks, name):
    network = lively(networks[name])
    radius = network.model.receptive_radius
    assert not any(changed_beyond(network, radius, centre) for centre in (27, 28))
    assert any(changed_beyond(network, radius - 1, centre) for centre in (27, 28))


@pytest.mark.parametrize("name", MODELS)
def test_frozen_features_of_a_place_are_not_those_of_an_image(networks, name):
    network = networks[name]
    if network.extractor is None:
        assert (network.model.multiple_of, network.model.global_features) == (1, False)
        return
    features = network.extractor(torch.rand(1, 3, 32, 48))
    assert network.model.global_features == (features.ndim == 2)
    if not network.model.global_features:
        assert features.shape[2:] == (
            32 // network.model.multiple_of,
            48 // network.model.multiple_of,
        )


def whole(network: Network, pixels: np.ndarray) -> dict[str, torch.Tensor]:
    """The network in one piece on the image with its edge repeated; sides even, for VGG16."""
    height, width = pixels.shape[:2]
    stride, radius = network.model.multiple_of, network.model.receptive_radius + 2
    even = np.pad(pixels, [(0, -height % stride), (0, -width % stride), (0, 0)], mode="edge")
    around = radius + radius % stride
    padded = to_tensor(
        np.pad(even, [(around, around), (around, around), (0, 0)], mode="edge")[None]
    )
    if network.model.global_features:
        with torch.inference_mode():
            outputs = network.model(padded, network.extractor(to_tensor(even[None])))
    else:
        outputs = network(padded)
    found = {}
    for name, made in outputs.items():
        scale = OUTPUTS[name]
        cut = made[0, :, scale * around :, scale * around :]
        found[name] = cut[:, : scale * height, : scale * width]
    return found


def assembled(network: Network, pixels: np.ndarray, output: str, tile: int) -> torch.Tensor:
    scale = OUTPUTS[output]
    made = torch.full((3, *(scale * side for side in pixels.shape[:2])), torch.nan)
    tiles = Tiles(network, pixels, tile, CPU)
    count = 0
    for rows, columns, values in tiles.outputs(output):
        assert made[:, rows, columns].isnan().all()
        made[:, rows, columns] = values
        count += 1
    assert count == len(tiles)
    return made


@pytest.mark.parametrize("name", SETS["all"])
@pytest.mark.parametrize(
    ("height", "width", "tile"),
    [(61, 43, 24), (7, 64, 20), (1, 40, 16), (3, 3, 1), (1, 1, 192)],
)
def test_tiled_equals_whole(networks, name, height, width, tile):
    network, pixels = networks[name], arrays()[2][:height, :width]
    if min(height, width) < 5:  # and a corner that is not flat
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    for output, expected in whole(network, pixels).items():
        made = assembled(network, pixels, output, tile)
        assert made.shape == expected.shape
        assert (made - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("name", ["subpixel", "vgg", "clip"])
def test_a_tiled_ensemble_is_the_mean_over_the_transformed_images(networks, name):
    """Features of the image as a whole are those of each transform, as in the evaluation."""
    network, pixels = networks[name], arrays()[2][:42, :30]
    ensemble = replace(network, ensemble=True)
    for output in network.model.outputs:
        mean = torch.zeros(3, *(OUTPUTS[output] * side for side in pixels.shape[:2]))
        for quarters, mirrored in product(range(4), (False, True)):
            turned = np.rot90(pixels[:, ::-1] if mirrored else pixels, quarters)
            made = whole(network, turned.copy())[output].rot90(-quarters, (1, 2))
            mean += (made.flip(2) if mirrored else made) / 8
        assert (assembled(ensemble, pixels, output, 24) - mean).abs().max() <= 1e-5
        assert (assembled(network, pixels, output, 24) - mean).abs().max() > 1e-5


@pytest.mark.parametrize("name", ["subpixel", "vgg", "clip"])
def test_tiles_of_a_very_wide_image_are_flatter(networks, name, monkeypatch):
    monkeypatch.setattr("srcore.inference.tiles.ROW", 500)
    network, pixels = networks[name], arrays()[2][:50, :31]
    assert len(Tiles(network, pixels, 100, CPU)) == 3
    for output, expected in whole(network, pixels).items():
        assert (assembled(network, pixels, output, 100) - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("name", ["subpixel", "vgg"])
def test_too_little_overlap_would_be_noticed(networks, name, monkeypatch):
    """The measure of the test above is fine enough."""
    network, pixels = networks[name], arrays()[2][:50, :50]
    expected = whole(network, pixels)["large"]
    monkeypatch.setattr(type(network.model), "receptive_radius", 2)
    assert (assembled(network, pixels, "large", 32) - expected).abs().max() > 1e-4


def test_16_bits_are_seen_as_fractions_of_their_own_white(networks):
    pixels = arrays()[2][:20, :30]
    eight = assembled(networks["subpixel"], pixels, "mid", 192)
    sixteen = assembled(networks["subpixel"], pixels.astype(np.uint16) * 257, "mid", 192)
    assert (eight - sixteen).abs().max() < 1e-6


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("tile", [1, 7, 64, 1000])
@pytest.mark.parametrize("length", [2, 10, 64, 130, 500])
def test_tiles_cover_a_side_once(length, tile, stride):
    cut = spans(length, tile, 5, stride)
    kept = [pixel for span in cut for pixel in range(span.start, span.stop)]
    assert kept == list(range(length))
    for span in cut:
        assert all(edge % stride == 0 for edge in (span.start, span.stop, span.first, span.last))
        assert span.start - span.first >= 5
        assert span.last - span.stop >= 5
    assert len(cut) <= max(1, round(length / tile))


@pytest.mark.parametrize("name", SETS["all"])
def test_a_constant_image_has_no_border(networks, name):
    pixels = np.broadcast_to(np.array([13, 200, 77], np.uint8), (23, 41, 3))
    output = networks[name].model.outputs[-1]
    made = assembled(networks[name], pixels, output, 16)
    scale = OUTPUTS[output]
    # All phases of a sub-pixel convolution are outputs of their own, so each is compared.
    phases = made.unfold(1, scale, scale).unfold(2, scale, scale)
    assert (phases - phases[:, 11:12, 20:21]).abs().max() < 1e-5
