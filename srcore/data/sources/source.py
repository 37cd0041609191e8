"""What every source of images gives: one value an image, in an order that never changes.

A source is a file of this folder with a function `images(params, downloads)`: it reads what it
needs from `params.data`, may keep in the folder `downloads` what the next run need not fetch again,
and yields `Source`s. `srcore.params.sources` has the table.
"""

from dataclasses import dataclass

from srcore.images.error import ImageError


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
