"""IPTC captions: where a TIFF and the resources of Photoshop have them."""

import struct

from srcore.images.reading import numbers
from srcore.images.reading.tags import BYTE, LONG, UNDEFINED, Directory

RESOURCE = 0x0404
"""Number of the resource of Photoshop that holds IPTC captions."""


def iptc_of(resources: bytes) -> bytes | None:
    """The IPTC captions among Photoshop's resources; the others describe previews and the like."""
    place = 0
    while resources[place : place + 4] == b"8BIM" and place + 12 <= len(resources):
        number = int.from_bytes(resources[place + 4 : place + 6], "big")
        name = place + 6
        start = name + (resources[name] + 2) // 2 * 2
        length = int.from_bytes(resources[start : start + 4], "big")
        if number == RESOURCE:
            return resources[start + 4 : start + 4 + length] or None
        place = start + 4 + (length + 1) // 2 * 2
    return None


def resources_of(iptc: bytes) -> bytes:
    """IPTC captions as a resource of Photoshop, which is how a JPEG holds them."""
    head = b"8BIM" + struct.pack(">HHI", RESOURCE, 0, len(iptc))
    return head + iptc + bytes(len(iptc) % 2)


def iptc_of_tiff(directory: Directory) -> bytes | None:
    """The IPTC captions of a TIFF."""
    found = directory.tags.get(numbers.IPTC)
    if found is not None and found.kind in (BYTE, UNDEFINED, LONG):
        return found.data
    resources = directory.tags.get(numbers.PHOTOSHOP)
    return iptc_of(resources.data) if resources else None
