"""Published rows of the field, beside the measured ones, with what each network costs."""

import logging
import re
from pathlib import Path
from typing import Any

import pandas as pd

from srcore.common.tables import Columns, read_table
from srcore.inference.baselines import BASELINE
from srcore.inference.foreign import ExternalNetwork
from srcore.inference.network import Network
from srcore.metrics import cost
from srcore.metrics.table import HEADLINE
from srcore.models.scales import OUTPUTS

logger = logging.getLogger(__name__)

COLUMNS: Columns = {
    "method": str,
    "scale": float,
    "parameters_k": None,
    "multiadds_g_720p": None,
    "data_set": str,
    "psnr": float,
    "ssim": float,
    "source": str,
}
MEASURED = "measured here"
"""Source of a row that this benchmark measured."""
PIXELS = 1280 * 720
"""Of the output that the field counts multiply-accumulates for."""
ALIASES = {"b100": "bsd100", "bsds100": "bsd100", "urban": "urban100"}
"""Other names of data sets, as `_plain` has them."""
UNLIKE = 0.05
"""dB; bicubic of the same images differs less from the published one."""
SIDE = 96
"""Side of the smaller of two images that costs are counted on: a multiple of the windows of most
networks with attention, which pad other images."""


def with_published(means: pd.DataFrame, networks: list[Network], path: Path) -> pd.DataFrame:
    """The content of `plots/benchmark.csv`: measured rows, then published ones of the same sets.

    Data sets are matched by name, ignoring case, punctuation and a final `HR`. Those without
    published rows are logged, and there is a warning where bicubic differs from the published one.

    Args:
        means: what `srcore.evaluation.benchmark.by_data_set` gave.
        networks: those that were measured.
        path: csv of published rows, with the columns `COLUMNS`.

    Returns:
        The measured rows with three more columns: parameters and multiadds (for an output of
        1280 × 720; all outputs of a network and its frozen extractor counted) and source; and the
        published rows of the data sets that were measured, at the outputs that were, with what was
        published of them.

    Raises:
        StudyError: the csv is missing or damaged.
    """
    costs = {network.method: cost_of(network) for network in networks}
    measured = means.copy()
    measured["parameters"] = pd.Series(
        [costs[method][0] if method in costs else None for method in means["method"]],
        means.index,
        dtype="Int64",
    )
    measured["multiadds"] = pd.Series(
        [
            costs[method][1].get(output) if method in costs else None
            for method, output in zip(means["method"], means["output"], strict=True)
        ],
        means.index,
        dtype="Int64",
    )
    measured["source"] = MEASURED
    there = set(zip(means["data_set"], means["output"], strict=True))
    names = {scale: output for output, scale in OUTPUTS.items()}
    table = read_table(path, COLUMNS, f"restore it: git restore {path}")
    plain = table["data_set"].map(_plain)
    lines: list[dict[str, Any]] = [
        {
            "data_set": data_set,
            "method": row["method"],
            "output": names[int(row["scale"])],
            "weights": "",
            "psnr": row["psnr"],
            "ssim": row["ssim"],
            "parameters": 1e3 * row["parameters_k"],
            "multiadds": 1e9 * row["multiadds_g_720p"],
            "source": row["source"],
        }
        for data_set in means["data_set"].unique()
        for row in table[plain == _plain(data_set)].to_dict("records")
        if (data_set, names.get(int(row["scale"]))) in there
    ]
    published = pd.DataFrame(lines, columns=list(measured.columns))
    for name in ("parameters", "multiadds"):  # 1e9 · 4.1 is a little less than a whole number
        published[name] = pd.to_numeric(published[name]).round()
    found = pd.concat([measured, published]) if lines else measured
    _compare(measured, published, sorted(table["data_set"].unique()))
    whole = dict.fromkeys(("images", "seeds", "parameters", "multiadds"), "Int64")
    return found.astype({name: kind for name, kind in whole.items() if name in found})


def _plain(data_set: str) -> str:
    """The name of a data set, as all who write it differently mean it."""
    plain = re.sub(r"[^a-z0-9]|hr$", "", data_set.casefold())
    return ALIASES.get(plain, plain)


def _compare(measured: pd.DataFrame, published: pd.DataFrame, known: list[str]) -> None:
    """Say which data sets have no published rows, and which are not what was published."""
    without = [n for n in measured["data_set"].unique() if n not in set(published["data_set"])]
    if without:
        known_names = ", ".join(known)
        logger.info("no published rows for %s; they are for %s", ", ".join(without), known_names)
    keys = ["data_set", "output"]
    both = measured[measured["method"] == BASELINE].merge(
        published[published["method"] == BASELINE], on=keys, suffixes=("", "_published")
    )
    for row in both.to_dict("records"):
        here, there = row[HEADLINE], row[f"{HEADLINE}_published"]
        if abs(here - there) > UNLIKE:
            logger.warning(
                "%s ×%d: bicubic has %.2f dB here and %.2f dB in papers, so these are not the same "
                "images; do not compare the published rows",
                row["data_set"], OUTPUTS[row["output"]], here, there,
            )  # fmt: skip


def cost_of(network: Network) -> tuple[int, dict[str, int]]:
    """Parameters, and multiply-accumulates for the output of each name.

    Convolutions grow with the image, CLIP does not: it shrinks every image to its own size.
    """
    small, large = (cost.macs(network.model, network.extractor, side) for side in (SIDE, 2 * SIDE))
    a_pixel = (large - small) / (3 * SIDE**2)
    an_image = small - a_pixel * SIDE**2
    if isinstance(network.model, ExternalNetwork):  # papers count what runs, too
        parameters = cost.running_parameters(network.model, SIDE)
        an_image = 0.0  # SPAN merges its branches anew for every image
    else:
        parameters = cost.parameters(network.model) + cost.frozen_parameters(network.extractor)
    return parameters, {
        output: round(network.runs * (an_image + a_pixel * PIXELS / OUTPUTS[output] ** 2))
        for output in network.model.outputs
    }
