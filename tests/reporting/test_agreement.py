"""No figure contradicts another, or stands under another's name: all of them, compared.

Tables and declared metrics are made by the functions of the stages, from networks that are really
judged; only their training is made up. Then the page, the sheets, a review, a card and the
experiments are read as a person reads them.
"""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from page_tables import tables_of
from tiny import CPU, noisy_network, tiny_linear, tiny_scenes

from srcore.common.files import write_json
from srcore.common.tables import write_table
from srcore.evaluation.beside_report import bicubic_losses, differences, training_curves
from srcore.evaluation.examples import compare, write_comparison
from srcore.evaluation.held_out import evaluate_images
from srcore.evaluation.methods import by_checkpoint, by_method, headline
from srcore.evaluation.model_sets import final_losses
from srcore.export.card import model_card
from srcore.export.judged import own_figures
from srcore.metrics.table import METRICS
from srcore.models.checkpoint import save_checkpoint
from srcore.params import load_params
from srcore.reporting.canvas import Canvas
from srcore.reporting.experiments.table import compare as side_by_side
from srcore.reporting.experiments.table import markdown
from srcore.reporting.page.plots.losses import LOSSES
from srcore.reporting.page.render import render
from srcore.reporting.page.results import read_results
from srcore.reporting.page.svg import short, signed
from srcore.reporting.pull_request import read_study, review
from srcore.reporting.sheets import draw_errors, draw_outputs

SIDE = 24
SIDES = {"mid": 2 * SIDE, "large": 4 * SIDE}
ROUNDING = 1e-4 + 1e-9
"""Two figures of four decimals that were rounded apart differ by no more."""
TRAINED = {"epochs": 3, "batch_size": 2, "lr": 0.0005, "device": "cpu", "precision": "32-true"}


def history(networks) -> pd.DataFrame:
    """Curves of trainings that never were, each with the loss that its checkpoint names."""
    lines = []
    for count, one in enumerate(networks):
        for output in one.model.outputs:
            for epoch in (1, 2, 3):
                shared = 0.04 + 0.001 * count + 0.005 / epoch
                loss = shared if one.card.trained["loss"] == "inverse_psnr" else shared / 3
                lines.append(
                    {"model": one.card.model, "seed": one.card.seed, "epoch": epoch,
                     "output": output, "criterion": one.card.trained["loss"], "loss": loss,
                     "inverse_psnr": shared, "psnr": 20.0 + epoch}
                )  # fmt: skip
    return pd.DataFrame(lines)


