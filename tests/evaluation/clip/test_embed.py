import numpy as np
import pytest
import torch
from PIL import Image
from tiny import tiny_clip, tiny_linear, tiny_network, tiny_pyramids

from srcore.common.tensors import to_images, to_tensor
from srcore.evaluation.clip import embed as module
from srcore.evaluation.clip.embed import Version, embed_versions

ROWS = np.array([0, 2, 3, 5, 6])


@pytest.fixture(scope="module")
def study():
    extractor = tiny_clip().extractor()
    networks = [tiny_network("basic"), tiny_network("multi", 1), tiny_network("clip", 0, extractor)]
    return networks, tiny_pyramids(7), tiny_clip()


def test_every_version_of_every_image_is_embedded_exactly_once(study, monkeypatch):
    networks, pyramids, clip = study
    monkeypatch.setattr(module, "BATCH", 2)
    seen: list[bytes] = []
    real = type(clip).embed_images

    def counting(self, images):
        assert len(images) <= 2
        seen.extend(image.tobytes() for image in images)
        return real(self, images)

    monkeypatch.setattr(type(clip), "embed_images", counting)
    for network in networks:  # the network's own extractor is another use of the same tower
        if network.extractor is not None:
            monkeypatch.setattr(
                type(network.extractor), "__call__", lambda _, x: torch.zeros(len(x), 512)
            )
    embeddings = embed_versions(networks, tiny_linear(), pyramids, ROWS, clip)
    versions = [(v.method, v.seed, v.output, v.weights) for v in embeddings]
    assert versions == [
        ("low resolution", None, "low", ""),
        ("nearest", None, "mid", ""),
        ("nearest", None, "large", ""),
        ("bicubic", None, "mid", ""),
        ("bicubic", None, "large", ""),
        ("linear", None, "mid", ""),
        ("linear", None, "large", ""),
        ("basic", 0, "mid", ""),
        ("multi", 1, "mid", ""),
        ("multi", 1, "large", ""),
        ("clip", 0, "mid", "random weights"),
        ("clip", 0, "large", "random weights"),
        ("target", None, "mid", ""),
        ("target", None, "large", ""),
    ]
    assert len(seen) == 14 * len(ROWS)
    for embedded in embeddings.values():
        assert embedded.shape == (5, 512)
        torch.testing.assert_close(embedded.norm(dim=1), torch.ones(5))


def test_each_embedding_is_of_the_right_image_as_it_would_be_saved(study):
    networks, pyramids, clip = study
    embeddings = embed_versions(networks[1:2], tiny_linear(), pyramids, ROWS, clip)
    row, place = 5, 3

    def embedded(array: np.ndarray) -> torch.Tensor:
        found = clip.embed_images([Image.fromarray(array)])[0]
        return found / found.norm()

    low = pyramids.low[row]
    output = to_images(networks[1](to_tensor(pyramids.low[row : row + 1]))["large"])[0]
    big = Image.fromarray(low).resize((32, 32), Image.Resampling.BICUBIC)
    for version, image in (
        (Version("low resolution", None, "low"), low),
        (Version("target", None, "large"), pyramids.large[row]),
        (Version("bicubic", None, "mid"), np.asarray(big)),
        (Version("linear", None, "large"), tiny_linear()(low[None], 4)[0]),
        (Version("multi", 1, "large"), output),
    ):
        torch.testing.assert_close(embeddings[version][place], embedded(image), atol=1e-5, rtol=0)


def test_the_bar_counts_every_batch(study, monkeypatch):
    networks, pyramids, clip = study
    monkeypatch.setattr(module, "BATCH", 2)
    counted = {}

    def watching(items, desc, total, unit):
        items = list(items)
        counted[desc] = (len(items), total)
        return iter(items)

    monkeypatch.setattr(module, "progress", watching)
    embed_versions(networks[:2], tiny_linear(), pyramids, ROWS, clip)
    assert counted == {"embedding": (3 * (1 + 6 + 1 + 2 + 2),) * 2}
