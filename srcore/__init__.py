"""Super-resolution study: which architecture idea buys how much quality, at what cost.

Enlarging an image from Python::

    from srcore import enlarge, load_network

    larger = enlarge(Image.open("photo.jpg"), load_network(), scale=2)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srcore.upscale.api import enlarge, load_network

__all__ = ["enlarge", "load_network"]


def __getattr__(name: str) -> Any:
    # Asked for, not imported: most of the package needs no torch, and the command is quick.
    if name in __all__:
        from srcore.upscale import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
