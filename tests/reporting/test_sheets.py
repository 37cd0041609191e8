"""The sheets: exact pixels, equal bytes, and text that neither overlaps nor leaves the page."""

from dataclasses import replace
from functools import cache
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from tiny import CPU, noisy_network, tiny_linear, tiny_scenes

from srcore.evaluation.examples import Comparison, compare
from srcore.reporting.canvas import Canvas
from srcore.reporting.sheets import draw_errors, draw_outputs

DRAWINGS = {"outputs": draw_outputs, "errors": draw_errors}


@cache
def compared(*models: str, weights: str = "random weights") -> tuple[Comparison, ...]:
    networks = [noisy_network(name, weights=weights) for name in models]
    return tuple(compare(networks, tiny_linear(), tiny_scenes(), np.array([1, 6]), CPU))


def comparisons(*models: str, weights: str = "random weights") -> list[Comparison]:
    """Made once for all tests that draw them."""
    return list(compared(*models, weights=weights))


@pytest.fixture(scope="module")
def few() -> list[Comparison]:
    return comparisons("multi", "vgg")


@pytest.fixture
def canvases(monkeypatch):
    """The canvases that would have been saved."""
    kept: list[Canvas] = []
    monkeypatch.setattr(Canvas, "save", lambda self, path: kept.append(self))
    return kept


def texts(canvas: Canvas) -> list[str]:
    return [text.get_text() for text in canvas.figure.texts if text.get_text()]


@pytest.mark.parametrize("kind", DRAWINGS)
def test_equal_comparisons_give_equal_bytes(few, kind, tmp_path):
    DRAWINGS[kind](few, "mid", tmp_path / "one.png", "validation")
    with mpl.rc_context({"font.size": 30, "savefig.facecolor": "red", "savefig.dpi": 50}):
        DRAWINGS[kind](few, "mid", tmp_path / "two.png", "validation")
    data = (tmp_path / "one.png").read_bytes()
    assert data == (tmp_path / "two.png").read_bytes()
    assert b"tEXt" not in data
    assert b"Software" not in data


def test_a_note_keeps_its_brackets(canvases, tmp_path):
    weights = "weights of vgg (1)"
    draw_outputs(comparisons("vgg", weights=weights), "mid", tmp_path / "a.png", "validation")
    assert weights in texts(canvases[0])


@pytest.mark.parametrize("output", ["mid", "large"])
def test_images_are_drawn_pixel_for_pixel(few, output, tmp_path):
    draw_outputs(few, output, tmp_path / "sheet.png", "validation")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB"))
    for comparison in few:
        shown = comparison.outputs[output][-1].image
        low = len(comparison.low)
        detail = comparison.detail.crop(shown, len(shown) // low)
        rows = {"low": comparison.low, "target": shown, "detail": detail}
        for name, image in rows.items():
            drawn = image.repeat(288 // len(image), 0).repeat(288 // len(image), 1)
            # The detail's box covers some of the image: one row of pixels outside it will do.
            box = comparison.detail
            below = box.top + box.size < 0.8 * low
            line = drawn[-2] if below or name == "detail" else drawn[1]
            assert line.tobytes() in sheet.tobytes(), name


def test_the_best_of_each_row_is_marked(few, canvases, tmp_path):
    draw_outputs(few, "large", tmp_path / "sheet.png", "validation")
    marked = [text for text in texts(canvases[0]) if text.startswith("★ ")]
    best = [max(shown.figures.get("psnr", 0) for shown in row.outputs["large"]) for row in few]
    assert [text.split()[1] for text in marked] == [f"{psnr:.2f}" for psnr in best]


def test_figures_and_weights_stand_on_the_sheet(few, canvases, tmp_path):
    draw_outputs(few, "mid", tmp_path / "outputs.png", "validation")
    draw_errors(few, "mid", tmp_path / "errors.png", "validation")
    for canvas in canvases:
        assert texts(canvas).count("random weights") == len(few)
        assert {"bicubic", "linear", "multi", "vgg", "target", few[0].name, few[1].name} <= {
            *texts(canvas)
        }
    bicubic, _, multi = few[0].outputs["mid"][:3]
    written = "\n".join(texts(canvases[0]))
    assert f"SSIM {multi.figures['ssim']:.4f}" in written
    psnr, gain = multi.figures["psnr"], multi.figures["psnr"] - bicubic.figures["psnr"]
    assert f"{psnr:.2f} dB ({gain:+.2f})".replace("-", "−") in written
    error = np.abs(multi.image.astype(float) - few[0].outputs["mid"][-1].image).mean()
    assert f"mean error {error:.2f}" in "\n".join(texts(canvases[1]))


def test_errors_share_one_scale(few, canvases, tmp_path):
    """Bicubic's map is darker than the map of a network that learned nothing."""
    draw_errors(few, "mid", tmp_path / "errors.png", "validation")
    images = [axes.images[0].get_array() for axes in canvases[0].figure.axes if axes.images]
    bicubic, multi = images[0], images[4]
    assert bicubic.mean() < multi.mean()


def test_a_size_that_no_model_has_says_so(canvases, tmp_path):
    only_mid = comparisons("basic")
    for draw in DRAWINGS.values():
        for output in ("mid", "large"):
            draw(only_mid, output, tmp_path / "sheet.png", "validation")
    written = [
        "No model of this set" in " ".join(" ".join(texts(canvas)).split()) for canvas in canvases
    ]
    assert written == [False, True, False, True]


LONG = "weights of vgg16_features_to_conv2_2_of_the_original_release.safetensors"
SETS = {
    "one model": (("basic",), "random weights"),
    "six models": (("basic", "multi", "residual", "dilated", "vgg", "clip"), "random weights"),
    "long label": (("multi", "vgg", "clip"), LONG),
}


@pytest.mark.parametrize("kind", DRAWINGS)
@pytest.mark.parametrize(
    ("case", "output"), [*((case, "mid") for case in SETS), ("one model", "large")]
)
def test_text_neither_overlaps_nor_leaves_the_page(kind, case, output, canvases, tmp_path):
    models, weights = SETS[case]
    drawn = comparisons(*models, weights=weights)
    drawn[0] = replace(drawn[0], name="an image's $name$ " * 20)
    DRAWINGS[kind](drawn, output, tmp_path / "sheet.png", "validation")
    (canvas,) = canvases
    boxes = [
        (text.get_text(), text.get_window_extent())
        for text in canvas.figure.texts
        if text.get_text()
    ]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.x1 <= canvas.width, text
        assert box.y0 >= 0, text
        assert box.y1 <= canvas.height, text
    cells = [axes.get_window_extent() for axes in canvas.figure.axes if axes.images]
    for (one, a), (two, b) in combinations(boxes, 2):
        assert not overlap(a, b), (one, two)
    for text, box in boxes:
        assert not any(overlap(box, cell) for cell in cells), text


def overlap(a, b) -> bool:
    wide = min(a.x1, b.x1) - max(a.x0, b.x0)
    high = min(a.y1, b.y1) - max(a.y0, b.y0)
    return wide > 1 and high > 2  # letters' own white space may touch
