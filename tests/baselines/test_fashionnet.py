"""Points from fully connected layers, and the second stage, which looks where they are."""

import pytest
import torch
from torch.nn import functional as F

from baselines.fashionnet import pooled
from benchmark.models import Batch, ModelError, build
from ffld.schema import FFLD, FLD8, Visibility
from tests.benchmark.test_models import fit, make_batch, tiny

SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)


def moved(batch, state, by=7.0):
    """The same batch with the landmarks of a state elsewhere."""
    xy = torch.where((batch.visibility == state)[..., None], batch.xy + by, batch.xy)
    return Batch(batch.inputs, xy, batch.visibility)


@SCHEMAS
@pytest.mark.parametrize("overrides", [{}, {"occluded_weight": 0.5}], ids=["paper", "occluded"])
def test_points_are_learned_from_visible_landmarks(schema, overrides):
    model, batch = tiny("fashionnet", schema, **overrides).eval(), make_batch(schema)
    loss = model.loss(batch)
    assert model.loss(moved(batch, Visibility.ABSENT)) == loss
    assert (model.loss(moved(batch, Visibility.OCCLUDED)) == loss) == (not overrides)
    assert model.loss(moved(batch, Visibility.VISIBLE)) != loss


@SCHEMAS
def test_confidence_says_what_is_visible(schema):
    model, batch = tiny("fashionnet", schema), make_batch(schema)
    fit(model, batch, 30)
    _, confidence = model.predict(batch.inputs)
    visible = batch.visibility == Visibility.VISIBLE
    assert confidence[visible].min() > 0.5 > confidence[~visible].max()


def test_what_lies_outside_is_moved_to_the_border():
    model, batch = tiny("fashionnet", FLD8), make_batch(FLD8)
    with torch.no_grad():
        model.pose.points.bias[:2] = torch.tensor([9.0, -9.0])  # tenths of the side
    assert model.predict(batch.inputs)[0][:, 0].tolist() == [[64, 0]] * 4


def test_images_of_another_size_are_refused():
    model = build("fashionnet", FLD8, input_size=48, width=0.125)
    with pytest.raises(ModelError, match="64 x 64; fully connected layers take those of 48 x 48"):
        model.predict(make_batch(FLD8).inputs)


def test_features_are_those_that_grid_sample_finds():
    torch.manual_seed(0)
    maps, points = torch.randn(2, 5, 6, 8), torch.rand(2, 3, 2)
    half_cell = torch.tensor([0.5 / 8, 0.5 / 6])
    corners = torch.tensor([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * half_cell  # row by row
    grid = 2 * (points[:, :, None] + corners) - 1  # (2, 3, 4, 2) in [-1, 1]
    theirs = F.grid_sample(maps, grid, padding_mode="border", align_corners=False)
    assert torch.allclose(pooled(maps, points), theirs.permute(0, 2, 3, 1).flatten(2), atol=1e-5)


def test_the_second_stage_looks_at_visible_landmarks_and_teaches_the_first_nothing():
    model = tiny("fashionnet", FLD8)
    conv4 = torch.randn(4, 64, 8, 8)
    points = torch.rand(4, 8, 2, requires_grad=True)
    seen = torch.ones(4, 8, requires_grad=True)
    out = model.second.eval()(conv4, points, seen)
    assert out.shape == (4, len(FLD8.garment_types))
    elsewhere = torch.rand(4, 8, 2)
    assert not torch.allclose(out, model.second(conv4, elsewhere, seen))
    hidden = [model.second(conv4, where, 0 * seen) for where in (points, elsewhere)]
    assert torch.equal(*hidden)
    given = torch.autograd.grad(out.sum(), [points, seen], allow_unused=True)
    assert given == (None, None)


@pytest.mark.parametrize("head", ["native", "shared"])
def test_the_second_stage_learns_the_garment_type(head):
    model, batch = tiny("fashionnet", FFLD, head=head, type_weight=1.0), make_batch(FFLD)
    heard = []
    model.second.register_forward_hook(lambda _, __, out: heard.append(out))
    fit(model, batch, 20)
    assert torch.equal(heard[-1].argmax(1), batch.inputs.garment_type)


def test_with_the_shared_head_and_no_second_stage_it_is_vgg16():
    model = tiny("fashionnet", FLD8, head="shared", second_stage=False)
    assert model.state_dict().keys() == tiny("vgg16", FLD8).state_dict().keys()
