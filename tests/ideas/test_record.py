"""The record of an experiment: from run files, to disk and back, and the one that is committed."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from srcore.common.errors import StudyError
from srcore.common.tables import write_table
from srcore.data.dataset import Pyramids
from srcore.features.extractor import load_extractor
from srcore.ideas.contrasts import contrasts, gains
from srcore.ideas.experiments import experiments
from srcore.ideas.record import record
from srcore.ideas.runs import read_runs
from srcore.ideas.tables import markdown, tables
from srcore.inference.baselines import upscale
from srcore.training.recipe import Recipe

HELD_OUT = np.arange(4, 8)
PAIR = ("vgg.bilinear", "report.basic")


@pytest.fixture(scope="module")
def pyramids() -> Pyramids:
    low, mid, large = (
        np.random.default_rng(0).integers(0, 256, (8, s, s, 3), np.uint8) for s in (16, 32, 64)
    )
    names = tuple(f"{row}.png" for row in range(8))
    return Pyramids((16, 32, 64), names, names, ((),) * 8, low, mid, large)


@pytest.fixture
def folder(tmp_path, pyramids):
    """Files of one seed each of a body of the grid and of a network of the report."""
    for name, outputs in zip(PAIR, (("mid", "large"), ("mid",)), strict=True):
        card = {
            "experiment": name,
            "seed": 0,
            "group": name.partition(".")[0] if name.startswith("report") else "grid",
            "recipe": {"lr": 0.002},
            "weights": "",
            "images": 4,
            "held_out": 4,
            "device": "cpu",
            "precision": "32-true",
        }
        (tmp_path / f"{name}.seed0.card.json").write_text(json.dumps(card))
        images = [pyramids.names[row] for row in HELD_OUT]
        table = pd.DataFrame({"image": images, **{o: np.arange(4) + 25.5 for o in outputs}})
        write_table(tmp_path / f"{name}.seed0.images.csv", table)
        history = {"epoch": [1], "output": ["mid"], "loss": [0.1], "psnr": [25.0]}
        write_table(tmp_path / f"{name}.seed0.history.csv", pd.DataFrame(history))
    return tmp_path


def recorded(folder, pyramids):
    found = experiments(*[Recipe(1, 2, 0.001)] * 3, (0, 1), (0,))
    extractors = {"vgg": load_extractor("vgg", "random", torch.device("cpu"))}

    def linear(images, scale):
        return upscale(images, "lanczos", scale)

    return record(folder, pyramids, HELD_OUT, found, extractors=extractors, linear=linear)


def test_what_is_written_is_read_again(folder, pyramids, tmp_path):
    runs = recorded(folder, pyramids)
    out = tmp_path / "record"
    out.mkdir()
    runs.write(out)
    again = read_runs(out)
    assert again.cards == runs.cards
    assert again.experiments == ["vgg.bilinear", "report.basic"]
    assert again.scores_of("report.basic", "large") is None
    assert again.scores_of("report.basic", "mid").tolist() == [[25.5, 26.5, 27.5, 28.5]]
    assert np.allclose(
        again.reference("bicubic", "mid"), runs.reference("bicubic", "mid"), atol=1e-4
    )
    assert again.cost("vgg.bilinear", "frozen") == 260_160
    assert again.curves["experiment"].tolist() == ["report.basic"]


def test_runs_of_other_images_are_refused(folder, pyramids):
    path = folder / "vgg.bilinear.seed0.images.csv"
    path.write_text(path.read_text().replace("7.png", "other.png"))
    with pytest.raises(StudyError, match=r"not judged on the images held out here \(7\.png\)"):
        recorded(folder, pyramids)


def test_a_folder_without_runs_is_refused(tmp_path, pyramids):
    with pytest.raises(StudyError, match="holds no run"):
        recorded(tmp_path, pyramids)


def test_bodies_of_two_recipes_are_not_compared(root, tmp_path):
    shutil.copytree(root / "data/ideas", tmp_path, dirs_exist_ok=True)
    cards = json.loads((tmp_path / "runs.json").read_text())
    cards["plain.bilinear.seed0"]["recipe"]["lr"] = 0.001
    (tmp_path / "runs.json").write_text(json.dumps(cards))
    with pytest.raises(StudyError, match="trained by 2 recipes and cannot be compared"):
        read_runs(tmp_path)
    for card in cards.values():
        card["recipe"]["loss"] = "l1_fft" if card["experiment"].startswith("plain") else "l1"
        card["recipe"]["lr"] = 0.001
    (tmp_path / "runs.json").write_text(json.dumps(cards))
    with pytest.raises(StudyError, match="trained by 2 recipes and cannot be compared"):
        read_runs(tmp_path)
    cards["plain.bilinear.seed0"].pop("recipe")
    (tmp_path / "runs.json").write_text(json.dumps(cards))
    with pytest.raises(StudyError, match="damaged"):
        read_runs(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("device", None),
        ("precision", 32),
        ("images", None),
        ("held_out", "165"),
        ("recipe", ["lr"]),
        ("recipe", {}),
        ("seed", "0"),
        ("seed", 7),  # as no column is named
        ("experiment", "plain.subpixel"),
        ("macs", None),
    ],
)
def test_a_damaged_card_is_one_line(root, tmp_path, key, value):
    shutil.copytree(root / "data/ideas", tmp_path, dirs_exist_ok=True)
    cards = json.loads((tmp_path / "runs.json").read_text())
    cards["plain.bilinear.seed0"][key] = value
    (tmp_path / "runs.json").write_text(json.dumps(cards))
    with pytest.raises(
        StudyError, match=r"runs\.json: damaged \(the card of plain\.bilinear\.seed0"
    ):
        read_runs(tmp_path)


@pytest.mark.parametrize("text", ["[]", "[{}]", "{}", "3", '{"a.seed0": []}', '{"a.seed0": 1}'])
def test_something_else_than_cards_is_one_line(root, tmp_path, text):
    shutil.copytree(root / "data/ideas", tmp_path, dirs_exist_ok=True)
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(StudyError, match=r"runs\.json: damaged"):
        read_runs(tmp_path)


ROWS = {
    "three more convolutions": "… their depth",
    "skip connections": "… their skips",
    "blocks of parallel convolutions": "… their convolutions",
    "dilation in these blocks": "… their dilation",
    "residual blocks (more layers, skip connections)": "residual blocks",
    "dilated blocks (added convolutions, dilation)": "dilated blocks",
    "frozen VGG16 features": "VGG16 features",
    "frozen CLIP embedding, random weights": "CLIP embedding (random weights)",
}
"""How README.md and docs/results.md name what docs/ideas.md names otherwise."""
PARTS = {"residual blocks": ("depth", "skips"), "dilated blocks": ("convolutions", "dilation")}


def test_the_front_pages_figures_are_those_of_the_record(root):
    lines = (root / "plots/ideas.md").read_text().splitlines()
    shown = [line[2:-2].split(" | ") for line in lines if line.startswith("| ")]
    figures = {cells[0]: cells for cells in shown if cells[1] == "subpixel"}
    plain = {key: [cells[n].partition(" ")[0] for n in (2, 6)] for key, cells in figures.items()}
    found = []
    for page in ("README.md", "docs/results.md"):
        for line in (root / page).read_text().splitlines():
            name, *cells = line.strip("| ").replace("**", "").split(" | ")
            if (idea := ROWS.get(name)) is None:
                continue
            found.append(name)
            mid, large = plain[idea]
            if page == "README.md":
                assert cells[1:] == [f"{mid} / {large}", *figures[idea][-2:]]
                continue
            if idea in PARTS:
                parts = [plain[f"… their {part}"] for part in PARTS[idea]]
                mid, large = (
                    f"{whole} ({', '.join(of)})"
                    for whole, of in zip((mid, large), zip(*parts, strict=True), strict=True)
                )
            assert cells == [mid, large, *figures[idea][-2:]]
    assert sorted(found) == sorted(
        [*ROWS, "frozen VGG16 features", "frozen CLIP embedding, random weights"]
    )


def test_the_front_pages_range_of_the_heads_gain_is_that_of_the_record(root):
    runs = read_runs(root / "data/ideas")
    bodies = ("plain", "merge", "stacked", "residual", "undilated", "dilated")
    spans = []
    for output in ("mid", "large"):
        over = [runs.difference(f"{b}.subpixel", f"{b}.bilinear", output).mean() for b in bodies]
        spans.append(f"+{min(over):.1f} to +{max(over):.1f}")
    assert f"| {' / '.join(spans)} | +34 K | +0.18 G |" in (root / "README.md").read_text()


def without(rows):
    return lambda table: table.drop(index=table.index[rows])


def emptied(column, rows):
    def change(table):
        table.loc[table.index[rows], column] = np.nan
        return table

    return change


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("scores.csv", without(slice(-100, None)), "not every image once"),
        ("scores.csv", lambda t: pd.concat([t, t[:50]]), "not every image once"),
        ("scores.csv", lambda t: t[t["output"] == "mid"], "its outputs are not mid, large"),
        ("scores.csv", lambda t: t.replace({"output": {"large": "huge"}}), "its outputs are not"),
        ("scores.csv", lambda t: t[:0], "its outputs are not"),
        ("scores.csv", lambda t: t[t["image"] != t["image"][0]], "164 images, where plain"),
        ("scores.csv", emptied("plain.bilinear.seed0", [3]), "not every image of plain.bilinear"),
        ("scores.csv", emptied("merge.subpixel.seed4", [-1]), "not every image of merge.subpixel"),
        ("scores.csv", emptied("report.multi.seed0", slice(0, 330)), "no image of report.multi"),
        ("scores.csv", lambda t: t.assign(linear=1e300), "a PSNR above 200 dB"),
        ("curves.csv", lambda t: pd.concat([t, t[:1]]), "an epoch that is there twice"),
        ("curves.csv", lambda t: t.replace({"output": {"mid": "m"}}), "none of mid, large"),
    ],
)
def test_scores_that_cannot_be_compared_are_one_line(root, tmp_path, file, change, words):
    shutil.copytree(root / "data/ideas", tmp_path, dirs_exist_ok=True)
    change(pd.read_csv(tmp_path / file)).to_csv(tmp_path / file, index=False)
    with pytest.raises(StudyError, match=rf"{file}: damaged \(.*{words}") as caught:
        read_runs(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"', "{}"])
def test_a_run_whose_card_is_damaged_is_one_line(folder, pyramids, text):
    (folder / "vgg.bilinear.seed0.card.json").write_text(text)
    with pytest.raises(StudyError, match=r"vgg\.bilinear\.seed0\.card\.json: damaged"):
        recorded(folder, pyramids)


def test_a_card_of_another_run_is_refused(folder, pyramids):
    path = folder / "vgg.bilinear.seed0.card.json"
    path.write_text(path.read_text().replace("vgg.bilinear", "vgg.subpixel"))
    with pytest.raises(StudyError, match=r"vgg\.bilinear\.seed0\.card\.json: damaged"):
        recorded(folder, pyramids)


def test_a_card_whose_run_has_no_scores_is_one_line(root, tmp_path):
    shutil.copytree(root / "data/ideas", tmp_path, dirs_exist_ok=True)
    cards = json.loads((tmp_path / "runs.json").read_text())
    cards["plain.bilinear.seed9"] = cards["plain.bilinear.seed0"] | {"seed": 9}
    (tmp_path / "runs.json").write_text(json.dumps(cards))
    with pytest.raises(StudyError, match=r"scores\.csv: damaged .*no plain\.bilinear\.seed9"):
        read_runs(tmp_path)


def test_the_committed_tables_are_those_of_the_committed_record(root, tmp_path):
    """The figures of docs/ideas.md are what the analysis prints."""
    runs = read_runs(root / "data/ideas")
    table, over = contrasts(runs), gains(runs)
    write_table(tmp_path / "ideas.csv", table)
    write_table(tmp_path / "ideas_gains.csv", over)
    for name in ("ideas.csv", "ideas_gains.csv"):
        assert (tmp_path / name).read_text() == (root / "plots" / name).read_text()
    printed = markdown(tables(table, over))
    assert (root / "plots/ideas.md").read_text() == printed
    page = (root / "docs/ideas.md").read_text()
    shown = set(re.findall(r"^\|.*\|$", page, flags=re.MULTILINE))
    assert shown
    assert shown <= set(printed.splitlines())
    for head, rule in re.findall(r"^(\|.*\|)\n(\|[-|]+\|)$", page, flags=re.MULTILINE):
        assert head.count("|") == rule.count("|"), "else Markdown takes it for text"
    assert {card["recipe"]["lr"] for card in runs.cards.values()} == {0.002, 0.001}
