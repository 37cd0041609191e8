"""Real files, through the whole of reading, enlarging and writing."""

import numpy as np
import pytest
import tifffile
from photographs import arrays
from PIL import ExifTags, Image, ImageCms
from profiles import grey_profile
from upscaling import save_png16

from srcore.images.formats.table import FORMATS, format_of_extension
from srcore.images.raster import Kept, Raster
from srcore.images.read import read
from srcore.images.write import lacking
from srcore.upscale.resize import alpha_rows

PHOTOGRAPH = arrays()[2][:12, :17]
WIDE = np.random.default_rng(0).integers(0, 65536, (12, 17, 4), np.uint16)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif() -> Image.Exif:
    made = Image.Exif()
    made[ExifTags.Base.Make] = "Camera"
    made[ExifTags.Base.Copyright] = "me"
    made[ExifTags.Base.Orientation] = 6
    made[ExifTags.IFD.Exif] = {
        ExifTags.Base.ExposureTime: 0.01,
        ExifTags.Base.ExifImageWidth: 17,
        ExifTags.Base.ExifImageHeight: 12,
    }
    made[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    return made


def tags(raster: Raster) -> Image.Exif:
    found = Image.Exif()
    found.load(raster.kept.exif)
    return found


@pytest.mark.parametrize("extension", ["jpg", "png", "tif", "webp", "avif", "bmp", "ppm"])
def test_a_format_stays(tmp_path, enlarged, extension):
    path = tmp_path / f"a.{extension}"
    Image.fromarray(PHOTOGRAPH).save(path, quality=100)
    made = enlarged(path)
    assert made == tmp_path / f"a.x2.{extension}"
    with Image.open(path) as before, Image.open(made) as after:
        assert (after.format, after.mode, after.size) == (before.format, "RGB", (34, 24))
        bicubic = before.resize((34, 24), Image.Resampling.BICUBIC)
        assert np.abs(np.asarray(after).astype(int) - bicubic).mean() < 3


@pytest.mark.parametrize("extension", ["gif", "jp2"])
def test_what_is_not_written_becomes_png(tmp_path, enlarged, extension):
    Image.fromarray(PHOTOGRAPH).save(tmp_path / f"a.{extension}")
    made = enlarged(tmp_path / f"a.{extension}")
    assert made.name == f"a.{extension}.x2.png"
    with Image.open(made) as image:
        assert (image.format, image.size) == ("PNG", (34, 24))


def test_jpeg_keeps_its_colours_sharp(tmp_path, enlarged):
    """No chroma subsampling, and about quality 95."""
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.JPEG", "JPEG", quality=30, subsampling=2)
    made = enlarged(tmp_path / "a.JPEG")
    assert made.name == "a.x2.JPEG"
    with Image.open(made) as image:
        assert all(layer[1:3] == (1, 1) for layer in image.layer)
        assert max(max(table) for table in image.quantization.values()) <= 13


@pytest.mark.parametrize("extension", ["jpg", "png", "tif", "webp", "avif"])
def test_what_a_file_says_is_kept_and_true(tmp_path, enlarged, extension):
    path = tmp_path / f"a.{extension}"
    Image.fromarray(PHOTOGRAPH).save(path, exif=exif().tobytes(), icc_profile=ICC, dpi=(300, 300))
    with Image.open(enlarged(path, 4)) as image:
        assert image.size == (4 * 12, 4 * 17)
        assert image.info["icc_profile"] == ICC
        if extension not in ("webp", "avif"):
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        found = image.getexif()
        assert found[ExifTags.Base.Make].strip("\0") == "Camera"
        assert found[ExifTags.Base.Copyright].strip("\0") == "me"
        assert found.get(ExifTags.Base.Orientation, 1) == 1
        details = found.get_ifd(ExifTags.IFD.Exif)
        assert details[ExifTags.Base.ExposureTime] == pytest.approx(0.01)
        assert details[ExifTags.Base.ExifImageWidth] == 4 * 12
        assert details[ExifTags.Base.ExifImageHeight] == 4 * 17
        assert found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


def test_exif_that_is_too_long_for_a_jpeg_is_left(tmp_path, enlarged):
    given = exif()
    given[ExifTags.Base.ImageDescription] = "a" * 70_000
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a.png", exif=given.tobytes())
    with Image.open(enlarged(tmp_path / "a.png", out=tmp_path / "b.jpg")) as image:
        assert not len(image.getexif())


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_of_a_png_stay(tmp_path, enlarged, channels):
    kept = Kept(
        exif().tobytes().removeprefix(b"Exif\0\0"),
        grey_profile() if channels < 3 else ICC,
        dpi=(300.0, 300.0),
    )
    save_png16(np.repeat(WIDE[..., :1], channels, axis=2), kept, tmp_path / "a.png")
    made = enlarged(tmp_path / "a.png")
    assert made.read_bytes()[24] == 16
    raster = read(made)
    assert raster.colours.dtype == np.uint16
    assert raster.colours.shape == (34, 24, 1 if channels < 3 else 3)
    expected = alpha_rows(np.rot90(WIDE[..., 0], -1), (24, 34), 0, 34)
    difference = np.abs(raster.colours.astype(int) - expected[..., None])
    assert difference[4:-4, 4:-4].max() < 20  # beyond its border Pillow repeats nothing
    assert raster.kept.icc == kept.icc
    assert raster.kept.dpi == pytest.approx((300, 300), abs=0.1)
    assert tags(raster).get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExifImageWidth] == 24
    assert (raster.alpha is None) == (channels in (1, 3))


