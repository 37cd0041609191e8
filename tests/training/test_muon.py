"""Muon against singular values by LAPACK and against its definition, step by step."""

import copy

import pytest
import torch
from torch import nn

from srcore.models.registry import MODELS, model_class
from srcore.training.muon import Muon, orthogonalise


def matrices(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(32, 288), (288, 32), (16, 16), (1, 9)])
def test_singular_values_end_near_one(shape):
    values = torch.linalg.svdvals(orthogonalise(matrices(3, *shape)))
    assert values.min() > 0.65
    assert values.max() < 1.25


@pytest.mark.parametrize("shape", [(8, 24), (24, 8)])
def test_singular_vectors_stay(shape):
    """U·S·Vᵀ becomes U·f(S)·Vᵀ: in its own vectors, the result is diagonal."""
    given = matrices(*shape).double()
    left, _, right = torch.linalg.svd(given, full_matrices=False)
    found = left.mT @ orthogonalise(given) @ right.mT
    torch.testing.assert_close(found, torch.diag(found.diagonal()), rtol=0, atol=1e-10)
    assert found.diagonal().min() > 0.65


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_size_of_a_gradient_makes_no_difference(factor):
    given = matrices(4, 12)
    torch.testing.assert_close(orthogonalise(factor * given), orthogonalise(given))


def test_a_batch_is_as_its_matrices_one_by_one():
    given = matrices(5, 6, 18)
    alone = torch.stack([orthogonalise(one) for one in given])
    torch.testing.assert_close(orthogonalise(given), alone)


def test_no_gradient_at_all_stays_nothing():
    assert orthogonalise(torch.zeros(4, 9)).equal(torch.zeros(4, 9))


def kernels() -> list[nn.Parameter]:
    shapes = [(4, 3, 3, 3), (4, 3, 3, 3), (2, 5, 1, 1)]
    return [nn.Parameter(matrices(*shape, seed=k)) for k, shape in enumerate(shapes)]


def learn(parameters: list[nn.Parameter], optimizer: Muon, first: int, last: int) -> None:
    for step in range(first, last):
        for place, parameter in enumerate(parameters):
            parameter.grad = matrices(*parameter.shape, seed=100 * step + place)
        optimizer.step()


def test_it_steps_along_the_nesterov_momentum():
    """Kernels of several shapes, as each alone by the definition."""
    found, expected = kernels(), kernels()
    learn(found, Muon(found, lr=0.1, momentum=0.8), 0, 4)
    for place, kernel in enumerate(expected):
        average = torch.zeros_like(kernel)
        for step in range(4):
            gradient = matrices(*kernel.shape, seed=100 * step + place)
            average = 0.8 * average + 0.2 * gradient
            ahead = (0.2 * gradient + 0.8 * average).flatten(1)
            kernel.data -= 0.1 * orthogonalise(ahead).view_as(kernel)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.data, other.data)


@pytest.mark.parametrize("lr", [0.1, torch.tensor(0.1)], ids=["number", "tensor"])
def test_a_step_is_as_long_as_the_rate(lr):
    (kernel,) = parameters = kernels()[:1]
    before = kernel.detach().clone()
    learn(parameters, Muon(parameters, lr=lr), 0, 1)
    values = torch.linalg.svdvals((kernel.detach() - before).flatten(1)) / 0.1
    assert values.min() > 0.65
    assert values.max() < 1.25


def test_what_has_no_gradient_stays():
    kernel, other = kernels()[:2]
    before = other.detach().clone()
    kernel.grad = torch.ones_like(kernel)
    Muon([kernel, other], lr=0.1).step()
    assert other.equal(before)


@pytest.mark.parametrize("missing", [0, 1])
def test_what_has_no_gradient_in_one_step_is_as_if_that_step_were_not(missing):
    """Of two kernels of one shape, in the third step, when both have an average."""
    found = kernels()[:2]
    optimizer = Muon(found, lr=0.1)
    for step in range(5):
        for place, parameter in enumerate(found):
            gradient = matrices(*parameter.shape, seed=100 * step + place)
            parameter.grad = None if (step, place) == (2, missing) else gradient
        optimizer.step()
    for place, expected in enumerate(kernels()[:2]):
        alone = Muon([expected], lr=0.1)
        for step in range(5):
            if (step, place) != (2, missing):
                expected.grad = matrices(*expected.shape, seed=100 * step + place)
                alone.step()
        torch.testing.assert_close(found[place].data, expected.data)


def test_it_goes_on_from_its_state_in_the_same_bits():
    whole, stopped = kernels(), kernels()
    learn(whole, Muon(whole, lr=0.1), 0, 6)
    first = Muon(stopped, lr=0.1)
    learn(stopped, first, 0, 3)
    second = Muon(stopped, lr=0.5)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    learn(stopped, second, 3, 6)
    assert all(one.equal(other) for one, other in zip(whole, stopped, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_hidden_kernels_go_from_features_to_features(name):
    """Neither the image's three channels nor a head's; every network has some."""
    model = model_class(name)()
    hidden = model.hidden_kernels()
    names = {id(parameter): key for key, parameter in model.named_parameters()}
    assert hidden
    assert all(min(kernel.shape[:2]) > 3 for kernel in hidden)
    assert not [names[id(kernel)] for kernel in hidden if "head" in names[id(kernel)]]


def test_hidden_kernels_of_our_own_network():
    hidden = model_class("subpixel")().hidden_kernels()
    assert [tuple(kernel.shape) for kernel in hidden] == 23 * [(32, 32, 3, 3)]
