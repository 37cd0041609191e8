"""`from srcore import enlarge, load_network`, as the README has it."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
from imports import imported_by
from photographs import arrays
from PIL import Image, ImageCms, ImageOps
from profiles import grey_profile, rgb_profile
from tiny import CPU
from upscaling import enlarge

import srcore
from srcore.common.errors import StudyError
from srcore.images.raster import Kept, Raster

ROOT = Path(__file__).parents[2]
DOCS = {page: (ROOT / page).read_text("utf-8") for page in ("README.md", "docs/upscale.md")}
PHOTOGRAPH = arrays()[2][:20, :31]


def test_an_image_of_pillow_gives_one(bicubic):
    image = Image.fromarray(PHOTOGRAPH)
    image.info["icc_profile"] = rgb_profile()
    made = srcore.enlarge(image, bicubic, scale=2)
    assert (made.mode, made.size) == ("RGB", (62, 40))
    assert made.info["icc_profile"] == rgb_profile()
    expected = enlarge(bicubic, Raster(PHOTOGRAPH, None, Kept()), 2, CPU).colours
    assert (np.asarray(made) == expected).all()


@pytest.mark.parametrize(
    ("mode", "made"),
    [("L", "L"), ("LA", "LA"), ("RGBA", "RGBA"), ("1", "L"), ("P", "RGB"), ("CMYK", "RGB"),
     ("I;16", "I;16"), ("YCbCr", "RGB")],
)  # fmt: skip
def test_every_mode_of_pillow(bicubic, mode, made):
    image = Image.fromarray(PHOTOGRAPH)
    if mode == "I;16":
        image = Image.fromarray(PHOTOGRAPH[..., 0].astype(np.uint16) * 257)
    larger = srcore.enlarge(image.convert(mode), bicubic, scale=1.5)
    assert (larger.mode, larger.size) == (made, (46, 30))
    assert (
        abs(np.asarray(larger).mean() / np.asarray(image.convert(mode).convert(made)).mean() - 1)
        < 0.02
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
def test_an_array_gives_an_array(bicubic, channels, dtype):
    pixels = np.concatenate([PHOTOGRAPH, PHOTOGRAPH[..., :1]], axis=2).astype(dtype)
    pixels = pixels[..., 0] if channels is None else pixels[..., :channels]
    made = srcore.enlarge(pixels, bicubic)
    assert made.dtype == dtype
    assert made.shape == (80, 124, *pixels.shape[2:])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_of_a_phone_is_made_upright(bicubic, tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    Image.fromarray(PHOTOGRAPH).save(path, exif=exif, icc_profile=rgb_profile())
    with Image.open(path) as image:
        expected = srcore.enlarge(np.asarray(ImageOps.exif_transpose(image)), bicubic, scale=2)
        made = srcore.enlarge(image, bicubic, scale=2)
    assert (np.asarray(made) == expected).all()
    assert made.info["icc_profile"] == rgb_profile()
    assert made.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("page", ["README.md", "docs/upscale.md"])
def test_the_example_makes_a_phones_photograph_right(page, tmp_path, monkeypatch):
    found = re.search(r"\n\n((?:    .*\n)*    from srcore import .*\n(?:    .*\n)*)", DOCS[page])
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    Image.fromarray(PHOTOGRAPH).save(path, exif=exif, icc_profile=rgb_profile())
    monkeypatch.chdir(tmp_path)
    exec(textwrap.dedent(found[1]), {})
    with Image.open("photo.x2.jpg") as image:
        assert image.size == (40, 62)
        assert image.info["icc_profile"] == rgb_profile()


def test_an_image_of_cielab_is_converted(bicubic):
    image = Image.fromarray(PHOTOGRAPH)
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    converted.info["icc_profile"] = rgb_profile()
    made = srcore.enlarge(converted, bicubic, scale=1)
    assert made.mode == "RGB"
    assert np.abs(np.asarray(made).astype(int) - PHOTOGRAPH).mean() < 2
    assert "icc_profile" not in made.info


@pytest.mark.parametrize("profile", [b"junk" * 50, rgb_profile()])
def test_a_damaged_profile_of_cmyk_is_left_out(bicubic, profile):
    image = Image.fromarray(PHOTOGRAPH).convert("CMYK")
    expected = srcore.enlarge(image, bicubic, scale=2)
    image.info["icc_profile"] = profile
    made = srcore.enlarge(image, bicubic, scale=2)
    assert (np.asarray(made) == np.asarray(expected)).all()
    assert "icc_profile" not in made.info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "I;16"])
def test_a_profile_that_is_damaged_or_of_another_kind_of_image_is_left_out(bicubic, mode):
    """As the command does."""
    image = Image.fromarray(PHOTOGRAPH).convert("L" if mode == "I;16" else mode).convert(mode)
    grey = mode in ("1", "L", "LA", "I;16")
    for profile, fits in ((rgb_profile(), not grey), (grey_profile(), grey), (b"junk" * 50, False)):
        image.info["icc_profile"] = profile
        info = srcore.enlarge(image, bicubic, scale=2).info
        assert info.get("icc_profile") == (profile if fits else None)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_exif_is_left_out(bicubic, tmp_path, kind):
    Image.fromarray(PHOTOGRAPH).save(tmp_path / "a", kind, exif=b"Exif\0\0garbage garbage")
    with Image.open(tmp_path / "a") as image:
        expected = srcore.enlarge(np.asarray(image), bicubic, scale=2)
        assert (np.asarray(srcore.enlarge(image, bicubic, scale=2)) == expected).all()


def test_a_device_that_there_is_not_is_named(monkeypatch):
    with pytest.raises(StudyError, match=r"^device = gpu: no such device; give auto, cpu, cuda"):
        srcore.load_network(device="gpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(StudyError, match=r"^device = cuda: not on this machine; use auto or cpu$"):
        srcore.load_network(device="cuda")


def test_any_size(bicubic):
    assert srcore.enlarge(PHOTOGRAPH, bicubic, size=(50, 21)).shape == (21, 50, 3)


def test_a_pgm_of_16_bits_stays_grey_of_16_bits(bicubic, tmp_path):
    wide = np.linspace(0, 65535, 80).astype(np.uint16).reshape(8, 10)
    (tmp_path / "a.pgm").write_bytes(b"P5 10 8 65535\n" + wide.astype(">u2").tobytes())
    with Image.open(tmp_path / "a.pgm") as image:
        made = srcore.enlarge(image, bicubic, scale=2)
    assert made.mode == "I;16"
    assert (np.asarray(made) == srcore.enlarge(wide, bicubic, scale=2)).all()


def test_arrays_may_have_another_order_of_bytes(bicubic):
    wide = np.full((4, 4, 3), 40_000, np.uint16)
    made = srcore.enlarge(wide.astype(">u2"), bicubic, scale=2)
    assert (made == srcore.enlarge(wide, bicubic, scale=2)).all()


def test_a_transparent_grey_of_16_bits_is_refused_and_not_dropped(bicubic, tmp_path):
    Image.fromarray(np.full((6, 6), 7, np.uint16)).save(tmp_path / "a.png", transparency=7)
    with Image.open(tmp_path / "a.png") as image, pytest.raises(StudyError, match=r"an array \(H"):
        srcore.enlarge(image, bicubic, scale=2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"image": PHOTOGRAPH.astype(float)}, "an array of float64"),
        ({"image": np.zeros((2, 2, 5), np.uint8)}, "1 to 4 channels"),
        ({"image": Image.new("F", (2, 2))}, "an image of mode F: 32 bits per pixel"),
        ({"image": Image.new("I;16", (0, 5))}, r"an array of uint16, \(5, 0\)"),
        ({"image": PHOTOGRAPH, "network": "net.safetensors"}, "what load_network gave, not str"),
        ({"image": PHOTOGRAPH, "scale": 5}, "scale = 5: give a number from 1 to 4"),
        ({"image": PHOTOGRAPH, "scale": "2"}, "scale = '2': give a number from 1 to 4"),
        ({"image": PHOTOGRAPH, "size": 40}, "size = 40: give a width and a height"),
        ({"image": "photo.jpg"}, "give an image of Pillow or an array, not str"),
        ({"image": PHOTOGRAPH, "size": (0, 4)}, "give a width and a height"),
        ({"image": PHOTOGRAPH, "size": (40.5, 30)}, "give a width and a height"),
        ({"image": PHOTOGRAPH, "size": (40,)}, "give a width and a height"),
        ({"image": PHOTOGRAPH, "tile": 0}, "tile = 0: give the side of a tile in pixels"),
        ({"image": PHOTOGRAPH, "tile": -5}, "tile = -5: give"),
        ({"image": PHOTOGRAPH, "size": (310, 4)}, "at most, not by 10; give a smaller size$"),
    ],
)
def test_what_cannot_be_enlarged_says_so(bicubic, given, words):
    with pytest.raises(StudyError, match=words):
        srcore.enlarge(**{"network": bicubic, **given})


def test_the_network_of_the_package_is_the_default():
    made = srcore.enlarge(PHOTOGRAPH, scale=2)
    assert (made == srcore.enlarge(PHOTOGRAPH, srcore.load_network(device="cpu"), 2)).all()


def test_importing_the_package_is_light():
    assert not {"torch", "numpy", "PIL"} & imported_by("import srcore")
    with pytest.raises(AttributeError, match="no attribute 'enlarged'"):
        _ = srcore.enlarged
