"""Kinds of images of which the product once made something wrong, and what is right of them.

Those of `../shared/pictures` are examples; of each kind the tests make others themselves.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from made import encoded
from photographs import arrays
from PIL import Image, ImageCms
from profiles import grey_profile, rgb_profile

from srcore.images.decode import decode, decode_noted
from srcore.images.error import ImageError
from srcore.images.read import look, read

PICTURES = Path(__file__).parents[3] / "shared" / "pictures"
ENOUGH = 10**6
PHOTOGRAPH = arrays()[2][:40, :56]
WIDE = np.random.default_rng(0).integers(0, 65536, (40, 56, 4), np.uint16)
AUTHORS = ["Jürgen Müller".encode(), "Jürgen Müller".encode("latin-1"), "写真家 😀".encode()]


@pytest.fixture
def picture():
    """Path of one of the examples."""

    def path(name: str) -> Path:
        if not (PICTURES / name).is_file():
            pytest.skip(f"{PICTURES / name} is not here")
        return PICTURES / name

    return path


def logged(*paths: Path) -> list[str]:
    return [note for path in paths for note in look(path).notes]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with further parts before its pixels."""
    return png[:33] + b"".join(chunk(*part) for part in chunks) + png[33:]


def png(mode: str = "RGB", **options) -> bytes:
    return encoded(Image.fromarray(PHOTOGRAPH).convert(mode), **options)


def jpeg_exif(data: bytes) -> bytes:
    return encoded(Image.fromarray(PHOTOGRAPH), "JPEG", exif=b"Exif\0\0" + data, quality=95)


def tag(number: int, value: bytes, kind: int = 2) -> bytes:
    """An EXIF of one tag."""
    head = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", number, kind, len(value))
    return (
        head
        + (value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", 26))
        + (bytes(4) + (value if len(value) > 4 else b""))
    )


# Bits a sample that no format of ours has.


def packed(values: np.ndarray, bits: int) -> bytes:
    digits = ((values[..., None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8)
    return b"".join(np.packbits(row.reshape(-1)).tobytes() for row in digits)


def grey_tiff(bits: int, data: bytes) -> bytes:
    tags = [(256, 3, 1, 56), (257, 3, 1, 40), (258, 3, 1, bits), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 40), (279, 4, 1, len(data))]  # fmt: skip
    data += bytes(len(data) % 2)
    table = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", *entry) for entry in sorted(tags)
    )
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + table + bytes(4)


@pytest.mark.parametrize("bits", [10, 12, 14, 24])
def test_odd_depths_are_refused(tmp_path, bits):
    (tmp_path / "a.tif").write_bytes(grey_tiff(bits, packed(WIDE[..., 0].astype(np.uint32), bits)))
    for reading in (look, read, lambda path: decode(path.read_bytes(), ENOUGH)):
        with pytest.raises(ImageError, match=f"{bits} bits per sample"):
            reading(tmp_path / "a.tif")


def test_grey_of_12_bits(picture):
    for reading in (look, read, lambda path: decode(path.read_bytes(), ENOUGH)):
        with pytest.raises(ImageError, match="12 bits per sample are not read"):
            reading(picture("01_grey_12bit.tif"))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint32, np.int16, np.int8])
