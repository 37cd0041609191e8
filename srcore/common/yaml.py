"""Reading YAML that others may have written: a small file must not become a large value."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from srcore.common.errors import StudyError
from srcore.common.reading import NotAFileError, read_bytes

LONGEST = 1 << 20
"""Bytes of a file."""
DEEPEST = 50
"""Values within values."""
LARGEST = 10_000
"""Values of a file, those that an alias repeats counted again."""


def read_yaml(path: Path) -> Any:
    """Read a YAML file of plain values.

    Raises:
        StudyError: it is not valid YAML, or too much of it.
        FileNotFoundError: it is missing.
    """
    try:
        data = read_bytes(path, LONGEST)
        _check_size(YAML(typ="safe", pure=True).parse(BytesIO(data)))
        return YAML(typ="safe", pure=True).load(BytesIO(data))
    except NotAFileError as error:
        raise StudyError(f"{path}: {error.strerror}") from None
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
        # ruamel raises the last four of values that are no numbers, dates or keys after all.
        raise StudyError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None


def _check_size(events: Iterable[object]) -> None:
    """Count what a file holds once every alias stands for what it repeats, as it is read.

    Ten lines, of which each repeats the one before nine times, hold three billion values.

    Raises:
        ValueError: too many, too deep, or an alias within what it repeats.
    """
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    total = 0
    for event in events:
        if isinstance(event, AliasEvent):
            if event.anchor not in sizes:
                raise ValueError(f"an alias {event.anchor} is before or within what it repeats")
            total += sizes[event.anchor]
        elif isinstance(event, SequenceEndEvent | MappingEndEvent):
            anchor, before = open_.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
            assert isinstance(event, NodeEvent)
            if isinstance(event, ScalarEvent):
                if event.anchor:
                    sizes[event.anchor] = 1
            else:
                open_.append((event.anchor, total))
            total += 1
        if len(open_) > DEEPEST:
            raise ValueError(f"values lie more than {DEEPEST} deep within each other")
        if total > LARGEST:
            raise ValueError(f"it holds more than {LARGEST} values, aliases written out")
