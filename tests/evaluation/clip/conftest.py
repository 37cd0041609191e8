import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """In place of the fixture of all tests: one thread is faster for towers as small as these."""
    torch.set_num_threads(1)
