"""The page of the benchmark with all networks and their ensembles beside the published rows."""

import re
from collections.abc import Callable, Generator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from browser import Page, chromium, missing
from page_tables import tables_of

from srcore.evaluation.published import MEASURED, with_published
from srcore.features.labels import RANDOM
from srcore.models.scales import OUTPUTS
from srcore.reporting.benchmark import AREA, LONGEST, render

BICUBIC = {"mid": 33.68, "large": 28.43}
NETWORKS = {  # Multi-Adds (G) and PSNR at ×2, PSNR at ×4
    "basic": (9.0, 33.90, None),
    "multi": (9.1, 33.95, 28.75),
    "residual": (38.0, 34.40, 28.90),
    "dilated": (60.0, 34.50, 28.95),
    "vgg": (64.0, 34.30, 28.85),
    "clip": (22.0, 7.10, 7.30),
    "subpixel": (51.0, 37.00, 31.10),
    "shipped": (53.0, 37.53, 31.62),
}
WEIGHTS = {"clip": RANDOM, "vgg": "pretrained weights"}


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.browser(pytest.mark.skipif(bool(missing()), reason=missing())(test))


def table(root: Path, psnr: dict[str, float] | None = None, images: int = 3) -> pd.DataFrame:
    """`plots/benchmark.csv` of Set5 with plausible figures; `psnr` replaces those of a network."""
    lines = []
    for place, (output, scale) in enumerate(OUTPUTS.items(), start=1):
        level = BICUBIC[output]
        lines.append(("bicubic", output, level, "", None))
        lines.append(("linear", output, level + 1, "", None))
        for name, figures in NETWORKS.items():
            value = (psnr or {}).get(name, figures[place])
            if value is None:
                continue
            cost = round(1e9 * figures[0] * 4 / scale**2)
            weights = WEIGHTS.get(name, "")
            lines.append((name, output, value, weights, cost))
            lines.append((f"{name}+", output, value + 0.12, weights, 8 * cost))
    columns = ["method", "output", "psnr", "weights", "multiadds"]
    measured = pd.DataFrame(lines, columns=columns).assign(
        data_set="Set5", images=images, ssim=0.95, gain=0.0
    )
    rows = with_published(measured, [], root / "data/published.csv").reset_index(drop=True)
    of_network = rows["source"] == MEASURED
    costs = measured["multiadds"].astype("Int64").to_numpy()
    rows.loc[of_network, "multiadds"] = costs
    return rows


def charts(page: str) -> list[str]:
    return re.findall(r'<svg class="chart".*?</svg>', page, re.DOTALL)


def names_of(chart: str) -> list[str]:
    return re.findall(r'<text class="name"[^>]*>([^<]+)</text>', chart)


def test_every_network_that_was_measured_has_its_name_and_what_is_random_says_so(root):
    for output, chart in zip(OUTPUTS, charts(render(table(root))), strict=True):
        names = names_of(chart)
        for name, figures in NETWORKS.items():
            value = figures[1 + list(OUTPUTS).index(output)]
            if value is None:
                continue
            for plus, more in (("", 0), ("+", 0.12)):
                below = f" (random), {value + more:.1f} dB" if name in {"clip"} else ""
                assert names.count(f"{name}{plus}{below}") == 1


def test_names_stay_even_where_all_networks_are_at_one_place(root):
    rows = table(root, dict.fromkeys(NETWORKS, 34.0))
    rows.loc[rows["source"] == MEASURED, "multiadds"] = 9_000_000_000
    for chart, output in zip(charts(render(rows)), OUTPUTS, strict=True):
        of = rows[(rows["output"] == output) & (rows["source"] == MEASURED)]
        for method in of["method"]:
            assert any(re.match(rf"{re.escape(method)}( \(random\))?$", n) for n in names_of(chart))


def test_what_was_measured_is_drawn_last_and_named_in_its_colour(root):
    for chart in charts(render(table(root))):
        groups = re.findall(r'<g class="(\w+)">(?:<line class="leader[^>]*>)?<(\w+)', chart)
        marks = [kind for kind, tag in groups if tag != "text"]
        assert marks == sorted(marks, key=["published", "measured"].index)
        written = dict(
            re.findall(r'<g class="(\w+)"><text class="name"[^>]*>(shipped|SAFMN)<', chart)
        )
        assert written == {"measured": "shipped", "published": "SAFMN"}