@dataclasses.dataclass
class Everything:
    """A study as its stages leave it, and all that is shown of it."""

    root: Path
    page: str
    sheets: dict[tuple[str, str], list[str]]
    """(kind, output) → the texts of a sheet, in the order in which they were drawn."""
    card: str
    review: str
    experiments: str

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.root / f"plots/{name}.csv", keep_default_na=True)

    def json(self, name: str) -> dict:
        return json.loads((self.root / f"metrics/{name}.json").read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory, root: Path) -> Everything:
    top = tmp_path_factory.mktemp("study")
    data, rows = tiny_scenes(SIDE), np.array([0, 2, 4, 5, 6])
    networks = []
    for name, seed, loss in (
        ("basic", 0, "inverse_psnr"),
        ("multi", 0, "inverse_psnr"),
        ("multi", 1, "inverse_psnr"),
        ("vgg", 0, "inverse_psnr"),
        ("subpixel", 0, "l1"),
        ("subpixel", 1, "l1"),
    ):
        one = noisy_network(name, seed)
        card = dataclasses.replace(one.card, trained=TRAINED | {"loss": loss})
        networks.append(dataclasses.replace(one, card=card))
        save_checkpoint(one.model, card, top / "data/models/all")

    # As stages.evaluate and stages.compare do.
    past = history(networks)
    curves = training_curves(past, root / "data/report_losses.csv", [one.card for one in networks])
    table = evaluate_images(networks, tiny_linear(), data, rows, CPU)
    methods = by_method(table, networks, SIDE)
    plots = top / "plots"
    write_json(top / "metrics/evaluate.json", headline(methods))
    write_json(top / "metrics/train.json", final_losses(past))
    write_table(plots / "methods.csv", methods)
    write_table(plots / "models.csv", by_checkpoint(networks, top / "data/models/all", SIDE))
    write_table(plots / "images.csv", table)
    write_table(plots / "training.csv", curves)
    beside = differences(curves, bicubic_losses(data, np.array([1, 3])))
    write_table(plots / "beside_report.csv", beside)
    comparisons = compare(networks, tiny_linear(), data, rows[:2], CPU)
    write_comparison(comparisons, top / "data/compare")

    sheets = {}
    with pytest.MonkeyPatch.context() as patch:
        kept: list[Canvas] = []
        patch.setattr(Canvas, "save", lambda self, path: kept.append(self))
        for output in SIDES:
            for kind, draw in (("outputs", draw_outputs), ("errors", draw_errors)):
                draw(comparisons, output, top / "sheet.png", "validation")
                drawn = [text.get_text() for text in kept.pop().figure.texts]
                sheets[kind, output] = drawn
        patch.chdir(top)
        text = (root / "params.yaml").read_text()
        Path("params.yaml").write_text(text.replace("[72, 144, 288]", f"[{SIDE}, 48, 96]"))
        (top / "data/none").touch()
        params = load_params()
        study = read_study(None)
        checkpoint = top / "data/models/all/subpixel.seed1.safetensors"
        card = model_card(
            networks[-1], checkpoint.name, "f" * 64, figures=own_figures(checkpoint, top)
        )
    page = render(read_results(top, params))
    other = dataclasses.replace(study, name="other")
    return Everything(
        top, page, sheets, card, review(other, study), markdown(side_by_side([study]))
    )


def test_tables_and_declared_metrics_agree(made):
    methods = made.table("methods").set_index(["method", "output"])
    declared = made.json("evaluate")
    best = declared.pop("best")
    shown = {(name, output) for name, outputs in declared.items() for output in outputs}
    networks = {key for key, line in methods.iterrows() if line["kind"] == "network"}
    assert shown == networks | {("bicubic", output) for output in SIDES}
    for name, output in shown:
        for figure, value in declared[name][output].items():
            assert value == methods.loc[(name, output), figure], (name, output, figure)
    for output in SIDES:
        gains = {key[0]: methods.loc[key, "gain"] for key in networks if key[1] == output}
        first = max(gains, key=gains.__getitem__)
        assert best[output] == {"gain": gains[first], "model": first}


def test_means_are_those_of_the_images(made):
    methods, images = made.table("methods"), made.table("images")
    means = images.groupby(["method", "output"])[[*METRICS, "gain"]].mean()
    assert len(means) == len(methods)
    for line in methods.itertuples():
        for figure in (*METRICS, "gain"):
            expected = means.loc[(line.method, line.output), figure]
            assert getattr(line, figure) == pytest.approx(expected, abs=ROUNDING)
    bicubic = images[images["method"] == "bicubic"].set_index(["image", "output"])["psnr"]
    for line in images.itertuples():
        assert line.gain == pytest.approx(
            line.psnr - bicubic[(line.image, line.output)], abs=2 * ROUNDING
        )
    for line in methods[methods["method"] != "bicubic"].itertuples():
        part = images.query("method == @line.method and output == @line.output")
        assert line.wins == pytest.approx((part["gain"] > 0).mean(), abs=ROUNDING)


