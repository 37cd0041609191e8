"""The files of `benchmark.checkpoints`: which are read, and whether they can be, before any is."""

from importlib import import_module
from pathlib import Path

from safetensors import SafetensorError, safe_open

from srcore.common.errors import StudyError
from srcore.common.reading import NotAFileError, open_regular, parse_json
from srcore.features.files import is_safetensors, misnamed
from srcore.models.checkpoint import LONGEST_CARD

SAFE, PICKLES = (".safetensors",), (".pth", ".pt", ".ckpt")
"""Extensions of files that hold tensors alone, and of pickles."""


def find_checkpoints(path: Path, *, pickles: bool) -> list[Path]:
    """A checkpoint, or every checkpoint of a folder, each of which may be read.

    Args:
        path: value of `benchmark.checkpoints`.
        pickles: whether files that are pickles may be read.

    Raises:
        StudyError: nothing there, a pickle that was not asked for, a safetensors file that is not
            whole, or networks of others without spandrel, which knows them.
    """
    files = [path] if path.is_file() else _in_folder(path)
    if not files:
        read = ", ".join(SAFE + PICKLES if pickles else SAFE)
        more = "" if pickles else f"; {', '.join(PICKLES)} are read with -S benchmark.pickles=true"
        raise StudyError(
            f"benchmark.checkpoints = {path}: holds no {read} directly in it "
            f"(sub-folders are not searched{more})"
        )
    for file in files:
        if not _is_named_safe(file) and not pickles:
            raise StudyError(_not_safe(file))
        if not is_ours(file):
            _check_spandrel(file)
    return files


def is_ours(path: Path) -> bool:
    """Whether a file is a checkpoint of this study, by its card: others write texts under that key.

    A card of ours that is damaged may be no JSON any more.

    Raises:
        StudyError: a safetensors file that is not whole.
    """
    text = card_text(path)
    try:
        values = parse_json(text) if text and len(text) <= LONGEST_CARD else None
    except ValueError:
        return False
    return isinstance(values, dict) and {"model", "trained"} <= values.keys()


def card_text(path: Path) -> str | None:
    """What a safetensors file has under the key `card`; None without it, or for another file.

    Raises:
        StudyError: a safetensors file that is not whole.
    """
    if not _is_named_safe(path):
        return None
    try:
        with open_regular(path), safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("card")
    except NotAFileError as error:
        raise StudyError(f"{path}: {error.strerror}; take it out") from None
    except SafetensorError as error:
        raise StudyError(f"{path}: not a whole safetensors file ({error})") from None


def _in_folder(folder: Path) -> list[Path]:
    """Those of a folder, pickles as well: one that may not be read is refused, not passed over.

    Hidden files are none: macOS puts a `._name` beside a file that it copies.
    """
    shown = (file for file in folder.iterdir() if not file.name.startswith("."))
    return sorted(file for file in shown if file.suffix.lower() in {*SAFE, *PICKLES})


def _check_spandrel(path: Path) -> None:
    try:
        import_module("spandrel")  # an extra
    except ImportError:
        raise StudyError(
            f"{path}: networks of others need spandrel; install it: "
            "pip install -c constraints.txt -e '.[benchmark]'"
        ) from None


def _is_named_safe(path: Path) -> bool:
    return path.suffix.lower() in SAFE


def _not_safe(path: Path) -> str:
    """Why a file that has not the name of a safetensors file is refused, and what to do."""
    try:
        with open_regular(path) as file:
            if is_safetensors(file):
                return misnamed(path)
    except NotAFileError as error:
        return f"{path}: {error.strerror}; take it out"
    return (
        f"{path}: is no safetensors file; save it as one, or have pickles read "
        "(-S benchmark.pickles=true)"
    )
