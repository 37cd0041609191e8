"""Published rows beside measured ones, and the page that shows both."""

import numpy as np
import pandas as pd
import pytest
import torch
from tiny import tiny_network

from srcore.common.errors import StudyError
from srcore.evaluation.benchmark import by_data_set
from srcore.evaluation.published import MEASURED, with_published
from srcore.features.extractor import load_extractor
from srcore.inference.network import ensembles
from srcore.metrics.cost import macs
from srcore.metrics.table import METRICS
from srcore.models.scales import OUTPUTS
from srcore.params.schema import Evaluate
from srcore.reporting.benchmark import render

METHODS = ("bicubic", "subpixel", "basic")


@pytest.fixture
def networks():
    return [tiny_network("subpixel"), tiny_network("basic")]


@pytest.fixture
def means() -> pd.DataFrame:
    """Of two data sets, one of which has published rows; `basic` has one output."""
    chance = np.random.default_rng(0)
    lines = [
        {
            "data_set": data_set,
            "image": f"{k}.png",
            "method": method,
            "seed": 0,
            "output": output,
            "psnr": 30 + chance.random(),
            "ssim": 0.9,
            "gain": 0.1,
            "weights": "",
        }
        for data_set in ("Set5", "mine")
        for k in range(2)
        for output in OUTPUTS
        for method in METHODS
        if (method, output) != ("basic", "large")
    ]
    return by_data_set(pd.DataFrame(lines))


@pytest.fixture
def rows(root, means, networks) -> pd.DataFrame:
    return with_published(means, networks, root / "data/published.csv")


def test_measured_rows_stay_as_they_are(means, rows):
    measured = rows[rows.source == MEASURED]
    for name in means:
        assert measured[name].astype(str).tolist() == means[name].astype(str).tolist()


def test_published_costs_are_rounded_and_not_cut_off(means, networks, tmp_path, root):
    table = pd.read_csv(root / "data/published.csv")
    table = table[table.data_set == "Set5"].assign(parameters_k=1.003, multiadds_g_720p=4.1)
    table.to_csv(tmp_path / "published.csv", index=False)
    rows = with_published(means, networks, tmp_path / "published.csv")
    costs = rows[rows.source != MEASURED][["parameters", "multiadds"]]
    assert set(costs.itertuples(index=False, name=None)) == {(1003, 4_100_000_000)}


def test_published_rows_of_the_data_sets_that_were_measured(root, rows):
    published = rows[rows.source != MEASURED]
    assert set(published.data_set) == {"Set5"}
    literal = pd.read_csv(root / "data/published.csv")
    literal = literal[literal.data_set == "Set5"]
    assert len(published) == len(literal)
    row = published[(published.method == "SAFMN") & (published.output == "large")].iloc[0]
    assert (row.psnr, row.ssim, row.parameters, row.multiadds) == (32.18, 0.8948, 240_000, 14e9)
    assert "SAFMN (ICCV 2023)" in row.source
    bicubic = published[published.method == "bicubic"]
    assert bicubic.parameters.isna().all()


@pytest.mark.parametrize(
    ("folder", "published"),
    [("set5", "Set5"), ("Set5_HR", "Set5"), ("SET_14", "Set14"), ("B100", "BSD100"),
     ("BSDS100", "BSD100"), ("Urban 100", "Urban100"), ("Set55", None), ("_", None)],
)  # fmt: skip
def test_a_data_set_is_known_however_its_folder_is_spelt(
    root, means, networks, folder, published, caplog
):
    caplog.set_level("INFO")
    renamed = means.assign(data_set=means.data_set.replace({"mine": folder, "Set5": "other"}))
    rows = with_published(renamed, networks, root / "data/published.csv")
    literal = pd.read_csv(root / "data/published.csv")
    found = rows[rows.source != MEASURED]
    assert len(found) == (literal.data_set == published).sum()
    assert set(found.data_set) <= {folder}
    unknown = [record.message for record in caplog.records if "no published rows" in record.message]
    names = ", ".join(["other", folder][: 1 + (published is None)])
    known = "BSD100, Manga109, Set14, Set5, Urban100"
    assert unknown == [f"no published rows for {names}; they are for {known}"]


@pytest.mark.parametrize(("difference", "warned"), [(0.04, False), (-0.04, False), (-0.3, True)])
def test_other_images_than_the_published_are_warned_of(
    root, means, networks, difference, warned, caplog
):
    published = {"mid": 33.66, "large": 28.42}
    bicubic = (means.method == "bicubic") & (means.data_set == "Set5")
    means.loc[bicubic, "psnr"] = means.output.map(published)[bicubic] + difference
    with_published(means, networks, root / "data/published.csv")
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == (2 if warned else 0)
    if warned:
        assert warnings[0].startswith(
            "Set5 ×2: bicubic has 33.36 dB here and 33.66 dB in papers, so "
        )


