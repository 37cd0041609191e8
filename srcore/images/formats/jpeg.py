"""JPEG, quality 95, colours as sharp as the light."""

from pathlib import Path

from srcore.images.formats.format import Format, options, whole
from srcore.images.raster import Rows
from srcore.images.reading.iptc import resources_of

LONGEST_PART = 65_533
PHOTOSHOP = b"Photoshop 3.0\0"
UNIT = 13
"""Where the unit of the resolution is; Pillow begins every JPEG with the part JFIF."""
NO_UNIT = b"\0"


def write(rows: Rows, path: Path) -> None:
    """Write an image as JPEG."""
    kept = rows.kept
    captions = b""
    if kept.iptc:
        part = PHOTOSHOP + resources_of(kept.iptc)
        captions = b"\xff\xed" + (len(part) + 2).to_bytes(2, "big") + part
    parts = options(
        icc_profile=kept.icc,
        exif=kept.exif and b"Exif\0\0" + kept.exif,
        extra=captions,
        xmp=kept.xmp,
        comment=kept.comment,
        dpi=kept.dpi or (kept.aspect and kept.aspect.as_integer_ratio()),
    )
    whole(rows).save(path, "JPEG", quality=95, subsampling="4:4:4", **parts)
    if kept.aspect and not kept.dpi:
        with path.open("r+b") as file:
            file.seek(UNIT)
            file.write(NO_UNIT)


FORMAT = Format(
    "JPEG",
    (".jpg", ".jpeg", ".jpe", ".jfif"),
    65_500,
    write,
    alpha=False,
    holds=frozenset({"icc", "exif", "xmp", "iptc", "comment", "dpi", "aspect"}),
    dpi=(1, 65_535),
    most={
        "exif": LONGEST_PART - 6,
        "xmp": LONGEST_PART - 29,
        "iptc": LONGEST_PART - 30,
        "comment": LONGEST_PART,
        "icc": 255 * 65_519,
    },
)