def test_the_axis_begins_below_bicubic_and_arrows_stand_for_what_is_further_below(root):
    page = render(table(root))
    for chart, level in zip(charts(page), BICUBIC.values(), strict=True):
        ticks = r'<text class="tick" x="58.0" y="[\d.]+" text-anchor="end">([\d.]+)</text>'
        shown = [float(tick) for tick in re.findall(ticks, chart)]
        assert level - 1 <= min(shown) < level
        assert chart.count('class="mark s4"') == 2, "clip and its ensemble"
        assert ">bicubic</text>" in chart
    assert page.count("below the axis, with its PSNR") == 2
    better = render(table(root, {"clip": 34.0}))
    assert 'class="mark s4"' not in "".join(charts(better))
    assert "below the axis" not in better


def test_a_mark_just_above_the_beginning_of_the_axis_is_where_its_psnr_is(root):
    rows = table(root)
    bicubic = rows.loc[(rows["method"] == "bicubic") & (rows["output"] == "mid"), "psnr"].iloc[0]
    here = (rows["method"] == "basic") & (rows["output"] == "mid")

    def height(psnr):
        page = render(rows.assign(psnr=rows["psnr"].where(~here, psnr)))
        (y,) = re.findall(r'<circle [^>]*cy="([\d.]+)"[^>]*/><title>basic:', page)[:1]
        return float(y)

    first, second, third = (height(bicubic - below) for below in (0.5, 0.75, 0.99))
    assert third - second == pytest.approx((second - first) * 0.24 / 0.25, abs=0.3)


def test_where_all_networks_are_worse_than_bicubic_all_are_arrows_within_the_plot(root):
    rows = table(root)
    networks = rows["multiadds"].notna() & (rows["source"] == MEASURED)
    rows = rows[networks | (rows["method"] == "bicubic")]
    page = render(rows.assign(psnr=rows["psnr"].where(rows["method"] == "bicubic", 7.0)))
    for output, chart in zip(OUTPUTS, charts(page), strict=True):
        named = [name for name in names_of(chart) if name.endswith("7.0 dB")]
        assert len(named) == (networks & (table(root)["output"] == output)).sum()
        edges = [float(y) for y in re.findall(r' (?:y|y1|y2|cy)="(-?[\d.]+)"', chart)]
        arrows = [float(y) for y in re.findall(r'"mark[^>]*translate\([\d.]+ ([\d.]+)', chart)]
        assert len(arrows) == len(named)
        assert max(arrows) < AREA.bottom
        assert min(edges) >= 0
        assert max(edges) <= AREA.height


def test_rows_are_sorted_with_the_best_first_and_refer_to_their_sources(root):
    rows = table(root)
    page = render(rows)
    found = tables_of(page, "plain")
    assert len(found) == 2
    for heads, *lines in found:
        assert heads[:3] == ["Method", "PSNR (luma), dB", "SSIM (luma)"]
        assert all(float(a[1]) >= float(b[1]) for a, b in pairwise(lines))
    for number, output in enumerate(OUTPUTS, start=1):
        of = rows[(rows["output"] == output) & (rows["source"] != MEASURED)]
        for source in of["source"].unique():
            note = re.search(rf'<li id="(source-{number}-\d+)">{re.escape(source)}</li>', page)
            assert note is not None
            assert page.count(f'href="#{note[1]}"') == (of["source"] == source).sum()


def test_headings_say_how_many_images_were_measured(root):
    assert ">Set5 ×2 <small>3 images</small></h2>" in render(table(root))
    assert ">Set5 ×4 <small>1 image</small></h2>" in render(table(root, images=1))


def test_it_says_what_is_counted(root):
    page = render(table(root))
    assert "PSNR and SSIM are of luma" in page
    assert "self-ensemble: the mean output over the eight dihedral transforms" in page
    assert "include both outputs and the frozen feature extractor. Those of other networks" in page
    assert "those of a “+” row are of all eight passes" in page


def test_a_long_name_is_shortened_in_the_plot_only(root):
    long = "a-network-with-a-very-long-name-" * 3
    rows = table(root).replace({"method": {"clip": long}})
    page = render(rows)
    half = LONGEST // 2
    shown = f"{long[: half - 1]}…{long[-half:]}"
    names = names_of(charts(page)[0])
    assert f"{shown} (random), 7.1 dB" in names
    assert len(set(names)) == len(names)
    assert f'class="method">{long} <' in page


@pytest.fixture(scope="module")
def browser() -> Generator[Page]:
    with chromium() as opened:
        yield opened


