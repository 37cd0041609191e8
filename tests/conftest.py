import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from srcore.models.registry import MODELS, Entry

ROOT = Path(__file__).parents[1]

settings.register_profile("steady", deadline=None)  # a busy machine is no failure
settings.load_profile("steady")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real VOC2007 images and VGG16 weights, where a machine has them."""
    folder = Path(os.environ.get("SRCORE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("no folder of real images and weights (SRCORE_SHARED) on this machine")
    return folder


@pytest.fixture(autouse=True, scope="module")
def two_threads() -> None:
    torch.set_num_threads(2)


@pytest.fixture
def normalised(monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a network with buffers (tests/normalised.py), put in the table of models."""
    monkeypatch.setitem(MODELS, "normalised", Entry("normalised:Normalised", ()))
    return "normalised"
