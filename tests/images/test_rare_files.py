"""What few files hold, and readers have come to read wrong."""

import struct

import numpy as np
import pytest
from made import encoded
from photographs import arrays
from PIL import Image, ImageOps
from profiles import cmyk_profile, grey_profile, rgb_profile

from srcore.images.read import look, read

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])
ORIENTATION, X_RESOLUTION, Y_RESOLUTION = 0x0112, 0x011A, 0x011B
XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")


def upright(image: Image.Image, orientation: int) -> np.ndarray:
    """The pixels as they are seen, by Pillow's own transforms."""
    turned = image.copy()
    turned.getexif()[ORIENTATION] = orientation
    return np.asarray(ImageOps.exif_transpose(turned))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["lzma", "zstd", "tiff_lzw", None])
@pytest.mark.parametrize("square", [False, True])
def test_a_tiff_is_upright_whoever_reads_it(tmp_path, compression, orientation, square):
    image = PHOTOGRAPH.crop((0, 0, 20, 20)) if square else PHOTOGRAPH
    image.save(tmp_path / "a.tif", compression=compression, tiffinfo={ORIENTATION: orientation})
    wanted = upright(image, orientation)
    assert look(tmp_path / "a.tif").size == wanted.shape[1::-1]
    assert (read(tmp_path / "a.tif").colours == wanted).all()


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_tiff_of_cielab_is_upright(tmp_path, orientation):
    lab = Image.merge("LAB", PHOTOGRAPH.split())
    for name, number in (("a", orientation), ("b", 1)):
        lab.save(tmp_path / f"{name}.tif", tiffinfo={ORIENTATION: number})
    wanted = upright(Image.fromarray(read(tmp_path / "b.tif").colours), orientation)
    assert (read(tmp_path / "a.tif").colours == wanted).all()


@pytest.mark.parametrize("compression", ["lzma", "zstd"])
def test_cmyk_has_its_profile_whatever_packs_it(tmp_path, compression):
    inks = Image.new("CMYK", (5, 4), (200, 50, 20, 10))
    for name, packed in (("a", compression), ("b", "tiff_deflate")):
        inks.save(tmp_path / f"{name}.tif", compression=packed, icc_profile=cmyk_profile())
    inks.save(tmp_path / "none.tif", compression=compression)
    made, wanted, without = (read(tmp_path / f"{n}.tif").colours for n in ("a", "b", "none"))
    assert (made == wanted).all()
    assert (made != without).any()
    assert np.ptp(made, axis=2).max() <= 2  # all its inks are grey


