"""Experiments side by side: what is a column, what is a row, what is said beside the first."""

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from srcore.common.errors import StudyError
from srcore.reporting.experiments.page import render
from srcore.reporting.experiments.table import compare, markdown, numbers
from srcore.reporting.pull_request import Study, review

NAMES = [f"{number:02}.png" for number in range(40)]
NOISE = np.random.default_rng(0).normal(0, 0.2, 40)


def study(name: str, gains: dict[str, np.ndarray], *, shift: float = 0, **train: object) -> Study:
    """A state whose networks gain what `gains` says, image by image, at the mid output."""
    rows, metrics = [], {}
    for method, gain in {"bicubic": np.zeros(40), **gains}.items():
        table = pd.DataFrame({"image": NAMES, "group": NAMES, "method": method, "gain": gain})
        rows.append(table.assign(output="mid", psnr=np.arange(40) + shift, seed=0))
        kind = "baseline" if method == "bicubic" else "network"
        entry = {"psnr": 28.0, "gain": float(np.mean(gain))}
        metrics[method] = {"kind": kind, "mid": entry}
    params = {
        "model": "all" if len(gains) > 1 else next(iter(gains)),
        "train": {"lr": 0.001, "epochs": 10} | train,
        "pyramid": {"sizes": [72, 144, 288]},
    }
    return Study(name, params, metrics, pd.concat(rows))


@pytest.fixture
def grid() -> list[Study]:
    """A commit with two networks, and one of them at three rates."""
    return [
        study("main", {"basic": NOISE, "vgg": NOISE}),
        study("lower", {"basic": NOISE - 0.5}, lr=0.0005),
        study("again", {"basic": NOISE}),
        study("higher", {"basic": NOISE + 0.5}, lr=0.002),
    ]


def cells(text: str) -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert len({len(row) for row in rows}) == 1
    return rows


def renamed(made: Study, names: list[str]) -> Study:
    """The same on images of other names."""
    images = made.images.assign(image=names * 2, group=names * 2)
    return dataclasses.replace(made, images=images)


def test_a_difference_on_some_of_the_images_says_on_how_many():
    """Gains are of all images of each side, and may say the opposite."""
    first = study("main", {"basic": NOISE})
    other = renamed(
        study("other", {"basic": NOISE + 0.5}), NAMES[:30] + [f"x{n}" for n in NAMES[30:]]
    )
    rows = cells(markdown(compare([first, other])))
    assert rows[2][-1] == "**+0.50, better in these trainings, on 30 shared images**"
    assert "shared" not in markdown(compare([first, study("all", {"basic": NOISE + 0.5})]))
    text = review(first, other)
    assert "paired over 30 validation images; " in text
    assert "; gains are of each side's own 40 → 40 images." in text
    assert "each side's own" not in review(first, study("all", {"basic": NOISE + 0.5}))


def test_experiments_of_other_sizes_have_their_scale_in_common():
    first, other = study("main", {"basic": NOISE}), study("small", {"basic": NOISE}, shift=1)
    other.params["pyramid"]["sizes"] = [48, 96, 192]
    table = compare([first, other])
    assert "gain at ×2, dB" in markdown(table)
    assert ">Gain at ×2, dB</th>" in render(table)


def test_a_grid_is_one_small_table(grid):
    head, *rows = cells(markdown(compare(grid)))
    assert head == ["experiment", "`train.lr`", "network", "gain at 144, dB", "beside the first"]
    assert [row[:3] for row in rows] == [
        ["main", "0.001", "basic"],
        ["lower", "0.0005", "basic"],
        ["again", "0.001", "basic"],
        ["higher", "0.002", "basic"],
    ], "of the commit, the networks that the experiments have; no column for the model"
    mean = NOISE.mean()
    assert [row[3] for row in rows] == [
        f"{mean + shift:+.2f}".replace("-", "−") for shift in (0, -0.5, 0, 0.5)
    ]
    assert rows[0][4] == "the first"
    assert rows[1][4].startswith("**−0.50, worse")
    assert rows[2][4] == "0.00, same"
    assert rows[3][4].startswith("**+0.50, better")


def test_a_commit_alone_shows_all_that_it_has(grid):
    head, *rows = cells(markdown(compare(grid[:1])))
    assert [row[:2] for row in rows] == [["main", "basic"], ["main", "vgg"]]
    assert "`train.lr`" not in head


def test_noise_is_no_claim(grid):
    shuffled = NOISE + np.random.default_rng(1).permutation([0.2, -0.2] * 20)
    _, *rows = cells(markdown(compare([grid[0], study("x", {"basic": shuffled})])))
    assert rows[1][-1].endswith(", noise")
    assert "**" not in rows[1][-1]


