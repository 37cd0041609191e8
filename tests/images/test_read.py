import numpy as np
import pytest
import tifffile
from photographs import FOLDER, arrays
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo
from upscaling import save_png16

from srcore.images import read as module
from srcore.images.error import ImageError
from srcore.images.raster import Kept
from srcore.images.read import look, read
from srcore.images.reading.ppm import LONGEST_HEAD
from srcore.images.reading.tags import read_directory, read_head

PHOTOGRAPH = arrays()[2][:20, :31]
WIDE = np.random.default_rng(0).integers(0, 65536, (20, 31, 4), np.uint16)


def saved(path, image: Image.Image, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "YCbCr", "CMYK"])
def test_every_mode_becomes_grey_or_rgb(tmp_path, mode):
    image = Image.fromarray(PHOTOGRAPH)
    image = image.convert(mode)
    ending = "tif" if mode in ("CMYK", "YCbCr") else "png"
    path = saved(tmp_path / f"a.{ending}", image)
    raster, head = read(path), look(path)
    grey = mode in ("1", "L", "LA")
    assert raster.colours.shape == (20, 31, 1 if grey else 3)
    assert head.grey == grey
    assert (raster.alpha is not None) == head.alpha == (mode in ("LA", "RGBA"))
    assert raster.colours.dtype == np.uint8
    assert not head.wide
    expected = np.asarray(image.convert("L" if grey else "RGB"))
    assert (raster.colours.squeeze() == expected).all()


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_a_palette_with_transparency(tmp_path, ending):
    image = Image.fromarray(PHOTOGRAPH).convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
    index = np.asarray(image)[0, 0]
    path = saved(tmp_path / f"a.{ending}", image, transparency=int(index))
    raster = read(path)
    assert look(path).alpha
    assert ((raster.alpha == 0) == (np.asarray(image) == index)).all()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_colour_that_is_transparent(tmp_path, mode):
    image = Image.fromarray(PHOTOGRAPH).convert(mode)
    key = image.getpixel((0, 0))
    raster = read(saved(tmp_path / "a.png", image, transparency=key))
    pixels = np.asarray(image).reshape(20, 31, -1)
    assert ((raster.alpha == 0) == (pixels == np.asarray(key)).all(axis=2)).all()
    assert raster.colours.shape[2] == pixels.shape[2]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_of_a_png_are_all_read(tmp_path, channels):
    path = tmp_path / "a.png"
    save_png16(WIDE[..., :channels], Kept(), path)
    head, raster = look(path), read(path)
    assert (head.wide, head.grey, head.alpha) == (True, channels < 3, channels in (2, 4))
    assert (raster.colours == WIDE[..., : 1 if channels < 3 else 3]).all()
    if head.alpha:
        assert (raster.alpha == WIDE[..., channels - 1]).all()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_of_a_tiff_are_all_read(tmp_path, channels, compression, order):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        WIDE[..., 0] if channels == 1 else WIDE[..., :channels],
        photometric="minisblack" if channels == 1 else "rgb",
        extrasamples=["unassalpha"] if channels == 4 else None,
        compression=compression,
        byteorder=order,
        metadata=None,
    )
    raster = read(path)
    assert look(path).wide
    assert (raster.colours == WIDE[..., : 1 if channels == 1 else 3]).all()
    assert (raster.alpha == WIDE[..., 3]).all() if channels == 4 else raster.alpha is None


def test_16_bits_of_a_pgm(tmp_path):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 31 20 65535\n" + WIDE[..., 0].astype(">u2").tobytes())
    assert look(path).wide
    assert (read(path).colours[..., 0] == WIDE[..., 0]).all()


@pytest.mark.parametrize("comments", [b"", b"# a comment\n# another\r\n"])
def test_comments_of_a_ppm(tmp_path, comments):
    path = tmp_path / "a.ppm"
    pixels = np.repeat(WIDE[..., :3].astype(np.uint8), 40, axis=0)  # beyond the bound of a head
    path.write_bytes(b"P6\n%s31\t#one\n 800 255\n" % comments + pixels.tobytes())
    assert path.stat().st_size > LONGEST_HEAD
    assert (read(path).colours == pixels).all()


@pytest.mark.parametrize(
    "start", [b"P6\n", b"P6\n31 20\n", b"Pf\n", b"PyRGBA\n", b"P0CMYK 31 20 ", b"P1\n"]
)
def test_a_ppm_with_a_long_comment_is_refused_unread(tmp_path, start):
    path = tmp_path / "a.ppm"
    path.write_bytes(start + b"#" + b"x" * 5_000_000 + b"\n31 20 255\n")
    with pytest.raises(ImageError, match="damaged: its head is longer than 65536 bytes"):
        look(path)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "F"])
def test_every_kind_of_pnm_has_its_head_found(tmp_path, mode):
    path = tmp_path / "a.pnm"
    image = Image.new(mode, (1000, 600))
    image.save(path, "PPM")
    assert path.stat().st_size > LONGEST_HEAD
    assert look(path).size == (1000, 600)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
def test_made_upright_once(tmp_path, ending, orientation):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera", orientation
    options = {"quality": 100, "lossless": True} if ending in ("webp", "jpg") else {}
    path = saved(tmp_path / f"a.{ending}", Image.fromarray(PHOTOGRAPH), exif=exif, **options)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    raster = read(path)
    assert (raster.colours == expected).all()
    kept = raster.kept.exif
    head = read_head(kept)
    assert 0x010F in read_directory(kept, head.first, head).tags
    assert 0x0112 not in read_directory(kept, head.first, head).tags


