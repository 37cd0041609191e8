"""The known name that a misspelt one may have meant."""

import difflib


def nearest(name: str, known: list[str]) -> str:
    """A hint such as "; did you mean 'epochs'?", empty when nothing known is close to `name`."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
