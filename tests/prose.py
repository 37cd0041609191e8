"""The prose of README.md, CONTRIBUTING.md and docs/, checked by proselint: `make lint`.

What is no prose is blanked first: code, tables, addresses of links, comments.
Beside proselint's rules there are two of our own: no sentence is too long for a reader whose first
language is not English, and the notebook report has one name.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from commands import ROOT, WRITTEN_BY_COMMANDS
from proselint.checks import __register__
from proselint.config import DEFAULT
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

LONGEST = 30
"""Words of a sentence."""
OFF = {
    "typography.symbols.curly_quotes": "straight quotes are what a keyboard and a terminal have",
    "misc.phrasal_adjectives.ly": "it takes multiply-accumulates for an adverb",
    "typography.diacritical_marks": "to resume is a verb here",
}
"""Rule of proselint → why it does not hold here."""
BLANKED = (
    r"<!--.*?-->",
    r"^```.*?^```",
    r"^(?: {4}|> |\|).*?$",
    r"(?<=\])\([^)\s]+\)",
    r"!\[.*?\]",
    r"`[^`]+`",
)
"""What is no prose; code within a sentence, the last of these, becomes a word."""
NAME = re.compile(r"\b[Tt]he report(?:'s)?\b(?! page)")
"""The notebook report is called the original study; our own page is called the report page."""


def files() -> list[Path]:
    """What is checked: all that somebody writes by hand."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
    return [file for file in found if str(file.relative_to(ROOT)) not in WRITTEN_BY_COMMANDS]


def prose(markdown: str) -> str:
    """A text in which what is no prose is blank, a line for each line of it."""
    for pattern in BLANKED:
        markdown = re.sub(pattern, _blank, markdown, flags=re.DOTALL | re.MULTILINE)
    return markdown


def _blank(found: re.Match[str]) -> str:
    word = f"code{found.start()}" if found[0].startswith("`") and found[0][1] != "`" else ""
    return word + "\n" * found[0].count("\n")


def problems(markdown: str) -> Iterator[tuple[int, str]]:
    """Line and what is wrong there."""
    text = prose(markdown)
    for result in LintFile("text", text).lint(DEFAULT) if text.strip() else []:
        where = f"\n{text}\n"[slice(*result.check_result.span)]
        across = re.search(r"\n\s*\n", where)  # it joins what stands in two paragraphs
        if result.check_result.check_path not in OFF and not across and re.search("[a-z]", where):
            yield result.pos[0], result.check_result.message
    for found in NAME.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, f"{found[0]}: say 'the original study'"
    start = 0
    for part in re.split(r"(\n\s*\n|\n(?=[-#\d]+[. ])|(?<=[.!?:;])\s)", text):
        if (words := len(re.findall(r"\b[a-zA-Z]\S*", part))) > LONGEST:
            line = text.count("\n", 0, start) + 1
            yield line, f"a sentence of {words} words; at most {LONGEST} can be read at once"
        start += len(part)


def main() -> None:
    """Print every problem; the exit code says whether there was one."""
    CheckRegistry().register_many(__register__)
    found = [
        f"{file.relative_to(ROOT)}:{line}: {said}"
        for file in files()
        for line, said in problems(file.read_text(encoding="utf-8"))
    ]
    print("\n".join(found or [f"prose: {len(files())} files"]))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
