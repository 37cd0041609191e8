"""A square of an image that is shown larger."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Detail:
    """A square of the image, in pixels of the low resolution, so that it fits every size."""

    left: int
    top: int
    size: int

    def crop(self, image: NDArray[Any], scale: int = 1) -> NDArray[Any]:
        """This square of an image (H, W, ...) that is `scale` times as large."""
        top, left, size = (scale * value for value in (self.top, self.left, self.size))
        return image[top : top + size, left : left + size]

    def fractions(self, side: int) -> dict[str, float]:
        """{x, y, size} as fractions of the side of the low-resolution image."""
        return {"x": self.left / side, "y": self.top / side, "size": self.size / side}
