"""Hold out images for validation and test, whole groups at a time, as many as asked for."""

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from srcore.common.errors import StudyError
from srcore.common.files import fresh_folder, write_json
from srcore.data.dataset import PARTS, SPLIT

METRICS = "metrics.json"


Group = list[int]
"""Places of the images of one scene."""


def split_images(
    names: Sequence[str],
    groups: Sequence[str],
    validation: float,
    seed: int,
    *,
    test: float = 0,
) -> tuple[list[str], list[str], list[str]]:
    """Divide `names` into training, validation and test images, each in the order given.

    Images that share a group stay together; training and validation get at least one. Validation
    is drawn first, so that it does not depend on `test`.

    Args:
        names: the images.
        groups: the group of each.
        validation: a whole number of images, met exactly, or a share in (0, 1) of all of them, met
            as nearly as whole groups allow.
        seed: of the shuffle.
        test: as `validation`; 0 for no such part.

    Raises:
        StudyError: too few images or groups, or groups that do not add up to a number.
    """
    members: defaultdict[str, Group] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    if len(members) < 2:
        raise StudyError(
            f"{len(names)} images of {len(members)} scene cannot be split; use more images "
            "(data.limit, data.source)"
        )
    left = list(members.values())
    random.Random(seed).shuffle(left)  # noqa: S311 not for secrets
    held: list[set[int]] = []
    for key, requested in (("validation", validation), ("test", test)):
        chosen, left = (
            _hold_out(left, key, requested, len(names)) if requested or not held else ([], left)
        )
        held.append({index for group in chosen for index in group})
    rest = set(range(len(names))).difference(*held)
    train, validating, testing = (
        [name for index, name in enumerate(names) if index in part] for part in (rest, *held)
    )
    return train, validating, testing


def _hold_out(
    shuffled: list[Group], key: str, requested: float, all_images: int
) -> tuple[list[Group], list[Group]]:
    """Groups that hold as many images as requested, and the others, both in the shuffled order."""
    if len(shuffled) < 2:
        raise StudyError(f"split.{key} = {requested}: no scene would be left for training")
    by_size: defaultdict[int, list[Group]] = defaultdict(list)
    for group in shuffled:
        by_size[len(group)].append(group)
    sizes = sorted(by_size, reverse=True)
    total = sum(map(len, shuffled))
    sums = _reachable([(size, len(by_size[size])) for size in sizes], total)
    exact = isinstance(requested, int)
    wanted = requested if exact else round(requested * all_images)
    if exact and not 0 < wanted < total:
        there = "there are" if total == all_images else "beside the other held-out ones there are"
        raise StudyError(
            f"split.{key} = {requested}: {there} {total} images, so choose 1 to {total - 1}, "
            "or a share"
        )
    goal = _goal(f"split.{key} = {requested}", wanted, total, sums[0], exact=exact)
    chosen: list[Group] = []
    for size, rest, greedy in zip(sizes, sums[1:], _greedy(shuffled, sizes, goal), strict=True):
        # The count nearest to what the shuffle alone would take, after which the rest still fits.
        fitting = (
            take
            for take in range(min(len(by_size[size]), goal // size) + 1)
            if rest >> (goal - take * size) & 1
        )
        take = min(fitting, key=lambda take: abs(take - greedy))
        goal -= take * size
        chosen += by_size[size][:take]
    taken = {group[0] for group in chosen}
    return chosen, [group for group in shuffled if group[0] not in taken]


def write_split(
    out: Path,
    names: Sequence[str],
    groups: Sequence[str],
    validation: float,
    seed: int,
    *,
    test: float = 0,
) -> None:
    """Write `split.json`, the names of the three parts, and `metrics.json`, their counts."""
    parts = split_images(names, groups, validation, seed, test=test)
    named = dict(zip(PARTS, parts, strict=True))
    group = dict(zip(names, groups, strict=True))
    counts = {
        part: {"images": len(chosen), "groups": len({group[name] for name in chosen})}
        for part, chosen in named.items()
        if chosen
    }
    with fresh_folder(out) as folder:
        write_json(folder / SPLIT, named)
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


def _goal(setting: str, wanted: int, total: int, reachable: int, *, exact: bool) -> int:
    """The number of images to take: `wanted` itself, or else the nearest that groups make."""
    wanted = min(max(wanted, 1), total - 1)
    below = (reachable & ((2 << wanted) - 1)).bit_length() - 1
    beyond = reachable >> wanted
    above = wanted + (beyond & -beyond).bit_length() - 1
    possible = [count for count in (below, above) if 0 < count < total]
    nearest = min(possible, key=lambda count: abs(count - wanted))
    if exact and nearest != wanted:
        raise StudyError(
            f"{setting}: scenes stay whole, so it can be "
            f"{' or '.join(map(str, possible))}, or a share"
        )
    return nearest
