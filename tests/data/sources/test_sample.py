import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcore.common.errors import StudyError
from srcore.data.sources import sample
from srcore.data.sources.source import Source
from srcore.images.decode import decode


@pytest.fixture(scope="module")
def crops() -> list[Source]:
    return list(sample.crops(100, 288))


def test_crops_are_shared_out_over_the_scenes(crops: list[Source]):
    assert len(crops) == 100
    count = Counter(crop.group for crop in crops)
    assert set(count) == set(sample.SCENES)
    assert max(count.values()) == 10
    assert len({crop.name for crop in crops}) == 100
    first = {crop.group for crop in crops[: len(sample.SCENES)]}
    assert first == set(sample.SCENES), "a small limit has several scenes"
    for crop in crops:
        assert isinstance(crop.data, bytes)
        image = decode(crop.data, 10**7)
        assert image.width == image.height >= 288


def test_fewer_crops_are_the_first_of_more(crops: list[Source]):
    assert list(sample.crops(12, 288)) == crops[:12]


@given(st.integers(4, 1500), st.integers(4, 1500), st.integers(8, 1200))
def test_boxes_lie_inside_and_touch_the_edges(width: int, height: int, size: int):
    places = sample.boxes(width, height, size)
    assert len(set(places)) == len(places)
    for left, top, right, bottom in places:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert (
            right - left
            == bottom - top
            == min(width, height, max(size, 288, int(sample.SHARE * min(width, height))))
        )
    left, right = min(box[0] for box in places), max(box[2] for box in places)
    assert abs(left - (width - right)) <= 1, "as far from the left edge as from the right"
    if len({box[0] for box in places}) > 1:
        assert (left, right) == (0, width)


def test_a_missing_photograph_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sample, "SCENES", {"lost": ("skimage/data/lost.png",)})
    with pytest.raises(StudyError, match=r"lost.png: missing; .* reinstall skimage"):
        list(sample.crops(2, 288))
    monkeypatch.setattr(sample, "SCENES", {"lost": ("nopackage/lost.png",)})
    with pytest.raises(StudyError, match="nopackage is not installed"):
        list(sample.crops(2, 288))


def test_no_heavy_package_is_imported(root: Path):
    code = (
        "import sys; from srcore.data.sources import sample; list(sample.crops(2, 288));"
        "print({'skimage', 'sklearn', 'matplotlib', 'scipy', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