def test_16_bits_of_a_png_are_as_other_programs_read_them(tmp_path):
    for channels, mode in ((1, "I;16"), (2, "RGBA"), (3, "RGB"), (4, "RGBA")):
        save_png16(WIDE[..., :channels], Kept(), tmp_path / "a.png")
        with Image.open(tmp_path / "a.png") as image:
            image.verify()
        with Image.open(tmp_path / "a.png") as image:
            assert image.mode == mode
            if channels > 2:
                assert (np.asarray(image) == WIDE[..., :channels] >> 8).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_of_a_tiff_stay(tmp_path, enlarged, channels):
    pixels = WIDE[..., 0] if channels == 1 else WIDE[..., :channels]
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels,
        photometric="minisblack" if channels == 1 else "rgb",
        extrasamples=["unassalpha"] if channels == 4 else None,
        resolution=(300, 300),
        resolutionunit="INCH",
        iccprofile=grey_profile() if channels == 1 else ICC,
        extratags=[(int(ExifTags.Base.Copyright), "s", 0, "me", True)],
        metadata=None,
    )
    made = enlarged(tmp_path / "a.tif")
    assert made.name == "a.x2.tif"
    raster = read(made)
    assert raster.colours.dtype == np.uint16
    assert raster.colours.shape == (24, 34, 1 if channels == 1 else 3)
    assert (raster.alpha is not None) == (channels == 4)
    assert raster.kept.icc == (grey_profile() if channels == 1 else ICC)
    assert raster.kept.dpi == pytest.approx((300, 300))
    assert tags(raster)[ExifTags.Base.Copyright] == "me"


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_stays_grey(tmp_path, enlarged, mode):
    Image.fromarray(PHOTOGRAPH).convert(mode).save(tmp_path / "a.png")
    with Image.open(enlarged(tmp_path / "a.png")) as image:
        assert image.mode == ("LA" if mode == "LA" else "L")


def test_a_grey_jpeg_stays_grey(tmp_path, enlarged):
    Image.fromarray(PHOTOGRAPH).convert("L").save(tmp_path / "a.jpg")
    with Image.open(enlarged(tmp_path / "a.jpg")) as image:
        assert (image.format, image.mode) == ("JPEG", "L")


def test_what_a_format_cannot_hold():
    plain = {"alpha": False, "wide": False, "grey": False}
    assert lacking("PGM", (1, 1), **plain) == "colours"
    assert lacking("PGM", (1, 1), **plain | {"grey": True}) is None
    assert lacking("JPEG", (65_500, 1), **plain) is None
    assert lacking("JPEG", (65_501, 1), **plain) == "a side of 65501 pixels (at most 65500)"
    assert lacking("JPEG", (1, 1), **plain | {"alpha": True}) == "transparency"
    assert lacking("WEBP", (1, 1), **plain | {"wide": True}) == "16 bits per channel"
    assert all(lacking("PNG", (1, 1), alpha=a, wide=True, grey=a) is None for a in (True, False))


def test_endings_name_formats():
    from pathlib import Path

    for name, kind in FORMATS.items():
        assert all(
            format_of_extension(Path(f"a{extension.upper()}")) == name
            for extension in kind.extensions
        )
    assert format_of_extension(Path("a.doc")) is None
