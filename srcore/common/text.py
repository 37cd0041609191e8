"""Text from outside (names of files, labels, what other libraries report) made fit to be shown.

Whoever names a file, a label or an address may write into the name what a terminal, a spreadsheet
or a web page acts upon. `printable` takes that away; `redacted`, `public`, `markdown` and `cell` do
what an address, a parameter, a Markdown text and a table need besides.
"""

import hashlib
import re
from pathlib import Path

LONGEST = 2000
"""Characters of one text in a message or a log."""
LONGEST_NAME = 200
"""Characters of a name within a message."""
LONGEST_CELL = 30_000
"""Characters of a cell; spreadsheets take 32,767."""

_USER = re.compile(r"(?<=://)[^\s/?#]*@")
_QUERY = re.compile(r"(\w://[^\s?#)'\"]*)[?#][^\s)'\"]*[^\s)'\":;,.]")
_PATH = re.compile(r"(url: /[^\s?#]*)\?[^\s)]+")
"""How requests tells the part of an address after the host."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~&$@:-])")
_WWW = re.compile(r"(www)\.", re.IGNORECASE)
"""What GitHub takes for the beginning of a link."""
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠]")


def printable(text: str, longest: int = LONGEST) -> str:
    """Write what no screen or table can show as escapes, and cut what is too long.

    Escapes are what controls a terminal, turns the direction of writing or is invisible, line
    breaks, and bytes that are not UTF-8. What is cut keeps a digest, so that different texts stay
    different.
    """
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text[:longest]
    )
    if len(text) <= longest and len(shown) <= longest:
        return shown
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{shown[: longest - len(digest) - 1]}…{digest}"


def redacted(text: str) -> str:
    """Take user names, passwords and tokens out of the addresses in a text.

    What stands before the @ of an address is a user's, and what follows a ? is often a token.
    """
    text = _USER.sub("…@", text)
    text = _QUERY.sub(r"\1?…", text)
    return _PATH.sub(r"\1?…", text)


def public(text: str) -> str:
    """A parameter's value as it may be published: of an absolute path, the last part alone."""
    return f"…/{Path(text).name}" if Path(text).is_absolute() else redacted(text)


def markdown(text: str, longest: int = LONGEST_NAME) -> str:
    """A text as Markdown shows it: no heading, link, table, code or HTML begins in it."""
    return _WWW.sub(r"\1\\.", _MARKDOWN.sub(r"\\\1", printable(text, longest)))


def code(text: str, longest: int = LONGEST_NAME) -> str:
    """A text as it stands between backticks in Markdown, in a table as well."""
    return printable(text, longest).replace("`", "'").replace("|", "\\|")


def cell(text: str) -> str:
    """A text as a cell of a table: spreadsheets take what begins with = + - @ for a formula.

    They show what follows an apostrophe as it is. `from_cell` takes it off again.
    """
    text = printable(text, LONGEST_CELL)
    return f"'{text}" if _FORMULA.match(text) else text


def from_cell(text: str) -> str:
    """What `cell` was given, where it was printable."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