def test_costs_and_weights_are_reported_alike(made):
    methods, models = made.table("methods"), made.table("models")
    for line in methods[methods["kind"] == "network"].itertuples():
        of_model = models[models["model"] == line.method]
        assert len(of_model) == line.seeds
        for figure in ("parameters", "frozen_parameters", "macs"):
            assert set(of_model[figure]) == {getattr(line, figure)}
        assert set(of_model["weights"].fillna("")) == {
            line.weights if line.weights == line.weights else ""
        }
    assert methods.loc[methods["kind"] != "network", "macs"].isna().all()


def test_training_is_reported_alike(made):
    training, declared = made.table("training"), made.json("train")
    beside, models = made.table("beside_report"), made.table("models")
    ours = training[training["run"] == "this study"]
    last = ours[ours["epoch"] == 3].groupby(["model", "output"])
    for (model, output), part in last:
        (criterion,) = set(part["criterion"])
        assert set(models.loc[models["model"] == model, "loss"]) == {criterion}
        figures = declared[model][output]
        assert set(figures) == {criterion, "inverse_psnr"}
        assert figures[criterion] == pytest.approx(part["loss"].mean(), abs=ROUNDING)
        assert figures["inverse_psnr"] == pytest.approx(part["inverse_psnr"].mean(), abs=ROUNDING)
        (line,) = beside.query("model == @model and output == @output").itertuples()
        assert line.last == pytest.approx(figures["inverse_psnr"], abs=ROUNDING)
    assert (ours.loc[ours["criterion"] == "l1", "loss"] < 0.03).all(), "an L1 loss is no 1/PSNR"


def test_the_tables_of_the_page_are_those_of_the_study(made):
    methods = made.table("methods")
    for output, (heads, *rows) in zip(SIDES, tables_of(made.page, "sortable"), strict=True):
        part = methods[methods["output"] == output].set_index("method")
        assert {row[0].split()[0] for row in rows} == set(part.index)
        assert [row[0].split()[0] for row in rows] == list(
            part.sort_values("gain", ascending=False, kind="stable").index
        )
        for row in rows:
            name, reference = row[0].split()[0], row[0] == "bicubic"
            shown = dict(zip(heads, row, strict=True))
            line = part.loc[name]
            spread = f" ± {line.gain_spread:.2f}" if line.gain_spread == line.gain_spread else ""
            assert shown["Gain, dB"] == signed(line.gain) + ("" if reference else spread)
            for key, metric in METRICS.items():
                expected_figures = metric.shown(line[key]) + (spread if key == "psnr" else "")
                assert shown[metric.heading] == expected_figures, (name, key)
            if not reference:
                assert shown["Won"] == f"{100 * line.wins:.0f} %"
            if line.kind == "network":
                assert shown["Trainable parameters"] == f"{line.parameters:,.0f}"
                assert shown["Frozen parameters"] == f"{line.frozen_parameters:,.0f}"
                assert shown["MACs"] == short(line.macs)
            assert ("ours" in row[0].split()) == (name == "subpixel")


def test_the_headline_is_the_best_of_the_tables(made):
    best = made.json("evaluate")["best"]
    shown = re.findall(r'<p class="big">(\S+).*?<strong>(\w+)</strong>', made.page, re.DOTALL)
    assert shown == [(signed(one["gain"]), one["model"]) for one in best.values()]