OVERLAPS = """[...document.querySelectorAll("svg.chart")].flatMap(chart => {
  const box = (node, about) => {
    const b = node.getBBox(), m = node.getCTM(), o = chart.querySelector("line").getCTM();
    const [x, y] = [(m.e - o.e) / o.a, (m.f - o.f) / o.d];
    return {about, left: b.x + x, right: b.x + b.width + x, top: b.y + y,
            bottom: b.y + b.height + y};
  };
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 1 &&
    b.top < a.bottom - 1;
  const names = [...chart.querySelectorAll(".name")].map(n => box(n, n.textContent));
  const others = [...chart.querySelectorAll("text:not(.name)")]
    .filter(n => !n.matches(".axis")).map(n => box(n, n.textContent));
  const marks = [...chart.querySelectorAll(".mark")]
    .map(n => box(n, "mark of " + n.parentNode.textContent));
  const found = [];
  names.forEach((name, place) => {
    for (const other of [...names.slice(place + 1), ...others, ...marks])
      if (meet(name, other)) found.push([name.about, other.about]);
    if (name.left < 64 || name.right > 720 || name.top < 0 || name.bottom > 377)
      found.push([name.about, "the edge"]);
  });
  return found;
})"""
"""Pairs of a name and what it lies over, in units of the drawing."""

NEAREST = """[...document.querySelectorAll("svg.chart")].flatMap(chart => {
  const groups = [...chart.querySelectorAll("g")];
  const marks = groups.filter(g => g.querySelector(".mark")).map(g => {
    const b = g.querySelector(".mark").getBoundingClientRect();
    return {of: g.querySelector("title").textContent.split(/[:(]/)[0].trim(),
            joined: !!g.querySelector(".leader"), x: (b.left + b.right) / 2,
            y: (b.top + b.bottom) / 2};
  });
  return [...chart.querySelectorAll(".name")].map(name => {
    const b = name.getBoundingClientRect();
    const far = m => Math.hypot(Math.max(b.left - m.x, 0, m.x - b.right),
                                Math.max(b.top - m.y, 0, m.y - b.bottom));
    const method = name.textContent.split(/[,(]/)[0].trim();
    const own = marks.find(m => m.of == method);
    const nearest = marks.reduce((a, m) => far(m) < far(a) ? m : a);
    return [method, own.joined || nearest.of == method];
  });
})"""
"""Each name, and whether it is joined to its mark or nearer to it than to any other."""


@pytest.fixture(scope="module", params=["apart", "together", "crowded"])
def path(request, root, tmp_path_factory) -> Path:
    """Pages of networks of the usual figures, of similar ones, and of a fifth of a dB."""
    similar = {name: 33.0 + 0.2 * place for place, name in enumerate(NETWORKS)}
    crowded = {name: 37.4 + 0.03 * place for place, name in enumerate(NETWORKS)}
    psnr = {"apart": None, "together": similar, "crowded": crowded}[request.param]
    file = tmp_path_factory.mktemp("page") / "benchmark.html"
    rows = table(root, psnr)
    if psnr:
        rows = rows[rows["output"] == "mid"]
    file.write_text(render(rows), encoding="utf-8")
    return file


@in_browser
def test_a_name_lies_over_no_other_name_and_no_mark(browser, path):
    browser.open(path, 1280)
    assert browser.run("document.querySelectorAll('.name').length") > 20
    assert browser.run(OVERLAPS) == []


@in_browser
def test_a_name_is_nearest_to_its_own_mark_or_joined_to_it(browser, path):
    browser.open(path, 1280)
    found = browser.run(NEAREST)
    assert len(found) > 20
    assert [name for name, clear in found if not clear] == []


@in_browser
def test_the_text_of_the_drawing_is_as_large_as_small_text(browser, path):
    for width, least, most in ((1280, 13, 14.5), (420, 11, 14.5)):
        browser.open(path, width)
        scale = "document.querySelector('svg.chart').getScreenCTM().a"
        size = "parseFloat(getComputedStyle(document.querySelector('.name')).fontSize)"
        assert least <= browser.run(f"{scale} * {size}") <= most
        assert browser.run("document.documentElement.scrollWidth") == width


@in_browser
def test_the_badge_is_in_the_window_of_a_phone(browser, path):
    browser.open(path, 420)
    right = "Math.max(...[...document.querySelectorAll('.note')].map(n => "
    assert browser.run(right + "n.getBoundingClientRect().right))") < 420
