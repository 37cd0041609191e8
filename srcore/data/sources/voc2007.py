"""PASCAL VOC2007 trainval, from its archive.

Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2007/
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from xml.parsers import expat

from srcore.common.errors import StudyError
from srcore.common.progress import progress
from srcore.common.text import printable
from srcore.data.archive import Archive, open_archive
from srcore.data.dataset import DIFFICULT
from srcore.data.download import fetch
from srcore.data.sources.source import Source
from srcore.images.error import ImageError
from srcore.params import Params
from srcore.params.base import NOTHING
from srcore.params.schema import Voc2007

OBJECT = ("annotation", "object")
"""Where an annotation says what is to be seen; an object's parts have names as well."""

OTHERWISE = "name a local archive (-S data.voc2007.archive=...)"
MAX_ANNOTATION, DEEPEST = 1 << 20, 50
"""Bytes of an annotation, and elements within elements of it; VOC's have a few thousand and 4."""
MOST_OBJECTS, LONGEST_LABEL = 1000, 50
"""Objects of one image, and characters of a class; what is more is left out."""


def images(params: Params, downloads: Path) -> Iterator[Source]:
    """Yield the images of the archive that `data.voc2007` names."""
    return photographs(params.data.voc2007, downloads)


def photographs(settings: Voc2007, downloads: Path) -> Iterator[Source]:
    """Yield JPEGImages/*.jpg of the archive, sorted by name, with the classes seen as labels.

    Without a local archive one is fetched into `downloads`, where the next run finds it.

    Raises:
        StudyError: no mirror answers, or the archive is damaged, refused or of something else.
    """
    if settings.archive == NOTHING:
        path = downloads / (PurePosixPath(urlsplit(settings.mirrors[0]).path).name)
        fetch(settings.mirrors, path, settings.md5, otherwise=OTHERWISE)
    else:
        path = Path(settings.archive)
        if not path.is_file():
            raise StudyError(
                f"data.voc2007.archive = {path}: is not a file; name a tar, tar.gz or zip archive"
            )
    with open_archive(path) as archive:
        members = sorted(
            member
            for member in map(PurePosixPath, archive.members)
            if member.parent.name == "JPEGImages"
            and member.suffix.lower() == ".jpg"
            and not member.name.startswith(".")  # macOS packs a "._" file beside each
        )
        if not members:
            raise StudyError(
                f"{path}: holds no JPEGImages/*.jpg, so it is not a VOC archive; name another"
            )
        for member in progress(members, "download", unit="image"):
            name = printable(member.name)
            try:
                labels = _labels(archive, member)
                yield Source(name, name, labels, archive.read(str(member)))
            except ImageError as error:
                yield Source(name, name, (), error)


def _labels(archive: Archive, image: PurePosixPath) -> tuple[str, ...]:
    annotation = str(image.parent.parent / "Annotations" / f"{image.stem}.xml")
    if annotation not in archive.members:
        return ()
    if archive.members[annotation] > MAX_ANNOTATION:
        raise ImageError(f"its annotation has more than {MAX_ANNOTATION} bytes")
    try:
        return object_names(archive.read(annotation))
    except (expat.ExpatError, LookupError, ValueError) as error:  # also of odd encodings
        raise ImageError(f"its annotation is damaged: {error}") from None


def object_names(xml: bytes) -> tuple[str, ...]:
    """Give the classes of an annotation's objects, sorted, each once, printable.

    A class of which all objects are called difficult (hard to recognise) ends in `DIFFICULT`.

    Raises:
        expat.ExpatError: not well-formed, nested without end, or with a document type, of which
            entity bombs are made.
        LookupError, ValueError: its encoding is unknown.
    """
    where: list[str] = []
    text: list[str] = []
    objects: list[dict[str, str]] = []

    def start(tag: str, _attributes: dict[str, str]) -> None:
        where.append(tag)
        text.clear()
        if len(where) > DEEPEST:
            raise expat.ExpatError(f"elements lie more than {DEEPEST} deep within each other")
        if tuple(where) == OBJECT and len(objects) < MOST_OBJECTS:
            objects.append({})

    def end(_tag: str) -> None:
        *above, last = where
        if tuple(above) == OBJECT and objects and last in ("name", "difficult"):
            value = printable("".join(text).strip(), LONGEST_LABEL)
            objects[-1].setdefault(last, value.replace(";", ","))  # tables put ; between labels
        where.pop()

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a document type is not allowed")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(xml, True)
    clear = {found.get("name", "") for found in objects if found.get("difficult") != "1"}
    hard = {found.get("name", "") for found in objects} - clear
    return tuple(sorted([*filter(None, clear), *(name + DIFFICULT for name in hard if name)]))
