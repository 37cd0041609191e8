"""Writing files so that a half-written one is never mistaken for a whole one."""

import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pandas as pd

DECIMALS = 4
"""Tracked figures are rounded, so that a harmless last bit makes no difference in a review."""


@contextmanager
def atomic(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`; rename it to `path` when the block ends well.

    The folder is made when it is missing. When the block fails, `path` is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        with partial.open("rb") as file:  # a rename must never outlive its data in a power cut
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def fresh_folder(path: Path) -> Generator[Path]:
    """Give an empty folder beside `path`; let it take the place of `path` when the block ends well.

    What stood at `path` before is removed. When the block fails, nothing is left of the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        if path.exists():
            shutil.rmtree(path)
        partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def rounded(value: Any) -> Any:
    """Round every float in nested dicts and lists to `DECIMALS` places."""
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}  # type: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]  # type: ignore[reportUnknownVariableType]
    return _round(value) if isinstance(value, float) else value


def _round(value: float) -> float:
    return round(value, DECIMALS) + 0.0  # which turns −0.0, noise in a review, into 0.0


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, floats rounded to `DECIMALS` places, keys in the order given."""
    with atomic(path) as partial:
        text = json.dumps(rounded(value), indent=2, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, rows: pd.DataFrame) -> None:
    """Write `rows` as csv without an index, floats with `DECIMALS` places."""
    with atomic(path) as partial:
        rows.to_csv(partial, index=False, float_format=_in_full, lineterminator="\n")


def _in_full(value: object) -> str:
    return f"{_round(cast('float', value)):.{DECIMALS}f}"
