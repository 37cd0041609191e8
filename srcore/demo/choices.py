"""What the page offers: networks and sample images."""

from importlib.util import find_spec
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.data.sources.sample import SCENES

SHIPPED = "the package's own"
"""How the page calls the network that the package ships."""
MODELS = Path("data/models")
"""Where the study leaves its checkpoints."""


def networks(checkpoints: list[Path]) -> dict[str, Path | None]:
    """Name on the page → checkpoint, None for the package's own, which stands first.

    Raises:
        StudyError: a checkpoint that was named is not there.
    """
    for path in checkpoints:
        if not path.is_file():
            raise StudyError(f"--checkpoint {path}: no such file")
    found = [*checkpoints, *sorted(MODELS.glob("*/*.safetensors"))]
    return {SHIPPED: None} | {str(path): path for path in found}


def samples() -> list[str]:
    """Photographs of the offline sample, as far as the packages that ship them are installed."""
    return [str(path) for paths in SCENES.values() if (path := _installed(paths[0])) is not None]


def _installed(name: str) -> Path | None:
    package, _, inside = name.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / inside
    return path if path.is_file() else None
