"""Before and after as a sheet: details enlarged by repetition, by bicubic, and by the network."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib import style
from numpy.typing import NDArray

from srcore.common.text import printable
from srcore.features.labels import RANDOM
from srcore.images.detail import Detail
from srcore.images.raster import Raster, eight_bits
from srcore.inference.baselines import BASELINE, upscale
from srcore.inference.network import AVERAGED, Network
from srcore.reporting.canvas import FAINT, LINE, Canvas
from srcore.reporting.sheets import BIG, GAP, MARGIN, NAME, NORMAL, SMALL, WARNING

CELL = 384
"""Pixels; a detail is drawn pixel for pixel or enlarged by a whole number, up to this side."""
DETAILS = 3
"""Most details of one image."""


def draw_sheet(
    before: Raster, after: Raster, scale: int, network: Network, *, name: str, path: Path
) -> None:
    """Draw the details of an image in which the network and bicubic differ most.

    Args:
        before: the image as it was read.
        after: the same, enlarged.
        scale: how much.
        network: what enlarged it; its name and frozen weights stand on the sheet.
        name: of the image's file.
        path: the PNG to write.
    """
    low, made = on_white(before), on_white(after)
    bicubic = upscale(low[None], BASELINE, scale)[0]
    details = find_details(_difference(bicubic, made, scale), scale)
    side = details[0].size * scale
    cell = side * max(1, CELL // side)
    note = ", ".join(filter(None, (network.card.weights, AVERAGED if network.ensemble else None)))
    columns = (
        ("before", "pixels repeated", upscale(low[None], "nearest", scale)[0]),
        (BASELINE, "interpolation", bicubic),
        (network.method, note, made),
    )
    width = 2 * MARGIN + len(columns) * (CELL + GAP) - GAP
    (w, h), (big_w, big_h) = before.size, after.size
    explanation = textwrap.wrap(
        f"{w} × {h} pixels became {big_w} × {big_h}. Shown is where the network and bicubic "
        f"differ most: {details[0].size} × {details[0].size} pixels of the image in each cell.",
        int((width - 2 * MARGIN) / (0.53 * SMALL)),
    )
    above = MARGIN + round(LINE * (BIG + (0.6 + len(explanation)) * SMALL))
    heading = round(LINE * (NAME + SMALL))
    with style.context("default"):
        height = above + heading + len(details) * (cell + GAP) - GAP + MARGIN
        page = Canvas(width, height)
        title = f"{printable(name)} ×{scale}"
        top = page.text(MARGIN, MARGIN, title, BIG, bold=True, widest=width - 2 * MARGIN)
        page.text(MARGIN, top + 0.2 * SMALL, "\n".join(explanation), SMALL, colour=FAINT)
        for column, (title, note, image) in enumerate(columns):
            left = MARGIN + column * (CELL + GAP)
            under = page.text(left, above, title, NORMAL, bold=True)
            colour = WARNING if RANDOM in note else FAINT
            page.text(left, under, note, SMALL, colour=colour, widest=CELL)
            for row, detail in enumerate(details):
                place = above + heading + row * (cell + GAP)
                page.image(left, place, cell, detail.crop(image, scale))
        page.save(path)


def on_white(image: Raster) -> NDArray[np.uint8]:
    """The image as 8-bit RGB on a white ground, as it is drawn."""
    colours = np.broadcast_to(eight_bits(image.colours), (*image.colours.shape[:2], 3))
    if image.alpha is None:
        return np.ascontiguousarray(colours)
    alpha = eight_bits(image.alpha)[..., None].astype(np.uint16)
    return ((colours * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _difference(
    one: NDArray[np.uint8], other: NDArray[np.uint8], scale: int
) -> NDArray[np.float64]:
    """How much two enlarged images differ at each pixel of the image before: (H, W)."""
    height, width = (side // scale for side in one.shape[:2])
    rows = [
        np.abs(one[place : place + scale].astype(np.int16) - other[place : place + scale])
        .reshape(scale, width, scale, 3)
        .mean(axis=(0, 2, 3))
        for place in range(0, scale * height, scale)
    ]  # a row at a time: little memory
    return np.stack(rows)


def find_details(difference: NDArray[np.float64], scale: int) -> list[Detail]:
    """The squares, apart from each other, in which the sum of (H, W) is largest; at least one."""
    side = min(CELL // scale, *difference.shape)
    sums = np.pad(difference.cumsum(0).cumsum(1), [(1, 0), (1, 0)])
    windows = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    details: list[Detail] = []
    while len(details) < DETAILS and np.isfinite(windows).any():
        top, left = (int(k) for k in np.unravel_index(np.nanargmax(windows), windows.shape))
        details.append(Detail(left, top, side))
        windows[max(0, top - side + 1) : top + side, max(0, left - side + 1) : left + side] = np.nan
    return details
