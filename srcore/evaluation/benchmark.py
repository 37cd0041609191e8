"""The field's benchmarks (Set5, Set14, …): images of any size, shrunk by MATLAB's bicubic."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from srcore.common.errors import StudyError
from srcore.common.progress import progress
from srcore.common.tensors import to_images, to_tensor
from srcore.common.text import printable
from srcore.images.decode import decode
from srcore.images.error import ImageError
from srcore.images.matlab import crop_to_multiple, imresize, luma
from srcore.inference.baselines import BASELINE, LINEAR
from srcore.inference.linear import LinearFilter
from srcore.inference.network import Network
from srcore.metrics.optional import NONE, OptionalMetrics, load_optional_metrics
from srcore.metrics.requested import deep_metrics
from srcore.metrics.seeds import figure_columns, spread_over_seeds
from srcore.metrics.table import HEADLINE, METRIC_WEIGHTS, measure
from srcore.models.scales import OUTPUTS
from srcore.params.schema import Evaluate

LUMA = "psnr_y"
"""The further metric that PSNR is in a benchmark."""
SMALLEST = 20
"""Shortest side in pixels: at scale 4, less a border of 4, it holds one window of the SSIM."""
SMALLEST_DEEP = 24
"""The same where a metric needs VGG16, whose poolings leave nothing of less than 16 pixels."""


@dataclass(frozen=True)
class HighResolution:
    """A high-resolution image of a benchmark.

    Attributes:
        data_set: name of the data set that it belongs to.
        name: path of the file below its data set.
        path: the file.
    """

    data_set: str
    name: str
    path: Path

    def read(self, max_pixels: int, smallest: int = SMALLEST) -> NDArray[np.uint8]:
        """The image, (H, W, 3) RGB; a grey one has three equal channels.

        Raises:
            StudyError: not an image, damaged, too large or too small.
        """
        try:
            pixels = np.asarray(decode(self.path.read_bytes(), max_pixels))
        except ImageError as error:
            raise StudyError(f"{self.path}: {error}; fix it, or take it out") from None
        if min(pixels.shape[:2]) < smallest:
            height, width = pixels.shape[:2]
            raise StudyError(
                f"{self.path}: {width} x {height} pixels, a benchmark needs {smallest} a side; "
                "take it out"
            )
        return pixels


def _smallest_side(extra: Evaluate | None) -> int:
    """The fewest pixels of an image's side that every metric can do with."""
    return SMALLEST_DEEP if extra and deep_metrics(extra) else SMALLEST


def find_images(
    folder: str, max_pixels: int, extra: Evaluate | None = None
) -> list[HighResolution]:
    """The images of every data set in `folder`, all of them tried.

    Each of its sub-folders is a data set; images that lie directly in it are one of its own name.
    Hidden files and folders (.name) are left out.

    Args:
        folder: value of `benchmark.folder`.
        max_pixels: the largest width × height.
        extra: which metrics are measured beside those that are always there; None for none.

    Raises:
        StudyError: no folder, nothing in it, a link to a folder, or a file that is no image.
            Leaving one out would give a mean that passes for that of the data set and is none.
        OSError: a folder or file cannot be read.
    """
    top = Path(folder)
    if not top.is_dir():
        raise StudyError(
            f"benchmark.folder = {folder}: is not a folder; name the one that holds Set5, Set14 or "
            "your own (-S benchmark.folder=/my/benchmarks, or in params.yaml)"
        )
    images = [_image(top, path) for path in sorted(_files(top))]
    if not images:
        raise StudyError(f"benchmark.folder = {folder}: holds no file; put images into it")
    seen: dict[tuple[str, str], Path] = {}
    for image in images:
        other = seen.setdefault((image.data_set, image.name), image.path)
        if other != image.path:
            raise StudyError(f"{other} and {image.path}: have one name in the table; rename one")
    smallest = _smallest_side(extra)
    for image in progress(images, "reading", unit="image"):
        image.read(max_pixels, smallest)
    return images


