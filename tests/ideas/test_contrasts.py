"""From the files of runs to what each idea is worth, on made-up scores with known effects."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from srcore.common.errors import StudyError
from srcore.ideas.contrasts import CONTRASTS, broken, contrasts, gains, verdict
from srcore.ideas.crossed import Effect
from srcore.ideas.judge import Judged
from srcore.ideas.names import CONTRASTS as COLUMNS
from srcore.ideas.runs import curves, read_runs
from srcore.reporting.forest import draw_ideas
from srcore.reporting.page.ideas import ideas_section

SEEDS, IMAGES = 5, 40
NAMES = [f"{row}.jpg" for row in range(IMAGES)]
BASE = 27 + np.arange(IMAGES) / 10
WORTH = {"plain": 0.0, "merge": 0.5, "residual": 0.5, "stacked": 0.5, "vgg": 0.45}
"""What the made-up bodies add to the plain one, in dB."""


@pytest.fixture
def folder(tmp_path):
    """Runs of five bodies under both heads; of `vgg.subpixel` one seed broke down."""
    chance = np.random.default_rng(0)
    for body, worth in WORTH.items():
        for head, more in (("bilinear", 0.0), ("subpixel", 2.0)):
            for seed in range(SEEDS):
                stem = f"{body}.{head}.seed{seed}"
                gain = worth + more + 0.01 * chance.normal() + 0.02 * chance.normal(size=IMAGES)
                if stem == "vgg.subpixel.seed3":
                    gain = np.zeros(IMAGES)
                table = pd.DataFrame({"image": NAMES, "mid": BASE + gain, "large": BASE + gain / 2})
                table.to_csv(tmp_path / f"{stem}.images.csv", index=False)
                card = {
                    "experiment": f"{body}.{head}",
                    "seed": seed,
                    "weights": "random weights" if body == "vgg" else "",
                }
                (tmp_path / f"{stem}.card.json").write_text(json.dumps(card))
    return tmp_path


def judged(folder) -> pd.DataFrame:
    runs = read_runs(folder, {name: name for name in NAMES})
    by_name = np.array([BASE[NAMES.index(name)] for name in sorted(NAMES)])
    return contrasts(runs, {"mid": by_name, "large": by_name})


def line(table, name, head, output="mid"):
    found = table[
        (table["contrast"] == name) & (table["head"] == head) & (table["output"] == output)
    ]
    return found.iloc[0]


def test_known_effects_are_found(folder):
    table = judged(folder)
    third = line(table, "a third convolution", "bilinear")
    assert third["low"] < 0.5 < third["high"]
    assert third["verdict"] == "better"
    assert third["adjusted"] >= third["p"]
    skips = line(table, "· their skips", "subpixel")
    assert skips["low"] < 0 < skips["high"]
    assert skips["verdict"] == "nothing"
    both = line(table, "a third convolution", "interaction")
    assert abs(both["delta"]) < 0.1
    head = line(table, "sub-pixel head over bicubic", "")
    assert head["low"] < 2 < head["high"]


def test_what_was_not_run_is_left_out(folder):
    found = set(judged(folder)["contrast"])
    assert "dilated blocks" not in found
    assert "own: L1 loss" not in found
    assert {c.name for c in CONTRASTS if {c.idea, c.control} <= WORTH.keys()} <= found


def test_random_weights_and_trainings_that_broke_down_are_marked(folder):
    table = judged(folder)
    vgg = line(table, "VGG16 features", "subpixel")
    assert vgg["placebo"]
    assert vgg["broken"] == 1
    assert vgg["verdict"] == "open"
    assert line(table, "VGG16 features", "bilinear")["broken"] == 0


@pytest.mark.parametrize(
    ("mean", "of_seeds", "seeds", "images", "adjusted", "wanted"),
    [
        (0.5, 1e-4, 5, 165, 0.001, "better"),
        (-0.5, 1e-4, 5, 165, 0.001, "worse"),
        (0.02, 1e-6, 5, 165, 0.001, "nothing"),
        (0.2, 1e-2, 5, 165, 0.4, "open"),
        (0.5, 1e-4, 3, 165, 0.001, "few"),
        (0.5, 1e-4, 5, 9, 0.001, "few"),
    ],
)
def test_verdicts(mean, of_seeds, seeds, images, adjusted, wanted):
    assert verdict(Effect(mean, of_seeds, 0.0, seeds, images), adjusted) == wanted


def test_gains_are_over_bicubic_and_images_of_one_scene_count_once(folder):
    scenes = {name: f"scene {row // 2}" for row, name in enumerate(NAMES)}
    runs = read_runs(folder, scenes)
    names = sorted(set(scenes.values()))
    means = pd.Series(BASE).groupby([scenes[n] for n in NAMES]).mean()[names].to_numpy()
    bicubic = {"mid": means, "large": means}
    table = gains(runs, bicubic).set_index(["experiment", "output"])
    assert table.loc[("merge.subpixel", "mid"), "gain"] == pytest.approx(2.5, abs=0.05)
    assert runs.scores("plain.bilinear", "mid").shape == (SEEDS, IMAGES // 2)
    assert broken(runs, bicubic)["vgg.subpixel"] == 1


def test_runs_of_other_images_are_refused(folder):
    with pytest.raises(StudyError, match=r"39\.jpg, which is not held out here"):
        read_runs(folder, {name: name for name in NAMES[:-1]})
    with pytest.raises(StudyError, match="holds no run"):
        read_runs(folder / "none", {})


def whole(folder) -> pd.DataFrame:
    table = judged(folder)
    extra = {name: 0.0 for name in COLUMNS if name.startswith("extra_")}
    return table.assign(**extra, device="cpu", precision="32-true", data="8 images")


def test_the_drawing_shows_every_contrast(folder):
    table = whole(folder)
    runs = read_runs(folder, {name: name for name in NAMES})
    over = gains(runs, {o: np.full(IMAGES, 28.95) for o in ("mid", "large")})
    path = folder / "ideas.png"
    draw_ideas(Judged(table, over, pd.DataFrame(), {"mid": 1.0}, "made up"), path)
    pixels = imread(path)
    assert min(pixels.shape[:2]) > 500
    assert curves(folder, "report").empty


def test_the_section_of_the_page(folder):
    section = ideas_section(whole(folder))
    assert section["sizes"] == ["×2", "×4"]
    drawing = ET.fromstring(str(section["charts"][0]["drawing"]))
    marks = [item for item in drawing.iter("circle") if "mark" in item.get("class")]
    shown = whole(folder).query("head != 'interaction' and output == 'mid'")
    assert len(marks) == len(shown)
    assert sum("hollow" in item.get("class") for item in marks) == int(shown["placebo"].sum())
    row = next(
        r for r in section["rows"] if (r["name"], r["head"]) == ("VGG16 features", "subpixel")
    )
    assert row["broken"] == 1
    assert row["cells"][0]["verdict"] == "cannot be told"
    assert ideas_section(None) is None
