"""Names of marks in a chart: they stand where they lie over nothing, if there is such a place."""

import pytest

from srcore.reporting.page.labels import LINE, MARK, NAME, Labels, Spot, meet
from srcore.reporting.page.svg import LEFT, WIDTH

ACROSS, MIDDLE = 180.0, 100.0


def placed(labels: Labels, x: float = ACROSS, letters: int = 8) -> Spot:
    return labels.place(x, MIDDLE, letters, (MIDDLE, MIDDLE))


def test_alone_a_name_stands_right_of_its_mark():
    spot = placed(Labels())
    assert (spot.anchor, spot.y) == ("start", MIDDLE)


@pytest.mark.parametrize("weight", [NAME, MARK, LINE])
def test_it_makes_room_for_names_marks_and_lines(weight):
    labels = Labels()
    box = placed(Labels()).box
    labels.keep_free(box, weight)
    assert not meet(placed(labels).box, box)


def test_it_stays_within_the_chart():
    assert placed(Labels(), x=WIDTH - 10).anchor == "end"
    assert placed(Labels(), x=LEFT + 10).anchor == "start"


def test_where_something_must_be_covered_it_is_the_least():
    labels = Labels()
    labels.keep_free((0, 0, ACROSS, 1000), NAME)
    labels.keep_free((ACROSS, 0, 2000, 1000), LINE)
    assert placed(labels).anchor == "start"


def test_a_name_with_no_free_place_beside_its_mark_is_left_out():
    labels = Labels()
    assert labels.free(ACROSS, MIDDLE, 8) is not None
    labels.keep_free((0, 0, 2000, 1000), LINE)
    assert labels.free(ACROSS, MIDDLE, 8) is None
