"""Reading and writing tables as csv: the one reader, which checks columns and kinds."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from srcore.common.errors import StudyError
from srcore.common.files import atomic, rounded_text
from srcore.common.reading import read_bytes
from srcore.common.text import cell, from_cell

Columns = Mapping[str, type | None]
"""Name of a column → str (text), float (a number in every line) or None (a number or nothing)."""

LONGEST_TABLE = 256 << 20
"""Bytes; the largest table, every method on 100,000 held-out images, has less."""


def again(folder: Path) -> str:
    """What to do about a damaged output of a stage."""
    return f"remove {folder} and run `dvc repro`"


def read_table(path: Path, columns: Columns, remedy: str) -> pd.DataFrame:
    """Read a csv that has at least these columns.

    Nothing in a column of text (an image named NA, say) is taken for a missing value.

    Args:
        path: the file.
        columns: the columns that are read, in the order in which they are given back.
        remedy: what to do when the file cannot be used, as a part of the message.

    Raises:
        StudyError: the file is missing, damaged or cut short, lacks a column, or has something else
            than a number where one belongs.
    """
    try:
        text = read_bytes(path, LONGEST_TABLE).decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        raise StudyError(f"{path}: missing; {remedy}") from None
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: damaged ({' '.join(str(error).split())}); {remedy}") from None
    try:
        return parse_table(text, columns)
    except ValueError as error:
        raise StudyError(f"{path}: damaged ({error}); {remedy}") from None


def parse_table(text: str, columns: Columns) -> pd.DataFrame:
    """As `read_table`, of a csv's text.

    Raises:
        ValueError: why it cannot be used, in a few words.
    """
    try:
        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:  # pandas' parser errors are ValueErrors
        raise ValueError(" ".join(str(error).split())) from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas took the first cells for an index
        raise ValueError("its lines have more cells than its header")
    if not text.endswith("\n"):  # a number cut off within its digits would pass for another
        raise ValueError("cut short")
    if missing := [name for name in columns if name not in table.columns]:
        raise ValueError(f"its columns are not {', '.join(columns)}: no {missing[0]}")
    table = table[list(columns)]
    for name, kind in columns.items():
        texts = cast("pd.Series[str]", table[name])
        if kind is str:
            table[name] = texts.map(from_cell)
            continue
        table[name] = _numbers(texts, name)
        if kind is float and table[name].isna().any():
            raise ValueError(f"no {name} in a line")
    return table


def _numbers(texts: "pd.Series[str]", name: str) -> "pd.Series[float]":
    try:
        numbers = pd.to_numeric(texts.replace("", None))
    except (ValueError, OverflowError):
        raise ValueError(f"a {name} that is no number") from None
    if numbers.dtype == object and not numbers.isna().all():  # an integer of thousands of digits
        raise ValueError(f"a {name} that is no number")
    if np.isinf(numbers.to_numpy(float)).any():
        raise ValueError(f"a {name} that is not finite")
    return numbers


def write_table(path: Path, rows: pd.DataFrame) -> None:
    """Write `rows` as csv without an index, floats with `DECIMALS` places.

    Texts are written so that no spreadsheet takes one for a formula (see `srcore.common.text`);
    `read_table` gives them back as they were.
    """
    texts = [name for name, kind in rows.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    rows = rows.assign(**{str(name): rows[name].map(_as_cell) for name in texts})
    with atomic(path) as partial:
        rows.to_csv(partial, index=False, float_format=rounded_text, lineterminator="\n")


def _as_cell(value: object) -> object:
    return cell(value) if isinstance(value, str) else value
