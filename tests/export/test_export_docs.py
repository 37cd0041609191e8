"""The example in docs/export.md does what it says."""

import re
import shutil

import numpy as np
import onnxruntime
import torch
from photographs import arrays
from PIL import Image

from srcore import enlarge
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


def test_the_file_and_the_command_differ_as_far_from_the_border_as_docs_and_card_say(made, root):
    one, image, scale = made("subpixel"), arrays()[2], 4
    radius = one.network.model.receptive_radius
    page = " ".join((root / "docs/export.md").read_text("utf-8").split())
    assert f"{radius} pixels for `subpixel`. So the outputs differ less than {radius} input" in page
    assert f"less than {radius} pixels of the input away" in " ".join(one.card.split())
    assert ("If a side is odd" in made("vgg").card, "If a side is odd" in one.card) == (True, False)
    session = onnxruntime.InferenceSession(one.onnx, providers=["CPUExecutionProvider"])
    (large,) = session.run(["large"], {"low": to_tensor(image[None].copy()).numpy()})
    command = enlarge(image, one.network)
    far = np.abs(to_images(torch.from_numpy(large))[0].astype(int) - command)
    inside = slice(scale * radius, -scale * radius)
    assert far.max() > 2
    assert far[inside, inside].max() <= 1
    assert (far[inside, inside] > 0).mean() < 1e-3
