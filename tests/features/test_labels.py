import pytest
from imports import imported_by

from srcore.features import labels


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


def test_random_weights_bear_the_label_that_figures_are_marked_by():
    assert labels.label_of("random") == labels.RANDOM


def test_no_torch_is_loaded():
    modules = ("srcore.features.labels", "srcore.metrics.paired", "srcore.reporting.pull_request")
    assert "torch" not in imported_by(f"import {', '.join(modules)}")