@pytest.mark.parametrize("ending", ["tif", "webp", "bmp"])
def test_a_palette_of_greys_is_rgb_as_its_head_says(tmp_path, enlarged, ending):
    grey = Image.new("P", (6, 4))
    grey.putpalette([value for k in range(256) for value in (k, k, k)])
    grey.putdata([10 * k for k in range(24)])
    grey.save(tmp_path / "a.tif", icc_profile=rgb_profile())
    assert not look(tmp_path / "a.tif").grey
    assert (read(tmp_path / "a.tif").colours == np.asarray(grey.convert("RGB"))).all()
    made = enlarged(tmp_path / "a.tif", out=tmp_path / f"b.{ending}")
    assert read(made).colours.shape == (8, 12, 3)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_a_profile_that_was_cut_off_is_left_out(tmp_path, mode, ending):
    icc = {"RGB": rgb_profile(), "L": grey_profile(), "CMYK": cmyk_profile()}[mode]
    PHOTOGRAPH.convert(mode).save(tmp_path / f"a.{ending}", icc_profile=icc[: len(icc) * 3 // 4])
    assert "its colour profile is damaged and left out" in look(tmp_path / f"a.{ending}").notes
    made = read(tmp_path / f"a.{ending}")
    assert made.kept.icc is None
    assert made.size == PHOTOGRAPH.size


@pytest.mark.parametrize(
    ("bits", "mode"),
    [(1, "L"), (2, "L"), (4, "L"), (8, "L"), (4, "RGB"), (8, "RGB"), (2, "RGBA"), (12, "I;16")],
)
def test_white_of_a_jpeg_2000_is_white(tmp_path, bits, mode):
    depth = 16 if mode == "I;16" else 8
    largest = (1 << bits) - 1
    levels = np.resize(np.arange(largest + 1), (64, 64))
    # A value is stored with half of the largest taken off, which those of fewer bits are half of.
    pixels = (levels + (1 << (depth - 1)) - (1 << (bits - 1))).astype(f"u{depth // 8}")
    image = Image.fromarray(pixels)
    if len(mode) in (3, 4) and depth == 8:
        image = Image.merge(mode, [image] * len(mode))
    (tmp_path / "a.jp2").write_bytes(with_depth(encoded(image, "JPEG2000"), bits))
    wanted = np.rint(levels * (((1 << depth) - 1) / largest))
    made = read(tmp_path / "a.jp2")
    for seen in (*np.moveaxis(made.colours, 2, 0), *([] if made.alpha is None else [made.alpha])):
        assert (seen == wanted).all()


def test_xmp_of_a_jpeg_2000_is_kept(tmp_path, enlarged):
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>somebody</x:xmpmeta>"
    box = struct.pack(">I4s", 24 + len(xmp), b"uuid") + XMP_UUID + xmp
    made = bytearray(encoded(PHOTOGRAPH, "JPEG2000"))
    at = made.index(b"jp2c") - 4
    made[at:at] = box
    (tmp_path / "a.jp2").write_bytes(made)
    assert read(enlarged(tmp_path / "a.jp2")).kept.xmp == xmp


def test_a_jpeg_keeps_all_its_comments(tmp_path, enlarged):
    made = encoded(PHOTOGRAPH, "JPEG")
    parts = b"".join(b"\xff\xfe" + struct.pack(">H", 2 + len(t)) + t for t in (b"one", b"two"))
    (tmp_path / "a.jpg").write_bytes(made[:2] + parts + made[2:])
    assert read(enlarged(tmp_path / "a.jpg")).kept.comment == b"one\ntwo"


def test_the_second_part_of_a_jpegs_xmp_is_reported(tmp_path):
    xmp = b"<x:xmpmeta xmpNote:HasExtendedXMP='0123456789ABCDEF0123456789ABCDEF'/>"
    PHOTOGRAPH.save(tmp_path / "a.jpg", xmp=xmp)
    assert "the second part of its XMP is left out" in look(tmp_path / "a.jpg").notes


def test_a_tiff_keeps_the_names_of_its_document_and_page(tmp_path, enlarged):
    PHOTOGRAPH.save(tmp_path / "a.tif", tiffinfo={269: "a document", 285: "page one"})
    with Image.open(enlarged(tmp_path / "a.tif")) as made:
        assert (made.tag_v2[269], made.tag_v2[285]) == ("a document", "page one")


@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
def test_a_resolution_goes_with_the_sides_of_an_upright_image(tmp_path, enlarged, ending):
    exif = Image.Exif()
    exif.update({ORIENTATION: 6, X_RESOLUTION: 100.0, Y_RESOLUTION: 200.0, 0x0128: 2})
    PHOTOGRAPH.save(tmp_path / f"a.{ending}", exif=exif, dpi=(100, 200))
    assert look(tmp_path / f"a.{ending}").kept.dpi == pytest.approx((200, 100), abs=0.1)
    with Image.open(enlarged(tmp_path / f"a.{ending}")) as made:
        assert made.info["dpi"] == pytest.approx((200, 100), abs=0.1)
        found = made.getexif()
        assert (found[X_RESOLUTION], found[Y_RESOLUTION]) == pytest.approx((200, 100), abs=0.1)


def test_a_jpeg_without_a_resolution_gets_none(tmp_path):
    exif = Image.Exif()
    exif[0x013B] = "somebody"
    made = bytearray(encoded(PHOTOGRAPH, "JPEG", exif=exif))
    assert made[13] == 0  # of its unit: none
    (tmp_path / "a.jpg").write_bytes(made)
    assert look(tmp_path / "a.jpg").kept.dpi is None
    PHOTOGRAPH.save(tmp_path / "b.jpg", exif=exif, dpi=(72, 72))
    assert look(tmp_path / "b.jpg").kept.dpi == (72, 72)


def test_the_size_of_the_related_image_is_that_of_the_enlarged(tmp_path, enlarged):
    exif = Image.Exif()
    within = exif.get_ifd(0x8769)
    within[0xA002], within[0xA003] = PHOTOGRAPH.size
    within[0xA005] = {0x0001: "R98", 0x1001: 31, 0x1002: 20}
    PHOTOGRAPH.save(tmp_path / "a.jpg", exif=exif)
    with Image.open(enlarged(tmp_path / "a.jpg")) as made:
        found = made.getexif().get_ifd(0xA005)
    assert (found[0x1001], found[0x1002]) == (62, 40)


def with_depth(jp2: bytes, bits: int) -> bytes:
    """A JPEG 2000 whose values are said to be of so many bits: in its head and its codestream."""
    made = bytearray(jp2)
    made[made.index(b"ihdr") + 4 + 10] = bits - 1
    size = made.index(b"\xff\x51")
    for channel in range(struct.unpack_from(">H", made, size + 38)[0]):
        made[size + 40 + 3 * channel] = bits - 1
    return bytes(made)
