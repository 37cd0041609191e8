import pytest
import torch

from srcore.frozen.clip import Clip, load_clip


@pytest.fixture(scope="session")
def random_clip() -> Clip:
    """The real architecture with random weights; building it takes seconds, so it is shared."""
    return load_clip("random", torch.device("cpu"))
