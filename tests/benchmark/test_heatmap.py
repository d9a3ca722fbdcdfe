import math

import pytest
import torch

from benchmark.heatmap import decode, encode
from ffld.schema import Visibility

SIZE = 224


def uniform_points(count: int = 4000) -> torch.Tensor:
    """(count / 8, 8, 2) points all over the input, its border included."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count // 8, 8, 2, generator=generator) * SIZE


def round_trip(xy: torch.Tensor, stride: int, decoder: str, sigma: float) -> torch.Tensor:
    """Mean distance between points and their decoded maps, as a fraction of the input."""
    visibility = torch.full(xy.shape[:2], int(Visibility.VISIBLE))
    maps = encode(xy, visibility, (SIZE, SIZE), stride, sigma)
    return (decode(maps, stride, decoder)[0] - xy).norm(dim=-1).mean() / SIZE


@pytest.mark.parametrize("stride", [4, 8, 16])
def test_argmax_reaches_its_closed_form_floor(stride):
    floor = (math.sqrt(2) + math.log(1 + math.sqrt(2))) / 6 * stride / SIZE
    assert round_trip(uniform_points(), stride, "argmax", 1.0) == pytest.approx(floor, rel=0.03)


@pytest.mark.parametrize("sigma", [1.0, 2.0])
@pytest.mark.parametrize("stride", [4, 8, 16])
def test_subpixel_is_exact_for_gaussians_at_the_border_too(stride, sigma):
    assert round_trip(uniform_points(), stride, "subpixel", sigma) < 1e-4


def test_subpixel_stands_noise_better_than_argmax():
    xy = uniform_points(800)
    maps = encode(xy, torch.full(xy.shape[:2], 2), (SIZE, SIZE), 4, 2.0)
    noise = torch.rand(maps.shape, generator=torch.Generator().manual_seed(1)) * 0.03
    error = {
        decoder: (decode(maps + noise, 4, decoder)[0] - xy).norm(dim=-1).mean()
        for decoder in ("argmax", "subpixel")
    }
    assert error["subpixel"] < 0.8 * error["argmax"]


def test_cell_centres_lie_half_a_cell_from_the_corner():
    maps = torch.zeros(1, 2, 5, 7)
    maps[0, 0, 0, 0] = 0.3
    maps[0, 1, 4, 6] = 0.9
    xy, confidence = decode(maps, 4, "argmax")
    assert xy.tolist() == [[[2.0, 2.0], [26.0, 18.0]]]
    assert confidence[0].tolist() == pytest.approx([0.3, 0.9])


def test_height_and_width_may_differ():
    xy = torch.tensor([[[50.0, 9.0]]])
    maps = encode(xy, torch.tensor([[2]]), (32, 64), 4, 1.5)
    assert maps.shape == (1, 1, 8, 16)
    assert torch.allclose(decode(maps, 4)[0], xy, atol=1e-3)


def test_encode_is_a_gaussian_of_height_one():
    maps = encode(torch.tensor([[[10.0, 6.0]]]), torch.tensor([[1]]), (16, 16), 4, 1.5)
    assert maps[0, 0, 1, 2] == 1  # cell (row 1, column 2) is centred at (10, 6)
    assert maps[0, 0, 2, 0].item() == pytest.approx(math.exp(-(1 + 4) / (2 * 1.5**2)))


def test_encode_leaves_absent_landmarks_empty_and_finite():
    xy = torch.tensor([[[float("nan")] * 2, [8.0, 8.0], [float("nan")] * 2]])
    maps = encode(xy, torch.tensor([[0, 0, 2]], dtype=torch.uint8), (16, 16), 4, 1.5)
    assert (maps == 0).all()


def test_a_point_outside_leaves_part_of_its_gaussian():
    maps = encode(torch.tensor([[[-4.0, 8.0]]]), torch.tensor([[2]]), (16, 16), 4, 1.5)
    assert maps.max() == maps[0, 0, :, 0].max()
    assert 0.1 < maps.max() < 1
    xy, _ = decode(maps, 4)
    assert xy[0, 0].tolist() == [0.0, pytest.approx(8.0, abs=1e-3)]


@pytest.mark.parametrize("decoder", ["subpixel", "argmax"])
def test_flat_and_half_precision_maps_decode_to_finite_points(decoder):
    for maps in (torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.5, dtype=torch.bfloat16)):
        xy, _ = decode(maps, 4, decoder)
        assert xy.dtype == torch.float32
        assert ((xy >= 0) & (xy <= 16)).all()


def test_unknown_decoder_lists_those_that_exist():
    with pytest.raises(ValueError, match="'centroid'; there are subpixel, argmax"):
        decode(torch.zeros(1, 1, 4, 4), 4, "centroid")
