"""Files that somebody made to do harm: programs, links, cards, bombs, pipes, words for a terminal."""

# ruff: noqa: E501  the lines that stages say are whole here

import json
import os
import pickle
import re
import struct
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mirrors import Handler, good

from faults.archives import INSIDE, TRUST, fix, zip_from_tar
from faults.fault import (
    Act,
    Area,
    Attempt,
    Ending,
    Fault,
    Refused,
    Survived,
    code,
    no_traceback,
)
from faults.images import encoded, huge_png, with_zeros_behind
from faults.intermediates import AGAIN
from faults.machine import serve
from faults.parameters import UNDO, given, written
from faults.project import ROOT, Lab, Project, Tried, add_member, pack_voc, photograph
from faults.weights import CHECKPOINT, Harm, checkpoint, first, save

UPSCALE = f"srcore upscale mine/00.png --scale 2 --out large.png --checkpoint {CHECKPOINT}"
ODD = "mine/odd.png"
SAID = "…basic.seed0.safetensors: "
CARD = SAID + "its card is damaged: {} cannot be so; train again"
STRANGE = SAID + "not a checkpoint of this study, or of a newer version"
INSTEAD = "is not a file but a folder, a pipe or a device"


@dataclass(frozen=True)
class Besides:
    """Ends so, and something else holds of the study."""

    ending: Ending
    what: str
    holds: Callable[[Project], bool]

    def __str__(self) -> str:
        return f"{self.ending}; {self.what}"

    def check(self, fault: Fault, project: Project, tried: Tried, lab: Lab) -> None:
        self.ending.check(fault, project, tried, lab)
        assert self.holds(project), self.what


def untouched(ending: Ending) -> Besides:
    """A file of somebody else's, to which a link leads, is as it was."""

    def holds(project: Project) -> bool:
        files = list((project / "theirs").iterdir())
        return [(file.name, file.read_text()) for file in files] == [("file", "theirs")]

    return Besides(ending, "the file that the link names is as it was", holds)


def unrun(ending: Ending) -> Besides:
    """No program ran."""
    return Besides(ending, "it is not run", lambda project: not (project / "harmed").exists())


@dataclass(frozen=True)
class TellsNobody:
    """Goes on, and what it wrote holds none of these words, nor a path of this machine."""

    files: tuple[str, ...]
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        besides = "no path of the machine" + (", no password, no token" if self.words else "")
        return f"goes on; `strings` of {', '.join(map(code, self.files))} shows {besides}"

    def check(self, fault: Fault, project: Project, tried: Tried, lab: Lab) -> None:
        no_traceback(tried)
        assert tried.code == 0, tried.printed
        places = (project.path, ROOT, sys.prefix, Path.home(), Path(tempfile.gettempdir()))
        never = [str(place).encode() for place in places if len(str(place)) > 1]
        never += [b"site-packages", b'", line ', *(word.encode() for word in self.words)]
        for name in self.files:
            content = (project / name).read_bytes()
            assert len(content) > 1000
            content = re.sub(rb"base64,[\w+/=]+", b"", content)  # images, any letters among them
            runs = re.findall(rb"[\x20-\x7e]{4,}", content)
            assert [run for run in runs if any(word in run for word in never)] == []


def in_cache(place: str, key: str) -> Act:
    """Plant a program where a library keeps the weights that it fetches."""

    def make(project: Project) -> None:
        project.environment |= {"HOME": str(project.path), "TORCH_HOME": str(project / "torch")}
        path = project / place
        path.parent.mkdir(parents=True)
        path.write_bytes(pickle.dumps(Harm()))
        if key:
            project.set(key, "pretrained")

    return make


HUB, CLIP = "torch/hub/checkpoints/vgg16-397923af.pth", ".cache/clip/ViT-B-32.pt"


def names_pretrained(project: Project) -> None:
    from srcore.models.checkpoint import Card, save_checkpoint
    from srcore.models.registry import model_class

    in_cache(HUB, "")(project)
    card = Card("vgg", 0, {}, weights="pretrained weights", fingerprint="0" * 64)
    save_checkpoint(model_class("vgg")(), card, project.path)


def state_that_runs(project: Project) -> None:
    state = project / ".resume/basic/basic.seed0.state"
    state.parent.mkdir(parents=True)
    state.write_bytes(pickle.dumps({"key": "", "content": Harm()}))


