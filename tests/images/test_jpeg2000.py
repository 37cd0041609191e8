"""JPEG 2000: depths, palettes and what a file says beside its pixels, where Pillow gives less."""

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from made import encoded
from photographs import arrays
from PIL import Image
from profiles import rgb_profile

from srcore.images.error import ImageError
from srcore.images.read import look, read

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])
XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>somebody</x:xmpmeta>"


def with_depths(jp2: bytes, depths: Sequence[int]) -> bytes:
    """The same file, whose channels are said to have so many bits."""
    made = bytearray(jp2)
    made[made.index(b"ihdr") + 14] = depths[0] - 1 if len(set(depths)) == 1 else 255
    size = made.index(b"\xff\x4f\xff\x51") + 2
    for channel, bits in enumerate(depths):
        made[size + 40 + 3 * channel] = bits - 1
    return bytes(made)


def stored(levels: np.ndarray, bits: int, depth: int = 8) -> Image.Image:
    """A channel that holds these levels once it is said to have so many bits.

    A level is stored with half of the largest one taken off, and of fewer bits that half is less.
    """
    half = (1 << (depth - 1)) - (1 << (bits - 1))
    return Image.fromarray((levels + half).astype(f"u{depth // 8}"))


def ramp(bits: int) -> np.ndarray:
    return np.resize(np.arange(1 << bits), (64, 64))


def before_pixels(jp2: bytes, box: bytes) -> bytes:
    at = jp2.index(b"jp2c") - 4
    return jp2[:at] + box + jp2[at:]


def in_head(jp2: bytes, boxes: bytes, *, space: int) -> bytes:
    """With more boxes at the end of `jp2h`, and that colour space."""
    made, head = bytearray(jp2), jp2.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", made, head)
    struct.pack_into(">I", made, head, length + len(boxes))
    struct.pack_into(">I", made, made.index(b"colr") + 7, space)
    made[head + length : head + length] = boxes
    return bytes(made)


@pytest.mark.parametrize(
    ("bits", "mode"),
    [(1, "L"), (2, "L"), (4, "L"), (8, "L"), (4, "RGB"), (8, "RGB"), (2, "RGBA"), (12, "I;16")],
)
def test_white_is_white(tmp_path, bits, mode):
    depth = 16 if mode == "I;16" else 8
    image = stored(ramp(bits), bits, depth)
    image = Image.merge(mode, [image] * len(mode)) if mode in ("RGB", "RGBA") else image
    channels = len(image.getbands())
    made = with_depths(encoded(image, "JPEG2000"), [bits] * channels)
    (tmp_path / "a.jp2").write_bytes(made)
    wanted = np.rint(ramp(bits) * (((1 << depth) - 1) / ((1 << bits) - 1)))
    seen = read(tmp_path / "a.jp2")
    for plane in (*np.moveaxis(seen.colours, 2, 0), *([] if seen.alpha is None else [seen.alpha])):
        assert (plane == wanted).all()


def test_every_channel_has_a_depth_of_its_own(tmp_path):
    """As GDAL writes transparency of one bit."""
    alpha = ramp(1)
    image = Image.merge("RGBA", [*[stored(ramp(8), 8)] * 3, stored(alpha, 1)])
    made = with_depths(encoded(image, "JPEG2000"), [8, 8, 8, 1])
    (tmp_path / "a.jp2").write_bytes(made)
    seen = read(tmp_path / "a.jp2")
    assert (seen.colours == ramp(8)[..., None]).all()
    assert (seen.alpha == 255 * alpha).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
@pytest.mark.parametrize("bits", [9, 12, 16])
def test_colours_of_more_than_8_bits_are_refused(tmp_path, bits, mode):
    """Pillow rounds them to 8 bits and beyond, so that white is black."""
    image = PHOTOGRAPH.convert(mode)
    made = with_depths(encoded(image, "JPEG2000"), [bits] * len(mode))
    (tmp_path / "a.jp2").write_bytes(made)
    with pytest.raises(ImageError, match=f"^{bits} bits per channel are not read of it"):
        look(tmp_path / "a.jp2")


@pytest.mark.parametrize("before", [b"\xff\x51" * 40, bytes(6000)])
def test_depths_are_those_of_the_codestream_wherever_it_begins(tmp_path, before):
    made = with_depths(encoded(stored(ramp(4), 4), "JPEG2000"), [4])
    box = struct.pack(">I4s", 8 + len(before), b"free") + before
    (tmp_path / "a.jp2").write_bytes(before_pixels(made, box))
    assert look(tmp_path / "a.jp2").notes == ()
    assert (read(tmp_path / "a.jp2").colours[..., 0] == 17 * ramp(4)).all()


@pytest.mark.parametrize("bits", [4, 8])
def test_a_palette_is_that_of_the_file(tmp_path, bits):
    places = ramp(bits) % 16
    table = np.random.default_rng(0).integers(0, 256, (16, 3), np.uint8)
    table[3] = table[7]  # twins
    palette = struct.pack(">HB3B", 16, 3, 7, 7, 7) + table.tobytes()
    boxes = struct.pack(">I4s", 8 + len(palette), b"pclr") + palette
    boxes += struct.pack(">I4s", 20, b"cmap") + b"".join(bytes((0, 0, 1, k)) for k in range(3))
    made = with_depths(encoded(stored(places, bits), "JPEG2000"), [bits])
    (tmp_path / "a.jp2").write_bytes(in_head(made, boxes, space=16))
    with Image.open(tmp_path / "a.jp2") as image:
        assert image.mode == "P"
    assert (read(tmp_path / "a.jp2").colours == table[places]).all()


@pytest.mark.parametrize("last", [False, True])
def test_xmp_is_kept(tmp_path, enlarged, last):
    length = 0 if last else 24 + len(XMP)  # 0: up to the end of the file
    box, made = (
        struct.pack(">I4s", length, b"uuid") + XMP_UUID + XMP,
        encoded(PHOTOGRAPH, "JPEG2000"),
    )
    (tmp_path / "a.jp2").write_bytes(made + box if last else before_pixels(made, box))
    assert read(enlarged(tmp_path / "a.jp2")).kept.xmp == XMP


def test_exif_is_kept_and_heeded(tmp_path, enlarged):
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x013B: "somebody"})
    said = b"uuidJpgTiffExif->JP2" + exif.tobytes().removeprefix(b"Exif\0\0")
    box = struct.pack(">I", 4 + len(said)) + said
    (tmp_path / "a.jp2").write_bytes(before_pixels(encoded(PHOTOGRAPH, "JPEG2000"), box))
    assert look(tmp_path / "a.jp2").size == (20, 31)
    with Image.open(enlarged(tmp_path / "a.jp2")) as made:
        assert (made.size, made.getexif()[0x013B]) == ((40, 62), "somebody")


def test_a_profile_may_hold_whatever_bytes(tmp_path):
    """Two of them are how a part of the codestream begins."""
    icc = rgb_profile().replace(b"made up", b"m\xff\x51e up")
    made = bytearray(encoded(PHOTOGRAPH, "JPEG2000"))
    at, head = made.index(b"colr"), made.index(b"jp2h")
    box = struct.pack(">I4sBBB", 11 + len(icc), b"colr", 2, 0, 0) + icc
    struct.pack_into(">I", made, head - 4, 45 - 15 + len(box))
    made[at - 4 : at + 11] = box
    (tmp_path / "a.jp2").write_bytes(made)
    assert look(tmp_path / "a.jp2").notes == ()
    assert (read(tmp_path / "a.jp2").colours == np.asarray(PHOTOGRAPH)).all()
