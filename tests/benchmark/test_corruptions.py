"""Corruptions do what their units say, to the garment's scale, and by their names alone."""

import cv2
import numpy as np
import pytest

from benchmark.robustness.corruptions import CORRUPTIONS, GAMMA, View, generator
from ffld.transforms import apply

BOX = np.array([60.0, 40.0, 160.0, 240.0])


def view(level=None, size=(300, 220), box=BOX):
    """Of a grey image, or of one with much detail."""
    if level is None:
        small = np.random.default_rng(0).integers(0, 256, (30, 22, 3), np.uint8)
        image = cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)
    else:
        image = np.full((*size, 3), level, np.uint8)
    return View(image, np.asarray(box, np.float64), np.eye(3))


def corrupted(name, severity, of=None, sample="s", seed=0):
    return CORRUPTIONS[name].apply(of or view(), severity, generator(seed, sample, name))


def same(a, b):
    return (
        np.array_equal(a.image, b.image)
        and np.array_equal(a.box, b.box)
        and np.array_equal(a.turn, b.turn)
    )


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_draws_depend_on_seed_sample_and_corruption_alone(name):
    severity = CORRUPTIONS[name].severities[2]
    first = corrupted(name, severity)
    assert not same(first, view())
    assert same(first, corrupted(name, severity))
    others = [corrupted(name, severity, sample=f"t{n}") for n in range(8)]
    others += [corrupted(name, severity, seed=n) for n in range(1, 9)]
    assert all(same(first, one) for one in others) == (name in ("blur", "jpeg"))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_is_given_is_left_as_it_was(name):
    before = view()
    image, box = before.image.copy(), before.box.copy()
    corrupted(name, CORRUPTIONS[name].severities[-1], before)
    assert np.array_equal(before.image, image)
    assert np.array_equal(before.box, box)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_whether_pixels_change_is_what_it_says(name):
    one = corrupted(name, CORRUPTIONS[name].severities[-1])
    assert np.array_equal(one.image, view().image) == (not CORRUPTIONS[name].repaints)


def test_sides_of_a_box_move_up_to_their_share_and_in_proportion_to_the_severity():
    moves = {
        percent: np.array([corrupted("box-jitter", percent, sample=f"{n}").box for n in range(300)])
        - BOX
        for percent in (10, 20)
    }
    np.testing.assert_allclose(moves[20], 2 * moves[10])
    shares = moves[20] / [100, 200, 100, 200]
    assert 0.19 < np.abs(shares).max() <= 0.2
    assert abs(shares.mean()) < 0.02
    at_border = view(box=[0, 0, 220, 300])
    for n in range(20):
        x1, y1, x2, y2 = corrupted("box-jitter", 45, at_border, sample=f"{n}").box
        assert 0 <= x1 < x2 <= 220
        assert 0 <= y1 < y2 <= 300


def test_blur_has_its_standard_deviation_in_percent_of_the_garment():
    image = np.zeros((301, 301, 3), np.uint8)
    image[140:161, 140:161] = 255  # enough light for 8 bits
    one = corrupted("blur", 5, View(image, BOX, np.eye(3)))
    profile = one.image[..., 0].sum(axis=0, dtype=float)
    places = np.arange(301) - 150
    variance = (profile * places**2).sum() / profile.sum() - (21**2 - 1) / 12
    assert np.sqrt(variance) == pytest.approx(0.05 * np.sqrt(100 * 200), rel=0.05)


def test_noise_has_its_deviation_and_a_grain_that_grows_with_the_garment():
    one = corrupted("noise", 20, view(128)).image.astype(float)
    assert one.std() == pytest.approx(20, rel=0.02)
    assert one.mean() == pytest.approx(128, abs=0.5)
    large = view(128, (1000, 600), [10, 10, 458, 458])  # 448 pixels: twice the reference
    grain = corrupted("noise", 20, large).image
    assert np.array_equal(grain[0::2, 0::2], grain[1::2, 1::2])
    assert grain.std() == pytest.approx(20, rel=0.02)


def test_jpeg_is_that_of_opencv_at_the_size_of_the_garment():
    plain = view()
    found = corrupted("jpeg", 10, plain).image
    _, data = cv2.imencode(".jpg", plain.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 10])
    assert np.array_equal(found, cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    errors = [
        np.abs(corrupted("jpeg", q, plain).image.astype(int) - plain.image).mean()
        for q in CORRUPTIONS["jpeg"].severities
    ]
    assert errors == sorted(errors)
    large = corrupted("jpeg", 5, view(size=(900, 660), box=BOX * 3)).image
    assert large.shape == (900, 660, 3)
    steps = np.abs(np.diff(large.astype(int), axis=1)).mean(axis=(0, 2))  # blocks of 8 x 1.9 pixels
    strongest = np.sort(np.argsort(steps[:600])[-20:])
    assert np.median(np.diff(strongest)) >= 8


def test_light_falls_by_stops_and_photons_make_noise():
    for stops in (1, 3):
        one = corrupted("low-light", stops, view(200)).image / 255.0
        assert (one**GAMMA).mean() == pytest.approx((200 / 255) ** GAMMA / 2**stops, rel=0.03)
    noise = [
        (image / image.mean()).std()
        for image in (corrupted("low-light", stops, view(200)).image for stops in (1, 3))
    ]
    assert noise[1] > 1.5 * noise[0]


@pytest.mark.parametrize("percent", [5, 40, 90])
def test_an_occluder_covers_its_share_of_the_box_and_nothing_else(percent):
    for n in range(10):
        changed = (corrupted("occlusion", percent, sample=f"{n}").image != view().image).any(-1)
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        assert rows[0] >= 40
        assert rows[-1] < 240
        assert columns[0] >= 60
        assert columns[-1] < 160
        area = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
        assert area / (100 * 200) == pytest.approx(percent / 100, rel=0.06)


def test_a_rotation_keeps_distances_and_the_centre_and_gives_the_turned_ellipses_box():
    corners = np.array([[60.0, 40], [160, 40], [160, 240], [60, 240], [110, 140]])
    angles = set()
    for n in range(10):
        one = corrupted("rotation", 40, sample=f"{n}")
        turned = apply(one.turn, corners)
        np.testing.assert_allclose(turned[4], [110, 140])
        np.testing.assert_allclose(
            np.linalg.norm(turned[:4] - turned[4], axis=1), np.hypot(50, 100)
        )
        along = turned[1] - turned[0]
        angles.add(round(np.degrees(np.arctan2(along[1], along[0])), 6))
    assert angles == {-40.0, 40.0}
    angle = np.linspace(0, 2 * np.pi, 3601)
    ellipse = np.stack([110 + 50 * np.cos(angle), 140 + 100 * np.sin(angle)], -1)
    turned = apply(one.turn, ellipse)
    extent = [*turned.min(0), *turned.max(0)]
    np.testing.assert_allclose(one.box, extent, atol=1e-2)
    quarter = corrupted("rotation", 90).box
    np.testing.assert_allclose(quarter[2:] - quarter[:2], [200, 100])
