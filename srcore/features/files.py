"""Files of frozen weights: only tensors are read of them, and nothing in them is ever run."""

import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any, cast

import torch
from safetensors.torch import load_file
from torch import Tensor

from srcore.common.errors import StudyError, reason
from srcore.common.reading import NotAFileError, open_regular
from srcore.common.text import LONGEST_NAME, printable

LARGEST = 4 << 30
"""Bytes of a file of weights."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the named tensors of a safetensors or torch file, or of its `state_dict`.

    Raises:
        StudyError: the file is neither, or damaged.
    """
    return named_tensors(read_weights(path), path)


def read_weights(path: Path) -> object:
    """What a safetensors or torch file holds: tensors, by name, perhaps deeper down.

    Raises:
        StudyError: the file is neither, damaged, or holds a program.
    """
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > LARGEST:
                raise StudyError(f"{path}: has more than {LARGEST} bytes; are these weights?")
            if path.suffix.lower() == ".safetensors":
                return load_file(path)
            return load_torch(file, path)
    except StudyError:
        raise
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except NotAFileError as error:
        raise StudyError(f"{path}: {error.strerror}; name a file") from None
    except Exception as error:  # noqa: BLE001  # torch raises whatever the file makes it raise
        raise StudyError(f"{path}: not a readable weights file ({reason(error)})") from None


def load_torch(file: IO[bytes], path: Path) -> object:
    """What a torch file holds, if it is tensors and plain values.

    Raises:
        StudyError: it holds something else.
    """
    if is_safetensors(file):
        raise StudyError(misnamed(path))
    if is_torchscript(file):
        raise StudyError(
            f"{path}: refused; it is a program (TorchScript); save its state_dict as safetensors"
        )
    _check_zip(file, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about pickles, which are refused
            return torch.load(file, map_location="cpu", weights_only=True)
    except UnpicklingError:  # its advice is to run what the file holds
        raise StudyError(
            f"{path}: refused; only tensors are read, so save its state_dict as safetensors"
        ) from None


def is_safetensors(file: IO[bytes]) -> bool:
    """Whether a file begins as safetensors do: the length of a JSON header, then the header."""
    file.seek(0)
    length, brace = int.from_bytes(file.read(8), "little"), file.read(1)
    file.seek(0)
    return brace == b"{" and 8 + length <= os.fstat(file.fileno()).st_size


def misnamed(path: Path) -> str:
    """The message about a safetensors file that has the name of another kind."""
    shown = printable(path.with_suffix(".safetensors").name, LONGEST_NAME)
    return f"{path}: is a safetensors file under another extension; rename it to {shown}"


def is_torchscript(file: IO[bytes]) -> bool:
    """Whether a file is a program that torch would run."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    finally:
        file.seek(0)


def named_tensors(state: object, path: Path) -> dict[str, Tensor]:
    """The named tensors of what a torch file held.

    Raises:
        StudyError: they are something else.
    """
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = cast("dict[str, Any]", state)["state_dict"]
    named = cast("dict[Any, Any]", state) if isinstance(state, dict) else {}
    if not named or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in named.items()
    ):
        raise StudyError(f"{path}: holds something else than named tensors; save a state_dict")
    return named


def check_values(tensors: Mapping[str, Tensor], source: str) -> None:
    """See that tensors hold real, finite numbers.

    Raises:
        StudyError: one does not; the line names it.
    """
    for name, value in tensors.items():
        shown = printable(name, LONGEST_NAME)
        plain = value.layout == torch.strided and value.device.type == "cpu"
        if not plain or not value.is_floating_point():
            raise StudyError(f"{source}: {shown} holds no real numbers")
        if not bool(value.float().isfinite().all()):
            raise StudyError(f"{source}: {shown} holds NaN or infinite values")


def _check_zip(file: IO[bytes], path: Path) -> None:
    """Refuse a packed torch file: torch packs none, and a small one may unpack to any size."""
    file.seek(0)
    if file.read(2) == b"PK":
        with zipfile.ZipFile(file) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise StudyError(f"{path}: is packed, as no file of torch is; save it with torch")
    file.seek(0)
