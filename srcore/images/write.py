"""Writing an image in a format: what it cannot hold, what is lost, and the file."""

from collections.abc import Iterator
from dataclasses import replace
from math import isclose
from pathlib import Path

import numpy as np

from srcore.common.files import atomic
from srcore.images.formats.format import PARTS, Format
from srcore.images.formats.table import FORMATS
from srcore.images.raster import Kept, Pixels, Raster, Rows, rows_of
from srcore.images.reading.colour import bands_to_srgb
from srcore.images.reading.exif import with_size
from srcore.images.reading.xmp import xmp_with_size

SRGB = {
    b"gAMA": (45_455,),
    b"cHRM": (31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000),
}
"""Parts of a PNG with the values of sRGB in 100,000ths: the gamma; x and y of white and colours."""
ROUNDING = 10
"""By how much programs round them differently; other colour spaces are off by 1,000 and more."""


def lacking(name: str, size: tuple[int, int], *, alpha: bool, wide: bool, grey: bool) -> str | None:
    """What such an image has that the format `name` cannot hold, None when it can hold all."""
    kind = FORMATS[name]
    if max(size) > kind.longest:
        return f"a side of {max(size)} pixels (at most {kind.longest})"
    if alpha and not kind.alpha:
        return "transparency"
    if not grey and not kind.colour:
        return "colours"
    return "16 bits per channel" if wide and not kind.wide else None


def losses(name: str, kept: Kept, *, grey: bool) -> list[str]:
    """What a format does not keep of what is said beside the pixels, a line each."""
    kind, notes = FORMATS[name], list[str]()
    for part, called in PARTS.items():
        if part not in kept.present or kind.keeps(kept, part):
            continue
        if part == "icc" or (part == "dpi" and part not in kind.holds and _square(kept)):
            continue  # pixels per inch mean little, and colours are converted instead
        if part == "rendering" and _shown_as_srgb(kept):
            continue
        why = "none"
        if part in kind.holds and part == "dpi":
            why = "{:.4g} to {:.4g} pixels per inch".format(*kind.dpi)
        elif part in kind.holds:
            why = f"at most {kind.most[part]} bytes of it"
        notes.append(f"its {called} is left out: {name} holds {why}")
    if _to_srgb(kind, kept, grey=grey):
        held = "no grey with a profile" if kind.keeps(kept, "icc") else "no colour profile"
        notes.append(f"its colours become sRGB: {name} holds {held}")
    return notes


def save(image: Rows | Raster, path: Path, name: str, *, overwrite: bool = True) -> None:
    """Write an image in the format `name`, which must be able to hold it; whole or not at all.

    Raises:
        StudyError: it may not replace a file, and there is one, though it came meanwhile.
    """
    rows = fitted(rows_of(image) if isinstance(image, Raster) else image, FORMATS[name])
    with atomic(path, overwrite=overwrite) as partial:
        FORMATS[name].write(rows, partial)


def fitted(rows: Rows, kind: Format) -> Rows:
    """The image as the format holds it: no more parts, colours in sRGB, grey as RGB."""
    kept, channels = rows.kept, rows.channels
    grey = channels < 3
    bands: Iterator[Pixels] = rows.bands
    if _to_srgb(kind, kept, grey=grey) and kept.icc:
        convert = bands_to_srgb(kept.icc, channels)
        bands = (convert(band) for band in bands)
        if grey and kind.grey:
            bands = (np.delete(band, (1, 2), axis=2) for band in bands)
        elif grey:
            channels += 2
        kept = replace(kept, icc=None)
    elif grey and not kind.grey:
        bands = (np.concatenate([*[band[..., :1]] * 3, band[..., 1:]], axis=2) for band in bands)
        channels += 2
    left = {part: () if part in ("texts", "rendering") else None for part in PARTS}
    kept = replace(kept, **{part: v for part, v in left.items() if not kind.keeps(kept, part)})
    if kept.exif:
        kept = replace(kept, exif=with_size(kept.exif, rows.size))
    if kept.xmp:
        kept = replace(kept, xmp=xmp_with_size(kept.xmp, rows.size))
    return replace(rows, channels=channels, kept=kept, bands=bands)


def _to_srgb(kind: Format, kept: Kept, *, grey: bool) -> bool:
    """Whether the profile must be applied, since it cannot be written."""
    return bool(kept.icc) and (not kind.keeps(kept, "icc") or (grey and not kind.grey))


def _shown_as_srgb(kept: Kept) -> bool:
    """Whether the pixels look the same to who heeds none of gAMA, cHRM and cICP."""
    parts = dict(kept.rendering)
    if b"cICP" in parts:
        return parts[b"cICP"][:3] == b"\x01\x0d\x00"
    if kept.icc or b"sRGB" in parts:
        return True
    stated = [_near(parts[name], values) for name, values in SRGB.items() if name in parts]
    return bool(stated) and all(stated)


def _near(part: bytes, values: tuple[int, ...]) -> bool:
    """Whether a part of a PNG has these numbers of 32 bits."""
    found = [int.from_bytes(part[k : k + 4], "big") for k in range(0, len(part), 4)]
    return len(found) == len(values) and all(
        abs(a - b) <= ROUNDING for a, b in zip(found, values, strict=True)
    )


def _square(kept: Kept) -> bool:
    """Whether its resolution is the same across and along, or differs by rounding."""
    return not kept.dpi or isclose(*kept.dpi, rel_tol=0.001)
