"""The report page as a file: what it says, what it must not ask for, and what it survives."""

import base64
import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from made_up_study import NETWORKS, Network, make_study
from page_tables import tables_of

from srcore.common.errors import StudyError
from srcore.common.tables import read_table, write_table
from srcore.evaluation.tables import METHOD_COLUMNS, Figures, figures_of
from srcore.metrics.paired import Difference
from srcore.params import Params
from srcore.reporting.page.facts import TRAINED
from srcore.reporting.page.ranking import Ranking
from srcore.reporting.page.render import render
from srcore.reporting.page.results import read_results
from srcore.reporting.page.svg import log_ticks, short, signed, ticks
from srcore.training.recipe import Recipe

VOID = {"meta", "link", "img", "input", "br"}


class Parsed(HTMLParser):
    """Tags with their attributes, in order, and the text that people see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open, "tags left open"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.seen.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.seen).split())


def figures(root: Path) -> Figures:
    """plots/methods.csv by name."""
    return figures_of(read_table(root / "plots/methods.csv", METHOD_COLUMNS, ""))


def best(metrics: Figures, output: str) -> str:
    gains = {name: metrics[name][output]["gain"] for name in NETWORKS if output in metrics[name]}
    return max(gains, key=gains.__getitem__)


def page_of(root: Path, params: Params) -> str:
    return render(read_results(root, params))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[Path, Params]:
    folder = tmp_path_factory.mktemp("study")
    return folder, make_study(folder, root / "params.yaml")


@pytest.fixture(scope="module")
def page(study: tuple[Path, Params]) -> str:
    return page_of(*study)


def test_nothing_is_loaded_from_elsewhere(page: str):
    parsed = Parsed(page)
    for _, attributes in parsed.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), attributes[name]
        assert "style" not in attributes, "refused by the policy"
        assert not any(name.startswith("on") for name in attributes), "refused by the policy"
    rest = re.sub("(?s)<dd>.*?</dd>", "", page)  # addresses among the parameters are only text
    for asking in ("http:", "https:", "url(", "@import", "fetch(", "import("):
        assert asking not in rest


def test_the_policy_allows_this_style_and_this_script_alone(page: str):
    policy = next(m["content"] for m in Parsed(page).all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_images_charts_and_controls_have_names(page: str):
    parsed = Parsed(page)
    images = parsed.all("img")
    assert all("alt" in image for image in images)
    embedded = [image for image in images if "src" in image]
    # Two images: input; bicubic, linear and target twice; five networks twice and one once.
    assert len(embedded) == 2 * (1 + 2 * 3 + 11)
    assert all(image["alt"] for image in embedded)
    assert len({image["alt"] for image in embedded}) == len(embedded)
    assert all(chart["aria-label"] for chart in parsed.all("svg") if chart.get("role") == "img")
    identifiers = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    named = {name for _, a in parsed.tags for name in a.get("aria-labelledby", "").split()}
    assert named <= set(identifiers)
    anchors = {a["href"].removeprefix("#") for a in parsed.all("a")}
    assert anchors <= set(identifiers)


def test_headings_go_down_one_step_at_a_time(page: str):
    levels = [int(tag[1]) for tag, _ in Parsed(page).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_image_is_embedded_once(study: tuple[Path, Params], page: str):
    for file in (study[0] / "data/compare").glob("*.png"):
        assert page.count(base64.b64encode(file.read_bytes()).decode()) == 1, file.name


def test_the_headline_and_the_tables_hold_the_figures(study: tuple[Path, Params], page: str):
    metrics = figures(study[0])
    text = Parsed(page).text
    for output in ("mid", "large"):
        first = best(metrics, output)
        gain = signed(metrics[first][output]["gain"])
        claim = (
            "has the largest mean gain of the networks here. "
            "The validation images show only 5 scenes. This is too few for a conclusion"
        )
        assert f"{gain} dB {first} {claim}." in text
        for method in (*NETWORKS, "nearest", "bilinear", "bicubic", "lanczos", "linear"):
            if entry := metrics[method].get(output):
                assert f"{entry['psnr']:.2f}" in text
                assert f"{entry['ssim']:.4f}" in text
    assert "38,915" in text
    assert "201 M" in text


RANDOM_WEIGHTS = (
    "Random weights. The networks vgg and clip each contain a frozen network. "
    "In this run, the weights of these networks are random, not pretrained."
)


def test_random_weights_are_reported_wherever_they_matter(page: str):
    parsed = Parsed(page)
    assert RANDOM_WEIGHTS in parsed.text
    for image in parsed.all("img"):
        if image.get("data-method") in ("vgg", "clip"):
            assert "random weights" in image["alt"]
            assert "random weights" in image["data-label"]
        elif "data-method" in image:
            assert "random" not in image["alt"]
    rows = re.findall(r'<tr class="model">.*?</tr>', page, re.DOTALL)
    for row in rows:
        frozen = 'data-value="vgg"' in row or 'data-value="clip"' in row
        assert ("random weights" in row) == frozen
    for chart in re.findall(r'<figure class="panel">.*?</figure>', page, re.DOTALL):
        if re.search(r">vgg<|>vgg |vgg \(", chart):
            assert "random weights" in chart


def test_without_frozen_weights_nothing_is_said_of_them(tmp_path: Path, root: Path):
    kept = {name: NETWORKS[name] for name in ("basic", "residual")}
    text = Parsed(page_of(tmp_path, make_study(tmp_path, root / "params.yaml", networks=kept))).text
    assert "random weights" not in text.lower()
    assert "none of these models uses frozen weights" in text


def test_pretrained_weights_are_named_and_not_warned_of(tmp_path: Path, root: Path):
    kept = {"vgg": Network(0.2, 149_766, 1_510_000_000, weights="weights of vgg16.safetensors")}
    page = page_of(tmp_path, make_study(tmp_path, root / "params.yaml", networks=kept))
    assert "weights of vgg16.safetensors" in page
    assert 'class="warning"' not in page
    assert 'data-unreal="yes"' not in page
    assert not any("unreal" in a.get("class", "").split() for _, a in Parsed(page).tags)


def test_one_model_of_one_output(tmp_path: Path, root: Path):
    kept = {"basic": NETWORKS["basic"]}
    page = page_of(tmp_path, make_study(tmp_path, root / "params.yaml", networks=kept, epochs=1))
    parsed = Parsed(page)
    assert page.count('<p class="big">') == 1
    kinds = [table["class"] for table in parsed.all("table")]
    # The figures, beside the original study, the trainings, and the template of comparisons.
    assert kinds == ["sortable", "plain", "plain", "scores"]
    claim = (
        "this is its mean gain. "
        "The validation images show only 5 scenes. This is too few for a conclusion"
    )
    assert f"basic : {claim}" in parsed.text
    assert all(article["data-first"] == "mid" for article in parsed.all("article"))


def test_what_was_measured_beside_has_columns_and_rows_of_its_own(tmp_path: Path, root: Path):
    kept = {name: NETWORKS[name] for name in ("multi", "vgg")}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, side=16, crops=3)
    path = tmp_path / "plots/methods.csv"
    table = read_table(path, METHOD_COLUMNS, "")
    ensemble = table[table["method"] == "multi"].assign(method="multi+", kind="ensemble")
    table = pd.concat([table, ensemble]).assign(lpips=0.125)
    table.loc[table["method"] == "nearest", "lpips"] = None
    write_table(path, table)
    asked = params.evaluate.model_copy(update={"metrics": ["lpips"], "vgg16": "mine/odd<b>.pt"})
    results = read_results(tmp_path, params.model_copy(update={"evaluate": asked}))
    page = render(results)
    for heads, *rows in tables_of(page, "sortable"):
        of = {row[0].split()[0]: row[heads.index("LPIPS")] for row in rows}
        assert of.pop("nearest") == ""
        assert of.pop("multi+") == "0.1250"
        assert set(of.values()) == {"0.1250"}
    assert "VGG16 with weights of odd&lt;b&gt;.pt" in page
    assert "A plus after a name means the mean output" in page
    assert page.count('<tr class="model">') == 2 * 3, "the ensemble is no baseline"
    assert results.models == ["multi", "vgg"]


@pytest.mark.parametrize(
    "name",
    [
        '"><script>alert(1)</script>.png',
        "' onerror='alert(1)",
        "a & b < c {{ 7 * 7 }} {% raw %}.png",
        "NA",
        "été ⛰ 山.png",
        "-" * 200,
    ],
)
def test_hostile_names_are_only_text(tmp_path: Path, root: Path, name: str):
    kept = {"multi": NETWORKS["multi"]}
    params = make_study(
        tmp_path, root / "params.yaml", networks=kept, names=[name], side=16, crops=3
    )
    parsed = Parsed(page_of(tmp_path, params))
    assert len(parsed.all("script")) == 1
    assert not any(key.startswith("on") for _, a in parsed.tags for key in a)
    assert " ".join(name.split()) in parsed.text
    assert any(image["alt"].startswith(f"{name}, ") for image in parsed.all("img"))


MANY = {"side": 16, "crops": 24, "scenes": 24}
"""A study with scenes enough for intervals."""


@pytest.mark.parametrize(
    ("share", "verdicts"),
    [
        (-0.2, "is worse than bicubic and is worse than linear"),
        (0.0, "is not significantly different from bicubic and is worse than linear"),
        (0.08, "is better than bicubic and is not significantly different from linear"),
        (0.4, "is better than bicubic and is better than all others in the ranking below"),
    ],
)
def test_the_headline_claims_what_the_ranking_holds(
    tmp_path: Path, root: Path, share: float, verdicts: str
):
    kept = {"multi": Network(share, 39_110, 203_000_000), "residual": Network(-0.5, 56_582, 1)}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, **MANY)
    text = Parsed(page_of(tmp_path, params)).text
    once = "; other seeds may give another result."
    found = re.findall(r"dB multi ([^.]*\.)", text.split("Numbers All values")[0])
    assert len(found) == 2
    for verdict in found:
        assert verdict.replace("lanczos and ", "").replace(", lanczos", "").endswith(once)
        assert verdicts.split(" and ", maxsplit=1)[0] in verdict
        rest = verdict.split("bicubic", maxsplit=1)[1]
        assert verdicts.split(" and ")[1].split(" linear", maxsplit=1)[0] in rest


@pytest.mark.parametrize("seeds", [(0.0,), (0.0, 0.02, -0.02)])
def test_on_a_few_scenes_no_interval_and_no_claim_stands_anywhere(
    tmp_path: Path, root: Path, seeds
):
    params = make_study(tmp_path, root / "params.yaml", seeds=seeds, side=16, crops=18, scenes=9)
    page = page_of(tmp_path, params)
    text = Parsed(page).text
    assert not re.search(r"[+−]\d\.\d+ to [+−]\d\.\d+", text.split("Gain image by image")[0])
    assert 'class="interval" viewBox' not in page
    assert not re.search("better than (?!bicubic on)|worse than|significantly", text)
    assert "The validation images show only 9 scenes. This is too few for a conclusion" in text
    assert "95 %" not in text.split("Curves")[0]


def test_every_setting_of_a_training_has_a_heading():
    assert replace(Recipe(3, 2, 0.002), crops=0.5).settings().keys() <= TRAINED.keys()


def test_several_seeds(tmp_path: Path, root: Path):
    kept = {name: NETWORKS[name] for name in ("multi", "residual", "dilated")}
    params = make_study(
        tmp_path, root / "params.yaml", networks=kept, seeds=(0.0, 0.003, -0.003), **MANY
    )
    page = page_of(tmp_path, params)
    text = Parsed(page).text
    metrics = figures(tmp_path)
    assert (
        "Values of models are means over 3 seeds; ± is the standard deviation between the seeds."
        in text
    )
    assert "trained only once" not in text
    assert "other seeds may" not in text
    assert "other seeds the order may" not in text
    for output in ("mid", "large"):
        entry = metrics["dilated"][output]
        spread = f"± {entry['gain_spread']:.2f}"
        assert f"{entry['psnr']:.2f} {spread}" in text  # in the table
        assert f"{signed(entry['gain'])} {spread} dB dilated is better than bicubic" in text
    assert page.count("<title>multi</title>") == 3 * 2  # every seed, at both sizes


def test_seeds_that_scatter_far_leave_nothing_to_claim(tmp_path: Path, root: Path):
    kept = {name: NETWORKS[name] for name in ("multi", "residual")}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, seeds=(0.3, -0.3), **MANY)
    text = Parsed(page_of(tmp_path, params)).text
    assert "residual is not significantly different from bicubic and is not significantly" in text


def test_it_says_on_which_part_it_judged(tmp_path: Path, root: Path):
    kept = {"multi": NETWORKS["multi"]}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, **MANY)
    text = Parsed(page_of(tmp_path, params)).text
    assert "means over the validation images" in text
    assert "evaluated on 24 validation images" in text
    tested = params.model_copy(update={"split": params.split.model_copy(update={"test": 0.2})})
    text = Parsed(page_of(tmp_path, tested)).text
    assert "means over the test images" in text
    assert "evaluated on 24 test images" in text
    assert "mean PSNR of the validation images after each epoch" in text  # curves stay there
    # The tables know bicubic's figure on the test images alone.
    bicubic = r"PSNR on the validation images at \d+ pixels; bicubic \d"
    assert re.search(bicubic, page_of(tmp_path, params))
    assert not re.search(bicubic, page_of(tmp_path, tested))


def table_after(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table after a heading, row by row."""
    part = page.split(heading, 1)[1].split("<table", 1)[1].split("</table>", 1)[0]
    return [
        [Parsed(cell).text for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    ]


MIXED = {
    "basic": NETWORKS["basic"],
    "vgg": NETWORKS["vgg"],
    "mine": Network(0.3, 230_940, 1_190_000_000, loss="l1"),
}


def test_trainings_are_reported_by_the_checkpoints(tmp_path: Path, root: Path):
    """Neither by the name of a network nor by params.yaml, which may have changed since."""
    page = page_of(tmp_path, make_study(tmp_path, root / "params.yaml", networks=MIXED))
    heads, *rows = table_after(page, '<h3 id="trainings"')
    by_name = {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
    assert list(by_name) == ["basic", "vgg", "mine"]
    assert [row["Loss"] for row in by_name.values()] == ["1/PSNR", "1/PSNR", "L1"]
    assert [row["Batch"] for row in by_name.values()] == ["2", "2", "4"]
    assert {row["Learning rate"] for row in by_name.values()} == {"0.0005"}, (
        "not rounded as a figure is"
    )
    assert [row["Muon learning rate"] for row in by_name.values()] == ["—", "—", "0.01"], (
        "Adam alone has none"
    )
    assert {row["Gradient clipping norm"] for row in by_name.values()} == {"no"}
    assert {row["momentum"] for row in by_name.values()} == {"0.9"}, "whatever a checkpoint says"
    assert {(row["Device"], row["Precision"]) for row in by_name.values()} == {("cpu", "32-true")}
    assert by_name["vgg"]["Frozen weights"] == "random weights"
    assert "from the original study: basic, vgg; our own: mine" in Parsed(page).text
    assert "Device auto" not in Parsed(page).text


def test_a_curve_says_which_loss_it_is(tmp_path: Path, root: Path):
    page = page_of(tmp_path, make_study(tmp_path, root / "params.yaml", networks=MIXED))
    labels = [a["aria-label"] for a in Parsed(page).all("svg") if "aria-label" in a]
    training = pd.read_csv(tmp_path / "plots/training.csv").query("run == 'this study'")
    last = training.groupby(["model", "output"])[["loss", "inverse_psnr"]].last()
    for name in MIXED:
        (shown,) = [label for label in labels if label.startswith(f"1/PSNR of {name}")]
        assert f"to {last.loc[(name, 'mid'), 'inverse_psnr']:.4f}" in shown
        assert ("the original study: from" in shown) == (name != "mine")
    (own,) = [label for label in labels if label.startswith("L1 of")]
    assert own.startswith("L1 of mine in training")
    assert f"to {last.loc[('mine', 'mid'), 'loss']:.4f}" in own
    assert "original study" not in own
    assert "the mean training loss of mine in an epoch. This loss is L1." in Parsed(page).text


def test_how_far_the_report_is(tmp_path: Path, root: Path):
    page = page_of(tmp_path, make_study(tmp_path, root / "params.yaml", networks=MIXED))
    training = pd.read_csv(tmp_path / "plots/training.csv")
    series = {
        run: part[part["output"] == "mid"].set_index(["model", "epoch"])["inverse_psnr"]
        for run, part in training.groupby("run")
    }
    _, *rows = table_after(page, "<h3>Compared with the original study</h3>")
    assert [row[0] for row in rows] == ["basic", "vgg random weights", "mine"]
    for row in rows[:2]:
        name = row[0].split()[0]
        apart = (series["this study"][name] - series["report"][name]).dropna()
        assert len(apart) == 10, "of twelve epochs, those that the original study has"
        assert row[1:4] == [
            f"{series['this study'][name].iloc[-1]:.4f}",
            f"{series['report'][name].iloc[-1]:.4f}",
            "10",
        ]
        assert float(row[4].replace("−", "-")) == pytest.approx(apart.mean(), abs=1e-4)
        assert float(row[5].replace("−", "-")) == pytest.approx(apart.max(), abs=1e-4)
    assert rows[2][2:] == ["—"] * 4
    assert "64 × 64: bicubic 0.0369" in Parsed(page).text


def test_one_seed_has_no_spread(page: str):
    assert "±" not in page


def rankings_of(page: str) -> list[str]:
    """The text of each ranking."""
    parts = page.split('<div class="card ladder">')[1:]
    return [Parsed(part.split("</ol>")[0] + "</ol>").text for part in parts]


def test_who_leads_a_network_that_was_trained_once_leads_in_these_trainings():
    """Even if another that was not trained stands between them."""
    trained, fixed = (Difference(1.0, 0.5, 1.5, 20, 20, seeds, 0.001) for seeds in (1, 0))
    pairs = {
        ("linear", "bicubic"): fixed,
        ("linear", "basic"): trained,
        ("bicubic", "basic"): trained,
    }
    for shown, is_so in ((pairs, True), ({("linear", "bicubic"): fixed}, False)):
        found = Ranking(32, "mid", [], "linear", [], 0, shown, [])
        assert found.leads_in_these_trainings is is_so


def test_models_are_ranked_and_significance_is_marked(tmp_path: Path, root: Path):
    more = {"level": Network(0.17, 93_638, 1), "vgg": NETWORKS["vgg"], "multi": NETWORKS["multi"]}
    kept = {"residual": NETWORKS["residual"], "dilated": NETWORKS["dilated"], **more}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, side=16, crops=24, scenes=12)
    page = page_of(tmp_path, params)
    metrics = figures(tmp_path)
    table = pd.read_csv(tmp_path / "plots/images.csv")
    mid, large = rankings_of(page)
    assert mid.startswith("At 32 × 32 ")
    assert large.startswith("At 64 × 64 ")
    for output, text in (("mid", mid), ("large", large)):
        others = {name: metrics[name][output]["gain"] for name in (*kept, "lanczos", "linear")}
        gains = others | {"bicubic": 0}
        names = sorted(gains, key=gains.__getitem__, reverse=True)
        places = [text.rindex(f"{name} {signed(gains[name])} dB") for name in names[:3]]
        assert places == sorted(places)
        assert "vgg random weights" in text
        series = {
            name: part.set_index("image")["gain"]
            for name, part in table[table["output"] == output].groupby("method")
        }
        for one, other in pairwise(names):
            mean = (series[one] - series[other]).mean()
            assert f"{signed(mean)} dB " in text
        assert "no clear difference from" in text
        assert "better than linear in these trainings" in text
        leader, second = names[:2]
        but = "has the largest gain, but is not significantly better than"
        assert f"{leader} {but} {second} in these trainings." in text
    assert "The verdict is corrected for the number of all pairs (Holm)" in Parsed(page).text
    # Every pair: a triangle, whose noise is marked without colours.
    pairs = re.findall(r'<table class="pairs">.*?</table>', page, re.DOTALL)
    assert len(pairs) == 2
    for part in pairs:
        rows = re.findall("<tr>.*?</tr>", part, re.DOTALL)[1:]
        assert [row.count("<td></td>") for row in rows] == list(range(7))
        assert [len(re.findall("<td[ >]", row)) for row in rows] == [7] * 7
        assert '<span class="hidden">noise</span>' in rows[0]
        assert re.search(r"<td>\d\.\d\d</td>", rows[0])


def test_a_few_scenes_rank_but_tell_nothing(page: str):
    text = Parsed(page).text
    assert "Too few scenes: the validation images show only 5 scenes" in text
    for ranking in rankings_of(page):
        assert "too few scenes for a conclusion" in ranking
        assert not re.search("better|largest|noise|clear difference", ranking)
    assert 'class="pairs"' not in page
    assert 'class="step significant"' not in page


def test_images_without_a_method_are_one_clear_line(tmp_path: Path, one_model: tuple[Path, Params]):
    folder, params = one_model
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "plots/images.csv"
    lines = [line for line in file.read_text().splitlines() if ",bicubic," not in line]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(StudyError, match=r"images\.csv: .* have no image in common"):
        page_of(tmp_path, params)


def test_equal_results_give_equal_bytes(study: tuple[Path, Params], page: str):
    assert page_of(*study) == page
    assert str(study[0]) not in page


def test_paths_of_this_machine_stay_here(study: tuple[Path, Params]):
    root, params = study
    frozen = params.frozen.model_copy(update={"vgg": "/home/somebody/secret/vgg16.safetensors"})
    page = page_of(root, params.model_copy(update={"frozen": frozen}))
    assert "…/vgg16.safetensors" in page
    assert "somebody" not in page


def test_sheet_of_samples_is_shown_when_it_is_there(tmp_path: Path, root: Path):
    kept = {"multi": NETWORKS["multi"]}
    params = make_study(tmp_path, root / "params.yaml", networks=kept)
    assert "Sheet of sample images" not in page_of(tmp_path, params)
    image = next((tmp_path / "data/compare").glob("*.png"))
    (tmp_path / "plots/samples.png").write_bytes(image.read_bytes())
    (tmp_path / "metrics/dataset.json").unlink()
    page = page_of(tmp_path, params)
    assert "Sheet of sample images" in page
    assert "The data set in numbers" not in page


@pytest.fixture(scope="module")
def one_model(tmp_path_factory: pytest.TempPathFactory, root: Path) -> tuple[Path, Params]:
    """A small study, to be copied and spoilt."""
    folder, kept = tmp_path_factory.mktemp("one"), {"multi": NETWORKS["multi"]}
    return folder, make_study(folder, root / "params.yaml", networks=kept, side=16, crops=3)


@pytest.mark.parametrize(
    "file",
    [
        "plots/beside_report.csv",
        "plots/dataset.csv",
        "plots/images.csv",
        "plots/methods.csv",
        "plots/models.csv",
        "plots/training.csv",
        "data/compare/index.json",
    ],
)
@pytest.mark.parametrize("content", [None, "", "{"])
def test_missing_and_damaged_files_are_one_clear_line(
    tmp_path: Path, one_model: tuple[Path, Params], file: str, content: str | None
):
    folder, params = one_model
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content)
    with pytest.raises(StudyError, match=Path(file).name) as raised:
        page_of(tmp_path, params)
    assert "\n" not in str(raised.value)


