"""XMP of an upright, enlarged image: what of it is no longer true is not in it."""

from time import perf_counter

import pytest
from photographs import arrays
from PIL import Image
from test_pictures import png, with_chunks

from srcore.images.read import look, read
from srcore.images.reading.xmp import xmp_upright, xmp_with_size

PHOTOGRAPH = Image.fromarray(arrays()[2][:20, :31])
NOTE = "a gain map or video that its XMP names is left out, and what XMP says of it"


def packet(attributes: str, elements: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description rdf:about=""'
        f'{attributes} dc:format="image/jpeg">{elements}'
        "<dc:creator><rdf:Seq><rdf:li>Jürgen</rdf:li></rdf:Seq></dc:creator>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


@pytest.mark.parametrize("prefix", [b"xmp", b"xap"])
def test_previews_in_xmp_are_gone_and_all_else_stays(prefix):
    pieces = b"<a/>", b"<b tiff:Orientation='1'/>", b"<c/>"
    thumbnails = b"<%b:Thumbnails>\n<xmpGImg:image>AAAA</xmpGImg:image></%b:Thumbnails>"
    given = (thumbnails % (prefix, prefix)).join(pieces)
    assert xmp_upright(given) == b"".join(pieces)
    torn = given + b"<%b:Thumbnails>" % prefix
    assert xmp_upright(torn) == b"".join(pieces) + b"<%b:Thumbnails>" % prefix


@pytest.mark.parametrize(
    ("attributes", "elements"),
    [
        (" exif:FocalPlaneXResolution=\"3000/1\" exif:FocalPlaneResolutionUnit = '3'", ""),
        (' exif:FocalPlaneYResolution="3000/1"', "<exif:SubjectArea/>"),
        ("", "<exif:SubjectArea><rdf:Seq><rdf:li>9</rdf:li></rdf:Seq></exif:SubjectArea>"),
        ("", "<exif:SubjectLocation>\n<rdf:Seq/></exif:SubjectLocation>"),
    ],
)
def test_what_counts_old_pixels_is_gone_as_from_exif(attributes, elements):
    assert xmp_upright(packet(attributes, elements)) == packet("")


@pytest.mark.parametrize(
    ("attributes", "elements"),
    [
        (' hdrgm:Version="1.0"', ""),
        (' GCamera:MicroVideo="1" GCamera:MicroVideoOffset="4000"', ""),
        (' GCamera:MotionPhoto="1"', "<Container:Directory><rdf:Seq><rdf:li>"
         "<Container:Item Item:Semantic='Primary'/></rdf:li></rdf:Seq></Container:Directory>"),
        ("", "<GCamera:MicroVideoOffset>4000</GCamera:MicroVideoOffset>"),
    ],
)  # fmt: skip
def test_of_a_gain_map_or_video_only_what_names_it_is_gone(
    tmp_path, enlarged, attributes, elements
):
    PHOTOGRAPH.save(tmp_path / "a.jpg", xmp=packet(attributes, elements))
    with (tmp_path / "a.jpg").open("ab") as file:
        file.write(b"ftypmp42 a video")
    assert look(tmp_path / "a.jpg").notes == (NOTE,)
    made = enlarged(tmp_path / "a.jpg")
    assert b"a video" not in made.read_bytes()
    assert read(made).kept.xmp == packet("")
    assert look(made).notes == ()


def test_a_namespace_alone_names_no_second_image(tmp_path):
    xmp = packet(' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" GCamera:HdrPlus="1"')
    PHOTOGRAPH.save(tmp_path / "a.jpg", xmp=xmp)
    assert look(tmp_path / "a.jpg").notes == ()
    assert read(tmp_path / "a.jpg").kept.xmp == xmp


PANORAMA = (
    ' GPano:FullPanoWidthPixels="{}" GPano:CroppedAreaTopPixels="{}"'
    ' GPano:LargestValidInteriorRectHeight="{}" GPano:InitialViewHeadingDegrees="90"'
)
CROPPED = (
    "<GPano:CroppedAreaImageWidthPixels>{}</GPano:CroppedAreaImageWidthPixels>"
    "<GPano:CroppedAreaImageHeightPixels>{}</GPano:CroppedAreaImageHeightPixels>"
)


def test_counts_of_a_panorama_grow_with_it(tmp_path, enlarged):
    given = packet(PANORAMA.format(100, 12, 19), CROPPED.format(31, 20))
    PHOTOGRAPH.save(tmp_path / "a.jpg", xmp=given)
    wanted = packet(PANORAMA.format(200, 24, 38), CROPPED.format(62, 40))
    assert read(enlarged(tmp_path / "a.jpg")).kept.xmp == wanted


def test_a_panorama_that_is_not_cropped():
    given = packet(PANORAMA.format("4000", 0, 10) + ' GPano:FullPanoHeightPixels="2000"')
    wanted = packet(PANORAMA.format("6000", 0, 10) + ' GPano:FullPanoHeightPixels="2000"')
    assert xmp_with_size(given, (6000, 2000)) == wanted


@pytest.mark.parametrize(
    "part", [b"<hdrgm:a ", b"<exif:SubjectArea>", b" hdrgm:a='", b" hdrgm:a", b" ", b"<Container:"]
)
def test_torn_xmp_takes_no_time(part):
    started = perf_counter()
    xmp_with_size(xmp_upright(part * (10**6 // len(part))), (9, 9))
    assert perf_counter() - started < 2


@pytest.mark.parametrize("part", [b"<hdrgm:a%d>", b"<hdrgm:a%d ", b"<hdrgm:a%d></hdrgm:b%d>"])
def test_elements_of_many_names_that_do_not_end_take_no_time(part):
    xmp = b"".join(part.replace(b"%d", b"%d" % k) for k in range(90_000)) + b">"
    started = perf_counter()
    assert xmp_upright(xmp) == xmp
    assert perf_counter() - started < 4


def test_of_elements_of_many_names_those_that_end_are_gone():
    given = packet(
        "",
        "<hdrgm:a>1<hdrgm:b/><hdrgm:c>2</hdrgm:c></hdrgm:a><dc:kept/><hdrgm:b/>"
        "<hdrgm:a x='1'>3</hdrgm:a ><Container:Item/><hdrgm:d>4</hdrgm:e></hdrgm:d>",
    )
    assert xmp_upright(given) == packet("", "<dc:kept/>")


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_what_is_lost_of_a_gain_map_is_reported_of_every_format(tmp_path, ending):
    path, xmp = tmp_path / f"a.{ending}", packet(' hdrgm:Version="1.0"')
    if ending == "png":
        path.write_bytes(with_chunks(png(), (b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + xmp)))
    else:
        PHOTOGRAPH.save(path, tiffinfo={700: xmp})
    assert look(path).notes == (NOTE,)
    assert look(path).kept.xmp == packet("")
