"""The commands that the docs show, as text: the tests run these, and no copies of them."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

PROGRAMS = ("dvc", "git", "make", "pip", "pre-commit", "pytest", "python3?", "srcore", r"\.")
"""What a command begins with, after variables set for it."""
COMMAND = re.compile(rf"(?:[A-Z][A-Z0-9_]*=\S+ )*(?:{'|'.join(PROGRAMS)}) \S")
SHELL = {"", "```", "```sh", "```bash"}
"""Blocks that hold commands: indented ones, and fenced ones of these kinds."""
WRITTEN_BY_COMMANDS = ("docs/faults.md", "docs/parameters.md")
"""Printed by code that is tested, their commands included."""


@dataclass(frozen=True)
class Command:
    """A command and the file that shows it, within a sentence or in a block of its own."""

    file: str
    text: str
    within: bool


@cache
def shown() -> tuple[Command, ...]:
    """Every command of the docs, in order: those in blocks of code and those within a sentence."""
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
    names = [str(file.relative_to(ROOT)) for file in files]
    found = (
        Command(name, text, within)
        for name, file in zip(names, files, strict=True)
        if name not in WRITTEN_BY_COMMANDS
        for text, within in commands(file.read_text())
    )
    return tuple(dict.fromkeys(found))


def commands(markdown: str) -> Iterator[tuple[str, bool]]:
    """The commands of a text, without comments, each on one line; whether within a sentence."""
    fence, command, sentence = "", "", ""
    for line in [*without_comments(markdown).splitlines(), ""]:
        if line.startswith("```"):
            fence = "" if fence else line
        elif line.startswith("    ") or fence:
            command += re.sub(r"\s+# .*", "", line).strip()
            if command.endswith("\\"):
                command = command.removesuffix("\\")
                continue
            if COMMAND.match(command) and fence in SHELL:
                yield " ".join(command.split()), False
            command = ""
        elif line:
            sentence += f"{line} "
            continue
        # A sentence ends at an empty line, or where a block begins.
        spans = re.findall(r"`([^`]+)`", sentence)
        yield from ((" ".join(span.split()), True) for span in spans if COMMAND.match(span))
        sentence = ""


def without_comments(markdown: str) -> str:
    """A text as its readers see it."""
    return re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)


def as_shown(text: str, replaced: Mapping[str, str] | None = None) -> str:
    """A command that some file of the docs shows, with its paths and sizes replaced.

    A command that no file shows, or a part to replace that it does not hold, fails the test.
    """
    assert text in {command.text for command in shown()}, f"no file of the docs shows: {text}"
    for old, new in (replaced or {}).items():
        assert old in text, f"{old!r} is not in {text}"
        text = text.replace(old, new)
    return text


def arguments(text: str, replaced: Mapping[str, str] | None = None) -> list[str]:
    """The same, as a program takes it."""
    return shlex.split(as_shown(text, replaced))


def ran(output: str) -> list[str]:
    """The stages that DVC ran, by name, from what it said."""
    return re.findall(r"Running stage '(?:[\w./]+:)?(\w+)'", output)
