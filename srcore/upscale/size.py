"""How large an image becomes: a factor, a size, or a longest side."""

import re
from dataclasses import dataclass

from srcore.common.errors import StudyError

LARGEST = 4.0
"""How much a network enlarges at most."""


@dataclass(frozen=True)
class Size:
    """What was asked for; one of the three, see `srcore upscale --help`.

    Attributes:
        scale: both sides so many times, at least 1.
        box: width and height in pixels.
        fit: whether the image keeps its shape and lies within `box`.
        longest: the longer side in pixels.
    """

    scale: float = LARGEST
    box: tuple[int, int] | None = None
    fit: bool = False
    longest: int | None = None

    @property
    def label(self) -> str:
        """How names of files say it."""
        if self.box is not None:
            return f"{'fit' if self.fit else ''}{self.box[0]}x{self.box[1]}"
        return str(self.longest) if self.longest is not None else f"x{self.scale:g}"

    @property
    def option(self) -> str:
        """How the command line says it."""
        if self.box is not None:
            return f"--size {self.box[0]}x{self.box[1]}"
        return f"--scale {self.scale:g}" if self.longest is None else f"--max-side {self.longest}"

    def of(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height of what an image of that width and height becomes."""
        width, height = size
        if self.box is not None and not self.fit:
            return self.box
        if self.box is not None:
            factor = min(self.box[0] / width, self.box[1] / height)
        elif self.longest is not None:
            factor = self.longest / max(size)
        else:
            factor = self.scale
        return max(1, round(factor * width)), max(1, round(factor * height))


def size_from_options(
    scale: float | None, size: str | None, fit: bool, longest: int | None
) -> Size:
    """The size that the options ask for.

    Raises:
        StudyError: two that exclude each other, or one that cannot be.
    """
    given = [
        option
        for option, value in (("--scale", scale), ("--size", size), ("--max-side", longest))
        if value is not None
    ]
    if len(given) > 1:
        raise StudyError(f"{' and '.join(given)}: each says how large; give one of them")
    if fit and size is None:
        raise StudyError("--fit: is about --size; give --size WIDTHxHEIGHT too")
    if size is not None:
        found = re.fullmatch(r"([1-9]\d{0,8})[xX×]([1-9]\d{0,8})", size)
        if not found:
            raise StudyError(f"--size {size}: give width and height in pixels, as in 1920x1080")
        return Size(box=(int(found[1]), int(found[2])), fit=fit)
    if longest is not None:
        return Size(longest=longest)
    factor = LARGEST if scale is None else scale
    if not 1 <= factor <= LARGEST:
        raise StudyError(f"--scale {factor:g}: give a number from 1 to {LARGEST:g}")
    return Size(scale=factor)
