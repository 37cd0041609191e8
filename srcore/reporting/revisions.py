"""Files of the working tree, or of a commit that a stranger may have made."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from srcore.common.errors import StudyError
from srcore.common.reading import NotAFileError, read_bytes
from srcore.common.yaml import read_yaml

T = TypeVar("T")

LARGEST = 1 << 28
"""Bytes of a file of results."""


def read_file(commit: str | None, path: str) -> str:
    """The text of a file as committed in `commit`, or as it lies here.

    Raises:
        StudyError: it is not there, or no file.
    """
    try:
        if commit is None:
            return read_bytes(Path(path), LARGEST).decode("utf-8")
        # `./` is this folder, which may lie below the top of its repository; and what a user
        # gives as a revision is none of git's options.
        command = ["git", "show", "--end-of-options", f"{commit}:./{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    except subprocess.CalledProcessError as error:
        answer = " ".join(error.stderr.split()) or f"git ended with {error.returncode}"
        raise StudyError(f"{path} of {commit}: {answer}") from None
    except NotAFileError as error:
        raise StudyError(f"{path}: {error.strerror}; remove it and run `dvc repro`") from None
    except OSError as error:
        if commit is not None:
            raise StudyError(f"git: {error.strerror}; install it") from None
        raise StudyError(f"{path} is not here; run `dvc repro` first") from None


def parsed(commit: str | None, path: str, parse: Callable[[str], T], text: str | None = None) -> T:
    """Read and parse a file of the working tree or of a commit.

    Args:
        commit: None for the working tree.
        path: the file.
        parse: raises ValueError or TypeError for what is damaged.
        text: the file's text if it was read already.

    Raises:
        StudyError: it is not there, or damaged.
    """
    try:
        return parse(read_file(commit, path) if text is None else text)
    except (ValueError, TypeError):  # json's and pandas' errors are ValueErrors
        where = f" in commit {commit}" if commit else "; run `dvc repro`"
        raise StudyError(f"{path}: damaged{where}") from None


def parse_yaml(text: str) -> dict[str, Any]:
    """The groups of a YAML text, read within the bounds of `srcore.common.yaml`.

    Raises:
        ValueError, TypeError: it is not valid, has too much, or holds no groups.
    """
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            return _of_groups(read_yaml(Path(file.name)))
        except StudyError as error:
            raise ValueError from error


def _of_groups(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return cast("dict[str, Any]", value)
