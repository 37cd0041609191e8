"""XMP: what of it is still true of an upright, enlarged image."""

import re

THUMBNAILS = ("xmp:Thumbnails", "xap:Thumbnails")
"""Elements of XMP that hold previews."""
HEIGHTS = (b"exif:PixelYDimension", b"tiff:ImageLength")
SIDE = re.compile(
    rb"(exif:PixelXDimension|tiff:ImageWidth|exif:PixelYDimension|tiff:ImageLength)"
    rb"(\s*=\s*[\"']|>)(\d+)"
)
ORIENTED = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|>))([1-8])")


def orientation_of(xmp: bytes | None) -> int:
    """The orientation that XMP names, 1 without."""
    found = ORIENTED.search(xmp or b"")
    return int(found[2]) if found else 1


def xmp_upright(xmp: bytes) -> bytes:
    """XMP of an upright, enlarged image: without an orientation but 1, or a preview."""
    for name in map(str.encode, THUMBNAILS):
        last = xmp.rfind(b"</%b>" % name)  # so that the search ends once, however many there are
        if last >= 0:
            end = last + len(name) + 3
            whole = re.compile(rb"<%b\b.*?</%b>" % (name, name), re.DOTALL)
            xmp = whole.sub(b"", xmp[:end]) + xmp[end:]
    return ORIENTED.sub(rb"\g<1>1", xmp)


def xmp_with_size(xmp: bytes, size: tuple[int, int]) -> bytes:
    """XMP with that width and height where it names them."""
    return SIDE.sub(
        lambda m: m[1] + m[2] + b"%d" % size[m[1] in HEIGHTS],
        xmp,
    )
