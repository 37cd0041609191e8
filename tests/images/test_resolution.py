"""Pixels an inch, of which every format holds some and none holds all."""

import struct
from fractions import Fraction

import pytest
import tifffile
from made import encoded
from photographs import arrays
from PIL import Image
from test_pictures import with_chunks

from srcore.images.read import look
from srcore.images.write import losses

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])


def png(per_metre: int) -> bytes:
    return with_chunks(encoded(PHOTOGRAPH), (b"pHYs", struct.pack(">IIB", *[per_metre] * 2, 1)))


@pytest.mark.parametrize("ending", ["jpg", "bmp", "tif", "png"])
@pytest.mark.parametrize("per_metre", [1, 20, 3937, 10**7, 10**9, 2**32 - 1])
def test_a_resolution_is_right_or_reported_as_left_out(tmp_path, enlarged, per_metre, ending):
    (tmp_path / "a.png").write_bytes(png(per_metre))
    made = enlarged(tmp_path / "a.png", out=tmp_path / f"b.{ending}")
    kind = {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper())
    notes = losses(kind, look(tmp_path / "a.png").kept, grey=False)
    dots = per_metre * 0.0254
    if notes:
        assert notes[0].startswith(f"its resolution is left out: {kind} holds ")
        assert notes[0].endswith(" pixels per inch")
        # A BMP always has one; Pillow writes 96.
        assert look(made).kept.dpi == (pytest.approx((96, 96), 1e-3) if ending == "bmp" else None)
    else:
        with Image.open(made) as image:
            assert image.info["dpi"] == pytest.approx((dots, dots), rel=0.02, abs=0.5)
    assert bool(notes) == {
        "jpg": dots < 1 or dots > 65_535, "bmp": per_metre > 2**31, "png": per_metre > 2**31,
        "tif": False,
    }[ending]  # fmt: skip


@pytest.mark.parametrize("ending", ["tif", "jpg", "png"])
def test_a_tiff_of_a_million_pixels_a_centimetre(tmp_path, enlarged, ending):
    tifffile.imwrite(
        tmp_path / "a.tif",
        arrays()[2][:20, :31],
        photometric="rgb",
        resolution=(10**6, 10**6),
        resolutionunit="CENTIMETER",
    )
    made = enlarged(tmp_path / "a.tif", out=tmp_path / f"b.{ending}")
    dpi = look(made).kept.dpi
    assert dpi is None if ending == "jpg" else dpi == pytest.approx((2.54e6, 2.54e6))


def test_formats_without_a_resolution_say_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(png(3937))
    assert losses("WEBP", look(tmp_path / "a.png").kept, grey=False) == []


ORIENTED = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)


def not_square(path, orientation: int = 1):
    """Two pixels across on the length of one along; in TIFF, JPEG and PNG without a unit."""
    exif = ORIENTED if orientation == 6 else b""
    if path.suffix == ".png":
        made = with_chunks(encoded(PHOTOGRAPH), (b"pHYs", struct.pack(">IIB", 2000, 1000, 0)))
        path.write_bytes(with_chunks(made, (b"eXIf", exif)) if exif else made)
    elif path.suffix == ".jpg":
        made = bytearray(encoded(PHOTOGRAPH, "JPEG", dpi=(2, 1), exif=exif and b"Exif\0\0" + exif))
        made[13] = 0
        path.write_bytes(made)
    else:
        tiff = {282: 2.0, 283: 1.0, 296: 1, 274: orientation}
        PHOTOGRAPH.save(path, tiffinfo=tiff)
    return path


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("source", ["png", "jpg", "tif"])
@pytest.mark.parametrize("ending", ["png", "jpg", "tif"])
def test_pixels_that_are_not_square_keep_their_ratio(
    tmp_path, enlarged, source, ending, orientation
):
    path = not_square(tmp_path / f"a.{source}", orientation)
    made = enlarged(path, out=tmp_path / f"b.{ending}")
    ratio = Fraction(2) if orientation == 1 else Fraction(1, 2)
    assert look(made).kept.aspect == ratio
    assert look(made).kept.dpi is None
    data, across = made.read_bytes(), (ratio.numerator, ratio.denominator)
    if ending == "png":
        assert b"pHYs" + struct.pack(">IIB", *across, 0) in data
    elif ending == "jpg":
        assert data[6:18] == b"JFIF\0\1\1\0" + struct.pack(">HH", *across)
    else:
        with tifffile.TiffFile(made) as file:
            tags = file.pages[0].tags
            assert tags["ResolutionUnit"].value == 1
            assert (tags["XResolution"].value[0], tags["YResolution"].value[0]) == across


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "BMP", "PPM"])
@pytest.mark.parametrize("source", ["png", "jpg", "tif"])
def test_a_ratio_that_a_format_does_not_hold_is_reported(tmp_path, source, kind):
    kept = look(not_square(tmp_path / f"a.{source}")).kept
    note = f"its pixel aspect ratio is left out: {kind} holds none"
    assert note in losses(kind, kept, grey=False)


def test_a_resolution_that_is_not_the_same_across_and_along_is_reported(tmp_path):
    PHOTOGRAPH.save(tmp_path / "a.jpg", dpi=(200, 100))
    kept = look(tmp_path / "a.jpg").kept
    assert losses("WEBP", kept, grey=False) == ["its resolution is left out: WEBP holds none"]


@pytest.mark.parametrize("ratio", [(1, 1), (0, 1), (0, 0), (2**32 - 1, 1)])
def test_square_pixels_and_no_numbers_have_no_ratio(tmp_path, ratio):
    part = (b"pHYs", struct.pack(">IIB", *ratio, 0))
    (tmp_path / "a.png").write_bytes(with_chunks(encoded(PHOTOGRAPH), part))
    assert "aspect" not in look(tmp_path / "a.png").kept.present
