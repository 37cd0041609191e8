"""Many comparisons at once: what may be claimed of all of them together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from srcore.metrics.paired import Difference

Key = TypeVar("Key")


def holm(differences: Mapping[Key, Difference]) -> dict[Key, Difference]:
    """The same differences, each p-value adjusted for the number of comparisons (Holm 1979).

    Verdicts of the result hold together: where no two methods differ, any difference at all is
    claimed in at most one of twenty such families. Intervals stay those of one comparison alone.
    Methods whose figures are the same on every image do not count as comparisons.
    """
    known = {k: d.p for k, d in differences.items() if d.p is not None and d.verdict != "same"}
    adjusted, so_far = dict[Key, float](), 0.0
    for place, key in enumerate(sorted(known, key=known.__getitem__)):
        so_far = max(so_far, min(1.0, (len(known) - place) * known[key]))
        adjusted[key] = so_far
    return {key: replace(d, p=adjusted.get(key, d.p)) for key, d in differences.items()}
