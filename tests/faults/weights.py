"""Frozen weights and checkpoints that are damaged, of something else, or made to do harm."""

# ruff: noqa: E501  the lines that stages say are whole here

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from faults.fault import Act, Area, Fault, Refused
from faults.project import Project

FILE = "vgg.safetensors"
SHAPES = {
    f"features.{layer}.{part}": shape
    for layer, inside, outside in ((0, 3, 64), (2, 64, 64), (5, 64, 128), (7, 128, 128))
    for part, shape in (("weight", (outside, inside, 3, 3)), ("bias", (outside,)))
}
CHECKPOINT = "data/models/basic/basic.seed0.safetensors"


def tensors() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {name: 0.1 * draw.random(shape, np.float32) for name, shape in SHAPES.items()}


def save(path: Path, arrays: dict[str, np.ndarray], **metadata: str) -> None:
    from safetensors.numpy import save_file

    save_file(arrays, path, metadata=metadata)


def weights(change: Callable[[dict[str, np.ndarray]], Any]) -> Act:
    """Give VGG16 weights that were changed so."""

    def make(project: Project) -> None:
        arrays = tensors()
        change(arrays)
        save(project / FILE, arrays)
        project.set("frozen.vgg", FILE)

    return make


def weights_file(name: str, content: bytes) -> Act:
    def make(project: Project) -> None:
        (project / name).write_bytes(content)
        project.set("frozen.vgg", name)

    return make


def cut_weights(project: Project) -> None:
    weights(lambda arrays: None)(project)
    cut(project / FILE)


