"""The files that the report page reads, for a study that was never run.

Images are photographs of scikit-image; a "network" is a blend of bicubic and target, so that every
figure on the page is one that its images really have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from photographs import FOLDER
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srcore.common.files import rounded, write_json
from srcore.common.tables import write_table
from srcore.common.tensors import to_tensor
from srcore.evaluation.beside_report import differences
from srcore.evaluation.methods import headline
from srcore.evaluation.model_sets import final_losses
from srcore.evaluation.tables import COSTS, METHOD_COLUMNS, OURS
from srcore.metrics.paired import paired_difference
from srcore.metrics.seeds import spread_over_seeds
from srcore.metrics.table import METRICS, measure
from srcore.params import Params, load_params

METHODS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
OUTPUTS = {"mid": 2, "large": 4}
BICUBIC_LOSSES = {"mid": 0.0369, "large": 0.0417}
SENTENCES = (
    "a photo of a dog",
    "a very long sentence about a cup of coffee on a table",
    "犬",
    "cat",
)
LINEAR = 0.08
"""How much of the target the made-up linear filter sees."""


@dataclass(frozen=True)
class Network:
    """A made-up network: how much of the target it sees, and what it costs."""

    target: float
    parameters: int
    macs: int
    outputs: tuple[str, ...] = ("mid", "large")
    weights: str = ""
    loss: str = "inverse_psnr"
    frozen: int = 0


NETWORKS = {
    "basic": Network(-0.10, 38_915, 201_056_256, ("mid",)),
    "multi": Network(-0.04, 39_110, 202_051_584),
    "residual": Network(0.14, 56_582, 580_276_224),
    "dilated": Network(0.17, 93_638, 902_771_712),
    "vgg": Network(0.02, 149_766, 1_262_075_904, weights="random weights", frozen=260_160),
    "clip": Network(-0.02, 370_950, 4_804_620_288, weights="random weights", frozen=87_849_216),
}


def make_study(
    root: Path,
    params_file: Path,
    *,
    networks: dict[str, Network] = NETWORKS,
    names: Sequence[str] = ("astronaut", "chelsea"),
    side: int = 32,
    crops: int = 6,
    epochs: int = 12,
    scenes: int = 5,
    seeds: Sequence[float] = (0.0,),
) -> Params:
    """Write metrics/, plots/ and data/compare/ below `root`; gives the parameters.

    Args:
        root: an empty folder.
        params_file: a params.yaml to begin with.
        networks: name → made-up network.
        names: names of the images shown; each takes the next photograph.
        side: side of a low-resolution image.
        crops: held-out images.
        epochs: length of the training curves.
        scenes: scenes that the held-out images are of.
        seeds: one training each; what it sees more of the target than others.
    """
    text = params_file.read_text(encoding="utf-8")
    text = text.replace("sizes: [72, 144, 288]", f"sizes: [{side}, {2 * side}, {4 * side}]")
    for folder in ("metrics", "plots", "data/compare"):
        (root / folder).mkdir(parents=True)
    (root / "params.yaml").write_text(text, encoding="utf-8")
    by_seed = _judge(root / "data/compare", networks, names, side, crops, scenes, seeds)
    write_table(root / "plots/images.csv", by_seed)
    methods = _methods(by_seed, networks)
    write_table(root / "plots/methods.csv", methods)
    write_json(root / "metrics/evaluate.json", headline(methods))
    write_table(root / "plots/models.csv", _models(networks, len(seeds)))
    write_json(root / "metrics/dataset.json", {"images": crops * 5, "train": {"groups": 4}})
    sides = [{"side": "width", "min": 288, "median": 425, "max": 1199}]
    write_table(root / "plots/dataset.csv", pd.DataFrame(sides))
    curves = _training(networks, by_seed, epochs)
    write_table(root / "plots/training.csv", curves)
    write_table(root / "plots/beside_report.csv", differences(curves, BICUBIC_LOSSES))
    write_json(root / "metrics/train.json", final_losses(curves[curves["run"] == OURS]))
    params = load_params(params_file)
    sizes = params.pyramid.model_copy(update={"sizes": [side, 2 * side, 4 * side]})
    return params.model_copy(update={"pyramid": sizes})


def add_clip(root: Path, weights: str, *, scored: bool = True) -> None:
    """Write what the stage clip_analysis leaves, and the pyramids behind the thumbnails."""
    images = pd.read_csv(root / "plots/images.csv", keep_default_na=False)
    names = list(dict.fromkeys(images["image"]))
    low = np.stack([np.asarray(_photograph(number, 24)) for number in range(len(names))])
    (root / "data/pyramids").mkdir(parents=True)
    for size in (24, 48, 96):
        np.save(root / f"data/pyramids/{size}.npy", low.repeat(size // 24, 1).repeat(size // 24, 2))
    index = {
        "name": names,
        "group": names,
        "labels": "dog;car (difficult)",
        "width": 1,
        "height": 1,
    }
    write_table(root / "data/pyramids/index.csv", pd.DataFrame(index))
    random = weights.startswith("random")
    lines = [
        {
            "method": method,
            "output": output,
            "weights": part["weights"].iloc[0],
            "survival": 0.9,
            "survival_low": 0.85,
            "survival_high": 0.95,
            "ahead": None if method == "bicubic" else 0.0123,
            "ahead_low": None if method == "bicubic" else 0.0023,
            "ahead_high": None if method == "bicubic" else 0.0223,
            "verdict": "" if random or method == "bicubic" else "better in these trainings",
            "first": 0.75,
            "rank": 1.0,
            "agrees": 0.5,
        }
        | ({"map": 0.6543, "hits": 0.8} if scored else {})
        for (method, output), part in images.groupby(["method", "output"], sort=False)
        if method not in ("bilinear", "lanczos")
    ]
    blind = {"method": "chance", "output": "", "weights": "", "verdict": "", "survival": 0.0}
    table = pd.DataFrame([*lines, blind]).assign(clip=weights)
    write_table(root / "plots/clip_meaning.csv", table)
    cosines = np.random.default_rng(0).uniform(-0.1, 0.4, (min(8, len(names)), len(SENTENCES)))
    matrix = [
        {"image": name, "number": number, "description": text, "cosine": cosines[row, number - 1]}
        for row, name in enumerate(names[:8])
        for number, text in enumerate(SENTENCES, start=1)
    ]
    write_table(root / "plots/clip_matrix.csv", pd.DataFrame(matrix))
    best = [
        {"image": name, "labels": "dog;car (difficult)", "rank": rank, "description": SENTENCES[k]}
        | {"cosine": cosines[row, k]}
        for row, name in enumerate(names[:8])
        for rank, k in enumerate(np.argsort(-cosines[row])[:3], start=1)
    ]
    write_table(root / "plots/clip_best.csv", pd.DataFrame(best))


def _judge(
    folder: Path,
    networks: dict[str, Network],
    names: Sequence[str],
    side: int,
    crops: int,
    scenes: int,
    seeds: Sequence[float],
) -> pd.DataFrame:
    """One row per image, method, output and seed; of several seeds the first is shown."""
    shown: list[dict] = []
    rows: list[dict] = []
    for number in range(max(crops, len(names))):
        name = names[number] if number < len(names) else f"crop-{number:03d}.png"
        target = _photograph(number, 4 * side)
        low = target.resize((side, side), METHODS["bicubic"])
        item = {"id": f"{number:02d}", "name": name, "low": f"{number:02d}.low.png", "outputs": {}}
        for output, scale in OUTPUTS.items():
            size = (scale * side, scale * side)
            real = np.asarray(target.resize(size, METHODS["bicubic"]), float)
            drawn: dict[tuple[str, int | None], np.ndarray] = {
                (m, None): np.asarray(low.resize(size, f), float) for m, f in METHODS.items()
            }
            bicubic = drawn["bicubic", None]
            drawn["linear", None] = (bicubic + LINEAR * (real - bicubic)).round()
            for model, network in networks.items():
                for seed, more in enumerate(seeds):
                    if output in network.outputs:
                        # Some images suit a network better than others.
                        share = network.target + more + 0.03 * np.sin(7 * number + 3 * len(model))
                        blend = bicubic + share * (real - bicubic)
                        drawn[model, seed] = blend.clip(0, 255).round()
            base = peak_signal_noise_ratio(real, bicubic, data_range=255)
            views: list[dict] = []
            for (method, seed), image in drawn.items():
                figures = _figures(image, real)
                weights = networks[method].weights if method in networks else ""
                rows.append(
                    {
                        "image": name,
                        "group": f"scene {number % scenes}",
                        "method": method,
                        "output": output,
                        "seed": seed,
                        "weights": weights,
                        **figures,
                        "gain": figures["psnr"] - base,
                    }
                )
                shown_here = number < len(names) and not seed
                if shown_here and (method in ("bicubic", "linear") or method in networks):
                    label = f"{method} ({weights})" if weights else method
                    view = {"method": method, "label": label, "weights": weights}
                    file = f"{number:02d}.{output}.{method}.png"
                    views.append(view | {"file": file, "figures": figures})
                    Image.fromarray(image.astype(np.uint8)).save(folder / file)
            if number < len(names):
                file = f"{number:02d}.{output}.target.png"
                Image.fromarray(real.astype(np.uint8)).save(folder / file)
                views.append({"method": "target", "label": "target", "file": file})
                item["outputs"][output] = views
        if number < len(names):
            low.save(folder / item["low"])
            shown.append(item | {"detail": {"x": 0.375, "y": 0.25, "size": 0.25}})
    write_json(folder / "index.json", {"images": shown})
    return pd.DataFrame(rows).astype({"seed": "Int64"})


def _photograph(number: int, side: int) -> Image.Image:
    files = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
    whole = Image.open(FOLDER / files[number % len(files)]).convert("RGB")
    short = min(whole.size)
    part = short - 12 * (number // len(files))
    left = (whole.width - part) // 2
    return whole.crop((left, 0, left + part, part)).resize((side, side), METHODS["bicubic"])


def _figures(image: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """PSNR and SSIM by scikit-image, further metrics of the table by their own functions."""
    found = {
        "psnr": float(peak_signal_noise_ratio(real, image, data_range=255)),
        "ssim": float(structural_similarity(real, image, data_range=255, channel_axis=2)),
    }
    if METRICS.keys() - found:
        both = (to_tensor(one[None].astype(np.uint8)) for one in (image, real))
        found = {name: value.item() for name, value in measure(*both).items()} | found
    return rounded(found)


def _methods(table: pd.DataFrame, networks: dict[str, Network]) -> pd.DataFrame:
    lines: list[dict] = []
    for (method, output), part in table.groupby(["method", "output"], sort=False):
        network = networks.get(method)
        line = {"method": method, "output": output, "weights": part.weights.iloc[0]}
        line |= {name: part[name].mean() for name in (*METRICS, "gain")}
        line["kind"] = "network" if network else "baseline"
        if method != "bicubic":
            baseline = table[(table.method == "bicubic") & (table.output == output)]
            found = paired_difference(part, baseline)
            if found.low is not None:
                line |= {"gain_low": found.low, "gain_high": found.high}
            line["wins"] = float((part.gain > 0).mean())
        if network:
            line |= {"seeds": part["seed"].nunique()} | spread_over_seeds(part)
            line |= {"parameters": network.parameters, "macs": network.macs}
            line["frozen_parameters"] = network.frozen
        lines.append(line)
    found = pd.DataFrame(lines, columns=list(METHOD_COLUMNS))
    return found.astype(dict.fromkeys(("seeds", *COSTS), "Int64"))


def _models(networks: dict[str, Network], seeds: int) -> pd.DataFrame:
    lines = [
        {
            "model": name,
            "seed": seed,
            "ours": "yes" if network.loss == "l1" else "no",
            "weights": network.weights,
            "sha256": f"{name}.{seed}".encode().hex().ljust(64, "0"),
            "parameters": network.parameters,
            "frozen_parameters": network.frozen,
            "macs": network.macs,
            "epochs": "12",
            "batch_size": "4" if network.loss == "l1" else "2",
            "lr": "0.0005",
            "loss": network.loss,
            "max_norm": "0.0",
            "device": "cpu",
            "precision": "32-true",
            "momentum": "0.9",
            "optimizer": "muon" if network.loss == "l1" else "adam",
            "muon_lr": "0.01",
        }
        for name, network in networks.items()
        for seed in range(seeds)
    ]
    return pd.DataFrame(lines)


def _training(networks: dict[str, Network], table: pd.DataFrame, epochs: int) -> pd.DataFrame:
    rows: list[dict] = []
    reached = table.groupby(["method", "output", "seed"])["psnr"].mean()
    seeds = sorted(set(table["seed"].dropna()))
    ours = [("this study", seed, epochs) for seed in seeds]
    for name, network in networks.items():
        for output in network.outputs:
            floor = (0.0366 if output == "mid" else 0.0414) - 0.01 * network.target
            report = [("report", None, 10)] if network.loss != "l1" else []
            for run, seed, length in (*ours, *report):
                for epoch in range(1, length + 1):
                    wave = 0.15 * np.sin(5 * epoch + len(name)) / epoch**0.5
                    left = (6 + wave) / epoch - 6 / epochs
                    psnr = None if seed is None else reached[name, output, seed] - left + wave
                    shared = floor + (0.005 if seed is None else 0.012) / epoch**1.2
                    l1 = network.loss == "l1" and run == OURS
                    rows.append(
                        {
                            "model": name,
                            "seed": seed,
                            "epoch": epoch,
                            "output": output,
                            "run": run,
                            "curve": f"{name} {output}, {run}",
                            "criterion": "l1" if l1 else "inverse_psnr",
                            "loss": shared / 2.5 if l1 else shared,
                            "inverse_psnr": shared,
                            "psnr": psnr,
                            "weights": network.weights if run == OURS else "",
                        }
                    )
    return pd.DataFrame(rows).astype({"seed": "Int64"})
