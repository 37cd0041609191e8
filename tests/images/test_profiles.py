"""Colour profiles that Pillow does not give: they are kept, or a message tells of the loss."""

import struct

import numpy as np
import pytest
from made import encoded
from photographs import arrays
from PIL import Image, ImageCms
from profiles import grey_profile, rgb_profile

from srcore.images.read import look, read
from srcore.images.write import losses

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])
DAMAGED = "its colour profile is damaged and left out"
GREYS = PHOTOGRAPH.convert("L")


def gif_with(image: Image.Image, icc: bytes, application: bytes = b"ICCRGBG1012") -> bytes:
    """A GIF with a profile in blocks of 255 bytes, between two other extensions."""
    made = encoded(image, "GIF", comment=b"a comment")
    at = 13 + (3 << ((made[10] & 7) + 1) if made[10] & 0x80 else 0)
    blocks = (icc[k : k + 255] for k in range(0, len(icc), 255))
    parts = b"".join(bytes([len(block)]) + block for block in blocks)
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    profile = b"\x21\xff\x0b" + application + parts + b"\0"
    return made[:at] + loop + profile + made[at:]


def bmp_with(image: Image.Image, content: bytes, kind: bytes = b"MBED") -> bytes:
    """A BMP of the fifth version with a profile at its end, or the name of its file."""
    made = encoded(image, "BMP")
    (place,) = struct.unpack_from("<I", made, 10)
    palette, pixels = made[54:place], made[place:]
    more = bytearray(84)
    more[16:20] = kind[::-1]
    profile = 124 + len(palette) + len(pixels)
    struct.pack_into("<II", more, 72, profile, len(content))
    head = made[:2] + struct.pack("<IHHI", 14 + profile + len(content), 0, 0, place + 84)
    return head + struct.pack("<I", 124) + made[18:54] + more + palette + pixels + content


def jpeg_without_a_part(image: Image.Image) -> bytes:
    """A JPEG whose profile has three parts, one of which is missing."""
    icc = rgb_profile().ljust(150_000, b"\0")
    made = encoded(image, "JPEG", icc_profile=icc)
    at = made.index(b"ICC_PROFILE\0\x02\x03") - 4
    (length,) = struct.unpack_from(">H", made, at + 2)
    return made[:at] + made[at + 2 + length :]


def test_the_profile_of_a_gif_is_kept_in_a_png(tmp_path, enlarged):
    image = PHOTOGRAPH.quantize(16)
    (tmp_path / "a.gif").write_bytes(gif_with(image, rgb_profile()))
    assert look(tmp_path / "a.gif").notes == ()
    assert (read(tmp_path / "a.gif").colours == np.asarray(image.convert("RGB"))).all()
    made = read(enlarged(tmp_path / "a.gif", out=tmp_path / "b.png"))
    assert made.kept.icc == rgb_profile()
    assert read(tmp_path / "a.gif").kept.comment == b"a comment"


def test_the_profile_of_a_bmp_is_applied_since_a_bmp_holds_none(tmp_path, enlarged):
    flat = Image.new("RGB", (12, 8), (30, 200, 90))
    (tmp_path / "a.bmp").write_bytes(bmp_with(flat, rgb_profile()))
    kept = look(tmp_path / "a.bmp").kept
    assert kept.icc == rgb_profile()
    assert losses("BMP", kept, grey=False) == [
        "its colours become sRGB: BMP holds no colour profile"
    ]
    srgb = ImageCms.createProfile("sRGB")
    (tmp_path / "p.icc").write_bytes(rgb_profile())
    expected = ImageCms.profileToProfile(flat, str(tmp_path / "p.icc"), srgb)
    assert expected.getpixel((0, 0)) != (30, 200, 90)
    made = read(enlarged(tmp_path / "a.bmp", out=tmp_path / "b.bmp")).colours
    assert (made == expected.getpixel((0, 0))).all()


@pytest.mark.parametrize("kind", [gif_with, bmp_with])
def test_greys_with_a_profile_of_rgb_are_rgb(tmp_path, kind):
    (tmp_path / "a").write_bytes(kind(GREYS, rgb_profile()))
    head, seen = look(tmp_path / "a"), read(tmp_path / "a")
    assert (head.grey, head.notes, head.kept.icc) == (False, (), rgb_profile())
    assert (seen.colours == np.asarray(GREYS.convert("RGB"))).all()


@pytest.mark.parametrize("kind", [gif_with, bmp_with])
@pytest.mark.parametrize(
    ("icc", "note"),
    [
        (b"no profile", DAMAGED),
        (rgb_profile()[:-200], DAMAGED),
        (grey_profile(), "its colour profile is left out: it is one of GRAY, and the image is RGB"),
    ],
    ids=["no profile", "cut off", "grey"],
)
def test_a_wrong_profile_is_left_out_with_a_message(tmp_path, kind, icc, note):
    (tmp_path / "a").write_bytes(kind(PHOTOGRAPH.quantize(16), icc))
    head = look(tmp_path / "a")
    assert (head.notes, head.kept.icc) == ((note,), None)


def test_a_profile_of_a_bmp_outside_the_file_is_left_out_with_a_message(tmp_path):
    made = bytearray(bmp_with(PHOTOGRAPH, rgb_profile()))
    struct.pack_into("<I", made, 14 + 112, len(made))
    (tmp_path / "a.bmp").write_bytes(made)
    assert look(tmp_path / "a.bmp").notes == (DAMAGED,)
    (tmp_path / "a.bmp").write_bytes(bmp_with(PHOTOGRAPH, b"C:\\own.icc\0", b"LINK"))
    assert look(tmp_path / "a.bmp").notes == (
        "its colour profile is in another file, and is left out",
    )


@pytest.mark.parametrize("application", [b"NETSCAPE2.0", b"XMP DataXMP", b"ICCRGBG1013"])
def test_other_extensions_of_a_gif_are_no_profile(tmp_path, application):
    icc = rgb_profile()
    (tmp_path / "a.gif").write_bytes(gif_with(PHOTOGRAPH.quantize(16), icc, application))
    assert (look(tmp_path / "a.gif").notes, look(tmp_path / "a.gif").kept.icc) == ((), None)


def test_a_jpeg_without_a_part_of_its_profile_has_a_message(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg_without_a_part(PHOTOGRAPH))
    head = look(tmp_path / "a.jpg")
    assert (head.notes, head.kept.icc) == ((DAMAGED,), None)


def test_a_jpeg_with_all_parts_of_its_profile_keeps_it(tmp_path):
    icc = rgb_profile().ljust(150_000, b"\0")
    PHOTOGRAPH.save(tmp_path / "a.jpg", icc_profile=icc)
    assert (look(tmp_path / "a.jpg").notes, look(tmp_path / "a.jpg").kept.icc) == ((), icc)
