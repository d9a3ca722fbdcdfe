"""Filling polygons exactly: against a pencil and against a slow loop over pixels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ffld.render.geometry.raster import identity_map

SIZE = 12
NEAR, FAR = st.integers(-64, 256), st.integers(-(2**18), 2**18)
CORNER = st.tuples(NEAR, NEAR) | st.tuples(NEAR | FAR, NEAR | FAR)


def test_a_square_covers_the_centres_within_it():
    square = np.array([(8, 8), (40, 8), (40, 24), (8, 24)])  # centres lie at multiples of 16
    ids = identity_map([square], [7], 4, 3)
    assert ids.tolist() == [[0, 0, 0, 0], [0, 7, 7, 0], [0, 0, 0, 0]]


def test_neighbours_share_no_pixel_and_leave_none():
    left = np.array([(-16, -16), (32, -16), (16, 80), (-16, 80)])
    right = np.array([(32, -16), (160, -16), (160, 80), (16, 80)])
    both = [identity_map([one], [1], 6, 4).astype(int) for one in (left, right)]
    assert (both[0] + both[1] == 1).all()


def test_later_polygons_lie_on_top_and_a_crossing_leaves_a_hole():
    all_over = np.array([(-99, -99), (999, -99), (999, 999), (-99, 999)])
    bow_tie = np.array([(0, 0), (64, 64), (64, 0), (0, 64)])
    ids = identity_map([all_over, bow_tie], [1, 2], 5, 5)
    assert ids[2, 0] == 2
    assert ids[0, 2] == 1
    twice = identity_map([np.concatenate([all_over, all_over])], [1], 5, 5)
    assert not twice.any()


def test_nothing_to_paint():
    assert not identity_map([], [], 3, 2).any()
    assert not identity_map([np.array([(0, 5), (40, 5), (80, 5)])], [1], 3, 2).any()


def test_any_number_of_polygons_fits():
    count = 120
    bars = [np.array([(16 * k - 8, -9), (9999, -9), (9999, 99), (16 * k - 8, 99)])
            for k in range(count)]  # fmt: skip
    ids = identity_map(bars, range(1, count + 1), count, 3)
    assert (ids == np.arange(1, count + 1)).all()
    assert (identity_map(bars[::-1], range(1, count + 1), count, 3) == count).all()


def inside(x: int, y: int, corners: list[tuple[int, int]]) -> bool:
    """Even-odd by a ray to the left; an edge counts for rows from its top, but its bottom."""
    odd = False
    for (xa, ya), (xb, yb) in zip(corners, corners[-1:] + corners[:-1], strict=True):
        if (ya <= y) != (yb <= y):
            cross = (xb - xa) * (y - ya) - (x - xa) * (yb - ya)
            if cross * (1 if yb > ya else -1) <= 0:
                odd = not odd
    return odd


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(CORNER, min_size=3, max_size=7), min_size=1, max_size=4))
def test_any_polygons_agree_with_a_loop_over_pixels(shapes):
    values = [10 + number for number in range(len(shapes))]
    ids = identity_map([np.array(shape) for shape in shapes], values, SIZE, SIZE)
    for row in range(SIZE):
        for column in range(SIZE):
            covering = [v for v, shape in zip(values, shapes, strict=True)
                        if inside(16 * column, 16 * row, shape)]  # fmt: skip
            assert ids[row, column] == (covering[-1] if covering else 0)
