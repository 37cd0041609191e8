"""What the page offers: networks and sample images."""

from importlib.util import find_spec
from pathlib import Path

from srcore.common import paths
from srcore.common.errors import StudyError
from srcore.data.sources.sample import SCENES
from srcore.models import registry

SHIPPED = "the package's own"
"""How the page calls the network that the package ships."""


def networks(checkpoints: list[Path]) -> dict[str, Path | None]:
    """Name on the page → checkpoint, None for the package's own, which stands first.

    Raises:
        StudyError: a checkpoint that was named is not there.
    """
    for path in checkpoints:
        if not path.is_file():
            raise StudyError(f"--checkpoint {path}: no such file")
    found = [*checkpoints, *_trained()]
    return {SHIPPED: None} | {str(path): path for path in found}


def _trained() -> list[Path]:
    """The networks of the study, each once, sorted by the names of their files.

    Other folders beside theirs hold the runs of the ideas experiment, which have no card, or what
    is being written. A network lies in its own folder and in that of each of its sets. The newest
    file is what was trained last: one alone may have been trained again after its set was gathered.
    A set's copies are as old as what they were copied from, and then the network's own counts.
    """
    newest: dict[str, tuple[int, Path]] = {}
    for folder in (*registry.MODELS, *registry.SETS):
        for path in (paths.MODELS / folder).glob("*.safetensors"):
            if path.is_file():
                changed = path.stat().st_mtime_ns
                if path.name not in newest or changed > newest[path.name][0]:
                    newest[path.name] = changed, path
    return [newest[name][1] for name in sorted(newest)]


def samples() -> list[str]:
    """Photographs of the offline sample, as far as the packages that ship them are installed."""
    return [str(path) for scene in SCENES.values() if (path := _installed(scene[0])) is not None]


def _installed(name: str) -> Path | None:
    package, _, inside = name.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / inside
    return path if path.is_file() else None
