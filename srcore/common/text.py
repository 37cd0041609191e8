"""Text from outside (names of files, what other libraries report), as a terminal can show it."""


def printable(name: str) -> str:
    """Write what no screen or table can show (line breaks, bytes that are not UTF-8) as escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in name
    )
