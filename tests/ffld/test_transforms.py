"""The matrix leads there and back, and an image and its labels stay together on the way."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffld.sample import DataError
from ffld.schema import FFLD, FLD8, Visibility
from ffld.transforms import (
    BOX_PADDING,
    FILL,
    apply,
    augmentation,
    crop,
    drop_outside,
    mirror,
    translation,
    warp,
)

side = st.floats(8, 3000)
corner = st.floats(-500, 3000)


@st.composite
def matrices(draw):
    """Any matrix that training may use, with its box and frame size."""
    x, y = draw(corner), draw(corner)
    box = np.array([x, y, x + draw(side), y + draw(side)])
    size = draw(st.integers(16, 512))
    jitter = augmentation(
        size,
        scale=draw(st.floats(0.5, 2)),
        rotation=draw(st.floats(-180, 180)),
        shift=(draw(st.floats(-0.3, 0.3)), draw(st.floats(-0.3, 0.3))),
        flip=draw(st.booleans()),
    )
    return jitter @ crop(box, size), box, size


@settings(max_examples=200, deadline=None)
@given(matrices(), st.lists(st.tuples(corner, corner), min_size=1, max_size=8))
def test_original_pixels_are_recovered(drawn, points):
    matrix, _, _ = drawn
    xy = np.array(points)
    back = apply(np.linalg.inv(matrix), apply(matrix, xy))
    np.testing.assert_allclose(back, xy, atol=1e-9 * max(1, np.abs(xy).max()))


@settings(max_examples=100, deadline=None)
@given(matrices())
def test_box_centre_is_where_the_shift_puts_it(drawn):
    _, box, size = drawn
    centre = (box[:2] + box[2:]) / 2
    matrix = augmentation(size, scale=1.3, rotation=40, shift=(0.1, -0.2)) @ crop(box, size)
    np.testing.assert_allclose(apply(matrix, centre[None])[0], [size * 0.6, size * 0.3], atol=1e-6)


def test_crop_puts_the_box_inside_its_padding():
    matrix = crop(np.array([10, 20, 110, 420]), 120)
    corners = apply(matrix, np.array([[10, 20], [110, 420]]))
    border = 120 * BOX_PADDING / (1 + 2 * BOX_PADDING)
    np.testing.assert_allclose(corners, [[border, border], [120 - border, 120 - border]])


def test_rotation_is_clockwise_as_seen_and_scale_zooms_in():
    right_of_centre = np.array([[75.0, 50.0]])
    turned = apply(augmentation(100, scale=1.2, rotation=90), right_of_centre)
    np.testing.assert_allclose(turned, [[50, 80]], atol=1e-12)


def test_flip_is_an_involution_about_the_frame():
    flip = augmentation(64, flip=True)
    np.testing.assert_allclose(apply(flip, np.array([[0.5, 7]])), [[63.5, 7]])
    np.testing.assert_allclose(flip @ flip, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)
def test_mirror_moves_values_to_the_partner_slot(schema):
    rng = np.random.default_rng(0)
    xy = rng.uniform(size=(len(schema), 2))
    visibility = rng.integers(0, 3, len(schema)).astype(np.uint8)
    swapped, seen = mirror(xy, visibility, schema.flip_index)
    for left, right in schema.flip_pairs:
        np.testing.assert_array_equal(swapped[schema.index(left)], xy[schema.index(right)])
        assert seen[schema.index(right)] == visibility[schema.index(left)]
    again, _ = mirror(swapped, seen, schema.flip_index)
    np.testing.assert_array_equal(again, xy)


def test_points_are_mapped_sample_by_sample_and_missing_stays_missing():
    boxes = [np.array([0, 0, 10, 10]), np.array([5, 5, 50, 90])]
    stacked = np.stack([crop(box, 32) for box in boxes])
    xy = np.array([[[1.0, 2.0], [np.nan, np.nan]], [[6.0, 7.0], [8.0, 9.0]]])
    together = apply(stacked, xy)
    for one, matrix, points in zip(together, stacked, xy, strict=True):
        np.testing.assert_array_equal(one, apply(matrix, points))
    assert np.isnan(together[0, 1]).all()


def test_landmarks_beyond_the_border_are_absent():
    xy = np.array([[0, 0], [32, 32], [32.01, 5], [5, -0.01], [np.nan, np.nan]])
    kept, seen = drop_outside(xy, np.full(5, Visibility.VISIBLE, np.uint8), 32)
    assert seen.tolist() == [2, 2, 0, 0, 0]
    assert seen.dtype == np.uint8
    np.testing.assert_array_equal(np.isnan(kept[:, 0]), seen == 0)


@pytest.mark.parametrize("box", [[5, 5, 5, 9], [9, 5, 5, 9], [np.nan, 0, 1, 1]])
def test_box_without_area_is_refused(box):
    with pytest.raises(DataError, match="no area"):
        crop(np.array(box, np.float64), 64)


def _dot(shape, xy, sigma):
    """An image black but for a Gaussian dot at continuous coordinates."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    dot = np.exp(-((x - xy[0]) ** 2 + (y - xy[1]) ** 2) / (2 * sigma**2))
    return np.repeat(np.rint(255 * dot).astype(np.uint8)[..., None], 3, -1)


