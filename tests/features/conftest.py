import pytest
import torch

from srcore.features.clip import Clip, load_clip


@pytest.fixture(scope="session")
def random_clip() -> Clip:
    """The real architecture with random weights; building it takes seconds, so it is shared."""
    return load_clip("random", torch.device("cpu"))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In place of the fixture of all tests: two threads gain little, and wait on each other."""
    torch.set_num_threads(1)