def test_images_have_the_same_figures_everywhere(made):
    """In index.json, under the images of the page, on the sheets, and in plots/images.csv."""
    index = json.loads((made.root / "data/compare/index.json").read_text())["images"]
    judged = made.table("images")
    judged = judged[judged["seed"].fillna(0) == 0].set_index(["image", "output", "method"])
    captions = re.findall(
        r'alt="([^"]*)" data-method="(\w+)"[^>]*>\s*<figcaption>.*?</span>(.*?)</figcaption>',
        made.page,
        re.DOTALL,
    )
    on_page = iter(captions)
    for image in index:
        for output, views in image["outputs"].items():
            for view in views:
                alt, method, caption = next(on_page)
                assert method == view["method"]
                assert alt.startswith(f"{image['name']}, {SIDES[output]} × {SIDES[output]} pixels")
                figures = view.get("figures", {})
                score = ", ".join(METRICS[key].text(value) for key, value in figures.items())
                assert score in caption
                assert alt.endswith(score)
                for key, value in figures.items():
                    expected = judged.loc[(image["name"], output, method), key]
                    assert value == pytest.approx(expected, abs=1e-3)
    assert next(on_page, None) is None
    for output in SIDES:
        wanted, errors = [], []
        for image in index:
            views = [view for view in image["outputs"][output] if "figures" in view]
            bicubic = next(v["figures"]["psnr"] for v in views if v["method"] == "bicubic")
            best = max(view["figures"]["psnr"] for view in views)
            for view in views:
                psnr = view["figures"]["psnr"]
                star = "★ " * (psnr == best)
                gain = f" ({psnr - bicubic:+.2f})".replace("-", "−")
                first = f"{star}{psnr:.2f} dB"
                wanted.append(first + gain * (view["method"] != "bicubic"))
                wanted.append(METRICS["ssim"].text(view["figures"]["ssim"]))
                errors.append(first)
        pattern = re.compile(r"(★ )?[\d.]+ dB|SSIM [\d.]+$")
        assert [t for t in made.sheets["outputs", output] if pattern.match(t)] == wanted
        assert [t for t in made.sheets["errors", output] if pattern.match(t)] == errors


def test_the_page_tells_trainings_as_the_checkpoints_do(made):
    models, beside = made.table("models"), made.table("beside_report")
    found = tables_of(made.page, "plain")
    heads, *rows = found[-1]
    for row in rows:
        shown = dict(zip(heads, row, strict=True))
        for name in shown["Networks"].split(", "):
            for line in models[models["model"] == name].itertuples():
                assert shown["Loss"] == LOSSES[line.loss]
                assert float(shown["Learning rate"]) == line.lr
                assert (shown["Device"], shown["Precision"]) == (line.device, line.precision)
    for output, (heads, *rows) in zip(SIDES, found[:-1], strict=True):
        part = beside[beside["output"] == output].set_index("model")
        assert {row[0].split()[0] for row in rows} == set(part.index)
        for row in rows:
            shown, line = dict(zip(heads, row, strict=True)), part.loc[row[0].split()[0]]
            assert shown["Last loss"] == f"{line['last']:.4f}"
            if line.epochs:
                assert shown["Epochs compared"] == "3"
                assert shown["Largest difference"] == signed(line.largest_difference, 4)
                assert shown["Mean difference"] == signed(line.mean_difference, 4)
        assert f"bicubic {part['bicubic'].iloc[0]:.4f}" in made.page


def test_card_review_and_experiments_have_the_figures_of_the_table(made):
    methods = made.table("methods").set_index(["method", "output"])
    for output, scale in (("mid", 2), ("large", 4)):
        line, bicubic = methods.loc[("subpixel", output)], methods.loc[("bicubic", output)]
        (row,) = [
            row for row in made.card.splitlines() if row.startswith(f"| `{output}` (×{scale})")
        ]
        cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
        if len(cells) < 3:  # the table of shapes
            continue
        assert cells[0].startswith(f"{line.gain:+.2f}")
        assert cells[1] == f"{100 * line.wins:.0f} %"
        expected_figures = [
            m.shown(one[key]) for key, m in METRICS.items() for one in (line, bicubic)
        ]
        assert cells[2:] == expected_figures
    for (name, output), line in methods[methods["kind"] == "network"].iterrows():
        start = rf"^\| {name}( \([^|]*\))? \| {output} \| "
        (row,) = [row for row in made.review.splitlines() if re.match(start, row)]
        assert f"{line.gain:+.2f}" in row
        assert METRICS["ssim"].shown(line.ssim) in row
        (row,) = [row for row in made.experiments.splitlines() if re.search(rf"\| {name}\b", row)]
        assert signed(line.gain) in row
