"""The row of a price matrix that usage falls in, against the plainest search there is."""

from __future__ import annotations

import random

import pytest
from usage_rating import RatingError, Row
from usage_rating.matrix import find_row

NAMES = ("class", "destination", "region")


def plainest(dimensions, rows, prefixes):
    """Return the numbers of the best rows, by trying every row."""
    scores = {}
    for number, row in enumerate(rows, 1):
        length = 0
        for name, wanted in row.match.items():
            value = dimensions.get(name)
            is_prefix = name in prefixes
            if value is None or not (value.startswith(wanted) if is_prefix else value == wanted):
                break
            length += len(wanted) if is_prefix else 0
        else:
            scores[number] = (len(row.match), length)
    best = max(scores.values(), default=None)
    return [number for number, score in scores.items() if score == best]


@pytest.mark.parametrize("seed", range(40))
def test_the_row_is_the_one_a_search_through_all_finds(seed):
    dice = random.Random(seed)
    prefixes = dice.choice([(), ("destination",), ("destination", "region")])

    def value():
        return "".join(dice.choice("12") for _n in range(dice.randint(0, 4)))

    def match(most):
        return {name: value() for name in dice.sample(NAMES, dice.randint(0, most))}

    rows = tuple(Row(match=match(3)) for _n in range(dice.randint(1, 30)))
    for _turn in range(100):
        dimensions = match(3)
        expected = plainest(dimensions, rows, prefixes)
        if len(expected) == 1:
            assert find_row(dimensions, rows, prefixes) == expected[0]
            continue
        with pytest.raises(RatingError) as caught:
            find_row(dimensions, rows, prefixes)
        (problem,) = caught.value.problems
        assert problem.code == ("ambiguous_price" if expected else "no_price")
        if expected:
            assert str(expected) in problem.message