def linked(*names: str, hard: bool = False) -> Act:
    """Links of this name to a file, or folder, of somebody else's."""

    def make(project: Project) -> None:
        (project / "theirs").mkdir()
        theirs = project / "theirs/file"
        theirs.write_text("theirs")
        for name in names:
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if hard:
                path.hardlink_to(theirs)
            else:
                path.symlink_to(
                    theirs if "." in name.removesuffix(".partial")[-6:] else theirs.parent
                )

    return make


def both(*acts: Act) -> Act:
    def make(project: Project) -> None:
        for act in acts:
            act(project)

    return make


def well_served(project: Project) -> None:
    serve(project, good)


def renamed(change: Callable[[str], str]) -> Act:
    """The same archive, its members under other names."""

    def make(project: Project) -> None:
        with tarfile.open(project / "voc.tar") as archive:
            files = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]
        with tarfile.open(project / "voc.tar", "w") as archive:
            for name, data in files.items():
                add_member(archive, change(name), data)

    return make


def headers(kind: bytes, count: int, size: int = 16) -> Act:
    """Begin the archive with headers about headers."""

    def make(project: Project) -> None:
        whole = (project / "voc.tar").read_bytes()
        member = tarfile.TarInfo("long")
        member.type, member.size = kind, size
        one = member.tobuf(tarfile.GNU_FORMAT) + b"x" * size + bytes(-size % 512)
        (project / "voc.tar").write_bytes(one * count + whole)

    return make


def negative_size(project: Project) -> None:
    """A size below zero, as extended headers can say it, sends a reader back to where it was."""
    with tarfile.open(project / "voc.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo(f"{INSIDE}/00.jpg")
        member.pax_headers = {"size": "-1536"}
        archive.addfile(member)


def packed_by(method: int) -> Act:
    return lambda project: zip_from_tar(project, method).close()


def recompressed(kind: str) -> Act:
    return lambda project: pack_voc(project / "mine", project / "voc.tar", f"w:{kind}")


def annotated(xml: bytes) -> Act:
    def make(project: Project) -> None:
        with tarfile.open(project / "voc.tar", "a") as archive:
            for number in range(12):
                add_member(archive, f"VOCdevkit/VOC2007/Annotations/{number:02d}.xml", xml)

    return make


DEEP_XML = b"<a>" * 40_000 + b"</a>" * 40_000


def raw_card(text: str) -> Act:
    def make(project: Project) -> None:
        from safetensors.numpy import load_file

        save(project / CHECKPOINT, load_file(project / CHECKPOINT), card=text)

    return make


def card_of(name: str, value: Any) -> Act:
    return checkpoint(lambda arrays, card: card.update({name: value}))


def with_value(value: float) -> Act:
    return checkpoint(lambda arrays, card: arrays[first(arrays)].fill(value))


def many_tensors(project: Project) -> None:
    extra = {f"x{number}": np.zeros(1, np.float32) for number in range(20_000)}
    checkpoint(lambda arrays, card: arrays.update(extra))(project)


def whole_numbers(project: Project) -> None:
    checkpoint(
        lambda arrays, card: arrays.update({first(arrays): arrays[first(arrays)].astype(np.int32)})
    )(project)


def long_header(project: Project) -> None:
    """A header that claims to be of many gigabytes."""
    path = project / CHECKPOINT
    path.write_bytes(struct.pack("<Q", 1 << 40) + path.read_bytes()[8:])


def pipe(name: str) -> Act:
    """A pipe, into which nobody writes."""

    def make(project: Project) -> None:
        path = project / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    return make


def device(name: str) -> Act:
    """A link to a device that never ends."""

    def make(project: Project) -> None:
        path = project / name
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/zero")

    return make


def bomb(line: str) -> str:
    """Every line repeats the one before nine times."""
    levels = [f"a0: &a0 {line}"]
    for number in range(1, 12):
        before = ", ".join([f"*a{number - 1}"] * 9)
        levels.append(
            f"a{number}: &a{number} " + (f"{{<<: [{before}]}}" if "{" in line else f"[{before}]")
        )
    return "\n".join(levels) + "\n"


def endless(h: Handler, data: bytes) -> None:
    h.send_response(200)
    h.end_headers()
    while True:
        h.wfile.write(bytes(1 << 16))


def dribbles(h: Handler, data: bytes) -> None:
    """Sends the head of its answer a byte at a time."""
    for _ in range(100):
        h.wfile.write(b"H")
        h.wfile.flush()
        time.sleep(0.05)


def secret_mirror(project: Project) -> None:
    serve(project)
    project.set("data.voc2007.mirrors", ["http://user:pa55@127.0.0.1:9/voc.tar?token=t0ken"])


def image(what: str, make: Act, line: str) -> Fault:
    """An odd image, by the command and the network of the package."""
    return Fault(
        what,
        f"srcore upscale {ODD} --scale 2 --out large.png",
        Refused(f"{ODD}: {line}"),
        make,
        slow=True,
    )


def in_many_scans(project: Project) -> None:
    """A progressive JPEG whose last scan comes 2,000 times."""
    whole = encoded(photograph(13), "JPEG", progressive=True)
    last, end = whole.rindex(b"\xff\xda"), whole.rindex(b"\xff\xd9")
    (project / ODD).write_bytes(whole[:end] + whole[last:end] * 2000 + whole[end:])


def commented(start: bytes) -> Act:
    def make(project: Project) -> None:
        (project / ODD).write_bytes(start + b"#" + b"x" * 50_000_000 + b"\n255\n" + bytes(12))

    return make


def red(project: Project) -> None:
    (project / "odd").mkdir()
    (project / "odd/\x1b[31mred\n.png").touch()


def too_large(arrays: dict[str, np.ndarray], card: dict[str, Any]) -> None:
    """Finite, and their sums are not; of either sign, so that infinities meet."""
    for array in arrays.values():
        array.flat[0::2], array.flat[1::2] = 3e38, -3e38


def header(text: bytes) -> Act:
    """A checkpoint with that header."""

    def make(project: Project) -> None:
        (project / CHECKPOINT).write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))

    return make


