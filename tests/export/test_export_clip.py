import numpy as np
import onnxruntime
import pytest
import torch
from photographs import photographs

from srcore.common.errors import StudyError
from srcore.export.check import compare
from srcore.export.clip import ClipFeatures
from srcore.export.graph import write_graph
from srcore.features.clip import load_clip
from srcore.inference.network import Network
from srcore.models.checkpoint import Card
from srcore.models.registry import model_class


def test_features_are_those_of_the_extractor(small_clip):
    ours, theirs = ClipFeatures(small_clip), small_clip.extractor()
    with torch.inference_mode():
        for low in photographs():
            torch.testing.assert_close(ours(low), theirs.embed(low), atol=1e-6, rtol=0)


def test_numbers_between_levels_are_rounded_as_a_saved_image_is(small_clip):
    low = torch.rand(1, 3, 40, 30, generator=torch.Generator().manual_seed(0)) * 1.2 - 0.1
    with torch.inference_mode():
        ours, theirs = ClipFeatures(small_clip)(low), small_clip.extractor().embed(low)
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_other_preprocessing_is_refused(small_clip):
    class Strange:
        model = small_clip.model
        preprocess = type("Steps", (), {"transforms": ()})

    with pytest.raises(StudyError, match="preprocessing"):
        ClipFeatures(Strange())


@pytest.mark.slow
def test_the_features_lie_within_the_graph(made):
    """A network that did not look at its image through CLIP would not notice."""
    one = made("clip")
    session = onnxruntime.InferenceSession(one.onnx, providers=["CPUExecutionProvider"])
    assert [item.name for item in session.get_inputs()] == ["low"]
    low = photographs()[2]
    (mid, _), model = session.run(None, {"low": low.numpy()}), one.network.model
    with torch.inference_mode():
        blind = model(low, torch.zeros(1, 512))["mid"].numpy()
    assert np.abs(mid - blind).max() > 1e-3


@pytest.mark.slow
def test_the_whole_of_clip_is_exported(tmp_path):
    clip = load_clip("random", torch.device("cpu"))
    torch.manual_seed(0)
    model = model_class("clip")().eval()
    network = Network(model, Card("clip", 0, {}, clip.label), clip.extractor())
    path = tmp_path / "clip.onnx"
    write_graph(network, ClipFeatures(clip), path)
    assert 3e8 < path.stat().st_size < 4e8
    found = compare(network, path, ((1, 3, 72, 72), (2, 3, 97, 61), (1, 3, 460, 226)))
    path.unlink()
    assert max(one.largest for one in found) < 1e-5
