"""What was trained on what, in a line below a drawing."""

from collections.abc import Iterable, Mapping
from typing import Any

from srcore.ideas.runs import Runs, is_grid, is_slow

Cards = list[Mapping[str, Any]]


def note(runs: Runs) -> str:
    """Of the networks whose ideas are compared, and their intervals."""
    cards = [*runs.cards.values()]
    grid = [card for card in cards if is_grid(card)]
    rates, slow = (
        _listed(card["recipe"]["lr"] for card in grid if is_slow(card) is apart)
        for apart in (False, True)
    )
    bodies = f"learning rate {rates}" if rates else ""
    beside = f"learning rate {slow} for networks with frozen features and their control"
    parts = (_images(cards), bodies, beside if slow else "", _machine(cards))
    return "; ".join(filter(None, (*parts, "95 % intervals over seeds and images")))


def note_of_curves(runs: Runs) -> str:
    """Of the original study's networks, whose curves are drawn."""
    cards = [card for card in runs.cards.values() if card["group"] == "report"]
    rates = _listed(card["recipe"]["lr"] for card in cards)
    frozen = _listed(
        f"{c['experiment'].removeprefix('report.')}: {c['weights']}" for c in cards if c["weights"]
    )
    parts = (_images(cards), f"learning rate {rates}", _machine(cards), frozen)
    return "; ".join(filter(None, parts))


def _images(cards: Cards) -> str:
    return f"{_values(cards, 'images')} images, {_values(cards, 'held_out')} held out"


def _machine(cards: Cards) -> str:
    return _listed(f"{card['device']} ({card['precision']})" for card in cards)


def _values(cards: Cards, key: str) -> str:
    return _listed(card[key] for card in cards)


def _listed(values: Iterable[Any]) -> str:
    """One text, or several with commas, each once."""
    return ", ".join(dict.fromkeys(map(str, values)))
