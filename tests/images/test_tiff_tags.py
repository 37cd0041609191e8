"""Tags that a TIFF has in the directory of its image: those of the image stay."""

import struct

import pytest
import tifffile
from photographs import arrays
from PIL import Image

from srcore.images.read import look
from srcore.images.reading.tags import (
    ASCII,
    UNDEFINED,
    Tag,
    build,
    longs,
    read_directory,
    read_head,
    shorts,
)

PIXELS = arrays()[2][:20, :31]
PHOTOGRAPH = Image.fromarray(PIXELS)
WHITE = (3127, 10_000, 329, 1000)
COLOURS = (64, 100, 33, 100, 3, 10, 6, 10, 15, 100, 6, 100)
TRANSFER = tuple(257 * k for k in range(256)) * 3
MAKER = b"maker's notes"


def tiff_of(path, *extra):
    tifffile.imwrite(path, PIXELS, photometric="rgb", metadata=None, extratags=extra)


def tags_of(data: bytes) -> dict[int, Tag]:
    head = read_head(data)
    return dict(read_directory(data, head.first, head).tags)


def test_a_tiff_keeps_all_but_the_tags_of_its_layout(tmp_path, enlarged):
    tiff_of(
        tmp_path / "a.tif",
        (318, "2I", 2, WHITE, True),
        (319, "2I", 6, COLOURS, True),
        (301, "H", len(TRANSFER), TRANSFER, True),
        (33434, "2I", 1, (1, 60), True),
        (50341, "B", 12, b"PrintIM\x000300", True),
        (42112, "s", 0, "<GDALMetadata/>", True),
        (266, "H", 1, 1, True),
        (280, "H", 3, (0, 0, 0), True),
    )
    given = tags_of((tmp_path / "a.tif").read_bytes())
    for ending in ("tif", "jpg"):
        data = enlarged(tmp_path / "a.tif", out=tmp_path / f"b.{ending}").read_bytes()
        made = tags_of(data if ending == "tif" else data[data.index(b"Exif\0\0") + 6 :])
        for number in (318, 319, 301, 33434, 50341, 42112):
            assert made[number].data == given[number].data, number
        assert 280 not in made
        assert 266 not in made
    assert look(tmp_path / "a.tif").notes == ()


@pytest.mark.parametrize("mode", ["CMYK", "LAB"])
def test_what_the_values_of_pixels_meant_is_gone_once_they_are_srgb(tmp_path, enlarged, mode):
    tags = {318: (0.3457, 0.3585), 319: (0.7, 0.3, 0.2, 0.7, 0.1, 0.05), 301: TRANSFER, 315: "me"}
    image = PHOTOGRAPH.convert("CMYK") if mode == "CMYK" else Image.new("LAB", (31, 20), (90, 9, 9))
    image.save(tmp_path / "a.tif", tiffinfo=tags)
    assert {301, 318, 319} < tags_of((tmp_path / "a.tif").read_bytes()).keys()
    assert look(tmp_path / "a.tif").notes == (f"{mode} becomes RGB",)
    for ending in ("tif", "jpg"):
        data = enlarged(tmp_path / "a.tif", out=tmp_path / f"b.{ending}").read_bytes()
        made = tags_of(data if ending == "tif" else data[data.index(b"Exif\0\0") + 6 :])
        assert {301, 318, 319}.isdisjoint(made)
        assert made[315].data == b"me\0"


def test_the_same_is_gone_of_a_jpeg_of_inks(tmp_path):
    exif = Image.Exif()
    exif.update({318: (0.3457, 0.3585), 315: "me"})
    for mode, gone in (("RGB", False), ("CMYK", True)):
        PHOTOGRAPH.convert(mode).save(tmp_path / "a.jpg", exif=exif)
        made = tags_of(look(tmp_path / "a.jpg").kept.exif)
        assert made[315].data == b"me\0"
        assert (318 not in made) == gone


