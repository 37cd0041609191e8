"""What the head of a JPEG 2000 file says of its channels and colours (ISO 15444-1, annex I).

Pillow ignores most of it. A file without a head (a bare codestream) has its channels in order:
grey or RGB, then alpha.
"""

import struct
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srcore.images.error import ImageError
from srcore.images.reading.boxes import boxes

Head = dict[bytes, list[bytes]]
"""Name of a box in the box `jp2h` → the content of each box of that name."""
ENUMERATED, PROFILES = 1, (2, 3)
"""How colours are specified: by a number, or by a profile of a matrix or of any kind."""
CMYK, SYCC = 12, 18
READ = (CMYK, 15, 16, 17, SYCC)
"""Numbers of the colour spaces that are read: CMYK, white on black, sRGB, grey, sYCC."""
NAMES = {0: "black on white", 1: "YCbCr", 3: "YCbCr", 4: "YCbCr", 9: "PhotoYCC", 11: "CMY",
         13: "YCCK", 14: "CIELab", 19: "CIEJab", 20: "e-sRGB", 21: "ROMM-RGB", 22: "YPbPr",
         23: "YPbPr", 24: "e-sYCC"}  # fmt: skip
PROFILE_SPACES = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}
COLOUR, OPACITY, PREMULTIPLIED = 0, 1, 2
"""Types of a channel; all others have no meaning that is known."""
IMAGE = 0
"""With what a channel of the whole image is associated, instead of the number of a colour."""
WHOLE = (IMAGE, 0xFFFF)
"""With what alpha of the whole image is associated: with all colours, or with none of them."""


@dataclass(frozen=True)
class Colours:
    """What the colours are.

    Attributes:
        icc: the colour profile, which may be damaged.
        cmyk: whether they are CMYK.
        sycc: whether they are sYCC, which Pillow converts to RGB.
    """

    icc: bytes | None
    cmyk: bool
    sycc: bool


@dataclass(frozen=True)
class Layout:
    """Which channel is what.

    Attributes:
        colours: the channels of grey, RGB or CMYK, in this order.
        alpha: the channel of transparency.
        premultiplied: whether the colours are multiplied by alpha.
        left_out: how many more channels there are.
    """

    colours: tuple[int, ...]
    alpha: int | None
    premultiplied: bool
    left_out: int


@dataclass(frozen=True)
class Palette:
    """A palette of at most 8 bits.

    Attributes:
        table: colours, (places, columns).
        depths: bits of every column.
        channels: for each channel its component of the codestream, and its column of the palette
            (None if the component is the channel itself).
    """

    table: NDArray[np.uint8]
    depths: tuple[int, ...]
    channels: tuple[tuple[int, int | None], ...]


def head_of(data: bytes) -> Head:
    """The boxes of the head; none if there is no head."""
    found: Head = defaultdict(list)
    outer = next((box for box in boxes(data, 0, len(data)) if box.name == b"jp2h"), None)
    for name, start, end in boxes(data, outer.start, outer.end) if outer else ():
        found[name].append(bytes(data[start:end]))
    return found


def colours_of(head: Head) -> Colours:
    """What the colours are. If there are several descriptions of them, a profile is used first.

    Raises:
        ImageError: they are none of those that are read.
    """
    specified = [box for box in head[b"colr"] if len(box) >= 7]
    icc = next((box[3:] for box in specified if box[0] in PROFILES), None)
    numbers = [int.from_bytes(box[3:7], "big") for box in specified if box[0] == ENUMERATED]
    if icc and icc[36:40] == b"acsp":
        if icc[16:20] not in PROFILE_SPACES:
            raise _not_read(icc[16:20].decode("ascii", "replace").strip())
        return Colours(icc, icc[16:20] == b"CMYK", SYCC in numbers[:1])
    number = next((number for number in numbers if number in READ), None)
    if numbers and number is None:
        raise _not_read(NAMES.get(numbers[0], f"number {numbers[0]}"))
    return Colours(icc, number == CMYK, number == SYCC)


def layout_of(head: Head, channels: int, colours: Colours) -> Layout:
    """Which of the channels is what.

    Raises:
        ImageError: they are not grey, RGB or CMYK with or without transparency.
    """
    if not head[b"cdef"]:
        count = 4 if colours.cmyk else 1 if channels < 3 else 3
        if channels not in (count, count + 1) or (colours.cmyk and channels != count):
            raise ImageError(f"its {channels} channels are not read; convert it to sRGB")
        alpha = count if channels > count else None
        return Layout(tuple(range(count)), alpha, premultiplied=False, left_out=0)
    defined = _definitions(head[b"cdef"][0], channels)
    own = sorted((of, channel) for channel, (kind, of) in defined.items() if kind == COLOUR)
    order = tuple(channel for _, channel in own)
    count = len(order)
    numbers = [of for of, _ in own]
    if numbers == [IMAGE]:  # there is one colour, so it is clear which
        numbers = [1]
    if numbers != list(range(1, count + 1)) or count != (
        4 if colours.cmyk else 1 if count == 1 else 3
    ):
        raise ImageError("its channels are not those of grey, RGB or CMYK; convert it to sRGB")
    opacities = [
        (channel, kind == PREMULTIPLIED)
        for channel, (kind, of) in defined.items()
        if kind in (OPACITY, PREMULTIPLIED) and of in WHOLE
    ]
    alpha, premultiplied = opacities[0] if opacities else (None, False)
    if any(kind in (OPACITY, PREMULTIPLIED) and of not in WHOLE for kind, of in defined.values()):
        raise ImageError("each colour has its own transparency, which is not read; save it as PNG")
    if colours.sycc and (order != (0, 1, 2) or premultiplied):
        raise ImageError("its colours (sYCC in another order) are not read; convert it to sRGB")
    return Layout(order, alpha, premultiplied, channels - count - (alpha is not None))


def palette_of(head: Head, components: int) -> Palette | None:
    """The palette, None without.

    Raises:
        ImageError: it has more than 8 bits, or is damaged.
    """
    if not head[b"pclr"]:
        return None
    try:
        box = head[b"pclr"][0]
        places, columns = struct.unpack_from(">HB", box)
        depths, values = box[3 : 3 + columns], box[3 + columns :]
        if any(bits > 7 for bits in depths):
            raise ImageError("its palette has more than 8 bits, which are not read")
        table = np.frombuffer(values, np.uint8, places * columns).reshape(places, columns)
        mapped = [*struct.iter_unpack(">HBB", head[b"cmap"][0])]
    except (IndexError, ValueError, struct.error):
        raise ImageError("damaged: its palette ends too early") from None
    channels = tuple((component, column if kind else None) for component, kind, column in mapped)
    if any(
        component >= components or (column or 0) >= max(columns, 1)
        for component, column in channels
    ):
        raise ImageError("damaged: its palette has no such column")
    return Palette(table, tuple(bits + 1 for bits in depths), channels)


def _definitions(box: bytes, channels: int) -> dict[int, tuple[int, int]]:
    """Channel → its type, and the colour with which it is associated.

    Raises:
        ImageError: damaged.
    """
    try:
        entries = struct.iter_unpack(">HHH", box[2 : 2 + 6 * int.from_bytes(box[:2], "big")])
        defined = {channel: (kind, of) for channel, kind, of in entries}
    except struct.error:
        raise ImageError("damaged: the definition of its channels ends too early") from None
    if any(channel >= channels for channel in defined):
        raise ImageError("damaged: a channel is defined that it does not have")
    return defined


def _not_read(name: str) -> ImageError:
    return ImageError(f"its colours ({name}) are not read; convert it to sRGB")
