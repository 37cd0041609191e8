import threading
import time
from collections.abc import Iterator

import pytest

from srcore.data.parallel import in_order


def test_results_come_in_the_order_of_the_items():
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item % 3 == 0 else 0)
        return item * item

    assert list(in_order(slow_first, range(20), 3)) == [i * i for i in range(20)]


def test_few_items_are_taken_ahead():
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 1000:
            taken += 1
            yield taken

    results = in_order(lambda x: x, items(), 2)
    for done in range(1, 50):
        next(results)
        assert taken - done <= 4


def test_threads_run_at_the_same_time():
    both = threading.Barrier(2, timeout=5)
    assert len(list(in_order(lambda _: both.wait(), range(2), 2))) == 2


def test_an_error_comes_out_at_its_place():
    results = in_order(lambda x: 1 // x, [1, 1, 0, 1], 2)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