def test_costs_are_for_an_output_of_720p(rows):
    """230,940 less the biases, at every pixel of the input."""
    of = rows[(rows.method == "subpixel") & (rows.data_set == "mine")].set_index("output")
    kernels = 9 * (3 * 32 + 23 * 32 * 32 + 32 * (12 + 48))
    for output, scale in OUTPUTS.items():
        assert of.multiadds[output] == kernels * 1280 * 720 // scale**2
        assert of.parameters[output] == 230_940


def test_an_ensemble_costs_eight_runs(root, means, networks):
    def costs(means, networks):
        rows = with_published(means, networks, root / "data/published.csv")
        return rows[rows.data_set == "mine"].set_index(["method", "output"]).multiadds

    one = costs(means, networks)["subpixel", "mid"]
    several = costs(means.assign(method=means.method + "+"), ensembles(networks))
    assert several["subpixel+", "mid"] == 8 * one


@pytest.mark.slow
def test_a_frozen_extractor_counts_and_clip_costs_as_much_for_any_image(root, means):
    """CLIP sees 224 x 224 pixels whatever the image has; VGG16's work grows with it."""
    networks = [
        tiny_network(kind, 0, load_extractor(kind, "random", torch.device("cpu")))
        for kind in ("vgg", "clip")
    ]
    both = [means[means.method == "subpixel"].assign(method=kind) for kind in ("vgg", "clip")]
    rows = with_published(pd.concat(both), networks, root / "data/published.csv")
    mine = rows[rows.data_set == "mine"].set_index(["method", "output"])
    for network in networks:
        kind, extractor = network.card.model, network.extractor
        low = (1280 * 720 // 4) ** 0.5  # a square of as many pixels, at ×2: 480
        counted = macs(network.model, extractor, round(low))
        assert mine.multiadds[kind, "mid"] == pytest.approx(counted, rel=1e-3)
        whole = sum(p.numel() for p in network.model.parameters()) + extractor.parameters
        assert mine.parameters[kind, "mid"] == whole


def test_sources_are_named(root):
    table = pd.read_csv(root / "data/published.csv")
    assert table.source.str.len().min() > 5
    assert set(table.scale) == {2, 4}
    assert not table.duplicated(["method", "scale", "data_set"]).any()


def test_a_damaged_table_is_one_line(means, networks, tmp_path):
    (tmp_path / "published.csv").write_text("method,scale\na,2\n")
    with pytest.raises(StudyError, match=r"published\.csv: damaged .*restore it: git restore"):
        with_published(means, networks, tmp_path / "published.csv")


def test_the_page_marks_random_weights(rows):
    marked = rows.assign(weights=np.where(rows.method == "subpixel", "random weights", ""))
    html = render(marked)
    assert '<span class="badge unreal">random weights</span>' in html
    assert ">subpixel (random)</text>" in html
    assert "<title>subpixel (random weights): " in html
    assert "unreal" not in render(rows).partition("</style>")[2]


def test_the_page_shows_every_row_and_marks_the_published(rows):
    page = render(rows)
    assert "http:" not in page
    assert "https:" not in page
    for title in ("Set5 ×2", "Set5 ×4", "mine ×2", "mine ×4"):
        assert f">{title} <small>2 images</small></h2>" in page
    assert page.count('<th scope="row" class="method">') == len(rows)
    assert page.count('<span class="badge">published</span>') == (rows.source != MEASURED).sum()
    for metric in METRICS.values():
        unit = f", {metric.unit}" if metric.unit else ""
        assert page.count(f">{metric.title} (luma){unit}</th>") == 4
    drawn = rows[rows.multiadds.notna()]
    assert page.count("<title>") == 1 + len(drawn)
    hollow = (drawn.source != MEASURED).sum() + 2  # and one in each legend of Set5
    assert page.count(' hollow"') == hollow


def test_the_page_has_a_column_for_what_was_asked_for_and_names_its_weights(rows):
    asked = Evaluate(metrics=["lpips", "dists"], vgg16="pretrained", ensemble=False)
    measured = rows.source == MEASURED
    page = render(rows.assign(lpips=np.where(measured, 0.125, np.nan)), asked)
    assert page.count(">LPIPS</th>") == 4
    assert page.count(">0.1250</td>") == measured.sum()
    assert "LPIPS and DISTS: in colour, by VGG16 with pretrained weights." in page
    assert "LPIPS" not in render(rows)
