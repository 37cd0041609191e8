"""EXIF of an upright, enlarged image: what of it is no longer true is not in it."""

import struct
import tracemalloc
from time import perf_counter

import numpy as np
import pytest
import tifffile
from photographs import arrays
from PIL import ExifTags, Image
from test_pictures import png, with_chunks

from srcore.images.read import look, read
from srcore.images.reading.exif import upright
from srcore.images.reading.tags import (
    ASCII,
    Tag,
    build,
    longs,
    read_directory,
    read_head,
    shorts,
)

PHOTOGRAPH = arrays()[2][:20, :31]
PREVIEW = b"\xff\xd8 a preview that shows what was cut off \xff\xd9"
MADE = Tag(7, 9, b"maker's 1")


def rational(order: str, *values: int) -> Tag:
    return Tag(5, len(values) // 2, struct.pack(f"{order}{len(values)}I", *values))


def with_preview(order: str, strips: bool = False) -> bytes:
    """EXIF of a maker, an orientation, tags that count pixels, and a preview behind all that."""
    exif = {
        0x829A: rational(order, 1, 100),
        0x9214: shorts(order, [10, 12, 4, 4]),
        0x927C: MADE,
        0xA002: longs(order, [31]),
        0xA20E: rational(order, 3000, 1),
        0xA20F: rational(order, 3000, 1),
        0xA210: shorts(order, [3]),
        0xA214: shorts(order, [10, 12]),
    }
    tree = {0x010F: Tag(ASCII, 7, b"Camera\0"), 0x0112: shorts(order, [6]), 0x8769: exif}
    first = bytearray(build(tree, order, 8))
    second = 8 + len(first)
    struct.pack_into(f"{order}I", first, 2 + 12 * 3, second)
    numbers = (0x0111, 0x0117) if strips else (0x0201, 0x0202)
    place = second + 2 + 12 * 2 + 4
    places = {numbers[0]: longs(order, [place]), numbers[1]: longs(order, [len(PREVIEW)])}
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
    return head + bytes(first) + build(places, order, second) + PREVIEW


def with_two_previews() -> bytes:
    """The directory of the first preview names one more, and that one names the first."""
    given = bytearray(with_preview("<"))
    head = read_head(given)
    second = read_directory(given, head.first, head).following
    third = len(given) + len(given) % 2
    given = given.ljust(third, b"\0")
    places = {0x0201: longs("<", [third + 30]), 0x0202: longs("<", [len(PREVIEW)])}
    struct.pack_into("<I", given, second + 2 + 12 * 2, third)
    given += build(places, "<", third) + PREVIEW
    struct.pack_into("<I", given, third + 2 + 12 * 2, second)
    return bytes(given)


def test_of_a_chain_of_previews_none_is_left():
    given = with_two_previews()
    assert given.count(PREVIEW) == 2
    made, _ = upright(given)
    assert b"preview" not in made


@pytest.mark.parametrize("strips", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_bytes_of_a_preview_are_gone_and_a_makers_notes_stay_where_they_are(order, strips):
    given = with_preview(order, strips)
    assert PREVIEW in given
    made, orientation = upright(given)
    assert orientation == 6
    assert b"preview" not in made
    assert made.index(MADE.data) == given.index(MADE.data)
    head = read_head(made)
    first = read_directory(made, head.first, head)
    assert sorted(first.tags) == [0x010F, 0x8769]
    assert first.following == 0
    below = read_directory(made, first.number(0x8769, 0), head)
    assert sorted(below.tags) == [0x829A, 0x927C, 0xA002]


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "tif"])
def test_no_written_file_has_the_preview(tmp_path, enlarged, ending):
    exif = b"Exif\0\0" + with_preview("<")
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.jpg", exif=exif, quality=95)
    made = enlarged(tmp_path / "a.jpg", out=tmp_path / f"b.{ending}")
    assert PREVIEW in (tmp_path / "a.jpg").read_bytes()
    assert b"a preview that" not in made.read_bytes()
    with Image.open(made) as image:
        assert image.size == (40, 62)
        found = image.getexif()
        assert found[ExifTags.Base.Make].strip("\0") == "Camera"
        details = found.get_ifd(ExifTags.IFD.Exif)
        assert details[ExifTags.Base.ExifImageWidth] == 40
        assert ExifTags.Base.SubjectLocation not in details
        assert ExifTags.Base.FocalPlaneXResolution not in details


def test_tags_in_pixels_of_a_tiff_are_left_out(tmp_path, enlarged):
    exif = Image.Exif()
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.ISOSpeedRatings: 100,
        ExifTags.Base.SubjectLocation: (10, 12),
    }
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.tif", exif=exif.tobytes())
    with Image.open(enlarged(tmp_path / "a.tif", out=tmp_path / "b.jpg")) as image:
        details = image.getexif().get_ifd(ExifTags.IFD.Exif)
    assert details[ExifTags.Base.ISOSpeedRatings] == 100
    assert ExifTags.Base.SubjectLocation not in details