def test_16_bits_are_made_upright_too(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    save_png16(WIDE[..., :3], Kept(exif.tobytes().removeprefix(b"Exif\0\0")), tmp_path / "a.png")
    assert (read(tmp_path / "a.png").colours == np.rot90(WIDE[..., :3], -1)).all()


def test_a_cmyk_image_whose_profile_is_none_of_cmyk(tmp_path):
    """It is not used, a line says so, and none is kept."""
    image = Image.fromarray(PHOTOGRAPH).convert("CMYK")
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path / "a.jpg", image, icc_profile=icc, quality=100)
    raster = read(path)
    assert raster.kept.icc is None
    assert (
        "its colour profile is left out: it is one of RGB, and the image is CMYK"
        in look(path).notes
    )
    with Image.open(path) as again:
        assert (raster.colours == np.asarray(again.convert("RGB"))).all()


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue", "green")]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert look(path).notes == ("3 frames or pages, of which the first is used",)
    assert (read(path).colours == (255, 0, 0)).all()


def test_a_photograph_with_a_second_image_in_its_file_is_a_jpeg(tmp_path):
    image = Image.fromarray(PHOTOGRAPH)
    path = tmp_path / "a.jpg"
    image.save(path, "MPO", save_all=True, append_images=[image.resize((5, 5))])
    head = look(path)
    assert (head.kind, head.size) == ("JPEG", (31, 20))
    assert head.notes == ("another image in its file (a gain map, a depth, a preview) is left out",)


PNG = (FOLDER / "chelsea.png").read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"readme", "not an image of a known kind"),
        (PNG[:5000], "damaged: "),
        (PNG[:99_000] + b"xxxx" + PNG[99_004:], "damaged: "),
    ],
)
def test_what_cannot_be_read_is_a_few_words(tmp_path, content, words):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=words) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_damage_of_16_bits_is_a_few_words(tmp_path):
    path = tmp_path / "a.png"
    save_png16(WIDE, Kept(), path)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(ImageError, match="damaged: "):
        read(path)


def test_32_bits_have_no_white(tmp_path):
    path = saved(tmp_path / "a.tif", Image.new("F", (3, 3)))
    with pytest.raises(
        ImageError, match=r"32 bits per sample .floating point. have no known white"
    ):
        read(path)


def test_a_bomb_is_refused_before_it_goes_off(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_PIXELS", 600)
    path = saved(tmp_path / "a.png", Image.fromarray(PHOTOGRAPH))
    for function in (look, read):
        with pytest.raises(ImageError, match="31 x 20 pixels are more than 600"):
            function(path)


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp", "gif", "bmp", "jp2", "ppm"])
def test_whatever_is_damaged_is_reported_in_a_few_words_or_read(tmp_path, ending):
    path = saved(tmp_path / f"a.{ending}", Image.fromarray(PHOTOGRAPH))
    data, chance = path.read_bytes(), np.random.default_rng(0)
    for _ in range(25):
        changed = bytearray(data)
        for place in chance.integers(0, len(data), 3):
            changed[place] = chance.integers(256)
        path.write_bytes(
            changed[: chance.integers(1, len(data) + 1) if chance.random() < 0.5 else None]
        )
        try:
            look(path), read(path)
        except ImageError as error:
            assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_in_which_zero_is_white(tmp_path, dtype):
    values = WIDE[..., 0].astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
    expected = np.iinfo(dtype).max - values
    assert (read(tmp_path / "a.tif").colours[..., 0] == expected).all()


def test_16_bits_whose_channels_lie_one_after_the_other(tmp_path):
    planes = np.ascontiguousarray(WIDE[..., :3].transpose(2, 0, 1))
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    assert (read(tmp_path / "a.tif").colours == WIDE[..., :3]).all()


@pytest.mark.parametrize("dots", [(1e12, 1e12), (0.0, 72.0)])
def test_a_resolution_that_no_format_holds_is_left(tmp_path, dots):
    exif = Image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = dots[0], dots[1], 2
    path = saved(tmp_path / "a.webp", Image.fromarray(PHOTOGRAPH), exif=exif)
    assert read(path).kept.dpi is None


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3), (3, 1)])
def test_images_of_a_pixel_or_a_line(tmp_path, size, mode, ending):
    image = Image.new(mode, size, 7 if mode in ("L", "I;16") else (7,) * len(mode))
    raster = read(saved(tmp_path / f"a.{ending}", image))
    assert raster.size == size
    assert (raster.colours == 7).all()


def test_tiles_of_planes_are_refused_by_name(tmp_path):
    planes = np.ascontiguousarray(WIDE[..., :3].astype(np.uint8).transpose(2, 0, 1))
    options = {"photometric": "rgb", "planarconfig": "separate", "tile": (16, 16)}
    tifffile.imwrite(tmp_path / "a.tif", planes, **options)
    with pytest.raises(ImageError, match="channels lie apart in tiles, which is not read; save it"):
        look(tmp_path / "a.tif")
    tifffile.imwrite(
        tmp_path / "b.tif", planes.transpose(1, 2, 0), photometric="rgb", tile=(16, 16)
    )
    assert (read(tmp_path / "b.tif").colours == planes.transpose(1, 2, 0)).all()


XMP = b'<x:xmpmeta><a tiff:Orientation="6"/></x:xmpmeta>'


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize(("orientation", "size"), [(None, (20, 31)), (1, (31, 20)), (3, (31, 20))])
def test_the_orientation_of_xmp_counts_without_one_of_exif(tmp_path, ending, orientation, size):
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    if orientation is not None:
        exif[0x0112] = orientation
    options = {"exif": exif} if ending != "tif" else {"tiffinfo": {700: XMP, **exif}}
    if ending == "png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif ending != "tif":
        options["xmp"] = XMP
    path = saved(tmp_path / f"a.{ending}", Image.fromarray(PHOTOGRAPH), **options)
    assert look(path).size == size
