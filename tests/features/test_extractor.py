import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from srcore.features.extractor import (
    Extractor,
    fingerprint,
    freeze,
    round_features,
)


def small(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))


def test_a_fingerprint_is_a_sha256_that_only_the_weights_decide():
    assert len(fingerprint(small())) == 64
    assert fingerprint(small()) == fingerprint(small().eval().requires_grad_(False))
    assert fingerprint(small()) != fingerprint(small(1))


@settings(max_examples=30)
@given(data=st.data())
def test_any_changed_value_changes_the_fingerprint(data):
    network = small()
    before = fingerprint(network)
    state = network.state_dict()
    name = data.draw(st.sampled_from(sorted(state)))
    values = state[name].flatten()
    values[data.draw(st.integers(0, len(values) - 1))] += 1
    state[name] = values.reshape(state[name].shape)
    network.load_state_dict(state)
    assert fingerprint(network) != before


def test_the_name_of_a_tensor_counts():
    first, second = nn.Module(), nn.Module()
    first.a = nn.Parameter(torch.ones(2))
    second.b = nn.Parameter(torch.ones(2))
    assert fingerprint(first) != fingerprint(second)


def test_memory_order_and_device_do_not_count():
    network = small()
    before = fingerprint(network)
    assert fingerprint(network.to(memory_format=torch.channels_last)) == before


def test_frozen_modules_have_no_gradients_and_do_not_change():
    frozen = freeze(small(), torch.device("cpu"))
    assert not frozen.training
    assert not any(value.requires_grad for value in frozen.parameters())


@given(st.floats(-60000, 60000, width=32))
def test_rounding_is_that_of_half_floats_and_done_only_once(value):
    once = round_features(torch.tensor([value])).float()
    assert torch.equal(round_features(once).float(), once)
    assert abs(once.item() - value) <= max(abs(value) * 2**-11, 2**-25)


def test_an_extractor_gives_rounded_float32():
    exact = torch.tensor([[1 + 2**-12, 0.1]])
    found = Extractor(lambda _: exact, "", "")(torch.zeros(1, 3, 4, 4))
    assert found.dtype == torch.float32
    assert torch.equal(found, torch.tensor([[1, 0.0999755859375]]))


def test_batches_are_always_of_one_size():
    seen = []

    def embed(low: torch.Tensor) -> torch.Tensor:
        seen.append(len(low))
        return low.mean(dim=(2, 3))

    low = torch.arange(7 * 3).div(32).view(7, 3, 1, 1).expand(7, 3, 4, 4)
    found = Extractor(embed, "", "", batch=3)(low)
    assert seen == [3, 3, 3]
    assert torch.equal(found, low[..., 0, 0])
