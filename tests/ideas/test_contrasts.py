"""From a record of runs to what each idea is worth, on made-up scores with known effects."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from srcore.common.errors import StudyError
from srcore.ideas.contrasts import CONTRASTS, RATE, collapsed, contrasts, gains, verdict
from srcore.ideas.crossed import Effect, effect
from srcore.ideas.names import COSTS, INTERACTION, SLOW, stem_of
from srcore.ideas.notes import note, note_of_curves
from srcore.ideas.runs import CURVE, Runs
from srcore.ideas.tables import markdown, tables
from srcore.reporting.curves import draw_curves
from srcore.reporting.forest import draw_ideas

SEEDS, IMAGES = 5, 40
NAMES = [f"{row:02}.jpg" for row in range(IMAGES)]
BASE = 27 + np.arange(IMAGES) / 10
GAIN_OVER_PLAIN = {
    "plain": 0.0,
    "merge": 0.5,
    "merge_slow": 0.5,
    "residual": 0.5,
    "stacked": 0.5,
    "vgg": 0.45,
}
"""What the made-up bodies add to the plain one, in dB."""


def made(scenes: list[str] = NAMES) -> Runs:
    """Runs of six bodies under both heads; of `vgg.subpixel` one seed collapsed."""
    chance = np.random.default_rng(0)
    columns, cards = {}, {}
    for place, (body, worth) in enumerate(GAIN_OVER_PLAIN.items()):
        for head, more in (("bilinear", 0.0), ("subpixel", 2.0)):
            for seed in range(SEEDS):
                stem = stem_of(f"{body}.{head}", seed)
                gain = worth + more + 0.01 * chance.normal() + 0.02 * chance.normal(size=IMAGES)
                if stem == "vgg.subpixel.seed3":
                    gain = np.zeros(IMAGES)
                columns[stem] = np.concatenate([BASE + gain, BASE + gain / 2])
                cards[stem] = {
                    "experiment": f"{body}.{head}",
                    "seed": seed,
                    "group": "grid",
                    "recipe": {"lr": 0.001 if body in SLOW else 0.002},
                    "weights": "random weights" if body == "vgg" else "",
                    "images": 8,
                    "held_out": IMAGES,
                    "device": "cpu",
                    "precision": "32-true",
                    **dict.fromkeys(COSTS, 3 + place),
                }
    keys = {
        "output": ["mid"] * IMAGES + ["large"] * IMAGES,
        "image": NAMES * 2,
        "scene": scenes * 2,
        "bicubic": np.tile(BASE, 2),
        "linear": np.tile(BASE + 1, 2),
    }
    return Runs(pd.DataFrame(keys | columns), pd.DataFrame(columns=list(CURVE)), cards)


def line(table, name, head, output="mid"):
    found = table[
        (table["contrast"] == name) & (table["head"] == head) & (table["output"] == output)
    ]
    return found.iloc[0]


def test_known_effects_are_found():
    table = contrasts(made())
    third = line(table, "a third convolution", "bilinear")
    assert third["low"] < 0.5 < third["high"]
    assert third["verdict"] == "better"
    assert third["adjusted"] >= third["p"]
    assert third["extra_macs"] == 1
    skips = line(table, "… their skips", "subpixel")
    assert skips["low"] < 0 < skips["high"]
    assert skips["verdict"] == "negligible"
    both = line(table, "a third convolution", "interaction")
    assert abs(both["delta"]) < 0.1
    head = line(table, "sub-pixel head over bicubic", "")
    assert head["low"] < 2 < head["high"]
    assert head["extra_macs"] == 0


def test_what_was_not_run_is_left_out_and_named_in_one_line(caplog):
    with caplog.at_level(logging.WARNING):
        found = set(contrasts(made())["contrast"])
    assert "dilated blocks" not in found
    assert {c.name for c in CONTRASTS if {c.idea, c.control} <= GAIN_OVER_PLAIN.keys()} <= found
    (said,) = caplog.messages
    assert said.startswith("no runs, or too few, for: dilated − plain, undilated − plain")
    assert "own.whole − own.report_loss" in said


def test_of_a_missing_seed_the_others_are_compared():
    runs = made()
    cards = {stem: card for stem, card in runs.cards.items() if stem != "merge.bilinear.seed4"}
    third = line(
        contrasts(Runs(runs.scores, runs.curves, cards)), "a third convolution", "bilinear"
    )
    assert third["seeds"] == 4
    assert third["verdict"] == "few"


def test_an_interaction_is_over_the_seeds_of_both_heads():
    """As many seeds under each head are not yet the same ones."""
    runs = made()
    without = {"merge.bilinear.seed0", "merge.subpixel.seed4"}
    cards = {stem: card for stem, card in runs.cards.items() if stem not in without}
    some = Runs(runs.scores, runs.curves, cards)
    names = [f"{body}.{head}" for body in ("plain", "merge") for head in ("bilinear", "subpixel")]
    assert some.shared_seeds(names) == [1, 2, 3]
    both = line(contrasts(some), "a third convolution", "interaction")
    assert both["seeds"] == 3
    bilinear, subpixel = (
        some.difference(f"merge.{head}", f"plain.{head}", "mid", [1, 2, 3])
        for head in ("bilinear", "subpixel")
    )
    assert both["delta"] == pytest.approx((subpixel - bilinear).mean())


def test_one_body_at_one_rate_is_not_compared_with_itself():
    runs = made()
    cards = {stem: {**card, "recipe": {"lr": 0.001}} for stem, card in runs.cards.items()}
    for found, there in ((runs, True), (Runs(runs.scores, runs.curves, cards), False)):
        assert (RATE in set(contrasts(found)["contrast"])) is there


@pytest.mark.parametrize("lacking", ["scenes", "seeds"])
def test_without_two_scenes_or_seeds_nothing_can_be_compared(lacking):
    runs = made(["one scene"] * IMAGES) if lacking == "scenes" else made()
    if lacking == "seeds":
        cards = {stem: card for stem, card in runs.cards.items() if card["seed"] == 0}
        runs = Runs(runs.scores, runs.curves, cards)
    with pytest.raises(StudyError, match=r"^no two networks can be compared: .*split\.validation"):
        contrasts(runs)


def test_a_contrast_with_a_training_that_collapsed_tells_nothing():
    runs = made()
    table, over = contrasts(runs), gains(runs)
    assert collapsed(runs)["vgg.subpixel"] == [3]
    for head in ("subpixel", "interaction"):
        vgg = line(table, "VGG16 features", head)
        assert (vgg["placebo"], vgg["weights"]) == (False, "random weights")
        assert (vgg["collapsed"], vgg["verdict"]) == (1, "collapsed")
    assert line(table, "VGG16 features", "bilinear")["collapsed"] == 0
    text = markdown(tables(table, over))
    assert "| VGG16 features (random weights, 1 collapsed) | subpixel |" in text
    assert "inconclusive: collapsed" in text
    for part in (table[table["collapsed"] > 0], over[over["collapsed"] > 0]):
        assert not part.empty
        assert part[["low", "high"]].isna().all(axis=None)
    assert table.loc[table["collapsed"] > 0, ["p", "adjusted", "detectable"]].isna().all(axis=None)
    cards = {s: card for s, card in runs.cards.items() if s != stem_of("merge_slow.subpixel", 3)}
    others = contrasts(Runs(runs.scores, runs.curves, cards))  # that seed has no control
    assert line(others, "VGG16 features", "subpixel")["collapsed"] == 0


def test_the_lost_p_value_of_a_collapsed_training_lowers_no_others_p(monkeypatch):
    """It would be ordered among the others, and the steps after it are less strict."""
    runs = made()
    with_it = contrasts(runs)
    scores = runs.scores.copy()
    scores["vgg.subpixel.seed3"] += 50.0  # no longer near bicubic, and far from all
    monkeypatch.setattr(
        "srcore.ideas.contrasts.collapsed",
        lambda _: {name: [3] if name == "vgg.subpixel" else [] for name in runs.experiments},
    )
    other = contrasts(replace(runs, scores=scores))
    whole = with_it["collapsed"] == 0
    assert with_it.loc[whole, "adjusted"].tolist() == other.loc[whole, "adjusted"].tolist()
    family = with_it[(with_it["head"] != INTERACTION) & (with_it["output"] == "mid")]
    ordered = family[family["collapsed"] == 0].sort_values("p")["p"].to_numpy()
    steps = np.arange(len(family), len(family) - len(ordered), -1)
    expected = np.minimum(np.maximum.accumulate(ordered * steps), 1)
    found = family[family["collapsed"] == 0].sort_values("p")["adjusted"]
    np.testing.assert_allclose(found, expected)


def test_detectable_is_at_the_strictest_step_of_its_family():
    runs = made()
    table = contrasts(runs)
    for head in ("subpixel", INTERACTION):
        one = line(table, "a third convolution", head)
        family = table[((table["head"] == INTERACTION) == (head == INTERACTION))]
        tests = (family["output"] == "mid").sum()
        assert tests == {"subpixel": 13, INTERACTION: 6}[head]
        differences = [
            runs.difference(f"merge.{of}", f"plain.{of}", "mid") for of in ("bilinear", "subpixel")
        ]
        of_head = differences[1] - differences[0] if head == INTERACTION else differences[1]
        assert one["detectable"] == pytest.approx(effect(of_head).detectable(0.05 / tests))


def test_a_network_that_gives_flat_images_collapsed():
    runs = made()
    scores = runs.scores.copy()
    scores.loc[scores["output"] == "large", "plain.bilinear.seed2"] = 12.0
    assert collapsed(replace(runs, scores=scores))["plain.bilinear"] == [2]
    assert collapsed(runs)["plain.bilinear"] == []


@pytest.mark.parametrize(
    ("mean", "of_seeds", "seeds", "scenes", "adjusted", "wanted"),
    [
        (0.5, 1e-4, 5, 165, 0.001, "better"),
        (-0.5, 1e-4, 5, 165, 0.001, "worse"),
        (0.02, 1e-6, 5, 165, 0.001, "negligible"),
        (0.2, 1e-2, 5, 165, 0.4, "inconclusive"),
        (0.5, 1e-4, 3, 165, 0.001, "few"),
        (0.5, 1e-4, 5, 9, 0.001, "few"),
    ],
)
def test_verdicts(mean, of_seeds, seeds, scenes, adjusted, wanted):
    assert verdict(Effect(mean, of_seeds, 0.0, seeds, scenes), adjusted) == wanted


def test_gains_are_over_bicubic_and_images_of_one_scene_count_once():
    runs = made([f"scene {row // 2:02}" for row in range(IMAGES)])
    table = gains(runs).set_index(["experiment", "output"])
    assert table.loc[("merge.subpixel", "mid"), "gain"] == pytest.approx(2.5, abs=0.05)
    assert table.loc[("linear", "large"), "gain"] == pytest.approx(1)
    assert table.loc[("vgg.subpixel", "mid"), ["collapsed", "below"]].tolist() == [1, 0]
    assert runs.scores_of("plain.bilinear", "mid").shape == (SEEDS, IMAGES // 2)


def test_the_note_of_the_curves_is_of_the_original_studys_networks_alone():
    runs = made()
    card = dict(runs.cards["vgg.subpixel.seed0"], experiment="report.vgg", group="report")
    cards = {**runs.cards, "report.vgg.seed0": card | {"recipe": {"lr": 0.003}, "device": "a GPU"}}
    assert note_of_curves(replace(runs, cards=cards)) == (
        "8 images, 40 held out; learning rate 0.003; a GPU (32-true); vgg: random weights"
    )


def test_a_record_without_our_own_network_is_drawn(tmp_path):
    """Some contrasts have "own" in their names, but for another reason."""
    runs = made()
    table = contrasts(runs)
    table = table.replace({"contrast": {"VGG16 features": "features of its own image"}})
    assert not table["contrast"].str.startswith("own").any()
    draw_ideas(table, gains(runs), note(runs), tmp_path / "ideas.png")
    assert min(imread(tmp_path / "ideas.png").shape[:2]) > 500


def test_the_drawings(tmp_path):
    runs = made()
    draw_ideas(contrasts(runs), gains(runs), note(runs), tmp_path / "ideas.png")
    draw_curves(runs, note_of_curves(runs), tmp_path / "curves.png")
    assert min(imread(tmp_path / "ideas.png").shape[:2]) > 500
    assert note(runs) == (
        "8 images, 40 held out; learning rate 0.002; learning rate 0.001 for networks with frozen "
        "features and their control; cpu (32-true); 95 % intervals over seeds and images"
    )
