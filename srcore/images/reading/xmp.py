"""XMP: what of it is still true of an upright, enlarged image.

Its bytes are not read as XML and written again, so that all else stays as it is.
"""

import re

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
"""What tells of a second image, which makes the first one brighter on a screen that can, or of a
video; both lie behind the first image in its file."""
UNTRUE = rb"|".join((THUMBNAILS, IN_PIXELS, SECOND))
ELEMENT = re.compile(rb"<(%b)(?=[\s/>])" % UNTRUE)
ATTRIBUTE = re.compile(rb"\s(?:%b)\s*=\s*(?:\"[^\"]*\"|'[^']*')" % UNTRUE)
SECOND_NAMED = re.compile(rb"[\s<](?:%b)[\s=/>]" % SECOND)


def orientation_of(xmp: bytes | None) -> int:
    """The orientation that XMP names, 1 to 8; 1 without."""
    found = ORIENTED.search(xmp or b"")
    return int(found[2]) if found else 1


def names_second(xmp: bytes) -> bool:
    """Whether it tells of a gain map or a video behind the image in its file."""
    return SECOND_NAMED.search(xmp) is not None


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
    """XMP without the elements of `UNTRUE` that end; one that does not end stays."""
    parts, place, endless = list[bytes](), 0, set[bytes]()
    for found in ELEMENT.finditer(xmp):
        # The search for an end is made once for each name that has none, however often it begins.
        if found.start() < place or found[1] in endless:
            continue
        end = _end(xmp, found[1], found.end())
        if end < 0:
            endless.add(found[1])
            continue
        parts.append(xmp[place : found.start()])
        place = end
    return b"".join([*parts, xmp[place:]])


def _end(xmp: bytes, name: bytes, start: int) -> int:
    """Behind the end of an element whose name ends at `start`, -1 without."""
    opened = xmp.find(b">", start)
    if opened < 0 or xmp[opened - 1 : opened] == b"/":
        return opened + 1 if opened >= 0 else -1
    closing = b"</%b>" % name
    closed = xmp.find(closing, opened)
    return closed + len(closing) if closed >= 0 else -1
