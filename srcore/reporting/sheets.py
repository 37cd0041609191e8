"""Sheets of the comparison as PNG: every method's output, and every method's error.

Images are never smoothed. Those of up to 576 pixels a side are drawn pixel for pixel or enlarged by
a whole number; of larger ones, some pixels are left out. Equal comparisons give equal bytes.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from srcore.evaluation.examples import TARGET, Comparison, Shown
from srcore.features.labels import RANDOM
from srcore.inference.baselines import BASELINE, LINEAR
from srcore.metrics.table import HEADLINE, METRICS
from srcore.models.scales import OUTPUTS
from srcore.reporting.canvas import FAINT, INK, LINE, Canvas

CELL = 288
"""Pixels; a cell is the largest multiple of the image's side within it, or the side itself."""
WIDEST_CELL = 576
"""Pixels; larger images are drawn with fewer pixels than they have."""
MARGIN, GAP, BETWEEN = 28, 14, 44
"""Pixels at the edge of the sheet, between cells, and between the images' rows."""
BIG, NAME, NORMAL, SMALL = 36, 28, 23, 20
"""Sizes of text in pixels: readable when the sheet is shrunk to the width of a laptop."""
LINE_LENGTH = 26
"""Letters of small text that fit into the width of a cell."""
BEST, WARNING = "#0b6e3a", "#b34700"
NO_MODEL = " No model of this set has this output."
ERROR_COLOURS = "magma"
SHOWN_ERRORS = 99.5
"""Percentile of the errors at which the colour scale ends; few stray pixels must not dim it."""


@dataclass(frozen=True)
class _Panel:
    """One cell of a sheet: an image and its detail, with what stands above and below."""

    title: str
    note: str
    image: NDArray[np.uint8]
    lines: tuple[str, ...]
    best: bool = False


def draw_outputs(comparisons: Sequence[Comparison], output: str, path: Path, part: str) -> None:
    """Draw low resolution, bicubic, linear, every model that has `output`, and target.

    A row an image; below each stand its PSNR, the gain over bicubic, the other metrics, and then
    the detail. `part` says of which part of the data set the images are.
    """
    rows = [_outputs_row(comparison, output) for comparison in comparisons]
    others = [metric.title for name, metric in METRICS.items() if name != HEADLINE]
    subtitle = (
        f"{', '.join(['PSNR (and gain over bicubic)', *others])} of the 8-bit image; ★ is the best "
        "PSNR of the row. Below each image, the marked detail: where the methods differ most."
        f"{_about(comparisons, output, part)}"
    )
    _draw(comparisons, rows, (f"Outputs at {_size(comparisons, output)}", subtitle), path)


def draw_errors(comparisons: Sequence[Comparison], output: str, path: Path, part: str) -> None:
    """Draw each method's absolute error, on one colour scale, beside the true image."""
    maps = [
        {shown.method: _error(shown, row[-1]) for shown in row[:-1]}
        for row in (comparison.outputs[output] for comparison in comparisons)
    ]
    everything = np.stack([error for row in maps for error in row.values()])
    scale = Normalize(0, max(1.0, float(np.ceil(np.percentile(everything, SHOWN_ERRORS)))))
    colours = ScalarMappable(scale, ERROR_COLOURS)
    rows = [
        _errors_row(comparison.outputs[output], errors, colours)
        for comparison, errors in zip(comparisons, maps, strict=True)
    ]
    subtitle = (
        "Absolute error, mean of the colour channels, in levels of 255; ★ is the best PSNR of the "
        "row. Below each map, the marked detail: where the methods differ most."
        f"{_about(comparisons, output, part)}"
    )
    _draw(comparisons, rows, (f"Errors at {_size(comparisons, output)}", subtitle), path, colours)


def _about(comparisons: Sequence[Comparison], output: str, part: str) -> str:
    methods = {shown.method for shown in comparisons[0].outputs[output]}
    missing = "" if methods - {BASELINE, LINEAR, TARGET} else NO_MODEL
    return f" Images of the {part} part.{missing}"


def _size(comparisons: Sequence[Comparison], output: str) -> str:
    side = len(comparisons[0].outputs[output][-1].image)
    return f"{side} × {side} pixels ({OUTPUTS[output]}×)"


def _outputs_row(comparison: Comparison, output: str) -> list[_Panel]:
    row, side = comparison.outputs[output], len(comparison.low)
    best = _best(row)
    panels = [_Panel("low resolution", "", comparison.low, (f"{side} × {side} pixels", ""))]
    baseline = next(shown.figures[HEADLINE] for shown in row if shown.method == BASELINE)
    others = [(name, metric) for name, metric in METRICS.items() if name != HEADLINE]
    for shown in row:
        title, note = _heading(shown)
        if shown.method == TARGET:
            panels.append(_Panel(title, note, shown.image, ()))
            continue
        psnr = shown.figures[HEADLINE]
        difference = f"{psnr - baseline:+.2f}".replace("-", "−")
        gain = f" ({difference})" if shown.method != BASELINE else ""
        lines = [f"{psnr:.2f} dB{gain}"]
        lines += [metric.text(shown.figures[name]) for name, metric in others]
        panels.append(_Panel(title, note, shown.image, tuple(lines), best=psnr == best))
    return panels


