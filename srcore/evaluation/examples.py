"""The comparison: every network's output for a few held-out images, beside what is no network."""

import difflib
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder, rounded, write_json
from srcore.common.progress import progress
from srcore.common.tensors import quantise, to_images, to_tensor
from srcore.data.dataset import Indices, Pyramids
from srcore.images.detail import Detail
from srcore.inference.baselines import BASELINE, LINEAR, upscale
from srcore.inference.linear import LinearFilter
from srcore.inference.network import Network
from srcore.metrics.table import measure
from srcore.models.scales import OUTPUTS

TARGET = "target"
SHARE = 4
"""The detail's side is this part of the image's side."""
MARGIN = 24
"""The detail keeps this part of the side away from the border, where zero padding shows."""


@dataclass(frozen=True)
class Shown:
    """One method's output for one image at one size.

    Attributes:
        method: bicubic, linear, the name of a model, or target.
        label: what stands beside the image; names the frozen weights, and the seed when the set
            holds several.
        weights: label of the frozen weights, empty without.
        image: (H, W, 3) uint8.
        figures: name of a metric → its figure, as a table would have it; empty for the target.
    """

    method: str
    label: str
    weights: str
    image: NDArray[np.uint8]
    figures: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class Comparison:
    """One image: as the networks see it, and what each makes of it.

    Attributes:
        name: of the image.
        low: (H, W, 3) uint8.
        detail: where the methods differ most.
        outputs: output → bicubic, linear, the models that have this output, target.
    """

    name: str
    low: NDArray[np.uint8]
    detail: Detail
    outputs: dict[str, list[Shown]]


def choose(
    pyramids: Pyramids, held_out: Indices, count: int, names: Sequence[str], seed: int
) -> Indices:
    """Pick the held-out images to show: those of `names`, in that order, or else by `seed`.

    One of every scene before a second of any, so that the choice is not several crops of one scene.

    Raises:
        StudyError: a name is not that of a held-out image.
    """
    if names:
        place = {pyramids.names[index]: int(index) for index in held_out}
        for name in names:
            if name not in place:
                raise StudyError(_unknown(name, pyramids, list(place)))
        return np.array([place[name] for name in dict.fromkeys(names)], np.int64)
    shuffled = held_out.tolist()
    random.Random(seed).shuffle(shuffled)  # noqa: S311 not for secrets
    earlier: Counter[str] = Counter()
    rounds: defaultdict[int, list[int]] = defaultdict(list)
    for index in shuffled:
        group = pyramids.groups[index]
        rounds[earlier[group]].append(index)
        earlier[group] += 1
    ordered = [index for number in sorted(rounds) for index in rounds[number]]
    return np.array(sorted(ordered[:count]), np.int64)


def _unknown(name: str, pyramids: Pyramids, held_out: list[str]) -> str:
    near = difflib.get_close_matches(name, held_out, n=3, cutoff=0)
    known = name in pyramids.names
    what = "not among the images judged" if known else "no image of this data set"
    return (
        f"compare.names: {name!r} is {what}; name held-out ones, "
        f"such as {', '.join(near)} (all of them: data/split/split.json)"
    )


