"""The pages beside the report page in a real browser: styled, within the window, silent."""

from collections.abc import Generator
from pathlib import Path

import pandas as pd
import pytest
from browser import Page, chromium, missing

from srcore.evaluation.benchmark import by_data_set
from srcore.evaluation.published import with_published
from srcore.ideas.contrasts import contrasts, gains
from srcore.ideas.notes import note
from srcore.ideas.runs import read_runs
from srcore.ideas.tables import tables
from srcore.reporting.benchmark import render as render_benchmark
from srcore.reporting.ideas import render as render_ideas

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]

MEASURED = pd.DataFrame(
    {
        "data_set": "Set5",
        "image": "a.png",
        "method": "bicubic",
        "seed": 0,
        "output": ["mid", "large"],
        "psnr": 30.0,
        "ssim": 0.9,
        "gain": 0.0,
        "weights": "",
    }
)


@pytest.fixture(scope="module")
def page() -> Generator[Page]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, root: Path) -> dict[str, Path]:
    runs = read_runs(root / "data/ideas")
    drawings = root / "plots/ideas.png", root / "plots/ideas_curves.png"
    texts = {
        "ideas": render_ideas(tables(contrasts(runs), gains(runs)), note(runs), *drawings),
        "benchmark": render_benchmark(
            with_published(by_data_set(MEASURED), [], root / "data/published.csv")
        ),
    }
    folder = tmp_path_factory.mktemp("pages")
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["ideas", "benchmark"])
def test_fits_the_window_with_its_style_and_asks_for_nothing(page, pages, name, width):
    page.open(pages[name], width)
    assert page.run("document.documentElement.scrollWidth") == width
    assert page.run("getComputedStyle(document.querySelector('.scroll')).overflowX") == "auto"
    assert page.run("document.images.length") == {"ideas": 2, "benchmark": 0}[name]
    assert page.run("[...document.images].every(image => image.complete && image.naturalWidth)")
    assert page.complaints == []
    assert page.requests == [pages[name].resolve().as_uri()]
