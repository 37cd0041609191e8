"""PNG (specification, third edition): its parts, and its pixels by libvips.

The decoder is given the parts alone that make the pixels. Whatever is odd about the others can
then be said of them, and does not keep the image from being read.
"""

import struct
import zlib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from srcore.images.error import ImageError
from srcore.images.raster import Chunk, Kept, Pixels
from srcore.images.reading import vips
from srcore.images.reading.colour import DAMAGED, checked
from srcore.images.reading.exif import kept_exif
from srcore.images.reading.opened import Opened, pages
from srcore.images.reading.resolution import INCH, aspect_of, aspect_upright, dpi_upright
from srcore.images.reading.xmp import kept_xmp, orientation_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DRAWN = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""Parts that make the pixels."""
RENDERING = (b"cICP", b"mDCV", b"cLLI", b"sRGB", b"gAMA", b"cHRM")
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
PACKET = b"XML:com.adobe.xmp"
RAW_XMP = b"Raw profile type xmp"
RAW = (RAW_XMP, b"Raw profile type exif", b"Raw profile type APP1")
"""Texts in which ImageMagick writes XMP, EXIF, or the part of a JPEG that has one of both."""
XMP_PART = b"http://ns.adobe.com/xap/1.0/\0"
"""How such a part of a JPEG begins when it has XMP."""
LONGEST = 1 << 26
"""Bytes of a profile, and of all texts together, unpacked; what is longer is left out."""
DEFLATE = 1032
"""Bytes that one byte of zlib becomes at most."""
NO_UNIT, METRE = 0, 1
"""Units of a resolution; without a unit it only has a ratio."""


def open_png(data: bytes) -> Opened:
    """Read all but the pixels.

    Raises:
        ImageError: damaged.
    """
    parts = _parts(data)
    try:
        width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][0][:10])
    except (IndexError, struct.error):
        raise ImageError("damaged: it has no header") from None
    if not parts[b"IDAT"] or not width or not height:
        raise ImageError("damaged: it has no pixels")
    grey, notes = colour in (0, 4), list[str]()
    icc, lost = checked(_profile(parts, notes), "L" if grey else "RGB")
    notes += lost
    xmp, raw_exif, texts = _texts(parts, notes)
    exif, orientation, lost = kept_exif(parts[b"eXIf"][:1] or raw_exif)
    orientation = orientation or orientation_of(xmp)
    notes += lost
    xmp, lost = kept_xmp(xmp)
    notes += lost
    kept = Kept(
        exif,
        icc,
        xmp,
        texts=tuple(texts),
        rendering=tuple((name, part) for name in RENDERING for part in parts[name][:1]),
        dpi=dpi_upright(_dpi(parts), orientation),
        aspect=aspect_upright(_aspect(parts), orientation),
    )
    frames = int.from_bytes(parts[b"acTL"][0][:4], "big") if parts[b"acTL"] else 1

    def pixels() -> Pixels:
        drawn = (_chunk(name, part) for name in DRAWN for part in parts[name])
        return vips.read(SIGNATURE + b"".join(drawn), "PNG")

    return Opened(
        "PNG",
        (width, height),
        orientation,
        colour in (4, 6) or bool(parts[b"tRNS"]),
        depth == 16,
        grey,
        kept,
        (*notes, *pages(frames)),
        pixels,
    )


def _parts(data: bytes) -> dict[bytes, list[bytes]]:
    """Content of the parts by name, in their order.

    Raises:
        ImageError: it ends too early, or a part that makes the pixels is not what it was.
    """
    found: dict[bytes, list[bytes]] = defaultdict(list)
    place = len(SIGNATURE)
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        name = bytes(data[place + 4 : place + 8])
        end = place + 8 + length
        if end + 4 > len(data):
            raise ImageError("damaged: the file ends too early")
        part = bytes(data[place + 8 : end])
        if name in DRAWN and zlib.crc32(name + part) != int.from_bytes(data[end : end + 4], "big"):
            raise ImageError(f"damaged: {name.decode()} has another checksum")
        found[name].append(part)
        place = end + 4
        if name == b"IEND":
            return found
    raise ImageError("damaged: the file ends too early")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@dataclass
class _Room:
    """Bytes that may still be unpacked."""

    left: int = LONGEST

    def unpacked(self, data: bytes) -> bytes:
        """Unpack it; what is damaged takes as much room as it could have become.

        Raises:
            ValueError, zlib.error: it is damaged or too long.
        """
        most = min(self.left, DEFLATE * len(data))
        if not most:
            raise ValueError("empty, or no room is left")
        self.left -= most
        unpack = zlib.decompressobj()
        text = unpack.decompress(data, most)
        if not unpack.eof:
            raise ValueError("too long, or cut off")
        self.left += most - len(text)
        return text


def _profile(parts: dict[bytes, list[bytes]], notes: list[str]) -> bytes | None:
    for part in parts[b"iCCP"][:1]:
        try:
            return _Room().unpacked(part[part.index(b"\0") + 2 :])
        except (ValueError, zlib.error):
            notes.append(DAMAGED)
    return None


def _texts(
    parts: dict[bytes, list[bytes]], notes: list[str]
) -> tuple[bytes | None, list[bytes], list[Chunk]]:
    """The XMP packet, EXIF that is written as text, and the other texts as they are.

    The last packet counts. Others, and XMP in figures, are only unpacked when it is damaged or
    empty.
    """
    packets, raw, texts = list[Chunk](), list[Chunk](), list[Chunk]()
    for name in TEXTS:
        for part in parts[name]:
            keyword = _keyword(part)
            is_packet = (name, keyword) == (b"iTXt", PACKET)
            (packets if is_packet else raw if keyword in RAW else texts).append((name, part))
    xmp, raw_exif, lost, room = None, list[bytes](), list[str](), _Room()
    for name, part in [*packets[::-1], *raw]:
        keyword = _keyword(part)
        if xmp and keyword in (PACKET, RAW_XMP):
            continue
        try:
            content = _content(name, part, room)
            content = _raw(content) if keyword in RAW else content
        except (IndexError, ValueError, zlib.error):
            if keyword in (PACKET, RAW_XMP):
                lost = ["its XMP is damaged or too long and left out"]
                continue
            content = b""  # its message is that of damaged EXIF
        if keyword in (PACKET, RAW_XMP) or content.startswith(XMP_PART):
            xmp = xmp or content.removeprefix(XMP_PART)
        else:
            raw_exif.append(content)
    notes += lost
    return xmp or None, raw_exif, texts


def _keyword(part: bytes) -> bytes:
    return part.partition(b"\0")[0]


def _content(name: bytes, part: bytes, room: _Room) -> bytes:
    """The text of a part, behind its keyword.

    Raises:
        IndexError, ValueError, zlib.error: it is damaged or too long.
    """
    body = part.split(b"\0", 1)[1]
    if name == b"tEXt":
        return body
    if name == b"zTXt":
        return room.unpacked(body[1:])
    packed, text = body[0], body[2:].split(b"\0", 2)[2]  # behind a language and a translation
    return room.unpacked(text) if packed else text


def _raw(text: bytes) -> bytes:
    """What is written in hexadecimal figures, behind its name and length, a line each.

    Raises:
        ValueError: it is not.
    """
    return bytes.fromhex(b"".join(text.split(b"\n", 3)[3:]).decode("ascii"))


def _dpi(parts: dict[bytes, list[bytes]]) -> tuple[float, float] | None:
    across, along, unit = _resolution(parts)
    return (across * INCH, along * INCH) if across and along and unit == METRE else None


def _aspect(parts: dict[bytes, list[bytes]]) -> Fraction | None:
    across, along, unit = _resolution(parts)
    return aspect_of(across, along) if unit == NO_UNIT else None


def _resolution(parts: dict[bytes, list[bytes]]) -> tuple[int, int, int]:
    """Pixels per unit across and along, 0 without, and the unit."""
    with suppress(IndexError, struct.error):
        return struct.unpack(">IIB", parts[b"pHYs"][0])
    return 0, 0, NO_UNIT
