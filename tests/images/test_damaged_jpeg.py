"""JPEGs whose scans are damaged: refused if pixels are wrong, and read if they are right."""

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from made import encoded
from photographs import arrays
from PIL import Image

from srcore.images.decode import decode
from srcore.images.error import ImageError
from srcore.images.read import look, read

PHOTOGRAPH = Image.fromarray(arrays()[2][:120, :160])
END = b"\xff\xd9"
OPTIONS = [
    {},
    {"progressive": True},
    {"restart_marker_rows": 1},
    {"quality": 100, "subsampling": 0},
]


def cut_in_scan(jpeg: bytes) -> bytes:
    """The first half of the bytes, which ends in a scan, and the marker of the end."""
    return jpeg[: len(jpeg) // 2].rstrip(b"\xff") + END


def pixels_of_pillow(jpeg: bytes) -> np.ndarray:
    with Image.open(BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_jpeg_cut_in_its_scan_is_refused_though_it_has_an_end(tmp_path, mode, options):
    (tmp_path / "a.jpg").write_bytes(
        cut_in_scan(encoded(PHOTOGRAPH.convert(mode), "JPEG", **options))
    )
    look(tmp_path / "a.jpg")  # its head is whole
    with pytest.raises(ImageError, match=r"^damaged: premature end of data segment$"):
        read(tmp_path / "a.jpg")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_jpeg_that_lacks_the_last_byte_of_its_scan_is_refused(options):
    made = encoded(PHOTOGRAPH, "JPEG", **options)
    with pytest.raises(ImageError, match=r"^damaged: premature end of data segment$"):
        decode(made[:-3] + END, 10**6)


def test_the_sources_of_the_study_are_checked_too():
    with pytest.raises(ImageError, match="premature end of data segment"):
        decode(cut_in_scan(encoded(PHOTOGRAPH, "JPEG")), 10**6)


@pytest.mark.parametrize("size", [(160, 1), (2, 120), (160, 9)])
def test_a_side_of_few_pixels_is_no_way_round_the_check(size):
    made = encoded(PHOTOGRAPH.crop((0, 0, *size)), "JPEG", quality=100)
    assert (np.asarray(decode(made, 10**6)) == pixels_of_pillow(made)).all()
    scan = made.index(b"\xff\xda") + 14
    with pytest.raises(ImageError, match="premature end of data segment"):
        decode(made[: (scan + len(made)) // 2].rstrip(b"\xff") + END, 10**6)


@pytest.mark.parametrize("height", [64, 113, 120])
@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2}, {"progressive": True}])
def test_the_last_rows_are_checked_too(height, options):
    made = encoded(PHOTOGRAPH.crop((0, 0, 160, height)), "JPEG", quality=100, **options)
    with pytest.raises(ImageError, match="premature end of data segment"):
        decode(made[:-200].rstrip(b"\xff") + END, 10**6)


def result(data: bytes) -> str:
    try:
        decode(data, 10**6)
    except ImageError as error:
        return str(error)
    return "read"


def damaged_png() -> bytes:
    """A PNG whose pixels end too early, though every part has its checksum."""
    made = encoded(PHOTOGRAPH)
    at = made.index(b"IDAT")
    (length,) = struct.unpack_from(">I", made, at - 4)
    part = made[at : at + 4 + length // 2]
    checksum, end = struct.pack(">I", zlib.crc32(part)), made[made.rindex(b"IEND") - 4 :]
    return made[: at - 4] + struct.pack(">I", length // 2) + part + checksum + end


def damaged_tiff() -> bytes:
    """A TIFF with zeroed bytes in its packed pixels."""
    made = encoded(PHOTOGRAPH, "TIFF", compression="tiff_lzw")
    return made[:1000] + bytes(4000) + made[5000:]


def test_images_that_are_read_at_once_are_not_taken_for_each_other():
    jpeg = encoded(PHOTOGRAPH, "JPEG")
    files = [jpeg, cut_in_scan(jpeg), damaged_png(), encoded(PHOTOGRAPH), damaged_tiff()]
    alone = [result(file) for file in files]
    assert [text[:7] for text in alone] == ["read", "damaged", "damaged", "read", "damaged"]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(result, files * 40)) == alone * 40


def test_a_scan_cut_in_the_first_image_of_several_is_refused(tmp_path):
    second = PHOTOGRAPH.resize((16, 16))
    made = encoded(PHOTOGRAPH, "MPO", save_all=True, append_images=[second])
    first = made.index(b"\xff\xd8\xff", 2)
    (tmp_path / "a.jpg").write_bytes(made)
    assert read(tmp_path / "a.jpg").size == PHOTOGRAPH.size
    # The last bytes of the first scan go after its end, so that the second image stays in place.
    gap = 1000
    end = made.rindex(END, 0, first)
    damaged = made[: end - gap] + END + bytes(gap) + made[end + 2 :]
    (tmp_path / "a.jpg").write_bytes(damaged)
    assert "another image" in look(tmp_path / "a.jpg").notes[0]
    with pytest.raises(ImageError, match="premature end of data segment"):
        read(tmp_path / "a.jpg")


def test_a_missing_restart_marker_is_refused(tmp_path):
    made = encoded(PHOTOGRAPH, "JPEG", restart_marker_rows=1)
    (tmp_path / "a.jpg").write_bytes(made.replace(b"\xff\xd2", b"\xff\xd5", 1))
    with pytest.raises(ImageError, match=r"^damaged: found marker 0xd5 instead of RST2"):
        read(tmp_path / "a.jpg")


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_whole_jpegs_are_read_as_before(mode, options):
    made = encoded(PHOTOGRAPH.convert(mode), "JPEG", **options)
    assert (np.asarray(decode(made, 10**6)) == pixels_of_pillow(made)).all()


@pytest.mark.parametrize(
    ("before", "added"),
    [(b"\xff\xdb", b"abc"), (b"\xff\xd3", b"\x55"), (END, bytes(9)), (END, END + b"trailing")],
    ids=["in the head", "before a restart marker", "before the end", "after the end"],
)
def test_bytes_that_belong_to_nothing_do_not_matter(before, added):
    made = encoded(PHOTOGRAPH, "JPEG", restart_marker_rows=1)
    at = made.index(before)
    changed = made[:at] + added + made[at:]
    assert (np.asarray(decode(changed, 10**6)) == pixels_of_pillow(made)).all()
