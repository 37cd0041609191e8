"""Which recipe trains a network."""

from dataclasses import replace

import pytest

from srcore.models.registry import MODELS, model_class
from srcore.params import load_params
from srcore.training.recipe import Recipe, recipe_for


@pytest.fixture
def params(root, monkeypatch):
    monkeypatch.chdir(root)
    return load_params()


def with_recipe(params, name):
    return params.model_copy(update={"train": params.train.model_copy(update={"recipe": name})})


@pytest.mark.parametrize("name", MODELS)
def test_one_recipe_for_all_networks(params, name):
    model, train, modern = model_class(name), params.train, params.modern
    theirs = recipe_for(model, with_recipe(params, "report"))
    assert theirs == Recipe(train.epochs, train.batch_size, train.lr)
    ours = recipe_for(model, with_recipe(params, "modern"))
    shared = Recipe(epochs=train.epochs, **modern.model_dump(), group="modern")
    assert ours == (replace(shared, flips=False) if model.frozen else shared)


def test_networks_that_differ_by_their_recipe_alone_are_then_the_same(params):
    shared = with_recipe(params, "modern")
    pair = model_class("subpixel"), model_class("subpixel_adam")
    assert len({recipe_for(model, params) for model in pair}) == 2
    assert len({recipe_for(model, shared) for model in pair}) == 1
