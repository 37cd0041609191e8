"""Progress bars that go quiet when nobody watches."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from srcore.common.text import LONGEST_NAME, printable

T = TypeVar("T")


def progress(
    items: Iterable[T], desc: str, total: int | None = None, unit: str = "it"
) -> Iterator[T]:
    """Yield `items` unchanged while a bar named `desc` counts them, if stderr is a terminal."""
    yield from tqdm(
        items,
        desc=printable(desc, LONGEST_NAME),
        total=total,
        unit=unit,
        disable=not sys.stderr.isatty(),
        leave=False,
    )
