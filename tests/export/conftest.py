from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tiny import tiny_clip

from srcore.export.command import export
from srcore.features import clip as clip_module
from srcore.features.clip import Clip
from srcore.features.extractor import Extractor, load_extractor
from srcore.inference.network import Network
from srcore.models.checkpoint import Card, load_checkpoint, save_checkpoint
from srcore.models.registry import model_class

CPU = torch.device("cpu")
TRAINED = {"epochs": 33, "batch_size": 2, "lr": 0.001, "flips": False, "images": 81}


@dataclass(frozen=True)
class Made:
    """An exported network beside what it was exported from."""

    network: Network
    checkpoint: Path
    onnx: Path

    @property
    def card(self) -> str:
        return self.onnx.with_suffix(".md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In place of the fixture of all tests: two threads gain little, and wait on each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def small_clip() -> Clip:
    return tiny_clip()


@pytest.fixture(scope="session")
def extractors(small_clip) -> dict[str, Extractor]:
    return {"vgg": load_extractor("vgg", "random", CPU), "clip": small_clip.extractor()}


@pytest.fixture(scope="session")
def fresh(extractors) -> Callable[..., Path]:
    """Write a checkpoint of an untrained network."""

    def write(name: str, folder: Path, **changes: object) -> Path:
        torch.manual_seed(0)
        model = model_class(name)()
        extractor = extractors[model.frozen] if model.frozen else None
        frozen = (extractor.label, extractor.fingerprint) if extractor else (None, None)
        values = {"weights": frozen[0], "fingerprint": frozen[1], **changes}
        return save_checkpoint(model, Card(name, 0, TRAINED, **values), folder)

    return write


@pytest.fixture(scope="session")
def made(tmp_path_factory, fresh, extractors, small_clip) -> Callable[[str], Made]:
    """Export a model, once for all tests that ask for it."""
    there: dict[str, Made] = {}

    def get(name: str) -> Made:
        if name not in there:
            folder = tmp_path_factory.mktemp(name)
            checkpoint = fresh(name, folder)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(clip_module, "load_clip", lambda *_: small_clip)
                path = export(checkpoint, folder / f"{name}.onnx")
            model, card = load_checkpoint(checkpoint)
            extractor = extractors[model.frozen] if model.frozen else None
            there[name] = Made(Network(model, card, extractor), checkpoint, path)
        return there[name]

    return get