def _centre_of_mass(image):
    weight = image[..., 0].astype(float)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


@pytest.mark.parametrize("side", [60, 110, 300, 900, 3000], ids="box{}".format)
@pytest.mark.parametrize(
    "jitter",
    [
        {},
        {"flip": True},
        {"scale": 0.8, "rotation": 25, "shift": (0.05, -0.04)},
        {"scale": 1.2, "rotation": -15, "flip": True},
    ],
    ids=["crop", "flip", "turn", "turn-flip"],
)
def test_image_and_label_stay_together(side, jitter):
    size = 96
    box = np.array([10.3, 21.7, 10.3 + side, 21.7 + side * 1.2])
    landmark = np.array([10.3 + side * 0.41, 21.7 + side * 1.2 * 0.57])
    image = _dot((int(side * 1.3) + 40, int(side * 1.1) + 40), landmark, sigma=max(2, side / 40))
    matrix = augmentation(size, **jitter) @ crop(box, size)
    inside = warp(image, matrix, size)
    inside[(inside == FILL).all(-1)] = 0
    label = apply(matrix, landmark[None])[0]
    y, x = np.mgrid[:size, :size] + 0.5
    inside[np.hypot(x - label[0], y - label[1]) > 15] = 0  # half-filled border pixels
    assert np.abs(_centre_of_mass(inside) - label).max() < 0.1


def test_outside_of_the_image_is_filled():
    inside = warp(np.zeros((20, 20, 3), np.uint8), crop(np.array([0, 0, 20, 20]), 60), 60)
    assert (inside[:4] == FILL).all()
    assert (inside[8:52, 8:52] == 0).all()
    nothing = warp(np.zeros((20, 20, 3), np.uint8), translation(500, 500), 60)
    assert (nothing == FILL).all()


def test_strong_shrinking_averages_instead_of_skipping():
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    small = warp(stripes, crop(np.array([0, 0, 640, 640]), 48, padding=0), 48)
    assert np.abs(small[2:-2, 2:-2].astype(int) - 127).max() <= 12  # skipping: 127


def test_whole_pixel_shift_copies_pixels():
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    np.testing.assert_array_equal(warp(image, translation(-4, -4), 32), image[4:36, 4:36])


def test_identity_of_scale_one_needs_no_interpolation():
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    matrix = crop(np.array([0, 0, 64, 64]), 64, padding=0)
    np.testing.assert_array_equal(warp(image, matrix, 64), image)
    assert math.isclose(np.linalg.det(matrix), 1)