@pytest.mark.parametrize("broken", [1 << 31, 9, 0])
def test_a_preview_that_points_anywhere_costs_only_itself(tmp_path, enlarged, broken):
    given = bytearray(with_preview("<"))
    struct.pack_into("<I", given, given.index(PREVIEW) - 4 - 4 - 12, broken)
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + given)
    assert look(tmp_path / "a.jpg").notes == ()
    assert read(enlarged(tmp_path / "a.jpg")).size == (40, 62)


def described(order: str, place: int, length: int) -> bytes:
    """EXIF of a maker, an author, a date and a place on earth, and a preview said to be there."""
    tree = {
        0x010F: Tag(ASCII, 7, b"Camera\0"),
        0x013B: Tag(ASCII, 9, b"somebody\0"),
        0x8298: Tag(ASCII, 12, b"(c) somebody"),
        0x8769: {0x9003: Tag(ASCII, 20, b"2024:01:02 03:04:05\0"), 0x927C: MADE},
        0x8825: {0x0002: rational(order, 48, 1, 8, 1, 0, 1)},
    }
    first = bytearray(build(tree, order, 8))
    second = 8 + len(first)
    struct.pack_into(f"{order}I", first, 2 + 12 * len(tree), second)
    places = {0x0201: longs(order, [place]), 0x0202: longs(order, [length])}
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
    return head + bytes(first) + build(places, order, second) + PREVIEW


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("place", "length"), [(8, 500), (0, 9), (100, 20), (150, 1), (170, 60)])
def test_a_preview_at_an_old_place_costs_no_other_tag(order, place, length):
    given = described(order, place, length)
    made, _ = upright(given)
    head = read_head(made)
    first = read_directory(made, head.first, head)
    wanted = read_directory(given, head.first, head)
    assert wanted.following
    assert not first.following
    assert first.tags == wanted.tags
    for part in (0x8769, 0x8825):
        at = first.number(part, 0)
        assert read_directory(made, at, head) == read_directory(given, at, head)


def test_exif_lies_within_a_bigtiff_beyond_4_gib():
    start = 5_000_000_000
    made = build({0x010F: Tag(ASCII, 2, b"a\0"), 0x8769: {0x9286: MADE}}, "<", start, big=True)
    number, kind, count, place = struct.unpack_from("<HHQQ", made, 8 + 20)
    assert (number, kind, count) == (0x8769, 18, 1)
    below = place - start
    assert struct.unpack_from("<QH", made, below) == (1, 0x9286)
    at = struct.unpack_from("<Q", made, below + 8 + 12)[0]
    assert made[at - start :][: len(MADE.data)] == MADE.data


def test_a_bigtiff_with_exif_is_read_by_other_programs(tmp_path, enlarged, monkeypatch):
    monkeypatch.setattr("srcore.images.formats.tiff.LARGE", 100)
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.jpg", exif=b"Exif\0\0" + with_preview("<"))
    made = enlarged(tmp_path / "a.jpg", out=tmp_path / "b.tif")
    with tifffile.TiffFile(made) as file:
        assert file.is_bigtiff
        assert file.pages[0].tags["ExifTag"].value["PixelXDimension"] == 40
    assert np.asarray(Image.open(made)).shape == (62, 40, 3)


def overlapping(many: int, length: int) -> bytes:
    """EXIF of a maker and of so many tags whose values are the same bytes."""
    same = {0x9000 + k: Tag(7, 9, bytes(9)) for k in range(many)}
    first = bytearray(build({0x010F: Tag(ASCII, 7, b"Camera\0"), **same}, "<", 8))
    for k in range(1, many + 1):
        struct.pack_into("<II", first, 2 + 12 * k + 4, length, 8)
    return struct.pack("<2sHI", b"II", 42, 8) + first.ljust(length + 8, b"x")


def test_values_that_overlap_take_the_memory_of_their_file(tmp_path):
    given = overlapping(4000, 400_000)
    path = tmp_path / "a.png"
    path.write_bytes(with_chunks(png(), (b"eXIf", given)))
    tracemalloc.start()
    look(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000
    head = read_head(given)
    tags = read_directory(given, head.first, head).tags
    assert tags[0x010F].data == b"Camera\0"
    assert sum(len(tag.data) for tag in tags.values()) <= len(given)


def test_the_first_directory_is_read_once(monkeypatch):
    places = list[int]()

    def reading(data, place, head):
        places.append(place)
        return read_directory(data, place, head)

    monkeypatch.setattr("srcore.images.reading.exif.read_directory", reading)
    upright(with_preview("<"))
    assert places.count(8) == 1


def test_previews_of_all_bytes_take_no_time():
    many = 20_000
    first = bytearray(build({0x010F: Tag(ASCII, 7, b"Camera\0")}, "<", 8))
    second = 8 + len(first)
    struct.pack_into("<I", first, 2 + 12, second)
    behind = second + 2 + 2 * 12 + 4 + 2 * 4 * many
    strips = {
        0x0111: longs("<", [behind + k for k in range(many)]),
        0x0117: longs("<", [10**9] * many),
    }
    given = struct.pack("<2sHI", b"II", 42, 8) + bytes(first) + build(strips, "<", second)
    started = perf_counter()
    made, _ = upright(given + b"x" * 10**6)
    assert perf_counter() - started < 2
    assert b"x" * 9 not in made
    assert b"Camera" in made
