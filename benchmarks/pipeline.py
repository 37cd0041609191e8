"""Speed of the stages around training: `make bench`.

Pyramids beside decoding alone, evaluation beside the networks alone, and `dvc repro` with nothing
to do. Peak memory is in benchmarks/scale.py, upscaling in benchmarks/upscaling.py.
"""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from benchmarks.made_up import photograph
from srcore.common.device import prepare
from srcore.common.tables import write_table
from srcore.common.tensors import to_tensor
from srcore.data.dataset import Pyramids
from srcore.data.parallel import in_order
from srcore.data.pyramids import build_pyramids
from srcore.data.raw import Entry, RawReader, RawWriter
from srcore.evaluation.held_out import evaluate_images
from srcore.evaluation.least_squares import fit_linear
from srcore.features.extractor import load_extractor
from srcore.images.decode import decode
from srcore.inference.network import Network
from srcore.models.checkpoint import Card
from srcore.models.registry import SETS, model_class
from srcore.params import load_params

IMAGES, REPEATS = 300, 5
WIDTH, HEIGHT = 500, 375
HELD_OUT = 16


def time_interleaved(*works: Callable[[], object]) -> list[float]:
    """Median seconds of each, measured alternately; the first run is a warm-up."""
    times: list[list[float]] = [[] for _ in works]
    for repeat in range(1 + REPEATS):
        for work, seconds in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            if repeat:
                seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


def raw_images(folder: Path) -> None:
    """JPEGs of VOC2007's size, as the download stage leaves them."""
    rng = np.random.default_rng(0)
    with RawWriter(folder) as writer:
        for k in range(IMAGES):
            entry = Entry(f"{k:04}.jpg", f"{k:04}", WIDTH, HEIGHT, ())
            writer.add(entry, photograph(rng, WIDTH, HEIGHT))
        writer.finish("made", [entry.group for entry in writer.entries], 0)


def pyramids(folder: Path, threads: int) -> list[float]:
    """Seconds of the whole stage; of decoding alone, and with Pillow's resizing, in threads."""
    raw = folder / "raw"
    raw.mkdir()
    raw_images(raw)
    sizes = load_params().pyramid.sizes

    def decoding(*levels: int) -> None:
        with RawReader(raw) as reader:

            def one(k: int) -> None:
                image = decode(reader.read(k), WIDTH * HEIGHT)
                for size in levels:
                    image.resize((size, size), Image.Resampling.BICUBIC)

            for _ in in_order(one, range(IMAGES), threads):
                pass

    return time_interleaved(
        lambda: build_pyramids(raw, folder / "out", sizes, threads),
        decoding,
        lambda: decoding(*sizes),
    )


def evaluation(pyramids: Pyramids, device: torch.device) -> tuple[float, float]:
    """Seconds of judging a few images by all networks, and of the networks alone."""
    networks: list[Network] = []
    for name in SETS["all"]:
        cls = model_class(name)
        extractor = load_extractor(cls.frozen, "random", device) if cls.frozen else None
        networks.append(Network(cls().eval(), Card(name, 0, {}), extractor))
    rows = np.arange(HELD_OUT)
    linear = fit_linear(pyramids, rows)
    low = to_tensor(pyramids.low[rows], device)
    whole, alone = time_interleaved(
        lambda: evaluate_images(networks, linear, pyramids, rows, device),
        lambda: [network(low) for network in networks],
    )
    return whole, alone


def repro() -> float | None:
    """Seconds of `dvc repro` with nothing to do; None where something is to be done."""
    # `dvc status` tells of stages outside a plain `dvc repro` as well.
    command = ["dvc", "repro", "--dry"]
    said = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
    if "up to date" not in said:
        return None
    (seconds,) = time_interleaved(
        lambda: subprocess.run(["dvc", "repro", "--quiet"], check=True)  # noqa: S607
    )
    return seconds


def main() -> None:
    params = load_params()
    device = prepare("cpu", params.threads)
    lines: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, alone, resized = pyramids(folder, params.threads)
        lines += [
            {"what": "pyramids per second", "value": round(IMAGES / whole, 1)},
            {"what": "decoded images per second, alone", "value": round(IMAGES / alone, 1)},
            {"what": "decoded and resized, alone", "value": round(IMAGES / resized, 1)},
            {"what": "share of decoding in the stage", "value": round(alone / whole, 2)},
            {"what": "share of decoding and resizing", "value": round(resized / whole, 2)},
        ]
        whole, alone = evaluation(Pyramids.open(folder / "out"), device)
        lines += [
            {
                "what": "images evaluated per second, by all networks",
                "value": round(HELD_OUT / whole, 1),
            },
            {"what": "share of the networks in it", "value": round(alone / whole, 2)},
        ]
    seconds = repro()
    lines.append(
        {"what": "seconds of dvc repro with nothing to do", "value": seconds and round(seconds, 2)}
    )
    table = pd.DataFrame(lines)
    print(table.to_string(index=False))
    write_table(Path("benchmarks/pipeline.csv"), table)


if __name__ == "__main__":
    main()