def test_the_more_experiments_are_tried_the_less_is_claimed_of_each(grid):
    """Of a shift that is clear alone, nothing is claimed as one of 40 (Holm)."""
    noise = np.random.default_rng(2)
    slight = NOISE + 0.1 + noise.normal(0, 0.2, 40)
    alone = cells(markdown(compare([grid[0], study("slight", {"basic": slight})])))
    assert "better" in alone[-1][-1]
    others = [study(f"{n}", {"basic": NOISE + noise.normal(0, 0.2, 40)}) for n in range(39)]
    *_, last = cells(markdown(compare([grid[0], *others, study("slight", {"basic": slight})])))
    assert last[0] == "slight"
    assert last[-1].endswith(", noise")


def test_a_commit_without_sizes_is_named(grid):
    del grid[0].params["pyramid"]
    with pytest.raises(StudyError, match=r"params\.yaml of main: pyramid\.sizes names no three"):
        compare(grid)


def test_a_network_that_the_commit_has_not_is_compared_with_its_own_first(grid):
    more = [study(name, {"new": NOISE + gain}) for name, gain in (("a", 0.0), ("b", 0.3))]
    _, *rows = cells(markdown(compare([grid[0], *more])))
    assert [row[0] for row in rows] == ["a", "b"]
    assert rows[0][-1] == "the first"
    assert rows[1][-1].startswith("**+0.30, better")


def test_other_images_are_not_compared(grid):
    other = study("other", {"basic": NOISE}, shift=0.5)
    _, *rows = cells(markdown(compare([grid[0], other])))
    assert rows[1][-1] == "other images"


def test_weights_and_what_has_no_results_are_reported(grid):
    grid[1].metrics["basic"]["mid"]["weights"] = "weights of a|b.pt"
    text = markdown(compare(grid, {"queued": 2, "failed": 1}))
    assert "| basic (weights of a\\|b.pt) |" in text
    assert text.endswith("\n\nWithout results: 2 queued, 1 failed.")


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_holds_the_table_and_a_plot_against_the_rate(grid):
    page = render(compare(grid))
    assert "http:" not in page
    assert "https:" not in page
    assert "<script" not in page
    (chart,) = [
        attributes["aria-label"]
        for tag, attributes in Tags(page).found
        if tag == "svg" and attributes.get("role") == "img"
    ]
    assert chart.startswith("Gain over bicubic at 144 against train.lr. basic: ")
    mean = NOISE.mean()
    for x, gain in ((0.0005, mean - 0.5), (0.001, mean), (0.002, mean + 0.5)):
        assert f"{gain:+.2f} dB at {x:g}".replace("-", "−", 1) in chart
    titles = re.findall(r"<title>basic, (\w+):", page)
    assert sorted(titles) == ["again", "higher", "lower", "main"]
    assert page.count("<tr>") == 1 + 4
    (line,) = re.findall(r'<polyline class="line s0" points="([^"]*)"', page)
    assert len(line.split()) == 3, "through the mean of the two at 0.001"


def test_a_network_has_one_mark_in_the_charts_of_both_outputs(grid):
    """Also beside a network that has only one of them."""
    table = compare([*grid, study("faster", {"vgg": NOISE}, lr=0.002)])
    for row in table.rows:
        if row.model == "vgg":
            row.cells["large"] = row.cells["mid"]
    charts = [part for part in render(table).split("<svg") if 'role="img"' in part]
    styles = [re.findall(r'class="mark (s\d)[^<]*(?:</\w+>)?<title>vgg', part) for part in charts]
    assert len(styles) == 2
    assert set(styles[0]) == set(styles[1])
    assert len(set(styles[0])) == 1


def test_a_line_joins_only_what_differs_in_that_parameter(grid):
    grid[1].params["train"]["epochs"] = 20
    assert "<polyline" not in render(compare(grid))


def test_marks_stand_in_the_order_of_the_rates(grid):
    page = render(compare(grid))
    places = {}
    for group in re.findall(r"<g>.*?</g>", page):
        name = re.search(r"<title>basic, (\w+)", group)[1]
        places[name] = tuple(map(float, re.search(r'cx="([\d.]+)" cy="([\d.]+)"', group).groups()))
    x = {name: place[0] for name, place in places.items()}
    y = {name: place[1] for name, place in places.items()}
    assert x["lower"] < x["main"] == x["again"] < x["higher"]
    # A rate twice as high is as far away as one half as high: the axis is logarithmic.
    assert x["main"] - x["lower"] == pytest.approx(x["higher"] - x["main"], abs=0.2)
    assert y["higher"] < y["main"] < y["lower"], "up is better"


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        ([0.1, 0.2], True),
        ([1, 1], False),
        (["l1", "l2"], False),
        ([True, False], False),
        ([None, 1], False),
        ([1, float("inf")], False),
    ],
)
def test_what_can_be_an_axis(values, axis):
    assert numbers(values) == axis


def test_hostile_names_are_only_text(grid):
    page = render(compare([grid[0], study("<script>alert(1)</script>", {"basic": NOISE}, lr=1)]))
    assert "<script" not in page