def _errors_row(
    row: list[Shown], errors: dict[str, NDArray[np.float64]], colours: ScalarMappable
) -> list[_Panel]:
    best = _best(row)
    panels: list[_Panel] = []
    for shown in row:
        title, note = _heading(shown)
        if shown.method == TARGET:
            panels.append(_Panel(title, note, shown.image, ()))
            continue
        error = errors[shown.method]
        mapped = np.asarray(colours.to_rgba(error, bytes=True))[..., :3]
        psnr = shown.figures[HEADLINE]
        lines = (f"{psnr:.2f} dB", f"mean error {error.mean():.2f}")
        panels.append(_Panel(title, note, mapped, lines, best=psnr == best))
    return panels


def _best(row: list[Shown]) -> float:
    return max(shown.figures[HEADLINE] for shown in row if shown.method != TARGET)


def _error(shown: Shown, target: Shown) -> NDArray[np.float64]:
    return np.abs(shown.image.astype(float) - target.image).mean(axis=-1)


def _heading(shown: Shown) -> tuple[str, str]:
    """Title and note of a column; the label is the method and, in brackets, the note."""
    return shown.method, shown.label.removeprefix(shown.method).removeprefix(" (").removesuffix(")")


@dataclass(frozen=True)
class _Layout:
    """Heights of a sheet's parts in pixels, for a sheet whose columns are `panels`."""

    panels: Sequence[_Panel]
    subtitle: str

    @property
    def cell(self) -> int:
        side = max(len(panel.image) for panel in self.panels)
        return min(side * max(1, CELL // side), WIDEST_CELL)

    @property
    def width(self) -> int:
        return 2 * MARGIN + len(self.panels) * (self.cell + GAP) - GAP

    @property
    def explanation(self) -> list[str]:
        return textwrap.wrap(self.subtitle, int((self.width - 2 * MARGIN) / (0.53 * SMALL)))

    @property
    def heading(self) -> int:
        notes = max(len(_wrapped(panel.note)) for panel in self.panels)
        return round(LINE * (NORMAL + NAME + notes * SMALL))

    @property
    def figures(self) -> int:
        small = max(len(panel.lines) for panel in self.panels) - 1
        return round(LINE * (NORMAL + small * SMALL)) + GAP

    @property
    def row(self) -> int:
        return self.heading + 2 * self.cell + self.figures + BETWEEN


def _draw(
    comparisons: Sequence[Comparison],
    rows: list[list[_Panel]],
    texts: tuple[str, str],
    path: Path,
    colours: ScalarMappable | None = None,
) -> None:
    """Draw a sheet; `texts` are its title and its explanation."""
    layout = _Layout(rows[0], texts[1])
    inner = layout.width - 2 * MARGIN
    above = round(LINE * (BIG + 0.4 * SMALL + len(layout.explanation) * SMALL))
    above += MARGIN + (round(3 * LINE * SMALL) if colours else 0)
    height = MARGIN + above + len(rows) * layout.row - BETWEEN + MARGIN
    with style.context("default"):
        page = Canvas(layout.width, height)
        top = page.text(MARGIN, MARGIN, texts[0], BIG, bold=True)
        explanation = "\n".join(layout.explanation)
        top = page.text(MARGIN, top + 0.2 * SMALL, explanation, SMALL, colour=FAINT)
        if colours:
            page.colour_bar(MARGIN, top + SMALL, min(inner, 2 * CELL), SMALL, colours)
        top = MARGIN + above
        for comparison, row in zip(comparisons, rows, strict=True):
            page.text(MARGIN, top, comparison.name, NORMAL, colour=FAINT, widest=inner)
            for column, panel in enumerate(row):
                corner = MARGIN + column * (layout.cell + GAP), top
                _draw_panel(page, layout, panel, comparison, corner)
            top += layout.row
        page.save(path)


def _draw_panel(
    page: Canvas, layout: _Layout, panel: _Panel, comparison: Comparison, corner: tuple[int, int]
) -> None:
    (left, top), cell = corner, layout.cell
    detail, scale = comparison.detail, len(panel.image) // len(comparison.low)
    under = page.text(left, top + LINE * NAME, panel.title, NORMAL, bold=True)
    colour = WARNING if RANDOM in panel.note else FAINT
    page.text(left, under, "\n".join(_wrapped(panel.note)), SMALL, colour=colour)
    top += layout.heading
    page.image(left, top, cell, panel.image, detail=detail, scale=scale)
    place = top + cell + 0.3 * SMALL
    for count, line in enumerate(panel.lines):
        best = panel.best and count == 0
        colour = BEST if best else FAINT if count else INK
        size = SMALL if count else NORMAL
        place = page.text(left, place, "★ " * best + line, size, colour=colour, bold=best)
    page.image(left, top + cell + layout.figures, cell, detail.crop(panel.image, scale))


def _wrapped(note: str) -> list[str]:
    lines = textwrap.wrap(note, LINE_LENGTH, break_long_words=False, break_on_hyphens=False)
    half = LINE_LENGTH // 2
    return [
        line if len(line) <= LINE_LENGTH else f"{line[: half - 1]}…{line[-half:]}" for line in lines
    ]
