"""Names of marks in a chart: they stand where they lie over nothing, if there is such a place."""

from itertools import combinations

from srcore.reporting.page.labels import (
    Box,
    Name,
    Place,
    arrange,
    meet,
    text_width,
)

WITHIN = (0.0, 0.0, 400.0, 300.0)


def arranged(*names: Name, taken: tuple[Box, ...] = ()) -> list[Place | None]:
    marks = [(name.x - 6, name.y - 6, name.x + 6, name.y + 6) for name in names]
    return arrange(names, 13, WITHIN, [*marks, *taken])


def test_a_name_alone_needs_no_line():
    (place,) = arranged(Name("alone", 100, 100, needed=False))
    assert place is not None
    assert (place.spot.anchor, place.joined) == ("start", None)


def test_a_name_stays_within_the_chart():
    (place,) = arranged(Name("at the edge", 390, 100, needed=True))
    assert place is not None
    assert (place.spot.anchor, place.joined) == ("end", None)


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
