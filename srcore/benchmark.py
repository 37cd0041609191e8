"""The field's benchmarks (Set5, Set14, …): pictures of any size, shrunk by MATLAB's bicubic."""

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

from srcore.data.pictures import PictureError, decode
from srcore.data.source import printable
from srcore.errors import StudyError
from srcore.inference import Network
from srcore.labels import BASELINE
from srcore.loss import psnr
from srcore.matlab import crop_to_multiple, imresize, luma
from srcore.models.base import OUTPUTS
from srcore.progress import progress
from srcore.seeds import spread_over_seeds
from srcore.ssim import ssim
from srcore.tensors import to_pictures, to_tensor

SMALLEST = 20
"""Shortest side in pixels: at scale 4, less a border of 4, it holds one window of the SSIM."""


@dataclass(frozen=True)
class HighResolution:
    """A high-resolution picture of a benchmark.

    Attributes:
        data_set: name of the data set that it belongs to.
        name: path of the file below its data set.
        path: the file.
    """

    data_set: str
    name: str
    path: Path

    def read(self, max_pixels: int) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) RGB; a grey one has three equal channels.

        Raises:
            StudyError: not a picture, damaged, too large or too small.
        """
        try:
            pixels = np.asarray(decode(self.path.read_bytes(), max_pixels))
        except PictureError as error:
            raise StudyError(f"{self.path}: {error}; mend it, or take it out") from None
        if min(pixels.shape[:2]) < SMALLEST:
            height, width = pixels.shape[:2]
            raise StudyError(
                f"{self.path}: {width} x {height} pixels, a benchmark needs {SMALLEST} a side; "
                "take it out"
            )
        return pixels


def find_pictures(folder: str, max_pixels: int) -> list[HighResolution]:
    """The pictures of every data set in `folder`, all of them tried.

    Each of its sub-folders is a data set; pictures that lie directly in it are one of its own name.
    Hidden files and folders (.name) are left out.

    Args:
        folder: value of `benchmark.folder`.
        max_pixels: the largest width × height.

    Raises:
        StudyError: no folder, nothing in it, a link to a folder, or a file that is no picture.
            Leaving one out would give a mean that passes for that of the data set and is none.
        OSError: a folder or file cannot be read.
    """
    top = Path(folder)
    if not top.is_dir():
        raise StudyError(
            f"benchmark.folder = {folder}: is not a folder; name the one that holds Set5, Set14 or "
            "your own (-S benchmark.folder=/my/benchmarks, or in params.yaml)"
        )
    pictures = [_picture(top, path) for path in sorted(_files(top))]
    if not pictures:
        raise StudyError(f"benchmark.folder = {folder}: holds no file")
    for picture in progress(pictures, "reading", unit="picture"):
        picture.read(max_pixels)
    return pictures


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


def _picture(top: Path, path: Path) -> HighResolution:
    data_set, *below = path.relative_to(top).parts
    if not below:
        return HighResolution(printable(top.resolve().name), printable(path.name), path)
    return HighResolution(printable(data_set), printable("/".join(below)), path)


def judge_benchmarks(
    networks: list[Network],
    pictures: list[HighResolution],
    max_pixels: int,
    device: torch.device,
) -> pd.DataFrame:
    """PSNR and SSIM of every method on every picture, one picture in memory at a time.

    With several seeds of a model, each is a line of its own.

    Returns:
        One line a picture, output, method and seed: data_set, picture, method, seed, output, psnr
        (dB), ssim, gain (dB over bicubic), and weights (label of the frozen weights, empty
        without).
    """
    lines: list[dict[str, Any]] = []
    for picture in progress(pictures, "benchmark", unit="picture"):
        pixels = picture.read(max_pixels)
        for output, scale in OUTPUTS.items():
            truth = crop_to_multiple(pixels, scale)
            low = imresize(truth, 1 / scale)
            bicubic = math.nan
            for method, seed, weights, made in _outputs(networks, low, output, device):
                found_psnr, found_ssim = judge(made, truth, scale)
                if method == BASELINE:  # the first
                    bicubic = found_psnr
                lines.append(
                    {
                        "data_set": picture.data_set,
                        "picture": picture.name,
                        "method": method,
                        "seed": seed,
                        "output": output,
                        "psnr": found_psnr,
                        "ssim": found_ssim,
                        "gain": found_psnr - bicubic,
                        "weights": weights,
                    }
                )
    return pd.DataFrame(lines)


def _outputs(
    networks: list[Network], low: NDArray[np.uint8], output: str, device: torch.device
) -> Iterator[tuple[str, int, str, NDArray[np.uint8]]]:
    """Method, seed, label of its weights, and the picture (s·H, s·W, 3) it makes of `low`."""
    yield BASELINE, 0, "", imresize(low, OUTPUTS[output])
    inputs = to_tensor(np.ascontiguousarray(low)[None], device)
    for network in networks:
        if output in network.model.outputs:
            made = to_pictures(network(inputs)[output])[0]
            yield network.card.model, network.card.seed, network.card.weights or "", made


def judge(output: NDArray[np.uint8], truth: NDArray[np.uint8], scale: int) -> tuple[float, float]:
    """PSNR in dB and SSIM of the luma of two 8-bit pictures (H, W, 3), less a border of `scale`.

    Both take 255 as the range of values, as the field does, though luma has only 219 steps.
    """
    inside = slice(scale, -scale)
    one, other = (
        torch.from_numpy(luma(picture[inside, inside])[None, None] / 255)
        for picture in (output, truth)
    )
    return psnr(one, other).item(), ssim(one, other).item()


def summarise(table: pd.DataFrame) -> dict[str, Any]:
    """The content of `metrics/benchmark.json`: means over the pictures of a data set.

    Args:
        table: what `judge_benchmarks` gave.

    Returns:
        {data set: {method: {output: {psnr, ssim, gain, pictures, weights?, seeds?, psnr_spread?,
        gain_spread?}}}}; bicubic has no gain.
    """
    summary: dict[str, Any] = {}
    for keys, part in table.groupby(["data_set", "method", "output"], sort=False):
        data_set, method, output = (str(key) for key in keys)
        entry: dict[str, Any] = {"psnr": part["psnr"].mean(), "ssim": part["ssim"].mean()}
        if method != BASELINE:
            entry["gain"] = part["gain"].mean()
        entry["pictures"] = part["picture"].nunique()
        entry |= spread_over_seeds(part)
        if weights := part["weights"].iloc[0]:
            entry["weights"] = weights
        summary.setdefault(data_set, {}).setdefault(method, {})[output] = entry
    return summary
