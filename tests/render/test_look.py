"""What pictures are made of: cloth, prints, places, hems."""

import cv2
import numpy as np
import pytest

from ffld.render.garments.details import hem_edge
from ffld.render.geometry.stream import Stream
from ffld.render.picture.backdrop import draw_backdrop
from ffld.render.picture.clutter import clutter
from ffld.render.picture.decal import SIDE, draw_decal
from ffld.render.picture.fabric import draw_cloth
from ffld.render.picture.folds import creases, relief
from ffld.render.picture.noise import noise
from ffld.render.picture.weave import TILE, flat, weave

WEAVES = ("plain", "melange", "knit", "stripes", "checks", "dots", "floral", "patches", "lace",
          "quilt", "fur")  # fmt: skip


def stream(number: int) -> Stream:
    return Stream(number.to_bytes(16, "little"))


@pytest.mark.parametrize("kind", WEAVES)
def test_a_weave_is_a_square_tile_in_colour(kind):
    for number in range(6):
        tile, size = weave(kind, (120.0, 60.0, 200.0), stream(number))
        assert tile.shape == (TILE, TILE, 3)
        assert tile.dtype == np.uint8
        assert 0.05 < size < 0.6


def test_a_decal_seen_in_a_mirror_twice_is_as_it_was():
    for number in range(30):
        decal = draw_decal((240.0, 240.0, 240.0), stream(number))
        assert decal.picture.shape == (SIDE, SIDE, 3)
        again = decal.mirrored().mirrored()
        assert np.array_equal(again.picture, decal.picture)
        assert np.array_equal(again.alpha, decal.alpha)
        assert again.at == decal.at


@pytest.mark.parametrize(("style", "presentation"), [
    ("consumer", "worn"), ("shop", "worn"), ("consumer", "flat"), ("shop", "hung"),
])  # fmt: skip
def test_a_backdrop_fills_its_picture(style, presentation):
    for number in range(50):
        feet = (0.3, 0.9, 5.0)[number % 3]
        # larger than the banks of noise, and smaller
        w, h = ((215, 321), (1000, 640), (448, 299), (240, 600))[number % 4]
        picture = draw_backdrop(style, presentation, w, h, feet, number % 2 == 0,
                                stream(number))  # fmt: skip
        assert picture.shape == (h, w, 3)
        assert picture.dtype == np.uint8


def test_places_have_dark_corners():
    darkest = [
        np.percentile(draw_backdrop("consumer", "worn", 300, 400, 0.9, False, stream(n)), 5)
        for n in range(40)
    ]
    assert np.median(darkest) < 40  # 16 to 35 beside garments in half of photographs


def test_the_edges_of_clutter_run_in_all_directions():
    picture = clutter(300, 300, [(240.0,) * 3, (20.0,) * 3, (120.0,) * 3], stream(1))
    grey = picture[..., 0].astype(np.float32)
    slope = cv2.Sobel(grey, cv2.CV_32F, 1, 0) + 1j * cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    size = np.abs(slope)
    # 1 if all of them ran along the picture's axes
    assert abs((slope**4 / np.maximum(size, 1e-6) ** 3).sum()) < 0.2 * size.sum()


def test_wrinkles_are_sharper_than_folds():
    def peaked(kind: str) -> float:
        """Fourth moment of the steps from pixel to pixel: 3 if they are normally distributed."""
        step = np.diff(noise(kind, stream(1)), axis=1)
        return (step**4).mean() / (step**2).mean() ** 2

    assert peaked("wrinkles") > 2 * peaked("crumple")


def test_fine_irregularity_keeps_the_colour():
    tile = flat((200.0, 120.0, 60.0), 4.0, stream(1))
    assert np.allclose(tile.mean((0, 1)), (200, 120, 60), atol=1.5)
    assert 2 < tile[..., 0].std() < 6


def test_hems_wave_only_where_they_are_wide():
    start, middle, end = 0j, 1 + 0.1j, 2 + 0j
    narrow = hem_edge(start, middle, end, 1.0, 1.0)
    wide = hem_edge(start, middle, end, 2.5, 1.0)
    assert len(wide) > len(narrow)
    assert all(point.imag >= 0 for point in narrow)
    assert max(abs(point.imag - 0.05) for point in wide) < 0.08


def test_creases_shade_both_their_sides():
    points = {
        f"{side}_{name}": complex(x, y)
        for side, sign in (("left", -1), ("right", 1))
        for name, x, y in (("shoulder", 100 + 50 * sign, 20), ("armpit", 100 + 45 * sign, 70),
                           ("top_hem", 100 + 45 * sign, 190))
    }  # fmt: skip
    strokes = creases("front", points, stream(1))
    shade = relief((110, 110), strokes, 0j, -1j)
    assert strokes
    assert shade.max() > 0.02
    assert shade.min() < -0.02


def test_cloth_of_every_kind_has_a_tile_and_a_colour():
    for number in range(80):
        garment = ("trousers", "skirt", "vest", "long_sleeve_outwear")[number % 4]
        cloth = draw_cloth(stream(number), garment)
        assert cloth.tile.shape == (TILE, TILE, 3)
        assert 0 <= cloth.sheer < 1
        assert all(0 <= channel <= 255 for channel in cloth.base)
