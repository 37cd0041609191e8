"""Four untrained networks, judged once for the tests of the figures and of their tables."""

import numpy as np
import pandas as pd
import pytest
from tiny import CPU, tiny_linear, tiny_network, tiny_pyramids

from srcore.data.dataset import Pyramids
from srcore.evaluation import held_out as module
from srcore.evaluation.held_out import evaluate_images
from srcore.features.extractor import load_extractor
from srcore.inference.network import Network, ensembles
from srcore.params.schema import Evaluate


@pytest.fixture(scope="package")
def pyramids() -> Pyramids:
    return tiny_pyramids(7)


@pytest.fixture(scope="package")
def held_out() -> np.ndarray:
    return np.array([1, 2, 4, 5, 6])


@pytest.fixture(scope="package")
def networks() -> list[Network]:
    vgg = load_extractor("vgg", "random", CPU)
    return [
        tiny_network("basic", 0),
        tiny_network("multi", 0),
        tiny_network("multi", 1),
        tiny_network("vgg", 0, vgg),
    ]


@pytest.fixture(scope="package")
def asked() -> Evaluate:
    """A metric that is not always measured, and ensembles."""
    return Evaluate(metrics=["psnr_y"], vgg16="data/none", ensemble=True)


@pytest.fixture(scope="package")
def fuller(networks, pyramids, held_out, asked) -> pd.DataFrame:
    """The same, with what is measured only when it is asked for."""
    judged = networks + ensembles(networks)
    return evaluate_images(judged, tiny_linear(), pyramids, held_out, CPU, extra=asked)


@pytest.fixture(scope="package")
def table(networks, pyramids, held_out) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH", 2)  # batches of 2, 2 and 1
        return evaluate_images(networks, tiny_linear(), pyramids, held_out, CPU)
