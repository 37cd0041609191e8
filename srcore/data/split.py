"""Hold out some images, whole groups at a time, exactly as many as asked for."""

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder, write_json
from srcore.data.dataset import SPLIT

METRICS = "metrics.json"


def split_images(
    names: Sequence[str], groups: Sequence[str], validation: float, seed: int
) -> tuple[list[str], list[str]]:
    """Divide `names` into training and held-out images, both in the order given.

    Images that share a group stay together, and both sides get at least one.

    Args:
        names: the images.
        groups: the group of each.
        validation: a whole number of held-out images, met exactly, or a share in (0, 1), met as
            nearly as whole groups allow.
        seed: of the shuffle.

    Raises:
        StudyError: too few images or groups, or groups that do not add up to the number.
    """
    members: defaultdict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    if len(members) < 2:
        raise StudyError(
            f"{len(names)} images of {len(members)} scene cannot be split; use more images "
            "(data.limit, data.source)"
        )
    by_size: defaultdict[int, list[list[int]]] = defaultdict(list)
    shuffled = list(members.values())
    random.Random(seed).shuffle(shuffled)  # noqa: S311 not for secrets
    for group in shuffled:
        by_size[len(group)].append(group)
    sizes = sorted(by_size, reverse=True)
    sums = _reachable([(size, len(by_size[size])) for size in sizes], len(names))
    goal = _goal(validation, len(names), sums[0])

    held: set[int] = set()
    for size, rest, wanted in zip(sizes, sums[1:], _greedy(shuffled, sizes, goal), strict=True):
        # The count nearest to what the shuffle alone would take, after which the rest still fits.
        fitting = (
            take
            for take in range(min(len(by_size[size]), goal // size) + 1)
            if rest >> (goal - take * size) & 1
        )
        take = min(fitting, key=lambda take: abs(take - wanted))
        goal -= take * size
        held.update(index for group in by_size[size][:take] for index in group)
    train = [name for index, name in enumerate(names) if index not in held]
    return train, [name for index, name in enumerate(names) if index in held]


def write_split(
    out: Path, names: Sequence[str], groups: Sequence[str], validation: float, seed: int
) -> None:
    """Write `split.json`, the names of both sides, and `metrics.json`, their counts."""
    train, held = split_images(names, groups, validation, seed)
    group = dict(zip(names, groups, strict=True))
    counts = {
        side: {"images": len(chosen), "groups": len({group[name] for name in chosen})}
        for side, chosen in (("train", train), ("validation", held))
    }
    with fresh_folder(out) as folder:
        write_json(folder / SPLIT, {"train": train, "validation": held})
        write_json(folder / METRICS, counts)


def _greedy(shuffled: Sequence[Sequence[int]], sizes: Sequence[int], goal: int) -> list[int]:
    """Count, size by size, the groups taken in shuffled order while they still fit into `goal`."""
    taken = dict.fromkeys(sizes, 0)
    for group in shuffled:
        if len(group) <= goal:
            goal -= len(group)
            taken[len(group)] += 1
    return list(taken.values())


def _reachable(counts: Sequence[tuple[int, int]], total: int) -> list[int]:
    """Which sums whole groups can make: bit k of item i is set if groups of sizes i.. make k.

    A set of sums is one long integer, and adding a group a shift, so that 100,000 images take
    milliseconds. Of `count` equal groups, 1, 2, 4 … are added at once.
    """
    sums = [1]
    for size, count in reversed(counts):
        reach, chunk, left = sums[0], 1, count
        while left:
            step = min(chunk, left)
            reach |= reach << (step * size)
            chunk, left = 2 * chunk, left - step
        sums.insert(0, reach & ((2 << total) - 1))
    return sums


def _goal(validation: float, total: int, reachable: int) -> int:
    if isinstance(validation, int):
        if not 0 < validation < total:
            raise StudyError(
                f"split.validation = {validation}: there are {total} images, "
                f"so choose 1 to {total - 1}, or a share"
            )
        wanted = validation
    else:
        wanted = min(max(round(validation * total), 1), total - 1)
    below = (reachable & ((2 << wanted) - 1)).bit_length() - 1
    beyond = reachable >> wanted
    above = wanted + (beyond & -beyond).bit_length() - 1
    possible = [count for count in (below, above) if 0 < count < total]
    nearest = min(possible, key=lambda count: abs(count - wanted))
    if isinstance(validation, int) and nearest != wanted:
        raise StudyError(
            f"split.validation = {validation}: scenes stay whole, so it can be "
            f"{' or '.join(map(str, possible))}, or a share"
        )
    return nearest