def test_numbers_whose_white_is_unknown_are_refused(tmp_path, dtype):
    values = (WIDE[..., :3] / 70_000 * 100).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    with pytest.raises(ImageError, match="have no known white"):
        look(tmp_path / "a.tif")


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_of_grey_are_scaled(tmp_path, bits):
    values = WIDE[..., 0] >> (16 - bits)
    (tmp_path / "a.tif").write_bytes(grey_tiff(bits, packed(values, bits)))
    expected = (values * (255 // (2**bits - 1))).astype(np.uint8)
    assert (read(tmp_path / "a.tif").colours[..., 0] == expected).all()
    assert (np.asarray(decode((tmp_path / "a.tif").read_bytes(), ENOUGH))[..., 0] == expected).all()


# Where channels and images lie in a TIFF.


def test_planes_one_after_the_other(picture):
    with tifffile.TiffFile(picture("02_planar_16bit_rgb.tif")) as file:
        planes = file.asarray()
    expected = planes.transpose(1, 2, 0) if planes.shape[0] == 3 else planes
    assert (read(picture("02_planar_16bit_rgb.tif")).colours == expected).all()
    seen = np.asarray(decode(picture("02_planar_16bit_rgb.tif").read_bytes(), ENOUGH))
    assert (seen == (expected.astype(int) + 128) // 257).all()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_planes_of_every_kind(tmp_path, dtype, channels, order):
    values = (WIDE if dtype == np.uint16 else WIDE >> 8).astype(dtype)[..., :channels]
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ascontiguousarray(values.transpose(2, 0, 1)),
        photometric="rgb",
        planarconfig="separate",
        byteorder=order,
        extrasamples=["unassalpha"] if channels == 4 else None,
    )
    raster = read(tmp_path / "a.tif")
    assert (raster.colours == values[..., :3]).all()
    assert channels == 3 or (raster.alpha == values[..., 3]).all()


def test_a_preview_is_not_taken_for_the_image(picture):
    for reading in (look, lambda path: decode(path.read_bytes(), ENOUGH)):
        with pytest.raises(ImageError, match="preview of another"):
            reading(picture("03_thumbnail_first.dng"))


@pytest.mark.parametrize("case", ["next page", "sub-image", "DNG", "Canon"])
def test_raw_images_and_previews_are_refused(tmp_path, case):
    path, small = tmp_path / "a.tif", PHOTOGRAPH[:10, :14]
    with tifffile.TiffWriter(path) as file:
        if case == "next page":
            file.write(small, photometric="rgb", subfiletype=1)
            file.write(PHOTOGRAPH, photometric="rgb")
        elif case == "sub-image":
            file.write(small, photometric="rgb", subifds=1)
            file.write(WIDE[..., 0], photometric="cfa")
        else:
            number = 50706 if case == "DNG" else 50707
            file.write(
                PHOTOGRAPH, photometric="rgb", extratags=[(number, 1, 4, bytes([1, 4, 0, 0]))]
            )
    if case == "Canon":
        data = path.read_bytes()
        path.write_bytes(data[:8] + b"CR\x02\0" + data[12:])
    with pytest.raises(ImageError, match=r"camera's raw image|preview of another"):
        look(path)


def test_a_small_page_behind_the_image_is_one_more_page(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(PHOTOGRAPH, photometric="rgb")
        file.write(PHOTOGRAPH[:10, :14], photometric="rgb", subfiletype=1)
        file.write(PHOTOGRAPH[::-1], photometric="rgb")
    assert logged(tmp_path / "a.tif") == ["2 frames or pages, of which the first is used"]
    assert (read(tmp_path / "a.tif").colours == PHOTOGRAPH).all()


# Text keeps its bytes.


def test_copyright_that_is_not_ascii(picture, enlarged, tmp_path):
    source = picture("04_16bit_copyright_not_ascii.tif")
    assert b"\xc2\xa9 2020 M\xc3\xbcller" in enlarged(source, out=tmp_path / "a.tif").read_bytes()


def test_author_in_utf8(picture, enlarged, tmp_path):
    made = enlarged(picture("05_author_utf8.jpg"), out=tmp_path / "a.jpg")
    assert "Jürgen Müller".encode() in made.read_bytes()


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp", "avif"])
@pytest.mark.parametrize("author", AUTHORS)
def test_authors_keep_their_bytes_in_every_format(tmp_path, enlarged, author, ending):
    (tmp_path / "a.jpg").write_bytes(jpeg_exif(tag(0x013B, author + b"\0")))
    assert author + b"\0" in enlarged(tmp_path / "a.jpg", out=tmp_path / f"b.{ending}").read_bytes()


def test_long_xmp_of_a_png(picture, enlarged, tmp_path):
    made = enlarged(picture("06_xmp_1.5MB.png"), out=tmp_path / "a.png")
    before, after = read(picture("06_xmp_1.5MB.png")).kept.xmp, read(made).kept.xmp
    assert before == after
    assert len(after) > 1_400_000
    jpeg = tmp_path / "a.jpg"
    enlarged(picture("06_xmp_1.5MB.png"), out=jpeg)
    assert read(jpeg).kept.xmp is None
    decode(picture("06_xmp_1.5MB.png").read_bytes(), ENOUGH)


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_texts_of_a_png_stay(tmp_path, enlarged, kind):
    text = "写" * 700_000
    body = {
        b"tEXt": b"Comment\0" + b"\xfc" * 2_000_000,
        b"zTXt": b"Comment\0\0" + zlib.compress(b"\xfc" * 2_000_000),
        b"iTXt": b"Comment\0\0\0\0\0" + text.encode(),
    }[kind]
    (tmp_path / "a.png").write_bytes(with_chunks(png(), (kind, body), (kind, b"broken")))
    made = read(enlarged(tmp_path / "a.png"))
    assert made.kept.texts == ((kind, body), (kind, b"broken"))


def test_xmp_says_the_new_size_and_no_orientation(tmp_path, enlarged):
    xmp = (
        b'<x:xmpmeta><a tiff:Orientation="6" exif:PixelXDimension="56" '
        b"dc:creator='\xe5\x86\x99'><exif:PixelYDimension>40</exif:PixelYDimension></a></x:xmpmeta>"
    )
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.jpg", xmp=xmp)
    assert look(tmp_path / "a.jpg").size == (40, 56)
    made = read(enlarged(tmp_path / "a.jpg")).kept.xmp
    expected = xmp.replace(b'"6"', b'"1"').replace(b'"56"', b'"80"').replace(b">40<", b">112<")
    assert made == expected


def test_iptc_captions_stay(tmp_path, enlarged):
    caption = b"\x1c\x02\x50\0\x07M\xfcller\0"
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(caption)) + caption
    part = b"Photoshop 3.0\0" + resources
    extra = b"\xff\xed" + struct.pack(">H", len(part) + 2) + part
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.jpg", extra=extra)
    for out in ("b.jpg", "b.tif"):
        assert read(enlarged(tmp_path / "a.jpg", out=tmp_path / out)).kept.iptc == caption


# What is broken beside the pixels does not stand in their way.


def test_broken_exif(picture):
    for name in ("08_exif_broken.png", "08_exif_broken_folder_source.jpg"):
        path = picture(name)
        assert logged(path) == ["its EXIF is damaged and left out"]
        assert read(path).kept.exif is None
        image, notes = decode_noted(path.read_bytes(), ENOUGH)
        with Image.open(path) as bare:
            assert (np.asarray(image) == np.asarray(bare)).all()
        assert notes == ("its EXIF is damaged and left out",)


@pytest.mark.parametrize(
    "exif",
    [b"", b"II*\0", b"junk" * 9, b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + bytes(50)],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_exif_broken_in_other_ways(tmp_path, kind, exif):
    image = Image.fromarray(PHOTOGRAPH)
    data = (
        with_chunks(png(), (b"eXIf", exif))
        if kind == "PNG"
        else encoded(image, kind, exif=b"Exif\0\0" + exif)
    )
    (tmp_path / "a").write_bytes(data)
    raster = read(tmp_path / "a")
    assert raster.size == (56, 40)
    assert raster.kept.exif is None
    if exif:
        assert "its EXIF is damaged and left out" in logged(tmp_path / "a")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_exif_without_a_tag_is_not_damaged(tmp_path, kind):
    """Pillow writes it when somebody removes the orientation, the only tag."""
    exif = b"MM\0*\0\0\0\x08" + bytes(6)
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a", kind, exif=b"Exif\0\0" + exif)
    assert look(tmp_path / "a").notes == ()
    assert read(tmp_path / "a").kept.exif is None


def test_a_tag_that_points_nowhere_costs_only_itself(tmp_path, enlarged):
    exif = bytearray(tag(0x013B, b"somebody\0"))
    struct.pack_into("<I", exif, 18, 9999)
    (tmp_path / "a.jpg").write_bytes(jpeg_exif(bytes(exif)))
    for out in ("b.tif", "b.jpg", "b.avif"):
        assert read(enlarged(tmp_path / "a.jpg", out=tmp_path / out)).size == (112, 80)


def test_a_cmyk_profile_that_is_broken(picture):
    path = picture("09_cmyk_profile_broken.jpg")
    assert "its colour profile is damaged and left out" in logged(path)
    with Image.open(path) as image:
        assert (read(path).colours == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("icc", [b"x", bytes(300), rgb_profile()[:200]])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_profiles_broken_in_other_ways(tmp_path, mode, icc):
    image = Image.fromarray(PHOTOGRAPH).convert(mode)
    image.save(tmp_path / "a.jpg", icc_profile=icc, quality=95)
    raster = read(tmp_path / "a.jpg")
    assert raster.kept.icc is None
    assert "its colour profile is damaged and left out" in logged(tmp_path / "a.jpg")


def test_a_profile_of_another_kind_of_image(tmp_path):
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.png", icc_profile=grey_profile())
    assert logged(tmp_path / "a.png") == [
        "its colour profile is left out: it is one of GRAY, and the image is RGB"
    ]


def test_cmyk_of_16_bits(picture):
    path = picture("10_cmyk16.tif")
    assert logged(path) == ["CMYK becomes RGB", "16 bits per channel become 8"]
    with tifffile.TiffFile(path) as file:
        inks = ((file.asarray().astype(int) + 128) // 257).astype(np.uint8)
    expected = np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))
    assert (read(path).colours == expected).all()
    assert (np.asarray(decode(path.read_bytes(), ENOUGH)) == expected).all()


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_cmyk_of_other_layouts(tmp_path, dtype, planar):
    values = (WIDE if dtype == np.uint16 else WIDE >> 8).astype(dtype)
    laid = values if planar == "contig" else np.ascontiguousarray(values.transpose(2, 0, 1))
    tifffile.imwrite(tmp_path / "a.tif", laid, photometric="separated", planarconfig=planar)
    eight = ((values.astype(int) + 128) // 257 if dtype == np.uint16 else values).astype(np.uint8)
    expected = np.asarray(Image.fromarray(eight, "CMYK").convert("RGB"))
    assert (read(tmp_path / "a.tif").colours == expected).all()


# Transparency.


def test_a_transparent_level_of_2_bits(picture):
    path = picture("11_grey_2bit_trns.png")
    raster = read(path)
    with Image.open(path) as image:
        hidden = np.asarray(image) == 85 * image.info["transparency"]
    assert 0.2 < hidden.mean() < 0.3
    assert ((raster.alpha == 0) == hidden).all()
    assert (np.asarray(decode(path.read_bytes(), ENOUGH))[hidden] == 255).all()


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_level_of_every_depth(tmp_path, bits):
    values = WIDE[..., 0] >> (16 - bits) if bits < 16 else WIDE[..., 0].copy()
    values[3:9, 4:20] = 1
    rows = (
        packed(values, bits)
        if bits < 8
        else values.astype(">u2" if bits == 16 else np.uint8).tobytes()
    )
    length = len(rows) // 40
    lines = b"".join(b"\0" + rows[k * length : (k + 1) * length] for k in range(40))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 56, 40, bits, 0, 0, 0, 0))
    data += chunk(b"tRNS", b"\0\1") + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(data)
    raster = read(tmp_path / "a.png")
    assert ((raster.alpha == 0) == (values == 1)).all()
    scale = (65535 if bits == 16 else 255) // (2**bits - 1)
    assert (raster.colours[..., 0] == values * scale).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colours", [1, 3])
def test_premultiplied_alpha_is_divided_out(tmp_path, colours, dtype):
    largest = np.iinfo(dtype).max
    alpha = np.where(WIDE[..., 3] > 30_000, largest, largest // 2).astype(dtype)
    straight = (WIDE[..., :colours] * (largest / 65535)).astype(dtype)
    covered = np.rint(straight.astype(float) * alpha[..., None] / largest).astype(dtype)
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.concatenate([covered, alpha[..., None]], axis=2),
        photometric="rgb" if colours == 3 else "minisblack",
        extrasamples=["assocalpha"],
        planarconfig="contig",
    )
    raster = read(tmp_path / "a.tif")
    assert (raster.alpha == alpha).all()
    assert np.abs(raster.colours.astype(int) - straight).max() <= 2


# How values are to be seen.


def gamma(value: int) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", value)


def test_gamma_of_a_png(picture, enlarged, tmp_path):
    path = picture("07_gamma_1.0_16bit.png")
    made = enlarged(path, out=tmp_path / "a.png")
    assert read(made).kept.rendering == read(path).kept.rendering == (gamma(100_000),)


@pytest.mark.parametrize(
    "parts",
    [
        (gamma(50_000),),
        (gamma(45_455), (b"cHRM", struct.pack(">8I", *range(30_000, 38_000, 1000)))),
        ((b"cICP", b"\x09\x10\0\1"),),
        ((b"sRGB", b"\0"), gamma(45_455)),
    ],
)
def test_what_says_how_a_png_is_seen_stays(tmp_path, enlarged, parts):
    (tmp_path / "a.png").write_bytes(with_chunks(png(), *parts))
    assert read(enlarged(tmp_path / "a.png")).kept.rendering == parts
    from srcore.images.write import losses

    lost = losses("JPEG", look(tmp_path / "a.png").kept, grey=False)
    assert bool(lost) == (parts[0][0] != b"sRGB")


SRGB_COLOURS = (31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)


def chromaticities(*values: int) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *values)


@pytest.mark.parametrize(
    ("parts", "lost"),
    [
        ((gamma(45_455), chromaticities(*SRGB_COLOURS)), False),
        ((chromaticities(*SRGB_COLOURS),), False),
        ((gamma(45_455), chromaticities(*(value + 3 for value in SRGB_COLOURS))), False),
        ((gamma(45_455),), False),
        ((gamma(100_000), chromaticities(*SRGB_COLOURS)), True),
        ((chromaticities(*SRGB_COLOURS[:4], 21_000, 71_000, 15_000, 6_000),), True),
        ((gamma(45_455), (b"cHRM", b"")), True),
    ],
)
def test_a_gamma_and_colours_that_only_mean_srgb_are_no_loss(tmp_path, parts, lost):
    from srcore.images.write import losses

    (tmp_path / "a.png").write_bytes(with_chunks(png(), *parts))
    assert bool(losses("JPEG", look(tmp_path / "a.png").kept, grey=False)) == lost


@pytest.mark.parametrize("out", ["a.bmp", "a.ppm"])
def test_p3_where_no_profile_is_held(picture, enlarged, tmp_path, out):
    path = picture("13_p3.png")
    made = read(enlarged(path, out=tmp_path / out))
    wide = read(enlarged(path, out=tmp_path / "wide.png"))
    own, srgb = ImageCms.ImageCmsProfile(path_icc(path)), ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(Image.fromarray(wide.colours), own, srgb)
    assert np.abs(made.colours.astype(int) - np.asarray(expected)).max() <= 1


def path_icc(path: Path):
    from io import BytesIO

    return BytesIO(read(path).kept.icc)


@pytest.mark.parametrize("out", ["g.webp", "g.avif", "g.bmp", "g.pgm"])
@pytest.mark.parametrize("value", ["example", 1.0, 1.8, 2.6])
def test_grey_with_a_profile(picture, enlarged, tmp_path, value, out):
    if value == "example":
        path, value = picture("14_grey_gamma1.8.jpg"), 1.8
    else:
        path = tmp_path / "a.png"
        Image.fromarray(PHOTOGRAPH).convert("L").save(path, icc_profile=grey_profile(value))
    plain = read(enlarged(path, out=tmp_path / "plain.png")).colours[..., 0]
    light = (plain / 255.0) ** value
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    made = read(enlarged(path, out=tmp_path / out))
    assert made.kept.icc is None
    difference = made.colours.astype(float).mean(axis=2) - srgb
    assert np.abs(difference).mean() < (1 if out[2:] in ("bmp", "pgm") else 3)


def test_a_second_image_is_reported(picture):
    assert logged(picture("15_gainmap_like_mpo.jpg")) == [
        "another image in its file (a gain map, a depth, a preview) is left out"
    ]


def test_a_constant_image_stays_constant(picture, tmp_path):
    from srcore import enlarge

    with Image.open(picture("16_constant_13_200_77.png")) as image:
        for scale in (2, 3, 4):
            made = np.asarray(enlarge(image, scale=scale)).astype(int)
            assert np.abs(made - (13, 200, 77)).max() <= 1


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 120)])
def test_other_constants_stay_constant(colour):
    from srcore import enlarge

    flat = np.full((9, 13, 3), colour, np.uint8)
    assert np.abs(enlarge(flat).astype(int) - colour).max() <= 1


def test_a_ppm_of_16_bits_becomes_8_and_says_so(tmp_path):
    (tmp_path / "a").write_bytes(b"P6 56 40 65535\n" + WIDE[..., :3].astype(">u2").tobytes())
    assert logged(tmp_path / "a") == ["16 bits per channel become 8"]


def test_an_avif_of_10_bits_becomes_8_and_says_so(tmp_path):
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a", "AVIF")
    assert logged(tmp_path / "a") == []
    wide = pyvips.Image.new_from_array(PHOTOGRAPH.astype(np.uint16) * 257)
    image = wide.copy(interpretation="rgb16")
    (tmp_path / "b").write_bytes(image.heifsave_buffer(bitdepth=10, compression="av1", Q=95))
    assert logged(tmp_path / "b") == ["10 bits per channel become 8"]
    assert np.abs(read(tmp_path / "b").colours.astype(int) - PHOTOGRAPH).mean() < 12
