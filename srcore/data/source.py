"""What every source of pictures gives: one value a picture, in an order that never changes."""

from dataclasses import dataclass

from srcore.data.pictures import PictureError


@dataclass(frozen=True)
class Source:
    """One picture as its source has it."""

    name: str
    """Unique within the source, printable."""
    group: str
    """Pictures of one group (one scene, say) stay on one side of the split."""
    labels: tuple[str, ...]
    """What is to be seen; empty when the source does not know."""
    data: bytes | PictureError
    """The picture file's bytes, or why they cannot be had."""


def printable(name: str) -> str:
    """Write what no screen or table can show (line breaks, bytes that are not UTF-8) as escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in name
    )
