"""What is packed is what the field's benchmarks would be given."""

import os

import numpy as np
import pytest
from imports import imported_by
from matlab import literal
from photographs import arrays
from PIL import Image

from srcore.common.errors import StudyError
from srcore.shipping.originals import DIVISORS, Originals
from srcore.shipping.pack import pack_originals


def expected(array: np.ndarray, factor: float) -> dict[str, np.ndarray]:
    """By Pillow and the literal MATLAB."""
    image = Image.fromarray(array)
    if factor != 1:
        size = (round(image.width * factor), round(image.height * factor))
        image = image.resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(image)
    height, width = (side // 4 * 4 for side in pixels.shape[:2])
    whole = pixels[:height, :width]
    return {"whole": whole, "half": literal(whole, 1 / 2), "quarter": literal(whole, 1 / 4)}


def test_every_image_at_every_size_and_resolution(originals, factors):
    lines = iter(originals.places)
    for array in arrays():
        for factor in factors:
            height, width, offset = next(lines)
            for name, image in expected(array, factor).items():
                finer = 4 // DIVISORS[name]
                start = finer**2 * offset
                flat = originals.pixels[name][start : start + finer**2 * height * width]
                found = flat.reshape(finer * height, finer * width, 3)
                np.testing.assert_array_equal(found, image)
    assert next(lines, None) is None
    assert originals.images == 3


def test_threads_make_no_difference(raw, packed, factors, tmp_path):
    pack_originals(raw, np.arange(3), factors, tmp_path / "again", threads=1)
    for file in packed.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_only_the_rows_asked_for(raw, tmp_path):
    """The held-out images stay out."""
    pack_originals(raw, np.array([1]), [1.0], tmp_path / "one", threads=1)
    one = Originals.open(tmp_path / "one")
    assert one.images == 1
    whole = one.pixels["whole"].reshape(140, 208, 3)
    np.testing.assert_array_equal(whole, arrays()[1][:, :208])


@pytest.mark.parametrize("harm", ["cut", "gone", "other", "header", "kind", "pipe"])
def test_a_damaged_pack_is_one_line(packed, tmp_path, harm):
    for file in packed.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    half = tmp_path / "half.npy"
    if harm == "gone":
        half.unlink()
    elif harm == "header":
        half.write_bytes(half.read_bytes().replace(b"{'descr'", b"{\\'descr"))
    elif harm == "kind":
        half.write_bytes(half.read_bytes().replace(b"'|u1'", b"'|i1'"))
    elif harm == "pipe":
        half.unlink()
        os.mkfifo(half)
    elif harm == "cut":
        half.write_bytes(half.read_bytes()[:-10])
    else:
        half.write_bytes((packed / "whole.npy").read_bytes())
    with pytest.raises(StudyError, match=r"half\.npy: .*; remove .* and run `dvc repro`"):
        Originals.open(tmp_path)


def test_the_reader_reads_without_what_decodes_images():
    """So that an edit of a decoder does not train the shipped network anew."""
    modules = imported_by("import stages.train_shipped")
    assert not [m for m in modules if m.startswith(("srcore.images", "srcore.data"))]
