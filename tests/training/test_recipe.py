"""Recipes are groups of params.yaml, and any model can take any."""

import pytest

from srcore.common.errors import StudyError
from srcore.models.registry import MODELS, model_class
from srcore.params import load_params
from srcore.training.recipe import recipe, recipe_for


@pytest.fixture
def params(root):
    return load_params(root / "params.yaml")


def asking(params, name):
    return params.model_copy(update={"train": params.train.model_copy(update={"recipe": name})})


def test_each_model_has_its_own_by_default(params):
    assert recipe_for(model_class("multi"), params) == recipe("report", params)
    assert recipe_for(model_class("subpixel"), params) == recipe("modern", params)
    assert recipe("report", params).group == "train"
    assert recipe("modern", params).lr == params.modern.lr


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("asked", ["report", "modern"])
def test_one_recipe_for_all_leaves_only_what_a_model_is_about(params, name, asked):
    model = model_class(name)
    found = recipe_for(model, asking(params, asked))
    wanted = recipe(asked, params).settings() | dict(model.changes)
    if model.frozen:
        wanted["flips"] = False
    assert found.settings() == wanted
    assert found.epochs == params.train.epochs


def test_stored_features_are_never_turned(params):
    """The recipe leaves flips out, and the card says so (`settings`)."""
    assert recipe("modern", params).flips
    assert recipe_for(model_class("vgg"), asking(params, "modern")).settings()["flips"] is False


def test_an_unknown_recipe_is_one_line(root, tmp_path):
    text = (root / "params.yaml").read_text().replace("recipe: own", "recipe: moderm")
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(
        StudyError, match=r"train\.recipe = moderm: is not one of own, report, modern; did"
    ):
        load_params(tmp_path / "params.yaml")
