"""Numbers of the tags of TIFF and EXIF, each with one name (TIFF 6.0, EXIF 2.32, GeoTIFF 1.1)."""

KIND, OLD_KIND = 254, 255
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIPS, ORIENTATION, SAMPLES, ROWS_OF_STRIP, LENGTHS = 273, 274, 277, 278, 279
X_RESOLUTION, Y_RESOLUTION, PLANES, UNIT, PREDICTOR = 282, 283, 284, 296, 317
RESOLUTIONS = (X_RESOLUTION, Y_RESOLUTION)
"""Pixels per unit of length, across and along."""
TILE_WIDTH, SUB_IMAGES, INKS, EXTRA, SAMPLE_FORMAT = 322, 330, 332, 338, 339
PREVIEW, PREVIEW_LENGTH, SUBSAMPLING = 513, 514, 530
XMP, IPTC, PHOTOSHOP, ICC = 700, 33723, 34377, 34675
EXIF, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005
"""Places of directories of their own."""
MAKER_NOTE, LAYERS, DNG_VERSION = 37500, 37724, 50706
NO_UNIT, PER_INCH, PER_CENTIMETRE = 1, 2, 3
"""Values of `UNIT`; without a unit, resolutions only have a ratio."""
SIDES = ((WIDTH, HEIGHT), (0xA002, 0xA003), (0x1001, 0x1002))
"""Width and height, of the first directory, of Exif, and of the one within it."""
IN_PIXELS = frozenset(
    {0x9214, 0xA214, 0x920E, 0x920F, 0x9210, 0xA20E, 0xA20F, 0xA210}
)  # fmt: skip
"""Tags that count pixels of the image as it was: where its subject lies, and how many of them
there are on a length of the sensor."""
GEO = frozenset({33550, 33920, 33922, 34264, 34735, 34736, 34737})
"""Where the pixels of the image as it was lie on a map."""
ELSEWHERE = frozenset({XMP, IPTC, PHOTOSHOP, ICC})
"""Parts of an image that are kept by themselves (`Kept`)."""
LAYOUT = frozenset(
    {KIND, OLD_KIND, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, *range(263, 267), STRIPS,
     ORIENTATION, *range(277, 282), PLANES, *range(288, 294), 297, PREDICTOR, *range(320, 329),
     SUB_IMAGES, *range(332, 337), *range(338, 342), *range(343, 348), 351, *range(400, 406),
     *range(433, 436), *range(512, 522), *range(529, 533), 559, *range(32995, 32999)}
)  # fmt: skip
"""Tags of a TIFF that describe how its pixels lie in the file."""
MEANING = frozenset({301, 318, 319})
"""What the values of pixels mean: TransferFunction, WhitePoint, PrimaryChromaticities. They
describe the image only as long as its pixels are not converted to other colours."""
