"""Colour profiles made up for the tests (ICC.1:2001-04), so that their right values are known."""

import struct

XYZ = tuple[float, float, float]
D50: XYZ = (0.9642, 1.0, 0.8249)
P3: tuple[XYZ, XYZ, XYZ] = (
    (0.5151, 0.2412, -0.0011),
    (0.2919, 0.6922, 0.0419),
    (0.1572, 0.0666, 0.7841),
)
"""Red, green and blue of Display P3, adapted to D50."""


def grey_profile(gamma: float = 1.8) -> bytes:
    """One of grey images whose values are that power of the light."""
    return _profile(b"GRAY", {b"wtpt": _xyz(D50), b"kTRC": _curve(gamma)})


def rgb_profile(gamma: float = 2.2, colours: tuple[XYZ, XYZ, XYZ] = P3) -> bytes:
    """One of RGB images with these primaries."""
    tags = {b"wtpt": _xyz(D50)}
    for letter, colour in zip((b"r", b"g", b"b"), colours, strict=True):
        tags |= {letter + b"XYZ": _xyz(colour), letter + b"TRC": _curve(gamma)}
    return _profile(b"RGB ", tags)


def cmyk_profile() -> bytes:
    """One of CMYK images, all of whose inks are grey: lut8 of two places for each."""
    unit = struct.pack(">9i", *(65536 * (k % 4 == 0) for k in range(9)))
    line = bytes(range(256))
    corners = (tuple(1 & (n >> k) for k in (3, 2, 1, 0)) for n in range(16))
    light = (round(255 * (1 - k) * (1 - (c + m + y) / 3)) for c, m, y, k in corners)
    table = b"".join(bytes((value, 128, 128)) for value in light)
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + unit + 4 * line + table + 3 * line
    return _profile(b"CMYK", {b"wtpt": _xyz(D50), b"A2B0": lut}, b"Lab ")


def _profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    text = b"made up\0"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": described, b"cprt": b"text" + bytes(4) + text} | tags
    place, table, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, place + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = place + len(body)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", space, connection)
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += struct.pack(">3i", *(round(value * 65536) for value in D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz(values: XYZ) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