def cut_lines(*words: str) -> Callable[[str], str]:
    """Take out the lines that hold one of the words, as a merge by hand may."""
    return lambda text: "".join(
        line for line in text.splitlines(keepends=True) if not any(word in line for word in words)
    )


def emptied(column: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
        table[column] = ""
        return table.to_csv(index=False)

    return change


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("plots/training.csv", cut_lines("multi"), "no multi in it"),
        ("plots/methods.csv", cut_lines("bicubic"), "no bicubic in it"),
        ("plots/methods.csv", cut_lines("network"), "no network in it"),
        ("plots/methods.csv", emptied("macs"), "multi has no costs"),
        ("plots/methods.csv", emptied("seeds"), "multi has no seeds"),
        ("plots/methods.csv", emptied("kind"), "no kind in a line"),
        ("data/compare/index.json", lambda _: "[1]\n", "all of it"),
        ("data/compare/index.json", lambda _: '{"images": 3}\n', "images"),
        ("data/compare/index.json", lambda _: '{"images": [{}]}\n', "images.0.id"),
        ("data/compare/index.json", lambda t: t.replace('"mid"', '"huge"'), "none of mid, large"),
        ("data/compare/index.json", lambda t: t.replace('"psnr"', '"wit"'), "none of psnr, ssim"),
    ],
)
def test_files_that_do_not_fit_the_others_are_one_clear_line(
    tmp_path: Path, one_model: tuple[Path, Params], file: str, change, words: str
):
    folder, params = one_model
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / file).write_text(change((tmp_path / file).read_text()))
    with pytest.raises(StudyError, match=words) as raised:
        page_of(tmp_path, params)
    assert file in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_study_without_the_other_references_has_a_page(
    tmp_path: Path, one_model: tuple[Path, Params]
):
    folder, params = one_model
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "plots/methods.csv"
    file.write_text(cut_lines("lanczos", "linear")(file.read_text()))
    assert "multi" in page_of(tmp_path, params)