def find_detail(outputs: dict[str, list[NDArray[np.uint8]]], side: int) -> Detail:
    """The window in which the methods differ most: the largest variance between their images.

    A colour cast over a whole image shows in every window, so it has no part in the choice.

    Args:
        outputs: output → images (H, W, 3) of every method; sizes count alike.
        side: side of the low-resolution image; H and W are whole multiples of it.
    """
    differing = np.zeros((side, side))
    for images in outputs.values():
        stack = np.stack(images).astype(float)
        spread = (stack - stack.mean(axis=(1, 2), keepdims=True)).var(axis=0).mean(axis=-1)
        scale = len(spread) // side
        differing += spread.reshape(side, scale, side, scale).mean(axis=(1, 3))
    size, margin = max(1, side // SHARE), side // MARGIN
    inside = differing[margin : side - margin, margin : side - margin]
    windows = np.lib.stride_tricks.sliding_window_view(inside, (size, size)).sum(axis=(2, 3))
    top, left = np.unravel_index(windows.argmax(), windows.shape)
    return Detail(int(left) + margin, int(top) + margin, size)


def compare(
    networks: Sequence[Network],
    linear: LinearFilter,
    pyramids: Pyramids,
    chosen: Indices,
    device: torch.device,
) -> list[Comparison]:
    """Every method's output for the chosen images, one image after the other.

    Of several seeds of a model the first is shown, and its label says so.
    """
    seeds = Counter(network.card.model for network in networks)
    firsts = list({network.card.model: network for network in reversed(networks)}.values())[::-1]
    several = {model for model, count in seeds.items() if count > 1}
    return [
        _compare_one(firsts, linear, several, (pyramids, int(index)), device)
        for index in progress(chosen.tolist(), desc="comparing", unit="image")
    ]


def _compare_one(
    networks: list[Network],
    linear: LinearFilter,
    several: set[str],
    place: tuple[Pyramids, int],
    device: torch.device,
) -> Comparison:
    pyramids, index = place
    low = np.array(pyramids.low[index : index + 1])
    targets = {name: np.array(getattr(pyramids, name)[index]) for name in OUTPUTS}
    outputs = {
        name: [
            _judged(method, method, "", to_tensor(made), targets[name])
            for method, made in (
                (BASELINE, upscale(low, BASELINE, scale)),
                (LINEAR, linear(low, scale)),
            )
        ]
        for name, scale in OUTPUTS.items()
    }
    inputs = to_tensor(low, device)
    for network in networks:
        card = network.card
        notes = [f"seed {card.seed}"] if card.model in several else []
        notes += network.notes
        label = f"{card.model} ({', '.join(notes)})" if notes else card.model
        for name, image in network(inputs).items():
            output = quantise(image).cpu()
            outputs[name].append(
                _judged(card.model, label, card.weights or "", output, targets[name])
            )
    images = {name: [shown.image for shown in row] for name, row in outputs.items()}
    detail = find_detail(images, pyramids.sizes[0])
    for name, target in targets.items():
        outputs[name].append(Shown(TARGET, TARGET, "", target))
    return Comparison(pyramids.names[index], low[0], detail, outputs)


def _judged(
    method: str, label: str, weights: str, output: Tensor, target: NDArray[np.uint8]
) -> Shown:
    reference = to_tensor(target[None])
    figures = {name: values.item() for name, values in measure(output, reference).items()}
    return Shown(method, label, weights, to_images(output)[0], rounded(figures))


def write_comparison(comparisons: Sequence[Comparison], out: Path) -> None:
    """Write the images as PNG and `index.json`, from which the report page is made.

    index.json is {"images": [{id, name, detail: {x, y, size}, low, outputs: {output: [{method,
    label, weights, file, figures: {metric: value}}]}}]}; the detail is in fractions of the image's
    side, the target has no weights and no figures.
    """
    images: list[dict[str, Any]] = []
    with fresh_folder(out) as folder:
        for count, comparison in enumerate(comparisons):
            key = f"{count:02d}"
            _save(comparison.low, folder / f"{key}.low.png")
            outputs: dict[str, list[dict[str, Any]]] = {}
            for name, row in comparison.outputs.items():
                outputs[name] = [_entry(shown, f"{key}.{name}") for shown in row]
                for shown, entry in zip(row, outputs[name], strict=True):
                    _save(shown.image, folder / entry["file"])
            images.append(
                {
                    "id": key,
                    "name": comparison.name,
                    "detail": comparison.detail.fractions(len(comparison.low)),
                    "low": f"{key}.low.png",
                    "outputs": outputs,
                }
            )
        write_json(folder / "index.json", {"images": images})


def _entry(shown: Shown, stem: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"method": shown.method, "label": shown.label}
    entry["file"] = f"{stem}.{shown.method}.png"
    if shown.method == TARGET:
        return entry
    return {**entry, "weights": shown.weights, "figures": dict(shown.figures)}


def _save(image: NDArray[np.uint8], path: Path) -> None:
    Image.fromarray(image).save(path, "PNG")
