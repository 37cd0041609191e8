"""Opening files that others may have made: never a pipe or a device, never more than expected."""

import json
import math
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any

from srcore.common.errors import StudyError

LONGEST_JSON = 64 << 20
"""Bytes; the largest that the study writes, the split of 100,000 long names, has half of them."""


class NotAFileError(OSError):
    """What stands under a name is a folder, a pipe or a device."""


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading.

    A pipe is not waited for and a device not read: either could keep a program for ever.

    Raises:
        NotAFileError: it is no regular file.
        OSError: it is missing or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotAFileError(0, "is not a file but a folder, a pipe or a device", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path, longest: int) -> bytes:
    """Read a whole file of at most `longest` bytes.

    Raises:
        NotAFileError: it is no regular file.
        ValueError: it is longer.
        OSError: it is missing or cannot be read.
    """
    with open_regular(path) as file:
        data = file.read(longest + 1)
    if len(data) > longest:
        raise ValueError(f"more than {longest} bytes")
    return data


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        StudyError: it is missing or damaged.
    """
    try:
        return parse_json(read_bytes(path, LONGEST_JSON))
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; run `dvc repro`") from None
    except NotAFileError as error:
        raise StudyError(f"{path}: {error.strerror}; remove it and run `dvc repro`") from None
    except ValueError:  # not JSON, or not even text
        raise StudyError(f"{path}: damaged; remove it and run `dvc repro`") from None


def parse_json(text: bytes | str) -> Any:
    """The value of a JSON text whose every number is finite.

    Raises:
        ValueError: it is not JSON, nested too deep, or holds NaN, an infinity, or an integer of
            thousands of digits.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value
