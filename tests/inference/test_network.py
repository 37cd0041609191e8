import numpy as np
import pytest
import torch
from photographs import photographs
from tiny import tiny_clip, tiny_pyramids

from srcore.common.errors import StudyError
from srcore.common.tensors import to_tensor
from srcore.data.dataset import Features
from srcore.features.extractor import Extractor, load_extractor
from srcore.features.store import store_features
from srcore.inference import network as inference
from srcore.inference.network import assemble, ensembles
from srcore.models.base import SuperResolver
from srcore.models.checkpoint import Card
from srcore.models.registry import model_class
from srcore.training.batches import Examples

CPU = torch.device("cpu")
WEIGHTS = {"vgg": "random", "clip": "random"}


@pytest.fixture(scope="module")
def extractors() -> dict[str, Extractor]:
    return {"vgg": load_extractor("vgg", "random", CPU), "clip": tiny_clip().extractor()}


@pytest.fixture
def loads(monkeypatch, extractors) -> list[str]:
    """Kinds of extractor that were loaded, one entry a load."""
    kinds: list[str] = []

    def load(kind: str, weights: str, device: torch.device) -> Extractor:
        assert (weights, device) == ("random", CPU)
        kinds.append(kind)
        return extractors[kind]

    monkeypatch.setattr(inference, "load_extractor", load)
    return kinds


def made(name: str, seed: int, extractors: dict[str, Extractor]) -> tuple[SuperResolver, Card]:
    torch.manual_seed(seed)
    model = model_class(name)().eval()
    extractor = extractors.get(model.frozen) if model.frozen else None
    label, fingerprint = (extractor.label, extractor.fingerprint) if extractor else (None, None)
    return model, Card(name, seed, {}, label, fingerprint)


def test_each_extractor_is_loaded_once_and_none_without_need(loads, extractors):
    names = ("basic", "vgg", "vgg", "clip", "clip")
    networks = assemble([made(n, k, extractors) for k, n in enumerate(names)], WEIGHTS, CPU)
    assert loads == ["vgg", "clip"]
    assert networks[1].extractor is networks[2].extractor
    loads.clear()
    assemble([made("basic", 0, extractors), made("dilated", 0, extractors)], WEIGHTS, CPU)
    assert loads == []


def test_an_extractor_that_is_there_already_is_not_loaded_again(loads, extractors):
    checkpoints = [made("vgg", 0, extractors), made("clip", 0, extractors)]
    networks = assemble(checkpoints, WEIGHTS, CPU, {"clip": extractors["clip"]})
    assert loads == ["vgg"]
    assert networks[1].extractor is extractors["clip"]


@pytest.mark.usefixtures("loads")
def test_other_frozen_weights_are_refused(extractors):
    model, _ = made("vgg", 4, extractors)
    card = Card("vgg", 4, {}, "weights of other.pt", "0123456789abcdef" * 4)
    with pytest.raises(StudyError) as caught:
        assemble([(model, card)], WEIGHTS, CPU)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("vgg.seed4", "weights of other.pt", "0123456789ab", "frozen.vgg = random"):
        assert part in message
    assert extractors["vgg"].fingerprint[:12] in message


@pytest.mark.usefixtures("loads")
@pytest.mark.parametrize("name", ["vgg", "clip"])
def test_fresh_features_give_exactly_what_stored_ones_give(tmp_path, extractors, name):
    """What `evaluate` and `upscale` compute is what training saw."""
    pyramids = tiny_pyramids(5)
    store_features(extractors[name], pyramids.low, tmp_path / "features", CPU)
    features = Features.open(tmp_path / "features")
    model, card = made(name, 0, extractors)
    (network,) = assemble([(model, card)], WEIGHTS, CPU)
    examples = Examples.of(pyramids, features, model.outputs, CPU)
    rows = np.arange(5)
    inputs, _ = examples.take(rows)
    with torch.inference_mode():
        expected = model(*inputs)
    found = network(to_tensor(pyramids.low))
    assert found.keys() == expected.keys() == {"mid", "large"}
    assert all(torch.equal(found[key], expected[key]) for key in found)


@pytest.mark.usefixtures("loads")
def test_a_network_has_no_gradients_and_names_its_weights(extractors):
    vgg, basic = assemble([made("vgg", 0, extractors), made("basic", 0, extractors)], WEIGHTS, CPU)
    assert vgg.label == "vgg (random weights)"
    assert basic.label == "basic"
    averaged, averaged_basic = ensembles([vgg, basic])
    assert averaged.label == "vgg+ (self-ensemble; random weights)"
    assert averaged_basic.label == "basic+ (self-ensemble)"
    assert not any(output.requires_grad for output in vgg(photographs()[2]).values())


@pytest.mark.usefixtures("loads")
@pytest.mark.parametrize("name", ["basic", "multi", "residual", "dilated", "vgg", "clip"])
def test_assembled_networks_take_images_of_any_shape(extractors, name):
    (network,) = assemble([made(name, 0, extractors)], WEIGHTS, CPU)
    low = photographs()[2]  # 75 × 97
    for output, scale in (("mid", 2), ("large", 4)):
        if output in network.model.outputs:
            assert network(low)[output].shape == (1, 3, 75 * scale, 97 * scale)
