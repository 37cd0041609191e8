"""Pixels an inch, of which every format holds some and none holds all."""

import struct

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
