from pathlib import Path

import numpy as np
import pytest
from photographs import arrays
from PIL import Image

from srcore.data.raw import Entry, RawWriter
from srcore.params import load_params
from srcore.params.optional import Shipped
from srcore.shipping.originals import Originals
from srcore.shipping.pack import pack_originals


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """A folder of raw images: three photographs, sizes 144x144, 210x140 and 97x75."""
    folder = tmp_path_factory.mktemp("raw")
    with RawWriter(folder) as writer:
        for k, array in enumerate(arrays()):
            file = folder / "image.png"
            Image.fromarray(array).save(file)
            height, width = array.shape[:2]
            writer.add(Entry(f"{k}.png", f"scene{k}", width, height, ()), file.read_bytes())
        writer.finish("folder", ["a", "b", "c"], 0)
    return folder


@pytest.fixture(scope="session")
def factors() -> list[float]:
    return [1.0, 0.5]


@pytest.fixture(scope="session")
def packed(raw, factors, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("packed") / "originals"
    pack_originals(raw, np.arange(3), factors, out, threads=2)
    return out


@pytest.fixture
def originals(packed) -> Originals:
    return Originals.open(packed)


@pytest.fixture
def settings(root) -> Shipped:
    """A training of seconds."""
    few = {"steps": 6, "period": 2, "batch_size": 4, "crop": 12, "large_share": 0.5}
    return load_params(root / "params.yaml").shipped.model_copy(update=few)
