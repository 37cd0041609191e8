import contextlib
import struct
import warnings
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import encoded, noise
from PIL import Image

from srcore.images.decode import decode
from srcore.images.error import ImageError

ENOUGH = 10**6
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
LOSSLESS = {"PNG": {}, "BMP": {}, "PPM": {}, "TIFF": {}, "WEBP": {"lossless": True}}


def pixels(data: bytes) -> np.ndarray:
    image = decode(data, ENOUGH)
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_kinds_keep_every_pixel(kind: str):
    image = noise(31, 17)
    assert np.array_equal(pixels(encoded(image, kind, **LOSSLESS[kind])), np.asarray(image))


@pytest.mark.parametrize("kind", ["JPEG", "AVIF", "JPEG2000", "GIF"])
def test_other_kinds_are_read(kind: str):
    flat = Image.new("RGB", (64, 48), (200, 100, 50))
    found = pixels(encoded(flat, kind))
    assert found.shape == (48, 64, 3)
    assert np.abs(found.astype(int) - (200, 100, 50)).max() <= 8


def test_grey_fills_all_three_channels():
    grey = noise(9, 9).convert("L")
    assert np.array_equal(pixels(encoded(grey)), np.asarray(grey)[..., None].repeat(3, 2))


def test_one_bit_is_black_and_white():
    bits = Image.fromarray(np.eye(8, dtype=bool))
    assert np.array_equal(
        pixels(encoded(bits)), 255 * np.eye(8, dtype=np.uint8)[..., None].repeat(3, 2)
    )


def test_cmyk_jpeg_becomes_rgb():
    cyan = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    assert np.abs(pixels(encoded(cyan, "JPEG")).astype(int) - (0, 255, 255)).max() <= 4


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_parts_show_white(mode: str):
    image = Image.new(mode, (3, 1), 0)
    image.putdata([(0,) * (len(mode) - 1) + (alpha,) for alpha in (0, 128, 255)])
    assert pixels(encoded(image))[0, :, 0].tolist() == [255, 127, 0]


def test_opaque_alpha_changes_nothing():
    image = noise(12, 12)
    opaque = image.copy()
    opaque.putalpha(255)
    assert np.array_equal(pixels(encoded(opaque)), np.asarray(image))


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour(kind: str):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1])
    found = pixels(encoded(image, kind, transparency=0))
    assert found[0].tolist() == [[255, 255, 255], [200, 100, 50]]


def test_grey_with_a_transparent_level():
    image = Image.new("L", (2, 1))
    image.putdata([7, 90])
    assert pixels(encoded(image, transparency=7))[0, :, 0].tolist() == [255, 90]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey_is_scaled_not_cut_off(kind: str):
    levels = np.array([[0, 1, 128, 129, 256, 257, 1000, 32768, 65407, 65535]], np.uint16)
    found = pixels(encoded(Image.fromarray(levels), kind))
    assert np.array_equal(found[0, :, 0], np.round(levels[0] / 257).astype(np.uint8))
    assert (found == found[..., :1]).all()


def test_sixteen_bit_big_endian_tiff():
    levels = np.array([[0, 257 * 100, 65535]], ">u2")
    head = struct.pack(">2sHI", b"MM", 42, 14) + levels.tobytes()
    tags = [(256, 3, 1, 3 << 16), (257, 3, 1, 1 << 16), (258, 3, 1, 16 << 16), (259, 3, 1, 1 << 16),
            (262, 3, 1, 1 << 16), (273, 4, 1, 8), (277, 3, 1, 1 << 16), (278, 3, 1, 1 << 16),
            (279, 4, 1, 6)]  # fmt: skip
    table = struct.pack(">H", len(tags)) + b"".join(struct.pack(">HHII", *tag) for tag in tags)
    assert pixels(head + table + bytes(4))[0, :, 0].tolist() == [0, 100, 255]


