import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcore.common.errors import StudyError
from srcore.common.reading import read_json
from srcore.data.dataset import read_split
from srcore.data.split import split_images, write_split

SIZES = st.lists(st.integers(1, 6), min_size=2, max_size=12)


def images(sizes: list[int]) -> tuple[list[str], list[str]]:
    """Images of groups of these sizes, the groups' images interleaved."""
    turns = range(max(sizes))
    pairs = [(f"{g}-{t}", str(g)) for t in turns for g, size in enumerate(sizes) if t < size]
    return [name for name, _ in pairs], [group for _, group in pairs]


def possible(sizes: list[int]) -> set[int]:
    sums = {0}
    for size in sizes:
        sums |= {sum_ + size for sum_ in sums}
    return sums - {0, sum(sizes)}


@given(SIZES, st.integers(1, 40), st.integers(0, 5))
def test_a_count_is_met_exactly_or_refused_with_the_nearest(sizes: list[int], want: int, seed: int):
    names, groups = images(sizes)
    if want in possible(sizes):
        train, held, _ = split_images(names, groups, want, seed)
        assert len(held) == want
        check(names, groups, train, held)
        return
    with pytest.raises(StudyError) as caught:
        split_images(names, groups, want, seed)
    text = str(caught.value)
    assert f"split.validation = {want}" in text
    if want < sum(sizes):
        nearest = {max((k for k in possible(sizes) if k < want), default=None)}
        nearest |= {min((k for k in possible(sizes) if k > want), default=None)}
        offered = text.partition("can be ")[2].removesuffix(", or a share").split(" or ")
        assert {int(k) for k in offered} == nearest - {None}


@given(SIZES, st.floats(0.001, 0.999), st.integers(0, 5))
def test_a_share_is_met_as_nearly_as_can_be(sizes: list[int], share: float, seed: int):
    names, groups = images(sizes)
    train, held, _ = split_images(names, groups, share, seed)
    check(names, groups, train, held)
    want = min(max(round(share * len(names)), 1), len(names) - 1)
    assert abs(len(held) - want) == min(abs(k - want) for k in possible(sizes))


@given(st.integers(2, 60), st.data())
def test_single_images_meet_every_count(total: int, data: st.DataObject):
    want = data.draw(st.integers(1, total - 1))
    names = [str(i) for i in range(total)]
    train, held, _ = split_images(names, names, want, 0)
    assert (len(train), len(held)) == (total - want, want)


def check(names: list[str], groups: list[str], train: list[str], held: list[str]) -> None:
    assert train
    assert held
    assert sorted(train + held) == sorted(names)
    assert held == [name for name in names if name in set(held)], "in the order given"
    group = dict(zip(names, groups, strict=True))
    assert not {group[name] for name in train} & {group[name] for name in held}


def test_the_seed_decides():
    names = [str(i) for i in range(50)]
    once, again, other = (split_images(names, names, 10, seed) for seed in (3, 3, 4))
    assert once == again != other


def test_every_image_and_every_size_of_group_is_held_out_now_and_then():
    names, groups = images([1] * 6 + [2] * 3 + [4])
    often = Counter(name for seed in range(400) for name in split_images(names, groups, 5, seed)[1])
    assert set(often) == set(names)
    assert min(often.values()) > 40


@pytest.mark.parametrize("validation", [0, 5, 6])
def test_more_validation_images_than_images(validation: int):
    names = list("abcde")
    with pytest.raises(StudyError, match=f"= {validation}: there are 5 images, so choose 1 to 4"):
        split_images(names, names, validation, 0)


def test_one_scene_alone_cannot_be_split():
    with pytest.raises(StudyError, match="3 images of 1 scene"):
        split_images(list("abc"), ["x"] * 3, 0.5, 0)
    with pytest.raises(StudyError, match="0 images"):
        split_images([], [], 0.5, 0)


@pytest.mark.parametrize("spread", [1, 5, 300])
def test_a_hundred_thousand_images_take_no_time(spread: int):
    names = [str(i) for i in range(100_000)]
    groups = [str(i * i % (100_000 // spread)) for i in range(100_000)]
    start = time.process_time()
    train, held, _ = split_images(names, groups, 0.2, 0)
    assert time.process_time() - start < 3
    assert len(train) + len(held) == 100_000


def test_what_is_written_is_read_again(tmp_path: Path):
    names, groups = images([3, 2, 1, 1])
    write_split(tmp_path / "split", names, groups, 3, 1)
    split = read_split(tmp_path / "split", names)
    parts = split.train, split.validation, split.test
    assert tuple([names[i] for i in part] for part in parts) == split_images(names, groups, 3, 1)
    assert (split.part, split.evaluated.tolist()) == ("validation", split.validation.tolist())
    metrics = read_json(tmp_path / "split/metrics.json")
    assert set(metrics) == {"train", "validation"}
    assert metrics["validation"]["images"] == 3
    assert metrics["train"]["groups"] + metrics["validation"]["groups"] == 4


def test_with_a_test_part_that_is_judged(tmp_path: Path):
    names, groups = images([3, 2, 1, 1, 1])
    write_split(tmp_path / "split", names, groups, 3, 1, test=0.25)
    split = read_split(tmp_path / "split", names)
    assert (split.part, split.evaluated.tolist()) == ("test", split.test.tolist())
    metrics = read_json(tmp_path / "split/metrics.json")
    assert metrics["test"]["images"] == len(split.test) == 2
    assert len(split.train) == 3


@given(SIZES, st.integers(1, 9), st.floats(0.05, 0.5), st.integers(0, 5))
def test_a_test_part_takes_nothing_from_validation(sizes, validation, test, seed):
    names, groups = images(sizes)
    try:
        _, alone, nothing = split_images(names, groups, validation, seed)
        train, held, testing = split_images(names, groups, validation, seed, test=test)
    except StudyError as error:
        assert "split." in str(error)  # noqa: PT017 what is refused is tested elsewhere
        return
    assert nothing == []
    assert held == alone
    check(names, groups, train + held, testing)
    check(names, groups, train + testing, held)


def test_a_count_of_test_images_is_met_exactly_or_refused():
    names = [str(i) for i in range(10)]
    assert [len(part) for part in split_images(names, names, 3, 0, test=4)] == [3, 3, 4]
    with pytest.raises(
        StudyError,
        match=r"split\.test = 7: beside the other .* there are 7 images, so choose 1 to 6",
    ):
        split_images(names, names, 3, 0, test=7)
    groups = ["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"]
    with pytest.raises(StudyError, match=r"split\.test = 3: .* so it can be 2 or 4"):
        split_images(names, groups, 2, 0, test=3)
    with pytest.raises(StudyError, match=r"split\.test = 0\.2: no scene would be left"):
        split_images(list("abcd"), ["x", "x", "y", "y"], 2, 0, test=0.2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "missing"),
        ("", "damaged"),
        ("[]", "damaged"),
        ('{"train": ["a"]}', "damaged"),
        ('{"train": ["a"], "validation": ["b"]}', "damaged"),
        ('{"train": ["a"], "validation": [1], "test": []}', "damaged"),
        ('{"train": ["a"], "validation": ["c"], "test": []}', "other images"),
        ('{"train": ["a"], "validation": ["a", "b"], "test": []}', "other images"),
        ('{"train": ["a"], "validation": ["b"], "test": ["b"]}', "other images"),
    ],
)
def test_a_split_that_does_not_fit(tmp_path: Path, text: str | None, message: str):
    path = tmp_path / "split.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StudyError, match=message):
        read_split(tmp_path, ["a", "b"])
