"""The offline sample: crops of the photographs that installed packages ship."""

from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from itertools import chain, islice, zip_longest
from pathlib import Path

from PIL import Image

from srcore.common.errors import StudyError
from srcore.common.progress import progress
from srcore.data.sources.source import Source
from srcore.images.decode import decode
from srcore.images.error import ImageError
from srcore.params import Params

SCENES: dict[str, tuple[str, ...]] = {
    "astronaut": ("skimage/data/astronaut.png",),
    "chelsea": ("skimage/data/chelsea.png",),
    "coffee": ("skimage/data/coffee.png",),
    "rocket": ("skimage/data/rocket.jpg",),
    "hubble": ("skimage/data/hubble_deep_field.jpg",),
    "retina": ("skimage/data/retina.jpg",),
    "ihc": ("skimage/data/ihc.png",),
    "motorcycle": ("skimage/data/motorcycle_left.png", "skimage/data/motorcycle_right.png"),
    "china": ("sklearn/datasets/images/china.jpg",),
    "flower": ("sklearn/datasets/images/flower.jpg",),
    "hopper": ("matplotlib/mpl-data/sample_data/grace_hopper.jpg",),
}
"""Scene and its photographs, as package/path; two photographs of one scene are one group."""

SMALLEST_CROP = 288
"""Pixels, the largest size of the original study: in smaller ones a crop still shows a scene."""

SHARE = 0.85
"""Side of a crop over the shorter side of its photograph."""
GOLDEN = 0.6180339887498949
MAX_PIXELS = 16_000_000


def images(params: Params, downloads: Path) -> Iterator[Source]:  # noqa: ARG001  # nothing is fetched
    """Yield the crops that `data.sample` asks for, of a side that suits the largest size."""
    return crops(params.data.sample.crops, params.pyramid.sizes[-1])


def crops(count: int, size: int) -> Iterator[Source]:
    """Yield at most `count` square crops, as PNG, one of every scene in turn.

    The side of a crop is most of the photograph's shorter side, but at least `size` and
    `SMALLEST_CROP` (or the whole shorter side): shrunk to `size`, crops are then about as sharp as
    VOC2007's images. Neighbours overlap by fifteen sixteenths. A scene that is used up leaves
    its turn to the others.

    Raises:
        StudyError: a package does not ship its photograph.
    """
    scenes = [_crops(scene, paths, size) for scene, paths in SCENES.items()]
    turns = chain.from_iterable(zip_longest(*scenes))  # one of every scene, again and again
    taken = islice((crop for crop in turns if crop is not None), count)
    yield from progress(taken, "download", count, "image")


def _crops(scene: str, paths: tuple[str, ...], size: int) -> Iterator[Source]:
    photographs = [_photograph(path) for path in paths]
    places = [
        (photograph, box) for photograph in photographs for box in boxes(*photograph.size, size)
    ]
    # Steps of the golden ratio: the first k crops are spread over the scene, whatever k is.
    spread = sorted(range(len(places)), key=lambda index: index * GOLDEN % 1)
    for count, index in enumerate(spread):
        photograph, box = places[index]
        file = BytesIO()
        # A tenth larger than at the default level, in a third of the time.
        photograph.crop(box).save(file, "PNG", compress_level=1)
        yield Source(f"{scene}-{count:03d}.png", scene, (), file.getvalue())


def boxes(width: int, height: int, size: int) -> list[tuple[int, int, int, int]]:
    """Squares (left, top, right, bottom), edge to edge, or centred where one step is too much."""
    short = min(width, height)
    side = min(short, max(size, SMALLEST_CROP, int(SHARE * short)))
    return [
        (left, top, left + side, top + side)
        for top in _starts(height - side, max(1, side // 16))
        for left in _starts(width - side, max(1, side // 16))
    ]


def _starts(room: int, step: int) -> list[int]:
    count = room // step
    return [room * index // count for index in range(count + 1)] if count else [room // 2]


def _photograph(path: str) -> Image.Image:
    package, _, inside = path.partition("/")
    spec = find_spec(package)  # finds the package without importing it, which would take seconds
    if spec is None or spec.origin is None:
        raise StudyError(f"the package {package} is not installed; the sample needs its {inside}")
    file = Path(spec.origin).parent / inside
    try:
        return decode(file.read_bytes(), MAX_PIXELS)
    except (FileNotFoundError, ImageError) as error:
        raise StudyError(
            f"{file}: {'missing' if isinstance(error, FileNotFoundError) else error}; "
            f"the sample needs it, so reinstall {package}"
        ) from None
