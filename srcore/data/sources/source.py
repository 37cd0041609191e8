"""What every source of images gives: one value an image, in an order that never changes."""

from dataclasses import dataclass

from srcore.images.decode import ImageError


@dataclass(frozen=True)
class Source:
    """One image as its source has it."""

    name: str
    """Unique within the source, printable."""
    group: str
    """Images of one group (one scene, say) stay on one side of the split."""
    labels: tuple[str, ...]
    """What is to be seen; empty when the source does not know."""
    data: bytes | ImageError
    """The image file's bytes, or why they cannot be had."""
