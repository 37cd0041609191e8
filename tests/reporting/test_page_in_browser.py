"""The report page in a real browser: it asks for nothing, fits every window, and its parts work."""

from collections.abc import Generator
from pathlib import Path

import pytest
from browser import Page, chromium, missing
from made_up_study import add_clip, make_study

from srcore.reporting.page.render import render
from srcore.reporting.page.results import read_results

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]

FIRST = "document.querySelector('article.image')"
PSNR = "[data-metric=psnr]"
"""The first image with its line and choices."""


@pytest.fixture(scope="module")
def page() -> Generator[Page]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    folder = tmp_path_factory.mktemp("study")
    names = ('<img src=x onerror=alert(1)> "', "a-name-without-any-break-" * 8)
    params = make_study(folder, root / "params.yaml", names=names)
    add_clip(folder, "weights of a clip with a name without any break-" * 3)
    path = folder / "plots/report.html"
    path.write_text(render(read_results(folder, params)), encoding="utf-8")
    return path


def slow(*values: object):
    return pytest.param(*values, marks=pytest.mark.slow)


def assert_clean(page: Page, file: Path) -> None:
    assert page.complaints == []
    assert page.requests == [file.resolve().as_uri()]


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (800, "dark"),
        (390, "light"),
        (320, "dark"),
        *(
            slow(width, scheme)
            for width, scheme in ((1280, "dark"), (800, "light"), (390, "dark"), (320, "light"))
        ),
    ],
)
def test_fits_the_window_and_asks_for_nothing(page: Page, file: Path, width: int, scheme: str):
    page.open(file, width, scheme)
    assert page.run("document.documentElement.scrollWidth") == width
    page.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.run("document.documentElement.scrollWidth") == width
    # A scroll to the side moves nothing: neither the page nor its body has anything there.
    page.run("window.scrollTo(500, 0)")
    assert page.run("window.scrollX") == 0
    assert page.run("[...document.images].every(image => image.complete && image.naturalWidth)")
    assert_clean(page, file)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_lies_over_anything_else(page: Page, file: Path, width: int):
    page.open(file, width)
    overlaps = page.run("""(() => {
      const blocks = document.querySelectorAll(
        "h1, h2, h3, h4, p, nav, .card, .scroll, .stage, .sizes, .choices, .scores, " +
        ".zooms figure, summary, .panel, .legend, .facts > div, " +
        ".rung > span, .step > *"
      );
      const shown = [...blocks].filter(block => block.checkVisibility());
      const boxes = shown.map(block => block.getBoundingClientRect());
      const found = [];
      for (let a = 0; a < shown.length; a++) for (let b = a + 1; b < shown.length; b++) {
        if (shown[a].contains(shown[b])) continue;
        const [x, y] = [boxes[a], boxes[b]];
        if (x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 1 &&
            y.top < x.bottom - 1) found.push([shown[a].outerHTML, shown[b].outerHTML]);
      }
      return found.map(pair => pair.map(text => text.slice(0, 80)));
    })()""")
    assert overlaps == []


