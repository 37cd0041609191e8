"""Which recipe trains a network."""

from dataclasses import replace

import pytest

from srcore.common.errors import StudyError
from srcore.models.registry import MODELS, model_class
from srcore.params import load_params
from srcore.training.recipe import Recipe, recipe_for

WITHOUT_CHANGES = [name for name in MODELS if not model_class(name).recipe_overrides]


@pytest.fixture
def params(root, monkeypatch):
    monkeypatch.chdir(root)
    return load_params()


def with_recipe(params, name):
    return params.model_copy(update={"train": params.train.model_copy(update={"recipe": name})})


@pytest.mark.parametrize("name", WITHOUT_CHANGES)
def test_one_recipe_for_all_networks(params, name):
    model, train, modern = model_class(name), params.train, params.modern
    theirs = recipe_for(model, with_recipe(params, "report"))
    assert theirs == Recipe(train.epochs, train.batch_size, train.lr)
    ours = recipe_for(model, with_recipe(params, "modern"))
    shared = Recipe(epochs=train.epochs, **modern.model_dump(exclude={"frozen_lr"}), group="modern")
    beside = replace(shared, lr=modern.frozen_lr, flips=False, rate="frozen_lr")
    assert ours == (beside if model.frozen else shared)
    assert ours.rates() == (
        f"modern.frozen_lr = {modern.frozen_lr}" if model.frozen else f"modern.lr = {modern.lr}"
    )


@pytest.mark.parametrize("name", sorted(MODELS.keys() - set(WITHOUT_CHANGES)))
@pytest.mark.parametrize("recipe", ["report", "modern"])
def test_networks_that_differ_by_their_recipe_alone_have_no_other(params, name, recipe):
    assert recipe_for(model_class(name), params)
    with pytest.raises(StudyError, match=f"train.recipe = {recipe}: .* set it to own"):
        recipe_for(model_class(name), with_recipe(params, recipe))


def test_crops_are_among_the_settings_only_where_there_are_any():
    """So that stored runs of recipes without crops keep their keys."""
    without = Recipe(3, 2, 0.002)
    assert "crops" not in without.settings()
    assert replace(without, crops=0.5).settings() == {**without.settings(), "crops": 0.5}
