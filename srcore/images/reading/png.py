"""PNG (specification, third edition): its parts, and its pixels by libvips.

The decoder is given the parts alone that make the pixels. Whatever is odd about the others can
then be said of them, and does not keep the image from being read.
"""

import struct
import zlib
from collections import defaultdict
from contextlib import suppress

from srcore.images.error import ImageError
from srcore.images.raster import Chunk, Kept, Pixels
from srcore.images.reading import vips
from srcore.images.reading.colour import checked
from srcore.images.reading.exif import upright
from srcore.images.reading.opened import Opened, pages
from srcore.images.reading.resolution import INCH, dpi_upright
from srcore.images.reading.xmp import orientation_of, xmp_upright

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DRAWN = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""Parts that make the pixels."""
RENDERING = (b"cICP", b"mDCV", b"cLLI", b"sRGB", b"gAMA", b"cHRM")
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
PACKET = b"XML:com.adobe.xmp"
RAW_EXIF = (b"Raw profile type exif", b"Raw profile type APP1")
"""How ImageMagick wrote EXIF before PNG had a place for it."""
LONGEST = 1 << 26
"""Bytes of a text, unpacked; longer ones are left out."""
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
    icc, said = checked(_profile(parts, notes), "L" if grey else "RGB")
    notes += said
    xmp, texts = _texts(parts, notes)
    exif, orientation = _exif(parts, texts, notes)
    orientation = orientation or orientation_of(xmp)
    kept = Kept(
        exif,
        icc,
        xmp_upright(xmp) if xmp else None,
        texts=tuple((name, text) for name, text in texts if not text.startswith(RAW_EXIF)),
        rendering=tuple((name, part) for name in RENDERING for part in parts[name][:1]),
        dpi=dpi_upright(_dpi(parts), orientation),
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


def _unpacked(data: bytes) -> bytes:
    unpack = zlib.decompressobj()
    text = unpack.decompress(data, LONGEST)
    if not unpack.eof:
        raise ValueError("too long, or cut off")
    return text


def _profile(parts: dict[bytes, list[bytes]], notes: list[str]) -> bytes | None:
    for part in parts[b"iCCP"][:1]:
        try:
            return _unpacked(part[part.index(b"\0") + 2 :])
        except (ValueError, zlib.error):
            notes.append("its colour profile is damaged and left out")
    return None


def _texts(parts: dict[bytes, list[bytes]], notes: list[str]) -> tuple[bytes | None, list[Chunk]]:
    """The XMP packet, and the other texts as they are."""
    xmp, texts = None, list[Chunk]()
    for name in TEXTS:
        for part in parts[name]:
            if name == b"iTXt" and part.startswith(PACKET + b"\0"):
                try:
                    packed = part[len(PACKET) + 1]
                    text = part[len(PACKET) + 3 :].split(b"\0", 2)[2]
                    xmp = _unpacked(text) if packed else text
                except (IndexError, ValueError, zlib.error):
                    notes.append("its XMP is damaged or too long and left out")
            else:
                texts.append((name, part))
    return xmp, texts


def _exif(
    parts: dict[bytes, list[bytes]], texts: list[Chunk], notes: list[str]
) -> tuple[bytes | None, int | None]:
    found = parts[b"eXIf"][:1] or [
        raw for name, text in texts if text.startswith(RAW_EXIF) for raw in _raw(name, text)
    ]
    for exif in found:
        try:
            return upright(exif)
        except ValueError:
            notes.append("its EXIF is damaged and left out")
    return None, None


def _raw(name: bytes, text: bytes) -> list[bytes]:
    """EXIF that is written as a text of hexadecimal figures."""
    with suppress(ValueError, zlib.error, IndexError):
        body = text.split(b"\0", 1)[1]
        body = _unpacked(body[1:]) if name == b"zTXt" else body
        return [bytes.fromhex(b"".join(body.split(b"\n")[3:]).decode("ascii"))]
    return [b""]


def _dpi(parts: dict[bytes, list[bytes]]) -> tuple[float, float] | None:
    across, along, unit = _resolution(parts)
    return (across * INCH, along * INCH) if across and along and unit == METRE else None


def _resolution(parts: dict[bytes, list[bytes]]) -> tuple[int, int, int]:
    """Pixels per unit across and along, 0 without, and the unit."""
    with suppress(IndexError, struct.error):
        return struct.unpack(">IIB", parts[b"pHYs"][0])
    return 0, 0, NO_UNIT
