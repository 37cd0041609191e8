import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def _two_threads() -> None:
    """In place of the fixture of all tests: two threads gain little, and wait on each other."""
    torch.set_num_threads(1)