def test_a_tiff_made_of_a_jpeg_has_the_tags_of_its_first_directory(tmp_path, enlarged):
    exif = Image.Exif()
    exif.update({318: (0.3127, 0.329), 50341: b"PrintIM\x000300", 529: (0.3, 0.6, 0.1), 531: 1})
    PHOTOGRAPH.save(tmp_path / "a.jpg", exif=exif)
    made = tags_of(enlarged(tmp_path / "a.jpg", out=tmp_path / "b.tif").read_bytes())
    assert made[318].count == 2
    assert made[50341].data == b"PrintIM\x000300"
    assert {529, 531}.isdisjoint(made)


@pytest.mark.parametrize(
    ("extra", "note"),
    [
        ((33550, "d", 3, (30.0, 30.0, 0.0), True),
         "its place on the map (GeoTIFF) is left out, since it is that of old pixels"),
        ((37724, "B", 20, b"Adobe Photoshop Docu", True), "its layers (Photoshop) are left out"),
        ((50839, "B", 20_000, bytes(20_000), True),
         "tags longer than 16384 bytes are left out: 50839"),
    ],
)  # fmt: skip
def test_what_a_tiff_loses_is_reported(tmp_path, enlarged, extra, note):
    tiff_of(tmp_path / "a.tif", extra, (315, "s", 0, "somebody", True))
    assert look(tmp_path / "a.tif").notes == (note,)
    made = tags_of(enlarged(tmp_path / "a.tif").read_bytes())
    assert extra[0] not in made
    assert made[315].data == b"somebody\0"


def test_images_within_the_first_one_are_looked_at_once(tmp_path, monkeypatch):
    places = list[int]()

    def reading(data, place, head):
        places.append(place)
        return read_directory(data, place, head)

    monkeypatch.setattr("srcore.images.reading.tiff.read_directory", reading)
    for within in ([8] * 3000, range(8, 6008, 2)):
        places.clear()
        tiff_of(tmp_path / "a.tif", (65000, "I", 3000, tuple(within), True))
        entry = [struct.pack("<HHI", number, 4, 3000) for number in (65000, 330)]
        data = (tmp_path / "a.tif").read_bytes().replace(*entry)
        assert 330 in tags_of(data)
        (tmp_path / "a.tif").write_bytes(data)
        assert look(tmp_path / "a.tif").size == (31, 20)
        assert len(places) < 100


def test_places_of_other_directories_are_not_copied(tmp_path, enlarged):
    tiff_of(tmp_path / "a.tif", (50000, 13, 1, 8, True), (315, "s", 0, "somebody", True))
    assert 50000 in tags_of((tmp_path / "a.tif").read_bytes())
    assert 50000 not in tags_of(enlarged(tmp_path / "a.tif").read_bytes())


def with_notes(order: str) -> bytes:
    """EXIF of a maker's notes, an odd number of bytes in all."""
    exif = {0x829A: shorts(order, [3]), 0x927C: Tag(UNDEFINED, len(MAKER), MAKER),
            0xA002: longs(order, [31]), 0xA005: {1: Tag(ASCII, 4, b"R98\0")}}  # fmt: skip
    tree = {0x010F: Tag(ASCII, 7, b"Camera\0"), 0x0112: shorts(order, [6]), 0x8769: exif,
            0x8825: {0x001D: Tag(ASCII, 11, b"2024:01:02\0")}}  # fmt: skip
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
    return head + build(tree, order, 8) + b"x"


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_makers_notes_have_their_place_in_a_tiff_too(tmp_path, enlarged, order):
    given = with_notes(order)
    PHOTOGRAPH.save(tmp_path / "a.jpg", exif=b"Exif\0\0" + given)
    path = enlarged(tmp_path / "a.jpg", out=tmp_path / "b.tif")
    made = path.read_bytes()
    assert made.index(MAKER) == given.index(MAKER)
    assert made.count(MAKER) == 1
    with tifffile.TiffFile(path) as file:
        tags = file.pages[0].tags
        assert tags["ExifTag"].value["MakerNote"] == MAKER
        assert tags["ExifTag"].value["PixelXDimension"] == 40
        assert tags["GPSTag"].value["GPSDateStamp"] == "2024:01:02"
        assert tags["Make"].value == "Camera"
        assert file.pages[0].asarray().shape == (62, 40, 3)
    assert look(path).notes == (
        "the notes of the camera's maker are moved; not all programs will read them",
    )
    with Image.open(path) as image:
        assert image.getexif().get_ifd(0xA005)[1] == "R98"