def cut(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


class Harm:
    """What unpickling would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("harmed"),))


def random_again(project: Project) -> None:
    assert not (project / "harmed").exists()
    project.set("frozen.vgg", "random")


def another_clip(project: Project) -> None:
    save(project / "clip.safetensors", tensors())
    project.set("frozen.clip", "clip.safetensors")


def checkpoint(change: Callable[[dict[str, np.ndarray], dict[str, Any]], Any]) -> Act:
    """Change the tensors or the card of the trained network."""

    def make(project: Project) -> None:
        from safetensors.numpy import load_file

        path = project / CHECKPOINT
        size = struct.unpack("<Q", path.read_bytes()[:8])[0]
        header = json.loads(path.read_bytes()[8 : 8 + size])
        arrays, card = load_file(path), json.loads(header["__metadata__"]["card"])
        change(arrays, card)
        save(path, arrays, card=json.dumps(card))

    return make


def first(arrays: dict[str, np.ndarray]) -> str:
    return min(arrays)


def of_other_weights(project: Project) -> None:
    """A VGG16 network, trained beside other weights than params.yaml names."""
    from srcore.models.checkpoint import Card, save_checkpoint
    from srcore.models.registry import model_class

    card = Card("vgg", 0, {}, weights="weights of other.safetensors", fingerprint="0" * 64)
    (project / "data/models/vgg").mkdir()
    save_checkpoint(model_class("vgg")(), card, project / "data/models/vgg")
    project.set("model", "vgg")


def half_vgg16(project: Project) -> None:
    save(project / FILE, tensors())
    project.set("evaluate.vgg16", FILE)
    project.set("evaluate.metrics", ["lpips"])


def harmful_vgg16(project: Project) -> None:
    (project / "vgg.pth").write_bytes(pickle.dumps(Harm()))
    project.set("evaluate.vgg16", "vgg.pth")
    project.set("evaluate.metrics", ["dists"])


def no_checkpoint(project: Project) -> None:
    (project / CHECKPOINT).unlink()


def no_card(project: Project) -> None:
    save(project / CHECKPOINT, {"x": np.zeros(3, np.float32)})


def features(what: str, make: Act, line: str, fix: Act | None = None) -> Fault:
    return Fault(what, "features vgg", Refused(line), make, fix, slow=True)


def evaluate(what: str, make: Act, line: str) -> Fault:
    return Fault(what, "evaluate", Refused(line), make, slow=True)


ODD = "…basic.seed0.safetensors: tensors … are not those of 'basic'"

WEIGHTS = Area(
    "Weights and checkpoints",
    [
        features(
            "frozen weights cut in half", cut_weights, f"{FILE}: not a readable weights file (…)"
        ),
        features(
            "frozen weights that lack a tensor",
            weights(lambda a: a.pop("features.5.bias")),
            f"{FILE}: holds no tensor features.5.bias; is it a VGG16?",
        ),
        features(
            "frozen weights of a wrong shape",
            weights(lambda a: a.update({"features.0.bias": np.zeros(32, np.float32)})),
            f"{FILE}: features.0.bias has shape (32,), VGG16's has (64,)",
        ),
        features(
            "frozen weights that are not numbers",
            weights(lambda a: a["features.7.bias"].fill(np.nan)),
            f"{FILE}: features.7.bias holds NaN or infinite values",
        ),
        features(
            "a pickle that runs a program",
            weights_file("vgg.pth", pickle.dumps(Harm())),
            "vgg.pth: refused; only tensors are read, so save its state_dict as safetensors",
            random_again,
        ),
        features(
            "a pickle named .safetensors",
            weights_file(FILE, pickle.dumps(Harm())),
            f"{FILE}: not a readable weights file (…)",
        ),
        features(
            "a text file as weights", weights_file("vgg.pth", b"weights: see below\n"), "vgg.pth: …"
        ),
        Fault(
            "weights of another network as CLIP",
            "features clip",
            Refused("clip.safetensors: not a ViT-B-32-quickgelu checkpoint (…)"),
            another_clip,
            slow=True,
        ),
        evaluate(
            "a checkpoint cut in half",
            lambda project: cut(project / CHECKPOINT),
            "…basic.seed0.safetensors: not a whole safetensors file (…)",
        ),
        evaluate(
            "a pickle in place of a checkpoint",
            lambda project: (project / CHECKPOINT).write_bytes(pickle.dumps(Harm())) and None,
            "…basic.seed0.safetensors: not a whole safetensors file (…)",
        ),
        evaluate(
            "a checkpoint with a wrong shape",
            checkpoint(lambda a, card: a.update({first(a): np.zeros(7, np.float32)})),
            ODD,
        ),
        evaluate(
            "a checkpoint that lacks a tensor", checkpoint(lambda a, card: a.pop(first(a))), ODD
        ),
        evaluate(
            "a checkpoint with a tensor too many",
            checkpoint(lambda a, card: a.update({"extra": np.zeros(7, np.float32)})),
            ODD,
        ),
        evaluate(
            "a checkpoint of another model",
            checkpoint(lambda a, card: card.update(model="multi")),
            "…basic.seed0.safetensors: tensors … are not those of 'multi'",
        ),
        evaluate(
            "a checkpoint of a model that is not in the table",
            checkpoint(lambda a, card: card.update(model="huge")),
            "…basic.seed0.safetensors: holds the model 'huge', which is not in the table",
        ),
        evaluate(
            "a checkpoint of a newer format",
            checkpoint(lambda a, card: card.update(format=99, version="9.0")),
            "…basic.seed0.safetensors: written by srcore 9.0 (format 99); this one reads up to format …, so update it",
        ),
        evaluate(
            "safetensors of something else",
            no_card,
            "…basic.seed0.safetensors: not a checkpoint of this study, or of a newer version",
        ),
        evaluate(
            "weights of half a VGG16 for LPIPS",
            half_vgg16,
            f"{FILE}: holds no features.10.weight of shape (256, 128, 3, 3); give all convolutions of a VGG16 (evaluate.vgg16)",
        ),
        evaluate(
            "a pickle that runs a program as weights for LPIPS",
            harmful_vgg16,
            "vgg.pth: refused; only tensors are read, so save its state_dict as safetensors",
        ),
        evaluate(
            "no checkpoint",
            no_checkpoint,
            "data/models/basic: holds no checkpoint; `dvc repro` trains them",
        ),
        evaluate(
            "other frozen weights than in training",
            of_other_weights,
            "vgg.seed0.safetensors was trained with weights of other.safetensors (SHA-256 000000000000…), but frozen.vgg = random is another network (…); train again or give the same weights",
        ),
    ],
)
