"""Finding fonts for sentences in any language, or knowing that this machine has none."""

from collections.abc import Iterable
from functools import cache

from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.ft2font import FT2Font

DEFAULT = "DejaVu Sans"
"""The font that matplotlib brings along."""
PLACEHOLDERS = "Last Resort"
"""Fonts of this name claim every character, and draw a box for it."""


def families_for(text: str) -> list[str] | None:
    """Font families that together have every character of `text`; None when one is nowhere."""
    missing = {ord(char) for char in text if not char.isspace()} - _characters(DEFAULT)
    families = [DEFAULT]
    for family in _families() if missing else ():
        if there := missing & _characters(family):
            families.append(family)
            missing -= there
    return None if missing else families


@cache
def _families() -> tuple[str, ...]:
    names = {entry.name for entry in _upright(fontManager.ttflist)} - {DEFAULT}
    return tuple(sorted(name for name in names if not name.startswith(PLACEHOLDERS)))


@cache
def _characters(family: str) -> frozenset[int]:
    """Characters that every font of the family has: any of them may be the one that is drawn."""
    sets: list[frozenset[int]] = []
    for entry in _upright(fontManager.ttflist):
        if entry.name == family:
            try:
                sets.append(frozenset(FT2Font(entry.fname).get_charmap()))
            except (OSError, RuntimeError):  # a damaged font, or one without outlines
                return frozenset()
    return frozenset.intersection(*sets) if sets else frozenset()


def _upright(entries: Iterable[FontEntry]) -> list[FontEntry]:
    return [e for e in entries if e.style == "normal" and e.weight in (400, "normal", "regular")]