def _files(top: Path) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(top, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for folder in (Path(place, name) for name in folders):
            if folder.is_symlink():
                raise StudyError(
                    f"{folder}: a link to a folder, in which DVC would notice no change; "
                    "put the folder itself there"
                )
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _image(top: Path, path: Path) -> HighResolution:
    data_set, *below = path.relative_to(top).parts
    if not below:
        return HighResolution(printable(top.resolve().name), printable(path.name), path)
    return HighResolution(printable(data_set), printable("/".join(below)), path)


def evaluate_benchmarks(
    networks: list[Network],
    linear: LinearFilter,
    images: list[HighResolution],
    max_pixels: int,
    device: torch.device,
    *,
    extra: Evaluate | None = None,
) -> pd.DataFrame:
    """Every metric of every method on every image, one image in memory at a time.

    With several seeds of a model, each is a line of its own.

    Args:
        networks: those that take part; an ensemble is a method of its own.
        linear: the fitted filter.
        images: what is judged on.
        max_pixels: the largest width × height.
        device: where to compute.
        extra: which metrics beside those that are always there; None for none. `psnr_y` is left
            out, for PSNR is that of luma here.

    Returns:
        One row per image, output, method and seed: data_set, image, method, seed (missing for a
        method that is not trained with one), output, a column for each metric of
        `srcore.metrics.table` and each further one, gain (dB over bicubic), and weights (label of
        the frozen weights, empty without).
    """
    optional = NONE
    if extra:  # PSNR is that of luma here, and would stand there twice
        further = [name for name in extra.metrics if name != LUMA]
        optional = load_optional_metrics(extra.model_copy(update={"metrics": further}), device)
    smallest = _smallest_side(extra)
    lines: list[dict[str, Any]] = []
    for image in progress(images, "benchmark", unit="image"):
        pixels = image.read(max_pixels, smallest)
        for output, scale in OUTPUTS.items():
            target = crop_to_multiple(pixels, scale)
            low = imresize(target, 1 / scale)
            bicubic = math.nan
            for method, seed, weights, made in _outputs(networks, linear, low, output, device):
                found = judge(made, target, scale, optional)
                if method == BASELINE:  # the first
                    bicubic = found[HEADLINE]
                lines.append(
                    {
                        "data_set": image.data_set,
                        "image": image.name,
                        "method": method,
                        "seed": seed,
                        "output": output,
                        **found,
                        "gain": found[HEADLINE] - bicubic,
                        "weights": weights,
                    }
                )
    table = pd.DataFrame(lines).astype({"seed": "Int64"})
    return table.assign(**{METRIC_WEIGHTS: optional.weights}) if optional.weights else table


def _outputs(
    networks: list[Network],
    linear: LinearFilter,
    low: NDArray[np.uint8],
    output: str,
    device: torch.device,
) -> Iterator[tuple[str, int | None, str, NDArray[np.uint8]]]:
    """Method, seed, label of its weights, and the image (s·H, s·W, 3) it makes of `low`."""
    yield BASELINE, None, "", imresize(low, OUTPUTS[output])
    yield LINEAR, None, "", linear(low[None], OUTPUTS[output])[0]
    inputs = to_tensor(np.ascontiguousarray(low)[None], device)
    for network in networks:
        if output in network.model.outputs:
            made = to_images(network.forward_output(output, inputs))[0]
            yield network.method, network.card.seed, network.card.weights or "", made


def judge(
    output: NDArray[np.uint8],
    target: NDArray[np.uint8],
    scale: int,
    optional: OptionalMetrics = NONE,
) -> dict[str, float]:
    """Every metric of two 8-bit images (H, W, 3), less a border of `scale`.

    PSNR and SSIM are those of luma with 255 as the range of values, as the field has them, though
    luma has only 219 steps; the further metrics see all colours.
    """
    inside = slice(scale, -scale)
    pair = [np.ascontiguousarray(image[inside, inside]) for image in (output, target)]
    grey = (torch.from_numpy(luma(image)[None, None] / 255) for image in pair)
    found = measure(*grey)
    if optional.measures:
        found |= optional(*(to_tensor(image[None]) for image in pair))
    return {name: values.item() for name, values in found.items()}


def by_data_set(table: pd.DataFrame) -> pd.DataFrame:
    """Means over the images of a data set.

    Args:
        table: what `evaluate_benchmarks` gave.

    Returns:
        One row per data set, method and output: data_set, method, output, weights, images, seeds,
        every metric, gain (dB over bicubic), gain_spread (its standard deviation between seeds);
        what is no network has no seeds.
    """
    lines: list[dict[str, Any]] = []
    keys, measured = ["data_set", "method", "output"], figure_columns(table)
    label = [name for name in table.columns if name == METRIC_WEIGHTS]
    for key, part in table.groupby(keys, sort=False):
        line = dict(zip(keys, key, strict=True)) | {"weights": part["weights"].iloc[0]}
        line |= {"images": part["image"].nunique(), "seeds": part["seed"].nunique() or None}
        line |= {name: part[name].mean() for name in measured}
        lines.append(line | spread_over_seeds(part) | {name: part[name].iloc[0] for name in label})
    columns = [*keys, "weights", "images", "seeds", *measured, "gain_spread", *label]
    return pd.DataFrame(lines, columns=columns).astype({"seeds": "Int64"})


def headline(means: pd.DataFrame) -> dict[str, Any]:
    """The content of `metrics/benchmark.json`: the figure that the field compares.

    Args:
        means: what `by_data_set` gave.

    Returns:
        {data set: {network: {output: PSNR in dB}}}.
    """
    found: dict[str, Any] = {}
    for line in means[means["seeds"].notna()].to_dict("records"):
        of_set = found.setdefault(line["data_set"], {})
        of_set.setdefault(line["method"], {})[line["output"]] = line[HEADLINE]
    return found
