"""JPEG 2000: channels and colours as the head of the file defines them."""

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from made import encoded
from photographs import arrays
from PIL import Image
from profiles import cmyk_profile, rgb_profile

from srcore.images.error import ImageError
from srcore.images.read import look, read

PHOTOGRAPH = arrays()[2][:20, :31]
FADING = np.broadcast_to(np.linspace(20, 255, 31).astype(np.uint8)[:, None], (20, 31, 1))
SRGB, GREY, SYCC = 16, 17, 18
COLOUR, OPACITY, PREMULTIPLIED, UNSPECIFIED = 0, 1, 2, 0xFFFF
WHOLE = 0
IN_ORDER = [(0, COLOUR, 1), (1, COLOUR, 2), (2, COLOUR, 3)]


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def colours(space: int) -> bytes:
    return box(b"colr", struct.pack(">BBBI", 1, 0, 0, space))


def definition(channels: Sequence[tuple[int, int, int]]) -> bytes:
    entries = b"".join(struct.pack(">HHH", *channel) for channel in channels)
    return box(b"cdef", struct.pack(">H", len(channels)) + entries)


def profile(icc: bytes) -> bytes:
    return box(b"colr", bytes((3, 0, 0)) + icc)


def with_head(pixels: np.ndarray, *boxes: bytes) -> bytes:
    """A lossless JPEG 2000 of these channels, with these boxes after the first of its head."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())
    made = encoded(image, "JPEG2000")
    at = made.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", made, at)
    first = made[at + 8 : at + 30]
    return made[:at] + box(b"jp2h", first + b"".join(boxes)) + made[at + length :]


def with_channel(pixels: np.ndarray, channel: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels, channel], axis=2)


@pytest.fixture
def file(tmp_path):
    def write(pixels: np.ndarray, *boxes: bytes):
        (tmp_path / "a.jp2").write_bytes(with_head(pixels, *boxes))
        return tmp_path / "a.jp2"

    return write


def test_channels_in_another_order_are_put_in_order(file):
    order = [(0, COLOUR, 3), (1, COLOUR, 2), (2, COLOUR, 1)]
    path = file(PHOTOGRAPH[..., ::-1], colours(SRGB), definition(order))
    assert look(path).notes == ()
    assert (read(path).colours == PHOTOGRAPH).all()


def test_alpha_may_be_the_first_channel(file):
    order = [(0, OPACITY, WHOLE), (3, COLOUR, 3), (2, COLOUR, 2), (1, COLOUR, 1)]
    path = file(with_channel(FADING, PHOTOGRAPH), colours(SRGB), definition(order))
    seen = read(path)
    assert (seen.colours == PHOTOGRAPH).all()
    assert (seen.alpha == FADING[..., 0]).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_channel_of_no_known_meaning_is_no_transparency(file, channels):
    own = PHOTOGRAPH[..., :channels]
    defined = [*IN_ORDER[:channels], (channels, UNSPECIFIED, UNSPECIFIED)]
    space = GREY if channels == 1 else SRGB
    path = file(with_channel(own, FADING), colours(space), definition(defined))
    head = look(path)
    assert (head.alpha, head.grey) == (False, channels == 1)
    assert head.notes == ("1 more channels of unknown meaning are left out",)
    assert (read(path).colours == own).all()
    assert read(path).alpha is None


@pytest.mark.parametrize("more", [[], [(1, OPACITY, WHOLE)]])
def test_grey_may_belong_to_the_whole_image(file, more):
    own = PHOTOGRAPH[..., :1]
    pixels = with_channel(own, FADING) if more else own
    path = file(pixels, colours(GREY), definition([(0, COLOUR, WHOLE), *more]))
    seen = read(path)
    assert look(path).grey
    assert (seen.colours == own).all()
    assert (seen.alpha == FADING[..., 0]).all() if more else seen.alpha is None


@pytest.mark.parametrize("channels", [1, 3])
def test_premultiplied_alpha_is_divided_out(file, channels):
    own = PHOTOGRAPH[..., :channels]
    multiplied = np.rint(own * (FADING / 255)).astype(np.uint8)
    defined = [*IN_ORDER[:channels], (channels, PREMULTIPLIED, WHOLE)]
    space = GREY if channels == 1 else SRGB
    seen = read(file(with_channel(multiplied, FADING), colours(space), definition(defined)))
    assert (seen.alpha == FADING[..., 0]).all()
    error = np.abs(seen.colours.astype(int) - own)
    assert (error <= 0.5 * 255 / FADING + 0.5).all()  # what rounding before the division leaves


def test_transparency_of_one_colour_is_refused(file):
    defined = [*IN_ORDER, (3, OPACITY, 2)]
    path = file(with_channel(PHOTOGRAPH, FADING), colours(SRGB), definition(defined))
    with pytest.raises(ImageError, match=r"^each colour has its own transparency, .* save it as"):
        look(path)


@pytest.mark.parametrize(
    "defined",
    [
        [(0, COLOUR, 1), (1, COLOUR, 2), (2, COLOUR, 4)],
        [(0, COLOUR, 1), (1, COLOUR, 1), (2, COLOUR, 2)],
        [(0, COLOUR, WHOLE), (1, COLOUR, WHOLE), (2, COLOUR, WHOLE)],
        [(0, COLOUR, WHOLE), (1, COLOUR, 1), (2, COLOUR, 2)],
        [(0, COLOUR, 1), (1, COLOUR, 2), (2, UNSPECIFIED, UNSPECIFIED)],
        [],
    ],
)
def test_channels_that_are_no_colours_of_an_image_are_refused(file, defined):
    with pytest.raises(ImageError, match=r"^its channels are not those of grey, RGB or CMYK; conv"):
        look(file(PHOTOGRAPH, colours(SRGB), definition(defined)))


@pytest.mark.parametrize("content", [b"\0\x02" + bytes(7), b"\0\x01\0\x09\0\0\0\x01"])
def test_a_damaged_definition_of_channels_is_refused(file, content):
    with pytest.raises(ImageError, match=r"^damaged: "):
        look(file(PHOTOGRAPH, colours(SRGB), box(b"cdef", content)))


@pytest.mark.parametrize(
    ("space", "name"),
    [(1, "YCbCr"), (11, "CMY"), (14, "CIELab"), (20, "e-sRGB"), (21, "ROMM-RGB"), (99, "number 99"),
     (24, "e-sYCC")],
)  # fmt: skip
def test_colour_spaces_that_are_not_read_are_refused_by_name(file, space, name):
    path = file(PHOTOGRAPH, colours(space))
    with pytest.raises(ImageError) as caught:
        look(path)
    assert str(caught.value) == f"its colours ({name}) are not read; convert it to sRGB"


def test_black_on_white_is_not_read_as_its_negative(file):
    with pytest.raises(ImageError, match="black on white"):
        look(file(PHOTOGRAPH[..., :1], colours(0)))


def test_a_profile_of_cielab_is_refused(file):
    icc = rgb_profile().replace(b"mntrRGB ", b"mntrLab ")
    with pytest.raises(ImageError, match=r"^its colours \(Lab\) are not read"):
        look(file(PHOTOGRAPH, profile(icc)))


@pytest.mark.parametrize("reverse", [False, True])
def test_cmyk_by_its_profile_is_not_transparent(file, tmp_path, reverse):
    inks = with_channel(PHOTOGRAPH, FADING)
    order = [(k, COLOUR, 4 - k if reverse else k + 1) for k in range(4)]
    path = file(inks[..., ::-1] if reverse else inks, profile(cmyk_profile()), definition(order))
    assert look(path).notes == ("CMYK becomes RGB",)
    image = Image.frombytes("CMYK", (31, 20), inks.tobytes())
    image.save(tmp_path / "b.tif", icc_profile=cmyk_profile())
    assert (read(path).colours == read(tmp_path / "b.tif").colours).all()
    assert not look(path).alpha


def test_sycc_is_read_in_its_order_alone(file):
    image = Image.fromarray(PHOTOGRAPH).convert("YCbCr")
    path = file(np.asarray(image), colours(SYCC), definition(IN_ORDER))
    seen = read(path).colours.astype(int)
    assert np.abs(seen - np.asarray(image.convert("RGB"))).max() <= 2
    other = [(0, COLOUR, 2), (1, COLOUR, 1), (2, COLOUR, 3)]
    with pytest.raises(ImageError, match="sYCC in another order"):
        look(file(np.asarray(image), colours(SYCC), definition(other)))


def palette(table: np.ndarray, bits: int = 8) -> bytes:
    columns = table.shape[1]
    head = struct.pack(">HB", *table.shape) + bytes([bits - 1] * columns)
    return box(b"pclr", head + table.tobytes())


def mapping(*channels: tuple[int, int, int]) -> bytes:
    return box(b"cmap", b"".join(struct.pack(">HBB", *channel) for channel in channels))


TABLE = np.random.default_rng(0).integers(0, 256, (256, 3), np.uint8)


def test_columns_of_a_palette_are_those_of_its_mapping(file):
    places = PHOTOGRAPH[..., :1]
    boxes = palette(TABLE), mapping((0, 1, 2), (0, 1, 1), (0, 1, 0))
    path = file(places, colours(SRGB), *boxes)
    assert (read(path).colours == TABLE[places[..., 0]][..., ::-1]).all()


def test_a_channel_beside_a_palette_may_be_transparency(file):
    places = PHOTOGRAPH[..., :1]
    defined = [*IN_ORDER, (3, OPACITY, WHOLE)]
    direct = (1, 0, 0)
    boxes = palette(TABLE), mapping((0, 1, 0), (0, 1, 1), (0, 1, 2), direct)
    path = file(with_channel(places, FADING), colours(SRGB), *boxes, definition(defined))
    assert (read(path).colours == TABLE[places[..., 0]]).all()
    assert (read(path).alpha == FADING[..., 0]).all()


def test_a_palette_of_greys_is_applied(file):
    """Pillow takes places in it for levels."""
    places = PHOTOGRAPH[..., :1]
    path = file(places, colours(GREY), palette(TABLE[:, :1]), mapping((0, 1, 0)))
    assert look(path).grey
    assert (read(path).colours == TABLE[places[..., 0], :1]).all()


def test_levels_of_a_palette_of_fewer_bits_go_up_to_white(file):
    places = PHOTOGRAPH[..., :1] // 16
    levels = np.repeat(np.arange(16, dtype=np.uint8)[:, None], 3, axis=1)
    boxes = palette(levels, bits=4), mapping((0, 1, 0), (0, 1, 1), (0, 1, 2))
    assert (read(file(places, colours(SRGB), *boxes)).colours == 17 * places).all()


def test_a_palette_of_more_than_8_bits_is_refused_before_pixels_are_read(file):
    wide = np.zeros((256, 6), np.uint8)
    boxes = box(b"pclr", struct.pack(">HB3B", 256, 3, 15, 15, 15) + wide.tobytes())
    with pytest.raises(ImageError, match=r"^its palette has more than 8 bits, which are not read"):
        look(file(PHOTOGRAPH[..., :1], colours(SRGB), boxes))


@pytest.mark.parametrize(
    "boxes",
    [
        [box(b"pclr", b"\0"), mapping((0, 1, 0))],
        [palette(TABLE)],
        [palette(TABLE), mapping((0, 1, 3))],
        [palette(TABLE), mapping((1, 1, 0))],
    ],
)
def test_a_damaged_palette_is_refused(file, boxes):
    with pytest.raises(ImageError, match=r"^damaged: "):
        look(file(PHOTOGRAPH[..., :1], colours(GREY), *boxes))


def test_a_damaged_profile_leaves_the_colours_as_they_are(file):
    path = file(PHOTOGRAPH, profile(b"no profile"))
    assert look(path).notes == ("its colour profile is damaged and left out",)
    assert (read(path).colours == PHOTOGRAPH).all()
