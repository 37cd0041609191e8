import subprocess
import sys

import pytest

from srcore import labels
from srcore.interpolation import METHODS
from srcore.models import base


@pytest.mark.parametrize(
    ("weights", "label"),
    [
        ("random", "random weights"),
        ("pretrained", "pretrained weights"),
        ("/home/somebody/secret/vgg.safetensors", "weights of vgg.safetensors"),
    ],
)
def test_a_label_says_what_the_weights_are_and_no_folder(weights, label):
    assert labels.label_of(weights) == label


def test_they_are_the_names_that_others_use():
    assert labels.label_of("random") == labels.RANDOM
    assert tuple(base.OUTPUTS) == labels.OUTPUTS
    assert labels.BASELINE in METHODS


@pytest.mark.parametrize("module", ["srcore.labels", "srcore.paired", "srcore.review"])
def test_no_torch_is_loaded(root, module):
    code = f"import {module}, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