def a_folder(name: str) -> Act:
    def make(project: Project) -> None:
        (project / name).unlink(missing_ok=True)
        (project / name).mkdir()

    return make


def zipped(project: Project) -> None:
    with zipfile.ZipFile(project / CHECKPOINT, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Harm()))


def by_upscale(what: str, make: Act, line: str) -> Fault:
    return Fault(what, UPSCALE, Refused(line), both(trained, make), slow=True)


def trained(project: Project) -> None:
    """The network that an undisturbed study trained."""
    if not (project / CHECKPOINT).exists():
        whole = project.lab.undisturbed("folder", "train basic")
        (project / CHECKPOINT).parent.mkdir(parents=True, exist_ok=True)
        (project / CHECKPOINT).write_bytes((whole / CHECKPOINT).read_bytes())


def voc(what: str, make: Act, ends: Ending, fix: Act | None = None, *, slow: bool = False) -> Fault:
    return Fault(what, "download", ends, make, fix, kind="voc", slow=slow)


def check(what: str, text: str, line: str) -> Fault:
    return Fault(what, "check", Refused(f"params.yaml {line}"), written(text), slow=True)


PLANTED = (
    "…: refused; it is not the published file (its SHA-256 is …, not {}…); remove it and run again"
)
PROGRAMS: list[Attempt] = [
    Fault(
        "a program in torchvision's cache",
        "features vgg",
        unrun(Refused(PLANTED.format("397923af8e79"))),
        in_cache(HUB, "frozen.vgg"),
        slow=True,
    ),
    Fault(
        "a program in open_clip's cache",
        "features clip",
        unrun(Refused(PLANTED.format("40d365715913"))),
        in_cache(CLIP, "frozen.clip"),
        slow=True,
    ),
    Fault(
        "a program in torchvision's cache, and a checkpoint that names pretrained weights",
        "srcore upscale mine/00.png --checkpoint vgg.seed0.safetensors",
        unrun(Refused(PLANTED.format("397923af8e79"))),
        names_pretrained,
        slow=True,
    ),
    Fault(
        "a program as the state of a stopped training",
        "train basic",
        unrun(Survived("….state: not readable; training starts from the beginning")),
        state_that_runs,
        slow=True,
    ),
]
LINKS: list[Attempt] = [
    Fault(
        "a link to a folder, named as a partial output was once",
        "download",
        untouched(Survived()),
        linked("data/.raw.partial"),
    ),
    Fault(
        "symbolic links to a file, named as partial outputs were once",
        "report",
        untouched(Survived()),
        linked("plots/.report.html.partial"),
        kind="made up",
    ),
    Fault(
        "hard links to a file, named as partial outputs were once",
        "report",
        untouched(Survived()),
        linked("plots/.report.html.partial", hard=True),
        kind="made up",
    ),
    Fault(
        "a symbolic link under the final name of a file",
        "report",
        untouched(Survived()),
        linked("plots/report.html"),
        kind="made up",
    ),
    voc(
        "a symbolic link where an archive is being fetched",
        both(well_served, linked("data/.downloads/voc.tar.partial")),
        untouched(Survived()),
    ),
    voc(
        "a hard link where an archive is being fetched",
        both(well_served, linked("data/.downloads/voc.tar.partial", hard=True)),
        untouched(Survived()),
    ),
]
NOT_WHOLE = "voc.tar: not a whole tar, tar.gz or zip archive ({}); download it again"
ODD_ARCHIVES: list[Attempt] = [
    voc("members named ./…", renamed(lambda name: f"./{name}"), Survived()),
    voc("members named …//…", renamed(lambda name: name.replace("/", "//")), Survived()),
    voc("members named …/./…", renamed(lambda name: name.replace("/", "/./")), Survived()),
    voc(
        "thousands of extended headers about each other",
        headers(tarfile.XHDTYPE, 5000),
        Refused("voc.tar: …; download it again"),
        fix,
    ),
    voc(
        "thousands of long names about each other",
        headers(tarfile.GNUTYPE_LONGNAME, 5000),
        Refused("voc.tar: damaged (headers about headers, without end); download it again"),
        fix,
    ),
    voc(
        "a name of megabytes",
        headers(tarfile.GNUTYPE_LONGNAME, 1, 1 << 21),
        Refused(NOT_WHOLE.format("a header of more than 65536 bytes")),
    ),
    voc(
        "a member of a size below zero",
        negative_size,
        Refused("voc.tar: …; download it again"),
    ),
    voc(
        "a zip packed by bzip2",
        packed_by(zipfile.ZIP_BZIP2),
        Refused(
            f"voc.zip: {INSIDE}/00.jpg is packed by method 12, and only stored and deflated ones are read; pack it again"
        ),
    ),
    voc(
        "a zip packed by LZMA",
        packed_by(zipfile.ZIP_LZMA),
        Refused(
            f"voc.zip: {INSIDE}/00.jpg is packed by method 14, and only stored and deflated ones are read; pack it again"
        ),
    ),
    voc("a tar packed by bzip2", recompressed("bz2"), Refused(NOT_WHOLE.format("…"))),
    voc("a tar packed by xz", recompressed("xz"), Refused(NOT_WHOLE.format("…"))),
    voc(
        "annotations whose elements lie 40,000 deep",
        annotated(DEEP_XML),
        Refused(
            "data.source = voc2007: no usable image among 12 (00.jpg: its annotation is damaged: elements lie more than 50 deep within each other; …)"
        ),
    ),
    voc(
        "annotations in an encoding that nobody knows",
        annotated(b'<?xml version="1.0" encoding="rot13"?><annotation/>'),
        Refused(
            "data.source = voc2007: no usable image among 12 (00.jpg: its annotation is damaged: …)"
        ),
    ),
]
CARDS: list[Attempt] = [
    *[
        by_upscale(f"a checkpoint with a tensor of {name}", with_value(value), SAID + "…holds NaN or infinite values; train again")
        for name, value in (("NaN", np.nan), ("infinite values", np.inf))
    ],
    by_upscale("a checkpoint of values too large to add up", checkpoint(too_large), "mine/00.png: the network's answer holds NaN or infinite values"),
    by_upscale("a checkpoint of whole numbers", whole_numbers, SAID + "tensors … are not those of 'basic'"),
    by_upscale("a checkpoint with 20,000 tensors more", many_tensors, SAID + "tensors x0, x1, x10 and 19997 more are not those of 'basic'"),
    by_upscale("a checkpoint whose header claims a terabyte", long_header, SAID + "not a whole safetensors file (…)"),
    by_upscale("a checkpoint whose header lies 100,000 deep", header(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), SAID + "not a whole safetensors file (…)"),
    by_upscale("a checkpoint whose header has a number of 6,000 digits", header(b'{"a":{"dtype":"F32","shape":[' + b"9" * 6000 + b'],"data_offsets":[0,4]}}'), SAID + "not a whole safetensors file (…)"),
    by_upscale("a checkpoint with a tensor that begins before the file", header(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[-4,4]}}'), SAID + "not a whole safetensors file (…)"),
    by_upscale("an archive of torch's, with a program in it, named as a checkpoint", zipped, SAID + "not a whole safetensors file (…)"),
    by_upscale("a card that is a list", raw_card("[]"), STRANGE),
    by_upscale("a card 100,000 deep", raw_card('{"model":' + "[" * 100_000), STRANGE),
    by_upscale("a card that lies deep within the bound", raw_card('{"model":' + "[" * 50_000), STRANGE),
    by_upscale("a card with a field too many", card_of("run", "x"), STRANGE),
    by_upscale("a card with a number of 6,000 digits", raw_card('{"model": "basic", "trained": {}, "seed": ' + "9" * 6000 + "}"), STRANGE),
    *[
        by_upscale(f"a card whose {name} is {shown}", card_of(name, value), CARD.format(name))
        for name, shown, value in (
            ("model", "a list", []),
            ("seed", "a text", "0"),
            ("seed", "true", True),
            ("seed", "below zero", -1),
            ("trained", "a list", [1]),
            ("trained", "a tree", {"lr": {"a": {"b": 1}}}),
            ("weights", "a number", 7),
            ("fingerprint", "no digest", "../../etc"),
            ("version", "a list", ["1"]),
            ("format", "a text", "1"),
        )
    ],
    by_upscale(
        "a card whose model has words for a terminal in its name",
        card_of("model", "\x1b[31mred\x1b[0m"),
        SAID + "holds the model '\\x1b[31mred\\x1b[0m', which is not in the table",
    ),
    by_upscale(
        "a card whose model has a name of a megabyte", raw_card(json.dumps({"model": "x" * (1 << 20), "seed": 0, "trained": {}})), STRANGE
    ),
]  # fmt: skip
WAITS: list[Attempt] = [
    by_upscale("a pipe in place of a checkpoint", pipe(CHECKPOINT), SAID + f"{INSTEAD}; name a checkpoint"),
    by_upscale("a device in place of a checkpoint", device(CHECKPOINT), SAID + f"{INSTEAD}; name a checkpoint"),
    by_upscale("a folder in place of a checkpoint", a_folder(CHECKPOINT), SAID + f"{INSTEAD}; name a checkpoint"),
    image("a pipe as an image", pipe(ODD), "not a file"),
    image("a device as an image", device(ODD), "not a file"),
    image("a link to nowhere as an image", lambda project: (project / ODD).symlink_to("nowhere"), "a link to nowhere"),
    image("an image to enlarge with 6 GB behind it", with_zeros_behind(ODD), "the file is larger than 1073741824 bytes"),
    image("an image of 90,000,000 × 1 pixels", lambda project: (project / ODD).write_bytes(huge_png(90_000_000, 1)) and None, "a side of 90000000 pixels is more than 300000"),
    image("a JPEG that goes over its pixels 2,000 times", in_many_scans, "more than 200 scans; save it again"),
    image("a PPM with a comment of 50 MB", commented(b"P6\n"), "damaged: its head is longer than 65536 bytes"),
    image("a PPM with a comment of 50 MB behind its size", commented(b"P6\n2 2\n"), "damaged: its head is longer than 65536 bytes"),
    Fault(
        "a folder in place of params.yaml",
        "check",
        Refused(f"params.yaml: {INSTEAD}"),
        a_folder("params.yaml"),
        slow=True,
    ),
    Fault(
        "a pipe in place of params.yaml",
        "check",
        Refused(f"params.yaml: {INSTEAD}"),
        pipe("params.yaml"),
        slow=True,
    ),
    Fault(
        "a device in place of params.yaml",
        "check",
        Refused(f"params.yaml: {INSTEAD}"),
        device("params.yaml"),
        slow=True,
    ),
    Fault(
        "a pipe in place of a table",
        "resize_pyramids",
        Refused(f"data/raw/manifest.csv: damaged (…{INSTEAD}…); remove data/raw {AGAIN}"),
        pipe("data/raw/manifest.csv"),
    ),
    Fault(
        "a pipe in place of the archive of raw images",
        "resize_pyramids",
        Refused(f"data/raw: damaged (…{INSTEAD}…); remove data/raw {AGAIN}"),
        pipe("data/raw/images.zip"),
    ),
    Fault(
        "a pipe in place of a packed array",
        "split",
        Refused(f"data/pyramids/32.npy: damaged (…{INSTEAD}…); remove data/pyramids {AGAIN}"),
        pipe("data/pyramids/32.npy"),
    ),
    Fault(
        "a device in place of figures",
        "report",
        Refused(f"metrics/dataset.json: {INSTEAD}; remove it {AGAIN}"),
        device("metrics/dataset.json"),
        kind="made up",
    ),
    Fault(
        "figures 100,000 deep",
        "report",
        Refused(f"metrics/dataset.json: damaged; remove it {AGAIN}"),
        lambda project: (project / "metrics/dataset.json").write_text("[" * 100_000) and None,
        kind="made up",
    ),
    Fault(
        "a pipe as the archive",
        "download",
        Refused("data.voc2007.archive = pipe: is not a file; name a tar, tar.gz or zip archive"),
        both(pipe("pipe"), given("data.voc2007.archive", "pipe")),
        kind="voc",
    ),
    voc(
        "a file without end",
        lambda project: serve(project, endless) and None,
        Refused("no mirror gave voc.tar (…: sends more than 1048576 bytes); …"),
    ),
    voc(
        "an answer whose head comes a byte at a time",
        lambda project: serve(project, dribbles) and None,
        Refused("no mirror gave voc.tar (…: stalled: no whole answer in … s); …"),
        slow=True,
    ),
    check("aliases that grow ninefold a line", bomb("[x, x]"), "is not valid YAML: it holds more than 10000 values, aliases written out"),
    check("merged keys that grow ninefold a line", bomb("{k: 1}"), "is not valid YAML: it holds more than 10000 values, aliases written out"),
    check("an alias within what it repeats", "a: &a [*a]\n", "is not valid YAML: an alias a is before or within what it repeats"),
    check("lists 100,000 deep", "a: " + "[" * 100_000, "is not valid YAML: values lie more than 50 deep within each other"),
    check("params.yaml of many megabytes", "#" * (2 << 20), "is not valid YAML: more than 1048576 bytes"),
    check("an integer of 6,000 digits", f"threads: {'9' * 6000}\n", "is not valid YAML: Exceeds the limit (4300 digits) …"),
    Fault(
        "a seed of 4,000 digits",
        "check",
        Refused(f"params.yaml: split.seed = …: must be below 2**63{UNDO}"),
        lambda project: project.set("split.seed", 10**4000),
        slow=True,
    ),
    Fault(
        "a rate that is no number",
        "check",
        Refused(f"params.yaml: train.lr = nan: input should be a finite number{UNDO}"),
        given("train.lr", float("nan")),
        slow=True,
    ),
]  # fmt: skip
SHOWN: list[Attempt] = [
    Fault(
        "an image's name with words for a terminal and a line break",
        "srcore upscale odd --scale 2",
        Refused("odd/\\x1b[31mred\\n.png: the file is empty"),
        red,
        slow=True,
    ),
    voc(
        "a mirror's address with a password and a token",
        secret_mirror,
        Refused("no mirror gave voc.tar (http://…@127.0.0.1:9/voc.tar?…: Connection refused); …"),
    ),
    Fault(
        "a value with words for a terminal",
        "check",
        Refused(f"params.yaml: model = \\x1b[31mred: is not one of …{UNDO}"),
        given("model", "\x1b[31mred"),
        slow=True,
    ),
    Fault(
        "a value of half a megabyte",
        "check",
        Refused(f"params.yaml: model = xxxxxxxx…: is not one of …{UNDO}"),
        given("model", "x" * 500_000),
        slow=True,
    ),
    voc(
        "a member's name with words for a terminal",
        renamed(lambda name: f"../\x1b]0;{name}"),
        Refused(
            f"voc.tar: refused, for '../\\x1b]0;{INSIDE}/00.jpg' points outside the archive; {TRUST}"
        ),
    ),
]

LEAKS: list[Attempt] = [
    Fault(
        "what an exported network tells",
        f"srcore export {CHECKPOINT} --out basic.onnx",
        TellsNobody(("basic.onnx", "basic.md")),
        trained,
        slow=True,
    ),
    Fault(
        "what the report page tells",
        "report",
        TellsNobody(("plots/report.html",), ("pa55", "t0ken")),
        both(
            given("data.voc2007.mirrors", ["http://user:pa55@example.org/voc.tar?token=t0ken"]),
            lambda project: project.set("data.folder.path", str(project / "mine")),
        ),
        kind="made up",
    ),
]

HOSTILE = Area(
    "Made to do harm", [*PROGRAMS, *LINKS, *ODD_ARCHIVES, *CARDS, *WAITS, *SHOWN, *LEAKS]
)
