"""What few files hold, and readers have come to read wrong."""

import struct
from io import BytesIO

import numpy as np
import pytest
import tifffile
from made import encoded
from photographs import arrays
from PIL import Image, ImageOps
from profiles import cmyk_profile, grey_profile, rgb_profile

from srcore.images.error import ImageError
from srcore.images.read import look, read

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])
ORIENTATION, X_RESOLUTION, Y_RESOLUTION = 0x0112, 0x011A, 0x011B


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


@pytest.mark.parametrize("words", ["tiff:Orientation='6'", 'tiff:Orientation = "6"'])
@pytest.mark.parametrize("compression", ["lzma", "zstd", "tiff_lzw"])
@pytest.mark.parametrize("square", [False, True])
def test_an_orientation_in_the_xmp_of_a_tiff(tmp_path, compression, words, square):
    image = PHOTOGRAPH.crop((0, 0, 20, 20)) if square else PHOTOGRAPH
    xmp = f"<x:xmpmeta><rdf:Description {words}/></x:xmpmeta>".encode()
    image.save(tmp_path / "a.tif", compression=compression, tiffinfo={700: xmp})
    assert (read(tmp_path / "a.tif").colours == upright(image, 6)).all()


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


def test_a_palette_of_greys_keeps_its_transparency(tmp_path):
    places = np.stack(np.mgrid[:6, :9], axis=2).astype(np.uint8) * 20
    ramp = [257 * k for k in range(256)] * 3
    file = BytesIO()
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"], "metadata": None}
    tifffile.imwrite(file, places, extratags=[(320, "H", 768, ramp, True)], **options)
    grey, palette = (struct.pack("<HHIHH", 262, 3, 1, number, 0) for number in (1, 3))
    assert file.getvalue().count(grey) == 1
    (tmp_path / "a.tif").write_bytes(file.getvalue().replace(grey, palette))
    made = read(tmp_path / "a.tif")
    assert (made.colours == places[..., :1]).all()
    assert made.colours.shape == (6, 9, 3)
    assert (made.alpha == places[..., 1]).all()


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_whose_channels_lie_apart_is_refused_and_not_read_wrong(tmp_path, photometric):
    channels = np.arange(3 * 6 * 9, dtype=np.uint8).reshape(3, 6, 9)
    tifffile.imwrite(tmp_path / "a.tif", channels, photometric=photometric, planarconfig="separate")
    with pytest.raises(ImageError, match="its channels lie apart, which is not read"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_a_profile_that_was_cut_off_is_left_out(tmp_path, mode, ending):
    icc = {"RGB": rgb_profile(), "L": grey_profile(), "CMYK": cmyk_profile()}[mode]
    PHOTOGRAPH.convert(mode).save(tmp_path / f"a.{ending}", icc_profile=icc[: len(icc) * 3 // 4])
    assert "its colour profile is damaged and left out" in look(tmp_path / f"a.{ending}").notes
    made = read(tmp_path / f"a.{ending}")
    assert made.kept.icc is None
    assert made.size == PHOTOGRAPH.size


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "WEBP"])
def test_what_a_file_does_not_say_is_not_made_up(tmp_path, kind):
    (tmp_path / "a").write_bytes(encoded(PHOTOGRAPH, kind))
    assert look(tmp_path / "a").kept.present - ({"dpi"} if kind == "BMP" else set()) == set()


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
    # A TIFF has its resolution once; a JPEG in its head and in EXIF.
    with Image.open(enlarged(tmp_path / f"a.{ending}", out=tmp_path / "b.jpg")) as made:
        assert made.info["dpi"] == pytest.approx((200, 100), abs=0.1)
        found = made.getexif()
        assert (found[X_RESOLUTION], found[Y_RESOLUTION]) == pytest.approx((200, 100), abs=0.1)


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
@pytest.mark.parametrize("tags", [{0x013B: "somebody"}, {X_RESOLUTION: 300.0}])
def test_a_jpeg_without_a_resolution_gets_none(tmp_path, kind, tags):
    exif = Image.Exif()
    exif.update(tags)
    more = {"save_all": True, "append_images": [PHOTOGRAPH]} if kind == "MPO" else {}
    PHOTOGRAPH.save(tmp_path / "a.jpg", kind, exif=exif, **more)
    assert look(tmp_path / "a.jpg").kept.dpi is None


def test_a_resolution_of_72_is_one(tmp_path):
    exif = Image.Exif()
    exif.update({X_RESOLUTION: 72.0, Y_RESOLUTION: 72.0, 0x0128: 2})
    PHOTOGRAPH.save(tmp_path / "a.jpg", exif=exif)
    PHOTOGRAPH.save(tmp_path / "b.jpg", dpi=(72, 72))
    assert {look(tmp_path / name).kept.dpi for name in ("a.jpg", "b.jpg")} == {(72, 72)}


@pytest.mark.parametrize("orientation", [1, 6])
def test_exif_of_an_avif_is_kept_byte_by_byte(tmp_path, orientation):
    exif = Image.Exif()
    exif.update({ORIENTATION: orientation, 0x013B: "J##rgen somebody"})
    made = encoded(PHOTOGRAPH, "AVIF", exif=exif)  # whose own text Pillow would write as ASCII
    (tmp_path / "a.avif").write_bytes(made.replace(b"J##rgen", "Jürgen".encode()))
    found = look(tmp_path / "a.avif")
    assert "Jürgen somebody".encode() in found.kept.exif
    assert found.size == upright(PHOTOGRAPH, orientation).shape[1::-1]


def test_an_avif_is_turned_by_its_own_property_alone(tmp_path):
    PHOTOGRAPH.save(tmp_path / "a.avif", xmp=b"<x:xmpmeta tiff:Orientation='6'/>")
    assert look(tmp_path / "a.avif").size == PHOTOGRAPH.size


def test_around_a_smaller_first_frame_of_a_gif_is_nothing(tmp_path):
    made = bytearray(encoded(PHOTOGRAPH.quantize(8), "GIF"))
    struct.pack_into("<HH", made, 6, 40, 30)  # of the canvas, of which the frame is a part now
    (tmp_path / "a.gif").write_bytes(made)
    assert look(tmp_path / "a.gif").alpha
    seen = read(tmp_path / "a.gif").alpha
    assert (seen[:20, :31] == 255).all()
    assert not seen[20:].any()
    assert not seen[:, 31:].any()


def test_the_size_of_the_related_image_is_that_of_the_enlarged(tmp_path, enlarged):
    exif = Image.Exif()
    within = exif.get_ifd(0x8769)
    within[0xA002], within[0xA003] = PHOTOGRAPH.size
    within[0xA005] = {0x0001: "R98", 0x1001: 31, 0x1002: 20}
    PHOTOGRAPH.save(tmp_path / "a.jpg", exif=exif)
    with Image.open(enlarged(tmp_path / "a.jpg")) as made:
        found = made.getexif().get_ifd(0xA005)
    assert (found[0x1001], found[0x1002]) == (62, 40)
