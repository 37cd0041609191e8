import re
from dataclasses import replace

import pytest
from tiny import CPU

from srcore.export.card import RECIPE, model_card
from srcore.inference.load import load_network
from srcore.training.recipe import Recipe

JUDGED = {"psnr": 30.456, "ssim": 0.9123, "gain": 2.5, "gain_low": 2.25, "gain_high": 2.75}
FIGURES = {
    "subpixel": {"mid": {**JUDGED, "wins": 1.0}, "large": {**JUDGED, "gain": -0.5, "wins": 0.25}},
    "bicubic": {"mid": {"psnr": 27.9, "ssim": 0.86}, "large": {"psnr": 24.5, "ssim": 0.68}},
}


def flat(text: str) -> str:
    return " ".join(text.split())


def test_it_tells_what_the_network_is_and_costs(made):
    text = flat(made("subpixel").card)
    assert text.startswith("# subpixel: super-resolution ×2 and ×4")
    for part in (
        "depth at low resolution, sub-pixel heads, and a difference to bicubic",
        "trainable parameters | 230,940",
        "72×72, all outputs | 1.19 G",
        "81 images",
        "epochs | 33",
        "rotated and mirrored at random | no",
        "(N, 3, 4H, 4W)",
        "Not measured here.",
        "MIT",
        "Flickr",
        "2 images of 97×61",
        "onnxruntime 1.",
        "srcore export subpixel.seed0.safetensors --out subpixel.onnx",
    ):
        assert part in text
    assert "random weights" not in text
    assert "VGG16" not in text


@pytest.mark.slow
def test_random_weights_are_reported_before_anything_else(made):
    for name, kind in (("vgg", "VGG16"), ("clip", "CLIP")):
        lines = made(name).card.splitlines()
        assert lines[2].startswith(f"> **random weights**: the {kind} features")
        assert f"| {kind} | random weights, SHA-256 `" in made(name).card
    assert "| frozen parameters | 260,160 |" in made("vgg").card
    assert "frozen parameters" not in made("basic").card


def test_one_output_is_reported_as_one(made):
    text = made("basic").card
    assert text.startswith("# basic: super-resolution ×2\n")
    assert "`large`" not in text


def test_figures_stand_beside_their_interval(made):
    one = made("subpixel")
    text = model_card(one.network, "mine.safetensors", "f" * 64, figures=FIGURES)
    assert "| `mid` (×2) | +2.50 [+2.25, +2.75] | 100 % | 30.46 | 27.90 | 0.9123 | 0.8600 |" in text
    assert "| -0.50 [+2.25, +2.75] | 25 % | 30.46 | 24.50 | 0.9123 | 0.6800 |" in text
    assert "Not measured" not in text
    assert "trainings, of which" not in text


def test_figures_of_several_seeds_say_so(made):
    several = {output: {**FIGURES["subpixel"][output], "seeds": 3} for output in ("mid", "large")}
    text = model_card(
        made("subpixel").network, "a", "f" * 64, figures={**FIGURES, "subpixel": several}
    )
    assert text.count("means over 3 trainings, of which this is one") == 1


def test_figures_with_random_weights_carry_the_label(made):
    figures = {"vgg": FIGURES["subpixel"], "bicubic": FIGURES["bicubic"]}
    text = model_card(made("vgg").network, "a", "f" * 64, figures=figures)
    assert "| `mid` (×2), random weights |" in text
    assert "| `large` (×4), random weights |" in text


def test_a_card_of_a_checkpoint_alone(made):
    text = model_card(made("subpixel").network, "subpixel.voc2007.safetensors", "f" * 64)
    assert "Outputs are to be clipped" in flat(text)
    assert "ONNX" not in text
    assert "How it was checked" not in text


def test_what_a_checkpoint_says_of_its_training_is_text_alone(made):
    """It may be anybody's: no link, heading, HTML or row of a table begins in it."""
    hostile = "<img src=x>\n# Trusted [here](http://x) | `run`"
    given = {"images": hostile, "epochs": hostile, "factors": [hostile, 0.5], "loss": {"a": "<b>"}}
    network = made("subpixel").network
    network = replace(network, card=replace(network.card, trained=given))
    text = model_card(network, "a", "f" * 64)
    assert not re.search(r"(?<!\\)(<|\[here|`run)|^# Trusted", text, re.MULTILINE)
    training = text.split("## Training")[1].split("## Quality")[0]
    table = [line for line in training.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {3}


def test_values_of_a_training_read_well_and_what_is_off_is_left_out(made):
    network = made("subpixel").network
    given = {"epochs": 3, "flips": True, "factors": [1.0, 0.5], "max_norm": 0, "average": 0.0}
    network = replace(network, card=replace(network.card, trained=given))
    text = model_card(network, "a", "f" * 64)
    for row in ("| epochs | 3 |", "| rotated and mirrored at random | yes |", " | 1.0, 0.5 |"):
        assert row in text
    assert "clipping" not in text.split("## Training")[1]
    assert "moving average" not in text


@pytest.mark.parametrize(("optimizer", "shown"), [("adam", False), ("muon", True)])
def test_the_rate_of_an_optimiser_that_was_not_used_is_left_out(made, optimizer, shown):
    network = made("subpixel").network
    given = Recipe(3, 2, 0.002, optimizer=optimizer, muon_lr=0.01).settings()
    network = replace(network, card=replace(network.card, trained=given))
    text = model_card(network, "a", "f" * 64)
    assert ("| learning rate of Muon | 0.01 |" in text) == shown
    assert "| learning rate of Adam | 0.002 |" in text


def test_every_setting_of_a_training_has_its_words():
    assert replace(Recipe(3, 2, 0.002), crops=0.5).settings().keys() <= RECIPE.keys()


def test_it_names_the_kernel_of_its_own_training(made):
    one = made("subpixel")
    assert "shrunk by Pillow's bicubic method" in flat(one.card)
    shipped = load_network(None, None, CPU)
    text = flat(model_card(shipped, "subpixel.voc2007.safetensors", "f" * 64))
    assert "shrunk by MATLAB's bicubic method" in text
    assert "Pillow" not in text


@pytest.mark.parametrize(
    "name", ["basic", "subpixel", "vgg", pytest.param("clip", marks=pytest.mark.slow)]
)
def test_it_is_tidy_markdown(made, name):
    text = made(name).card
    assert not re.search(r"\n\n\n|[ \t]\n|None|{{|%}", text)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) >= 3
    for table in tables:
        assert len({row.count("|") for row in table.splitlines()}) == 1


def test_no_folder_of_this_machine_is_shown(made):
    for name in ("basic", "vgg"):
        assert str(made(name).onnx.parent) not in made(name).card
