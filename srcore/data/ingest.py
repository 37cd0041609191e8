"""Gather the images of a source: look at each one, keep what can be used, say what cannot."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder
from srcore.data.parallel import in_order
from srcore.data.raw import Entry, RawWriter
from srcore.data.sources.source import Source
from srcore.images.decode import decode_noted
from srcore.images.error import ImageError
from srcore.params import Params
from srcore.params.sources import SOURCES

log = logging.getLogger(__name__)

SHOWN = 10
"""Rejected images, and notes about others, in the log; rejected.csv has all the rejected ones."""


def download(params: Params, out: Path) -> None:
    """Write the raw images that `params.data` asks for to `out` (see `srcore.data.raw`).

    Images that cannot be used are listed with the reason in `rejected.csv`. With a limit, the
    first usable images up to it are kept, and what follows them is not looked at. Images of the
    same pixels come into one group, so that none is trained on and judged by as well.

    Raises:
        StudyError: the source is unusable, too many images are rejected, or none is left.
    """
    data, large = params.data, params.pyramid.sizes[-1]
    groups, small, noted, seen = Groups(), 0, 0, set[str]()
    with fresh_folder(out) as partial, RawWriter(partial) as raw:

        def look(source: Source) -> tuple[Source, "Looked | ImageError"]:
            return source, _look(source, data.max_pixels)

        for source, looked in in_order(look, _sources(params, out), params.threads):
            try:
                if isinstance(looked, ImageError):
                    raise looked
                tiny = min(looked.width, looked.height) < large
                if tiny and data.small == "reject":
                    raise ImageError(
                        f"{looked.width} x {looked.height} pixels are smaller than {large} "
                        "(data.small)"
                    )
                if source.name in seen:
                    raise ImageError("another image has this name")
            except ImageError as error:
                raw.rejected.append((source.name, str(error)))
                if len(raw.rejected) <= SHOWN:
                    log.warning("not used: %s: %s", source.name, error)
                continue
            for note in looked.notes:
                noted += 1
                if noted <= SHOWN:
                    log.warning("used, but: %s: %s", source.name, note)
            seen.add(source.name)
            small += tiny
            groups.add(source.group, looked.digest)
            raw.add(
                Entry(source.name, source.group, looked.width, looked.height, source.labels),
                looked.data,
            )
            if len(raw.entries) == data.limit:
                break

        _enough(len(raw.entries), raw.rejected, data.source, data.max_rejected)
        if small:
            log.warning("%d images are smaller than %d pixels and get enlarged", small, large)
        raw.finish(data.source, [groups.of(entry.group) for entry in raw.entries], small)


@dataclass(frozen=True)
class Looked:
    """What decoding an image shows."""

    data: bytes
    width: int
    height: int
    digest: bytes
    """Of the pixels: two files may differ in their comments alone."""
    notes: tuple[str, ...]
    """What of the file was left out or changed."""


class Groups:
    """Groups of images that grow together when they turn out to share one."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._first: dict[bytes, str] = {}

    def add(self, group: str, digest: bytes) -> None:
        """Note an image: its group, and a digest that equal images share."""
        mine, other = self.of(group), self.of(self._first.setdefault(digest, group))
        if mine != other:
            self._parent[mine] = other

    def of(self, group: str) -> str:
        """Give the name that `group` and all it grew together with go by."""
        while (parent := self._parent.get(group, group)) != group:
            group = parent
        return group


def _look(source: Source, max_pixels: int) -> Looked | ImageError:
    if isinstance(source.data, ImageError):
        return source.data
    try:
        image, notes = decode_noted(source.data, max_pixels)
    except ImageError as error:
        return error
    digest = hashlib.blake2b(image.tobytes(), digest_size=16, key=b"%dx%d" % image.size).digest()
    return Looked(source.data, image.width, image.height, digest, notes)


def _sources(params: Params, out: Path) -> Iterator[Source]:
    return resolve_name(SOURCES[params.data.source])(params, out.parent / ".downloads")


def _enough(used: int, rejected: list[tuple[str, str]], source: str, max_rejected: float) -> None:
    examples = "; ".join(f"{name}: {reason}" for name, reason in rejected[:3])
    if not used:
        raise StudyError(
            f"data.source = {source}: no usable image"
            + (f" among {len(rejected)} ({examples})" if rejected else "")
        )
    share = len(rejected) / (used + len(rejected))
    if share > max_rejected:
        raise StudyError(
            f"{len(rejected)} of {used + len(rejected)} images cannot be used ({examples}), more "
            f"than data.max_rejected = {max_rejected} allows; fix or remove them, or raise it"
        )
