"""Views of an image: what is seen in them comes back to where it is."""

import pytest
import torch

from benchmark.heatmap import decode
from benchmark.models import Inputs, ModelError, build, config_class
from benchmark.network import HeatmapNet, NetConfig
from benchmark.views import averaged, looked_at, turned, turned_points
from ffld.schema import FFLD, FLD8

SIZE, STRIDE = 96, 4
TURNS = (-15.0, 0.0, 30.0)


class Bright(HeatmapNet):
    """A model that is right about every view: its map is the picture's red, a bright spot."""

    stride = STRIDE

    def forward(self, inputs):
        red = torch.nn.functional.avg_pool2d(inputs.images[:, :1], STRIDE)
        return red.expand(-1, len(self.flip_index), -1, -1).clamp(1e-4, 1 - 1e-4).logit()


def spots(xy, size=SIZE):
    """(B, 3, size, size) black but for a soft spot about each point (B, 2)."""
    at = torch.arange(size) + 0.5
    away = (at - xy[:, :1]) ** 2, (at - xy[:, 1:]) ** 2
    bells = [torch.exp(-one / (2 * 8.0**2)) for one in away]
    return (bells[1][:, :, None] * bells[0][:, None, :])[:, None].expand(-1, 3, -1, -1)


@pytest.mark.parametrize("turns", [(0.0,), (20.0,), TURNS])
@pytest.mark.parametrize("flip", [False, True])
def test_what_is_seen_in_every_view_comes_back_to_its_place(turns, flip):
    xy = torch.tensor([[30.0, 50.0], [61.0, 33.0], [48.0, 66.0]])
    model = Bright(FLD8, NetConfig(input_size=SIZE, turns=turns, flip_average=flip))
    found, _ = model.predict(Inputs(spots(xy), torch.zeros(3, dtype=torch.int64)))
    assert (found - xy[:, None]).norm(dim=-1).max() < 0.5


@pytest.mark.parametrize("angle", [90.0, -35.0])
def test_pictures_and_points_turn_clockwise_alike(angle):
    xy = torch.tensor([[30.0, 40.0]])
    found, _ = decode(turned(spots(xy), angle, beyond="zeros"), 1)
    expected = turned_points(xy[None] / SIZE, angle) * SIZE
    assert (found[0, 0] - expected[0, 0]).norm() < 0.3
    if angle == 90:  # what is right of the centre moves below it
        assert turned_points(torch.tensor([[[0.9, 0.5]]]), angle)[0, 0, 1] == pytest.approx(0.9)


def test_turns_within_an_oblong_picture_keep_its_proportions():
    oblong = torch.zeros(1, 1, 64, 128)
    oblong[:, :, 30:34, 34:94] = 1  # a bar of 60 x 4 about the centre, which fits upright as well
    upright = turned(oblong, 90.0)
    assert upright[0, 0, 4:60, 63:65].min() > 0.9
    assert float(upright.sum()) == pytest.approx(float(oblong.sum()), rel=0.05)


def test_what_a_view_does_not_show_adds_nothing():
    maps = torch.ones(3, 1, 24, 24)
    mean = averaged(maps, TURNS, None)[0, 0]
    assert mean[12, 12] == pytest.approx(1)
    assert mean[0, 0] < 0.5


@pytest.mark.parametrize("name", ["lgr", "vgg16", "fashionnet", "bcrnn"])
def test_predictions_average_the_views_of_any_model(name):
    torch.manual_seed(0)
    small = {"input_size": 64, "width": 0.125}
    small |= {"stacks": 1} if "stacks" in config_class(name).__dataclass_fields__ else {}
    plain, model = (build(name, FFLD, turns=turns, **small) for turns in ((0.0,), TURNS))
    model.load_state_dict(plain.state_dict())
    given = Inputs(torch.rand(2, 3, 64, 64), torch.zeros(2, dtype=torch.int64))
    both = [one.predict(given) for one in (plain, model)]
    assert both[0][0].shape == both[1][0].shape
    assert both[0][1].shape == both[1][1].shape
    assert not torch.allclose(both[0][1], both[1][1], atol=1e-6)
    if name == "fashionnet":
        views = [plain.predict(looked_at(given, (angle,), False)) for angle in TURNS]
        back = [turned_points(xy / 64, -angle) for (xy, _), angle in zip(views, TURNS, strict=True)]
        assert torch.allclose(both[1][0] / 64, torch.stack(back).mean(0).clamp(0, 1), atol=1e-5)


@pytest.mark.parametrize("turns", [(), (200.0,), (float("nan"),)])
def test_impossible_turns_are_refused(turns):
    with pytest.raises(ModelError, match="turns is .*; it must list angles of up to 180 degrees"):
        build("vgg16", FLD8, turns=turns)