def test_sixteen_bit_colour_png_is_scaled():
    row = b"\0" + struct.pack(">6H", 0, 257 * 9, 65535, 257 * 80, 0, 257)
    assert pixels(png(2, 1, 16, 2, row))[0].tolist() == [[0, 9, 255], [80, 0, 1]]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_thirty_two_bits_are_refused_since_white_is_unknown(mode: str):
    with pytest.raises(ImageError, match="32 bits"):
        decode(encoded(Image.new(mode, (4, 4), 7), "TIFF"), ENOUGH)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_makes_the_image_upright(kind: str, orientation: int):
    stored = Image.new("RGB", (32, 16), "black")
    stored.paste("white", (0, 0, 16, 8))  # the first quarter, row by row
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    found = pixels(encoded(stored, kind, exif=exif, **options))
    # EXIF 2.3: where the stored first row and first column are seen.
    first_row, first_column = {
        1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
        5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
    }[orientation]  # fmt: skip
    assert found.shape == ((16, 32, 3) if orientation < 5 else (32, 16, 3))
    y = 1 if "top" in (first_row, first_column) else -2
    x = 1 if "left" in (first_row, first_column) else -2
    assert found[y, x].min() > 200
    assert found.mean() == pytest.approx(255 / 4, abs=8)


def test_of_an_animation_the_first_frame_counts():
    frames = [Image.new("RGB", (6, 5), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert (pixels(data) == (255, 0, 0)).all(), kind


def test_one_pixel():
    assert pixels(encoded(Image.new("RGB", (1, 1), (1, 2, 3)))).tolist() == [[[1, 2, 3]]]


def test_empty():
    with pytest.raises(ImageError, match="empty"):
        decode(b"", ENOUGH)


@pytest.mark.parametrize(
    "data",
    [b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", POSTSCRIPT, bytes(999)],
    ids=["text", "jpeg magic", "png magic", "postscript", "zeros"],
)  # fmt: skip
def test_what_is_no_image(data: bytes):
    with pytest.raises(ImageError):
        decode(data, ENOUGH)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_images_are_refused(kind: str, share: float):
    data = encoded(noise(64, 64), kind)
    with pytest.raises(ImageError) as caught:
        decode(data[: int(len(data) * share)], ENOUGH)
    assert "\n" not in str(caught.value)


def test_size_is_checked_before_the_pixels_are_decoded():
    huge = png(50_000, 50_000, 8, 2, b"", packed=b"no pixels at all")
    with pytest.raises(ImageError, match=r"50000 x 50000 .* 1000000 \(data.max_pixels\)"):
        decode(huge, ENOUGH)
    exact = encoded(Image.new("RGB", (1000, 1000)))
    assert decode(exact, ENOUGH).size == (1000, 1000)
    with pytest.raises(ImageError):
        decode(exact, ENOUGH - 1)


def test_an_image_beyond_pillows_own_bound_is_read_when_allowed():
    wide = encoded(Image.new("1", (9_000, 10_000)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(wide, 90_000_000).size == (9_000, 10_000)


def test_jpeg_is_not_shrunk_while_reading():
    image = noise(640, 480)
    data = encoded(image, "JPEG", quality=95)
    assert np.array_equal(pixels(data), np.asarray(Image.open(BytesIO(data))))


@given(st.sampled_from(["JPEG", "PNG", "GIF", "TIFF", "WEBP"]), st.data())
def test_damage_gives_an_image_or_a_reason_and_nothing_else(kind: str, draw: st.DataObject):
    data = bytearray(encoded(noise(16, 16), kind))
    for _ in range(draw.draw(st.integers(1, 8))):
        place = draw.draw(st.integers(0, len(data) - 1))
        data[place] = draw.draw(st.integers(0, 255))
    with contextlib.suppress(ImageError):
        assert decode(bytes(data), ENOUGH).mode == "RGB"


def png(width: int, height: int, bits: int, colour: int, rows: bytes, *, packed: bytes = b""):
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = packed or zlib.compress(rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
