"""Archives that are damaged, of something else, or made to do harm."""

# ruff: noqa: E501  the lines that stages say are whole here

import gzip
import tarfile
import zipfile
from collections.abc import Callable

from faults.fault import Area, Fault, Refused, Survived
from faults.project import Project, add_member, pack_voc

INSIDE = "VOCdevkit/VOC2007/JPEGImages"
TRUST = "use an archive that can be trusted"
EVIL = "evil.jpg"


def tar_with(**more: object) -> Callable[[Project], None]:
    """Add a member, with these attributes of its header, to the tar archive."""

    def make(project: Project) -> None:
        with tarfile.open(project / "voc.tar", "a") as archive:
            member = tarfile.TarInfo(f"{INSIDE}/{EVIL}")
            for name, value in more.items():
                setattr(member, name, value)
            archive.addfile(member)

    return make


def zip_from_tar(project: Project, method: int = zipfile.ZIP_STORED) -> zipfile.ZipFile:
    with tarfile.open(project / "voc.tar") as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]
    packed = zipfile.ZipFile(project / "voc.zip", "w", method)
    for name, data in files.items():
        packed.writestr(name, data)
    project.set("data.voc2007.archive", "voc.zip")
    return packed


def as_zip(project: Project) -> None:
    zip_from_tar(project, zipfile.ZIP_DEFLATED).close()


def as_tar_gz(project: Project) -> None:
    pack_voc(project / "mine", project / "voc.tar", "w:gz")


def zip_bomb(project: Project) -> None:
    with zip_from_tar(project, zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{INSIDE}/{EVIL}", bytes(200 << 20))


def gzip_bomb(project: Project) -> None:
    with gzip.open(project / "voc.tar", "wb", compresslevel=1) as file:
        for _ in range(40):
            file.write(bytes(1 << 20))


def zip_link(project: Project) -> None:
    with zip_from_tar(project) as packed:
        link = zipfile.ZipInfo(f"{INSIDE}/{EVIL}")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")


def encrypted(project: Project) -> None:
    zip_from_tar(project).close()
    data = bytearray((project / "voc.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    (project / "voc.zip").write_bytes(data)


def damaged_zip(project: Project) -> None:
    zip_from_tar(project).close()
    data = bytearray((project / "voc.zip").read_bytes())
    data[data.find(b"\xff\xd8") + 1000] ^= 0xFF
    (project / "voc.zip").write_bytes(data)


def cut(kind: Callable[[Project], None] = lambda project: None) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        kind(project)
        whole = (project / "voc.tar").read_bytes()
        (project / "voc.tar").write_bytes(whole[: len(whole) // 2])

    return make


def written(content: bytes) -> Callable[[Project], None]:
    return lambda project: (project / "voc.tar").write_bytes(content) and None


def of_something_else(project: Project) -> None:
    with tarfile.open(project / "voc.tar", "w") as archive:
        add_member(archive, "holiday/beach.jpg", b"x")


def a_folder(project: Project) -> None:
    project.set("data.voc2007.archive", "mine")


def fix(project: Project) -> None:
    pack_voc(project / "mine", project / "voc.tar")
    project.set("data.voc2007.archive", "voc.tar")


def fault(what: str, make, line: str, **more) -> Fault:
    return Fault(what, "download", Refused(line), make, kind="voc", **more)


ARCHIVES = Area(
    "Archives",
    [
        fault(
            "a member outside the target",
            tar_with(name="../../evil.jpg"),
            f"voc.tar: refused, for '../../evil.jpg' points outside the archive; {TRUST}",
        ),
        fault(
            "a member with an absolute path",
            tar_with(name="/tmp/evil.jpg"),
            f"voc.tar: refused, for '/tmp/evil.jpg' points outside the archive; {TRUST}",
        ),
        fault(
            "a symbolic link",
            tar_with(type=tarfile.SYMTYPE, linkname="/etc/passwd"),
            f"voc.tar: refused, for '{INSIDE}/evil.jpg' is a link, a device or a sparse file; {TRUST}",
        ),
        fault(
            "a hard link",
            tar_with(type=tarfile.LNKTYPE, linkname="../x"),
            f"voc.tar: refused, for '{INSIDE}/evil.jpg' is a link, a device or a sparse file; {TRUST}",
        ),
        fault(
            "a device",
            tar_with(type=tarfile.CHRTYPE, devmajor=1, devminor=3),
            f"voc.tar: refused, for '{INSIDE}/evil.jpg' is a link, a device or a sparse file; {TRUST}",
        ),
        fault(
            "a link in a zip",
            zip_link,
            f"voc.zip: refused, for '{INSIDE}/evil.jpg' is a link or a device; {TRUST}",
        ),
        fault(
            "a zip bomb",
            zip_bomb,
            "voc.zip: refused, for it unpacks to more than 50 times its size; use an archive that can be trusted",
        ),
        fault(
            "a gzip bomb",
            gzip_bomb,
            "voc.tar: refused, for it unpacks to more than 50 times its size; use an archive that can be trusted",
        ),
        fault(
            "an encrypted zip",
            encrypted,
            f"voc.zip: refused, for '{INSIDE}/00.jpg' is encrypted; {TRUST}",
        ),
        fault(
            "a tar cut in half",
            cut(),
            "voc.tar: not a whole tar, tar.gz or zip archive (unexpected end of data); download it again",
            fix=fix,
        ),
        fault("a tar.gz cut in half", cut(as_tar_gz), "voc.tar: damaged (…); download it again"),
        fault(
            "a flipped byte in a zip",
            damaged_zip,
            "voc.zip: damaged (Bad CRC-32 for file '…'); download it again",
        ),
        fault(
            "an empty file",
            written(b""),
            "voc.tar: not a whole tar, tar.gz or zip archive (…); download it again",
        ),
        fault(
            "a text file",
            written(b"see the web site for the data\n" * 50),
            "voc.tar: not a whole tar, tar.gz or zip archive (…); download it again",
        ),
        fault(
            "an archive of something else",
            of_something_else,
            "voc.tar: holds no JPEGImages/*.jpg, so it is not a VOC archive; name another",
        ),
        fault(
            "a folder in place of the archive",
            a_folder,
            "data.voc2007.archive = mine: is not a file; name a tar, tar.gz or zip archive",
        ),
        Fault("a tar.gz under the name of a tar", "download", Survived(), as_tar_gz, kind="voc"),
        Fault("a zip in place of a tar", "download", Survived(), as_zip, kind="voc"),
    ],
)