@pytest.fixture(scope="module", params=[5, 12])
def many(request, tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The page of as many scenes, with and without intervals."""
    folder = tmp_path_factory.mktemp("many")
    params = make_study(folder, root / "params.yaml", scenes=request.param, crops=12)
    path = folder / "plots/report.html"
    path.write_text(render(read_results(folder, params)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1280, 390])
def test_names_in_charts_do_not_overlap(page: Page, many: Path, width: int):
    page.open(many, width)
    overlaps = page.run("""[...document.querySelectorAll("svg.chart")].flatMap(chart => {
      const texts = [...chart.querySelectorAll("text")];
      const boxes = texts.map(text => text.getBoundingClientRect());
      const frame = chart.getBoundingClientRect();
      const found = [];
      const name = place => texts[place].textContent;
      boxes.forEach((x, a) => {
        if (x.left < frame.left - 1 || x.right > frame.right + 1) found.push([name(a)]);
        boxes.slice(a + 1).forEach((y, b) => {
          if (x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 3 &&
              y.top < x.bottom - 3) found.push([name(a), name(a + 1 + b)]);
        });
      });
      return found;
    })""")
    assert overlaps == []


def test_both_schemes_have_contrast(page: Page, file: Path):
    luminance = """(() => {
      const paint = document.createElement("canvas").getContext("2d");
      const light = colour => {
        paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
        const parts = [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3).map(level => level / 255)
          .map(level => level <= .04045 ? level / 12.92 : ((level + .055) / 1.055) ** 2.4);
        return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2];
      };
      const styles = getComputedStyle(document.documentElement);
      const names = ["page", "sheet", "ink", "muted", "link", "good", "bad", "stripe", "warn-ink",
        "warn-page", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];
      const value = name => light(styles.getPropertyValue(`--${name}`));
      const found = Object.fromEntries(names.map(name => [name, value(name)]));
      const over = (selector, property, name) => {
        const drawn = document.createElement("div");
        drawn.innerHTML = `<svg class="interval"><line class="${selector.slice(1)}"/></svg>`;
        document.body.append(drawn);
        const share = getComputedStyle(drawn.querySelector(selector))[property];
        light(styles.getPropertyValue("--sheet"));
        paint.globalAlpha = share;
        found[`${selector} ${name}`] = light(styles.getPropertyValue(`--${name}`));
        paint.globalAlpha = 1;
      };
      for (let index = 0; index < 8; index++) over(".dot", "fillOpacity", `s${index}`);
      for (const name of ["ink", "muted", "good"]) over(".spread", "strokeOpacity", name);
      return found;
    })()"""
    pages: list[float] = []
    for scheme in ("light", "dark"):
        page.open(file, 1280, scheme)
        light = page.run(luminance)
        pages.append(light["page"])

        def contrast(one: str, other: str, light: dict[str, float] = light) -> float:
            high, low = sorted((light[one], light[other]), reverse=True)
            return (high + 0.05) / (low + 0.05)

        for ink in ("ink", "muted", "link"):
            for ground in ("page", "sheet", "stripe"):
                assert contrast(ink, ground) >= 4.5, (scheme, ink, ground)
        assert contrast("good", "sheet") >= 4.5
        assert contrast("bad", "sheet") >= 4.5
        for ground in ("warn-page", "page", "sheet"):
            assert contrast("warn-ink", ground) >= 4.5
        for index in range(8):
            assert contrast(f"s{index}", "sheet") >= 4.5, (scheme, index)
        for name in light:
            if name.startswith("."):  # marks that let the ground through
                assert contrast(name, "sheet") >= 3, (scheme, name)
    assert pages[0] > 0.8
    assert pages[1] < 0.05


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_first_paint_has_the_colours_of_the_scheme(page: Page, file: Path, scheme: str):
    # Colours come from the sheet in the head alone, so without scripts they are the same.
    page.open(file, 1280, scheme)
    with_scripts = page.run("getComputedStyle(document.body).backgroundColor")
    page.open(file, 1280, scheme, scripts=False)
    assert page.run("getComputedStyle(document.body).backgroundColor") == with_scripts


def column(page: Page, index: int) -> list[str]:
    rows = (
        f"document.querySelector('table.sortable').tBodies[0].rows].map(row => row.cells[{index}]"
    )
    return page.run(f"[...{rows}.dataset.value)")


def focus(page: Page, element: str) -> None:
    page.run(f"{element}.scrollIntoView({{block: 'center'}}); {element}.focus()")


def test_the_table_sorts_both_ways_by_click_and_by_key(page: Page, file: Path):
    page.open(file, 1280)
    gains = [float(value) for value in column(page, 1)]
    assert gains == sorted(gains, reverse=True)

    def head(index: int) -> str:
        return f"document.querySelectorAll('table.sortable th[scope=col]')[{index}]"

    for _ in range(2):  # a click on PSNR: the largest first, then the smallest first
        place = page.run(f"""(() => {{
          const button = {head(4)}.firstElementChild;
          button.scrollIntoView({{block: "center"}});
          const box = button.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        page.mouse.click(*place)
        direction = page.run(f"{head(4)}.getAttribute('aria-sort')")
        values = [float(value) for value in column(page, 4)]
        assert values == sorted(values, reverse=direction == "descending")
    assert direction == "ascending"
    assert page.run("document.querySelector('table').querySelectorAll('[aria-sort]').length") == 1

    focus(page, f"{head(6)}.firstElementChild")
    page.keyboard.press("Enter")  # parameters: the fewest first, and rows without any last
    values = column(page, 6)
    assert page.run(f"{head(6)}.getAttribute('aria-sort')") == "ascending"
    filled = [float(value) for value in values if value]
    assert filled == sorted(filled)
    assert values[len(filled) :] == [""] * (len(values) - len(filled))
    page.keyboard.press("Enter")
    again = column(page, 6)
    assert [float(value) for value in again if value] == filled[::-1]
    assert again[len(filled) :] == values[len(filled) :]

    focus(page, f"{head(0)}.firstElementChild")
    page.keyboard.press("Enter")
    assert column(page, 0) == sorted(column(page, 0))
    assert_clean(page, file)


def clip(page: Page) -> float:
    """Share of the left image that is cut away, as it is drawn."""
    style = page.run(f"getComputedStyle({FIRST}.querySelector('.before')).clipPath")
    return float(style.split()[1].removesuffix("%"))


def stage(page: Page) -> dict[str, float]:
    page.run(f"{FIRST}.querySelector('.stage').scrollIntoView({{block: 'center'}})")
    box = f"{FIRST}.querySelector('.stage').getBoundingClientRect()"
    return page.run(f"(({{x, y, width, height}}) => ({{x, y, width, height}}))({box})")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_line_follows_the_mouse(page: Page, file: Path, width: int):
    page.open(file, width)
    box = stage(page)
    assert clip(page) == 50
    across = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + box["width"] / 2, across)
    page.mouse.down()
    for share in (0.4, 0.3, 0.2):
        page.mouse.move(box["x"] + share * box["width"], across)
    page.mouse.up()
    assert clip(page) == pytest.approx(80, abs=1)
    # A click somewhere moves it there, also at the very edges.
    for share in (0.9, 0.002, 0.998):
        page.mouse.click(box["x"] + share * box["width"], across)
        assert clip(page) == pytest.approx(100 - 100 * share, abs=1)
    handle = page.run(f"{FIRST}.querySelector('.handle').getBoundingClientRect().x")
    assert handle == pytest.approx(box["x"] + box["width"], abs=0.02 * box["width"])
    assert_clean(page, file)


def test_the_line_follows_a_finger(page: Page, file: Path):
    page.open(file, 390)
    box = stage(page)
    across = box["y"] + box["height"] / 3
    page.touch("touchStart", (box["x"] + box["width"] / 2, across))
    for share in (0.55, 0.6, 0.7, 0.75):
        page.touch("touchMove", (box["x"] + share * box["width"], across))
    page.touch("touchEnd")
    assert clip(page) == pytest.approx(25, abs=2)


def test_the_line_moves_by_keys_and_tells_where_it_is(page: Page, file: Path):
    page.open(file, 1280)
    focus(page, f"{FIRST}.querySelector('.cut')")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert clip(page) == 48
    page.keyboard.press("ArrowLeft")
    assert clip(page) == 49
    page.keyboard.press("Home")
    assert clip(page) == 100
    page.keyboard.press("End")
    assert clip(page) == 0
    position = page.run(f"{FIRST}.querySelector('.cut').getAttribute('aria-valuetext')")
    assert position == "100 % bicubic, 0 % dilated"
    outline = page.run(f"getComputedStyle({FIRST}.querySelector('.stage')).outlineStyle")
    assert outline == "solid", "focus must be seen"


def choose(page: Page, side: str, method: str) -> None:
    select = f"{FIRST}.querySelector('select.{side}')"
    page.run(f"{select}.value = '{method}'; {select}.dispatchEvent(new Event('change'))")


def test_any_two_outputs_can_be_chosen_at_both_sizes(page: Page, file: Path):
    page.open(file, 1280)
    for output in ("mid", "large"):
        page.run(f"{FIRST}.querySelector('input[value={output}]').click()")
        options = page.run(
            f"[...{FIRST}.querySelectorAll('select.right option')].map(option => option.value)"
        )
        networks = ["multi", "residual", "dilated", "vgg", "clip"]
        first = ["bicubic", "linear"] + ["basic"] * (output == "mid")
        assert options == [*first, *networks, "target"]
        choose(page, "left", "vgg")
        choose(page, "right", "target")
        caption = page.run(f"{FIRST}.querySelector('img.before').alt")
        assert "vgg (random weights): PSNR" in caption
        shown = f"[data-output={output}] img[data-method=vgg]"
        assert page.run(
            f"{FIRST}.querySelector('img.before').src === {FIRST}.querySelector('{shown}').src"
        )
        scores = page.run(f"{FIRST}.querySelector('{PSNR}').innerText").split()
        assert scores[-2:] == ["—", "—"]
        for place in (".tag.left", ".zooms figcaption"):
            text = page.run(f"{FIRST}.querySelector('{place}').textContent")
            assert text == "vgg (random weights)"
        choose(page, "right", "bicubic")
        left, right, difference = (
            float(text.replace("−", "-"))
            for text in page.run(f"{FIRST}.querySelector('{PSNR}').innerText").split()[-3:]
        )
        assert difference == pytest.approx(right - left, abs=0.011)
    assert_clean(page, file)


def test_images_change_together_until_they_are_separated(page: Page, file: Path):
    page.open(file, 1280)
    chosen = "[...document.querySelectorAll('select.right')].map(select => select.value)"
    choose(page, "right", "clip")
    assert page.run(chosen) == ["clip", "clip"]
    page.run("document.getElementById('together').click()")
    choose(page, "right", "target")
    assert page.run(chosen) == ["target", "clip"]


@pytest.fixture(scope="module")
def many_scenes(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A page on scenes and seeds enough to tell gains from noise."""
    folder = tmp_path_factory.mktemp("many")
    many = {"side": 16, "crops": 12, "scenes": 12, "seeds": (0.0,)}
    params = make_study(folder, root / "params.yaml", **many)
    path = folder / "plots/report.html"
    path.write_text(render(read_results(folder, params)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(1280, "light"), (390, "dark"), slow(1280, "dark"), slow(390, "light")],
)
def test_a_gain_is_marked_where_it_is_significant(
    page: Page, many_scenes: Path, width: int, scheme: str
):
    page.open(many_scenes, width, scheme)
    ranking = "document.querySelector('#ranking .ladder')"
    assert (
        page.run(f"{ranking}.querySelectorAll('li').length") == 9
    )  # six networks and three others

    def lines(kind: str) -> list[str]:
        line = "getComputedStyle(step.closest('li'), '::after')"
        steps = f"[...{ranking}.querySelectorAll('.step.{kind}')]"
        return page.run(f"{steps}.map(step => {line}.borderLeftStyle)")

    # Without colours the line between two methods tells a gain from noise as well.
    assert set(lines("significant")) == {"solid"}
    assert set(lines("noise")) == {"dotted"}
    shown = f"{ranking}.querySelector('table.pairs').checkVisibility()"
    assert not page.run(shown)
    focus(page, f"{ranking}.querySelector('summary')")
    page.keyboard.press("Enter")
    assert page.run(shown)
    whole = page.run(f"{ranking}.querySelector('.scroll').scrollWidth")
    assert whole == page.run(f"{ranking}.querySelector('.scroll').clientWidth"), "all is seen"
    assert page.run("document.documentElement.scrollWidth") == width
    assert_clean(page, many_scenes)


def test_pixels_are_not_smoothed(page: Page, file: Path):
    page.open(file, 1280)
    kinds = "[...document.images].map(image => getComputedStyle(image).imageRendering)"
    assert set(page.run(kinds)) == {"pixelated"}
    for side in ("width", "height"):
        zoomed = page.run(f"{FIRST}.querySelector('.zoom img').getBoundingClientRect().{side}")
        window = page.run(f"{FIRST}.querySelector('.zoom').getBoundingClientRect().{side}")
        frame = page.run(f"{FIRST}.querySelector('.frame').getBoundingClientRect().{side}")
        whole = page.run(f"{FIRST}.querySelector('.stage').getBoundingClientRect().{side}")
        assert window / zoomed == pytest.approx(0.25, abs=0.01)
        assert frame / whole == pytest.approx(0.25, abs=0.01)


def test_without_scripts_tables_and_all_images_are_there(page: Page, file: Path):
    page.open(file, 390, scripts=False)
    assert page.run("document.querySelectorAll('#figures tbody tr').length") == 21
    controls = "[...document.querySelectorAll('button, input, select')]"
    assert not page.run(f"{controls}.some(control => control.checkVisibility())")
    shown = "[...document.images].filter(image => image.checkVisibility()).length"
    assert page.run(shown) == 36 + 6  # and the thumbnails of what CLIP sees
    assert page.run("document.documentElement.scrollWidth") == 390
    assert_clean(page, file)
