"""XMP: what of it is still true of an upright, enlarged image.

Its bytes are not read as XML and written again, so that all else stays as it is.
"""

import re
from bisect import bisect_right
from collections import defaultdict

ORIENTED = re.compile(rb"(tiff:Orientation(?:\s*=\s*[\"']|>))([1-8])")
HEIGHTS = (b"exif:PixelYDimension", b"tiff:ImageLength")
SIDE = re.compile(
    rb"(exif:PixelXDimension|tiff:ImageWidth|exif:PixelYDimension|tiff:ImageLength)"
    rb"(\s*=\s*[\"']|>)(\d+)"
)
PANORAMA = re.compile(
    rb"(GPano:(?:FullPano|CroppedAreaImage|CroppedArea|LargestValidInteriorRect)"
    rb"(Width|Left|Height|Top)(?:Pixels)?(?:\s*=\s*[\"']|>))(\d{1,9})(?:\.\d+)?(?=[\"'<])"
)
"""Counts of pixels of a panorama (Google's Photo Sphere XMP)."""
PANORAMA_SIDES = (
    (b"GPano:CroppedAreaImageWidthPixels", b"GPano:CroppedAreaImageHeightPixels"),
    (b"GPano:FullPanoWidthPixels", b"GPano:FullPanoHeightPixels"),
)
"""What is the size of the file's image; the second when the panorama is not cropped."""
THUMBNAILS = rb"(?:xmp|xap):Thumbnails"
IN_PIXELS = rb"exif:(?:SubjectArea|SubjectLocation|FocalPlane(?:[XY]Resolution|ResolutionUnit))"
"""What counts pixels of the image as it was, as the tags of EXIF of that name do."""
SECOND = rb"(?:hdrgm|HDRGainMap|G?Container):\w+|G?Camera:(?:MicroVideo|MotionPhoto)\w*"
"""What describes a second image, which makes the first one brighter on a screen that can, or a
video; both lie behind the first image in its file."""
UNTRUE = rb"|".join((THUMBNAILS, IN_PIXELS, SECOND))
ELEMENT = re.compile(rb"<(%b)(?=[\s/>])" % UNTRUE)
CLOSING = re.compile(rb"</(%b)\s*>" % UNTRUE)
ATTRIBUTE = re.compile(rb"\s(?:%b)\s*=\s*(?:\"[^\"]*\"|'[^']*')" % UNTRUE)
SECOND_NAMED = re.compile(rb"[\s<](?:%b)[\s=/>]" % SECOND)
SECOND_LOST = "a gain map or video that its XMP names is left out, and what XMP says of it"


def orientation_of(xmp: bytes | None) -> int:
    """The orientation that XMP names, 1 to 8; 1 without."""
    found = ORIENTED.search(xmp or b"")
    return int(found[2]) if found else 1


def kept_xmp(xmp: bytes | None) -> tuple[bytes | None, list[str]]:
    """XMP as `xmp_upright` makes it, None without; and what of it is lost, a line each."""
    if not xmp:
        return None, []
    return xmp_upright(xmp), [SECOND_LOST] if SECOND_NAMED.search(xmp) else []


def xmp_upright(xmp: bytes) -> bytes:
    """XMP of an upright, enlarged image: without an orientation but 1, or any of `UNTRUE`."""
    return ORIENTED.sub(rb"\g<1>1", ATTRIBUTE.sub(b"", _without_elements(xmp)))


def xmp_with_size(xmp: bytes, size: tuple[int, int]) -> bytes:
    """XMP with that width and height where it names them, and other counts of pixels scaled."""
    xmp = SIDE.sub(lambda m: m[1] + m[2] + b"%d" % size[m[1] in HEIGHTS], xmp)
    scales = [_scale(xmp, tuple(names[side] for names in PANORAMA_SIDES), size[side])
              for side in (0, 1)]  # fmt: skip
    return PANORAMA.sub(
        lambda m: m[1] + b"%d" % round(int(m[3]) * scales[m[2] in (b"Height", b"Top")]), xmp
    )


def _scale(xmp: bytes, names: tuple[bytes, ...], side: int) -> float:
    """By how much a panorama is larger than its XMP says."""
    for name in names:
        found = re.search(rb"%b(?:\s*=\s*[\"']|>)(\d{1,9})" % name, xmp)
        if found and int(found[1]):
            return side / int(found[1])
    return 1


def _without_elements(xmp: bytes) -> bytes:
    """XMP without the elements of `UNTRUE` that end; one that does not end stays.

    All ends are found in one pass, and no part is searched twice, so that the time grows with the
    length only, whatever the names are.
    """
    ends = defaultdict[bytes, list[int]](list)
    for closing in CLOSING.finditer(xmp):
        ends[closing[1]].append(closing.end())
    parts, place, opened = list[bytes](), 0, 0
    for found in ELEMENT.finditer(xmp):
        if found.start() < place:
            continue
        if opened < found.end():
            opened = xmp.find(b">", found.end())
        if opened < 0:  # nothing behind it ends either
            break
        if xmp[opened - 1 : opened] == b"/":
            end = opened + 1
        else:
            own = ends.get(found[1], [])
            behind = bisect_right(own, opened + 1)
            if behind == len(own):
                continue
            end = own[behind]
        parts.append(xmp[place : found.start()])
        place = end
    return b"".join([*parts, xmp[place:]])
