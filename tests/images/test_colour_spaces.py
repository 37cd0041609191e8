"""What AVIF and JPEG 2000 say of their colours."""

import struct
import tracemalloc

import pytest
from made import encoded
from photographs import arrays
from PIL import Image
from profiles import grey_profile, rgb_profile

from srcore.images.read import look, read
from srcore.images.write import losses

PHOTOGRAPH = arrays()[2][:40, :56]


def with_nclx(primaries: int, transfer: int) -> bytes:
    """An AVIF of the photograph whose colours are said to be these, by their numbers."""
    made = bytearray(encoded(Image.fromarray(PHOTOGRAPH), "AVIF", quality=95))
    struct.pack_into(">HH", made, made.index(b"nclx") + 4, primaries, transfer)
    return bytes(made)


@pytest.mark.parametrize("numbers", [(9, 16), (12, 13), (9, 1), (1, 8)])
def test_a_colour_space_of_an_avif_is_reported_or_kept(tmp_path, enlarged, numbers):
    (tmp_path / "a.avif").write_bytes(with_nclx(*numbers))
    kept = look(tmp_path / "a.avif").kept
    assert losses("AVIF", kept, grey=False) == [
        "its gamma or colour space (gAMA, cHRM, cICP) is left out: AVIF holds none"
    ]
    assert losses("PNG", kept, grey=False) == []
    made = enlarged(tmp_path / "a.avif", out=tmp_path / "b.png")
    assert read(made).kept.rendering == ((b"cICP", bytes((*numbers, 0, 1))),)


@pytest.mark.parametrize("numbers", [(1, 13), (1, 1), (2, 2), (1, 6)])
def test_an_avif_that_is_srgb_says_nothing(tmp_path, numbers):
    (tmp_path / "a.avif").write_bytes(with_nclx(*numbers))
    assert look(tmp_path / "a.avif").kept.rendering == ()


def test_many_boxes_in_each_other_take_no_memory(tmp_path):
    made = with_nclx(9, 16).replace(b"nclx", b"none")
    content = struct.pack(">I", 1 << 20) + b"colr"
    added = content * 200 + bytes((1 << 20) + 200)
    (tmp_path / "a.avif").write_bytes(made + struct.pack(">I4s", 8 + len(added), b"free") + added)
    look(tmp_path / "a.avif")  # so that all modules are there
    tracemalloc.start()
    try:
        assert look(tmp_path / "a.avif").kept.rendering == ()
        assert tracemalloc.get_traced_memory()[1] < 10 * len(added)
    finally:
        tracemalloc.stop()


def test_an_avif_with_a_profile_keeps_the_profile(tmp_path):
    image = Image.fromarray(PHOTOGRAPH)
    image.save(tmp_path / "a.avif", icc_profile=rgb_profile())
    kept = look(tmp_path / "a.avif").kept
    assert (kept.icc, kept.rendering) == (rgb_profile(), ())


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("method", [2, 3])
def test_the_profile_of_a_jpeg_2000_is_kept(tmp_path, enlarged, method, mode):
    icc = rgb_profile() if mode == "RGB" else grey_profile()
    made = bytearray(encoded(Image.fromarray(PHOTOGRAPH).convert(mode), "JPEG2000"))
    at, head = made.index(b"colr"), made.index(b"jp2h")
    box = struct.pack(">I4sBBB", 11 + len(icc), b"colr", method, 0, 0) + icc
    struct.pack_into(">I", made, head - 4, 45 - 15 + len(box))
    made[at - 4 : at + 11] = box
    (tmp_path / "a.jp2").write_bytes(made)
    assert look(tmp_path / "a.jp2").notes == ()
    assert read(enlarged(tmp_path / "a.jp2")).kept.icc == icc


def test_a_broken_profile_of_a_jpeg_2000_is_reported(tmp_path):
    made = bytearray(encoded(Image.fromarray(PHOTOGRAPH), "JPEG2000"))
    made[made.index(b"colr") + 4] = 2
    (tmp_path / "a.jp2").write_bytes(made)
    assert look(tmp_path / "a.jp2").notes == ("its colour profile is damaged and left out",)
    assert read(tmp_path / "a.jp2").kept.icc is None
