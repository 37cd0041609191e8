"""Names of marks in a chart: they stand where they lie over nothing, if there is such a place."""

from itertools import combinations

import pytest

from srcore.reporting.page.labels import (
    LINE,
    MARK,
    NAME,
    Box,
    Labels,
    Name,
    Place,
    Spot,
    arrange,
    meet,
    text_width,
)
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


WITHIN = (0.0, 0.0, 400.0, 300.0)


def arranged(*names: Name, taken: tuple[Box, ...] = ()) -> list[Place | None]:
    marks = [(name.x - 6, name.y - 6, name.x + 6, name.y + 6) for name in names]
    return arrange(names, 13, WITHIN, [*marks, *taken])


def test_a_name_alone_needs_no_line():
    (place,) = arranged(Name("alone", 100, 100, needed=False))
    assert place is not None
    assert (place.spot.anchor, place.joined) == ("start", None)


def test_a_name_between_two_marks_stands_on_the_outer_side():
    """Between them it would be as near to the one as to the other."""
    taken = (0.0, 0.0, 400.0, 90.0), (0.0, 110.0, 400.0, 300.0)
    names = Name("left", 100, 100, needed=False), Name("right", 142, 100, needed=False)
    left, right = arranged(*names, taken=taken)
    assert left is not None
    assert right is not None
    assert (left.spot.anchor, left.joined) == ("end", None)
    assert (right.spot.anchor, right.joined) == ("start", None)


def test_names_of_one_place_are_joined_to_it_and_lie_over_nothing():
    places = arranged(*(Name(f"network {k}", 200, 150, needed=True) for k in range(8)))
    boxes = [place.spot.box for place in places if place]
    assert len(boxes) == 8
    assert not any(meet(one, other) for one, other in combinations(boxes, 2))
    assert all(place.joined for place in places if place)


def test_only_a_name_that_is_needed_is_written_over_something():
    for needed in (True, False):
        (place,) = arranged(Name("name", 100, 100, needed), taken=(WITHIN,))
        assert (place is not None) == needed


def test_what_is_needed_comes_first():
    """The room beside both marks is enough for one name only."""
    walls = ((0.0, 0.0, 400.0, 90.0), (0.0, 110.0, 400.0, 300.0))
    names = Name("other", 200, 100, needed=False), Name("needed", 202, 100, needed=True)
    ways = (0.0, 90.0, 150.0, 110.0), (290.0, 90.0, 400.0, 110.0)
    needed = arranged(*names, taken=(*walls, *ways))[1]
    assert needed is not None
    assert not any(meet(needed.spot.box, wall) for wall in (*walls, *ways))


def test_capitals_are_wider_and_a_letter_of_no_table_is_widest():
    assert text_width("SWAN", 13) > text_width("swan", 13) > text_width("ill.", 13)
    assert text_width("名", 13) == 13
    assert text_width("name", 26) == 2 * text_width("name", 13)