def test_networks_of_two_precisions_are_reported(tmp_path: Path, root: Path):
    kept = {name: NETWORKS[name] for name in ("multi", "residual")}
    params = make_study(tmp_path, root / "params.yaml", networks=kept, **MANY)
    sentence = "not all trained in the same precision (32-true, bf16-mixed)"
    assert sentence not in Parsed(page_of(tmp_path, params)).text
    table = pd.read_csv(tmp_path / "plots/models.csv")
    table["precision"] = ["32-true", "bf16-mixed"]
    table.to_csv(tmp_path / "plots/models.csv", index=False)
    assert sentence in Parsed(page_of(tmp_path, params)).text


def test_a_missing_image_is_one_clear_line(tmp_path: Path, one_model: tuple[Path, Params]):
    folder, params = one_model
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "data/compare/00.mid.multi.png").unlink()
    with pytest.raises(StudyError, match=r"00\.mid\.multi\.png: missing"):
        page_of(tmp_path, params)


@pytest.mark.parametrize(
    ("value", "text"), [(1.204, "+1.20"), (-0.35, "−0.35"), (0.004, "0.00"), (-0.004, "0.00")]
)
def test_signed(value: float, text: str):
    assert signed(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (999.6, "1.00 K"),
        (9_996, "10.0 K"),
        (99_960, "100 K"),
        (38_915, "38.9 K"),
        (999_600, "1.00 M"),
        (201_000_000, "201 M"),
        (4_610_000_000, "4.61 G"),
    ],
)
def test_short(value: float, text: str):
    assert short(value) == text


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-2.3, 1.1), (27.81, 27.86), (1, 1000), (-5, -4)]
)
def test_ticks_are_few_and_inside(low: float, high: float):
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)


@pytest.mark.parametrize(("low", "high"), [(1, 10), (38_000, 40_000), (2e4, 5e5), (1e8, 1e10)])
def test_log_ticks_are_inside(low: float, high: float):
    found = log_ticks(low, high)
    assert 2 <= len(found) <= 8
    assert all(low <= tick <= high for tick in found)
