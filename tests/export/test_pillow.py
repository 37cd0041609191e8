import numpy as np
import PIL
import pytest
import torch
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

from srcore.export.pillow import shortest_side

NEWER = int(PIL.__version__.split(".")[0]) >= 13
THEIRS = Compose([Resize(224, interpolation=InterpolationMode.BICUBIC), CenterCrop(224)])
SIZES = [
    (72, 72), (97, 61), (61, 97), (224, 224), (224, 301), (500, 224), (1, 5), (2, 2), (448, 448),
    (223, 225), (333, 500), (640, 480), (300, 149), (450, 225),
]  # fmt: skip
TALL = [(451, 225), (671, 235), (900, 300)]


def equal(height: int, width: int) -> bool:
    """On noise of black and white, where a kernel with negative parts is cut off the most."""
    chance = np.random.default_rng(height * 1000 + width)
    image = chance.integers(0, 2, (height, width, 3), dtype=np.uint8) * 255
    levels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    found = shortest_side(levels, 224)[0].permute(1, 2, 0).numpy()
    return np.array_equal(found, np.asarray(THEIRS(Image.fromarray(image))))


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_resizing_is_pillows_to_the_bit(height, width):
    assert equal(height, width)


@pytest.mark.skipif(not NEWER, reason="an older Pillow shrinks tall images across first")
@pytest.mark.parametrize(("height", "width"), TALL)
def test_tall_images_are_shrunk_down_first(height, width):
    assert equal(height, width)


def test_images_of_a_batch_do_not_meet():
    levels = torch.randint(0, 256, (3, 3, 50, 40), generator=torch.Generator().manual_seed(0))
    together = shortest_side(levels.float(), 224)
    apart = [shortest_side(one.float(), 224) for one in levels.split(1)]
    assert torch.equal(together, torch.cat(apart))
