"""The example in docs/export.md does what it says."""

import re
import shutil

import numpy as np
import torch
from photographs import arrays
from PIL import Image

from srcore.common.tensors import to_images, to_tensor


def test_the_example_gives_what_the_network_gives(made, root, tmp_path, monkeypatch):
    one, image = made("subpixel"), arrays()[2]
    shutil.copy(one.onnx, tmp_path / "subpixel.onnx")
    Image.fromarray(image).save(tmp_path / "low.png")
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall("```python\n(.*?)```", (root / "docs/export.md").read_text(), re.S)
    exec(compile(example, "docs/export.md", "exec"), {})
    found = np.asarray(Image.open("large.png"))
    expected = to_images(one.network(to_tensor(image[None].copy()))["large"])[0]
    assert found.shape == (300, 388, 3)
    far = torch.from_numpy(found.astype(int) - expected.astype(int)).abs()
    assert far.max() <= 1
    assert (far > 0).float().mean() < 1e-4
