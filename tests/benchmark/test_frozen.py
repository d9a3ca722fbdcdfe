"""Frozen models: they predict what their models predict, and do less for it."""

import dataclasses

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import ffld
from benchmark import checkpoint
from benchmark.detector import Detector
from benchmark.frozen import frozen
from benchmark.frozen_pyramid import FrozenScales
from benchmark.models import Inputs, ModelError, available, build, config_class, shipped
from benchmark.network import HeatmapNet
from ffld.schema import FFLD, FLD8
from lgr.reading import PAPER, Reading
from tests.benchmark.tiny_model import build as build_outside

SIZE = 48
TINY = {"input_size": SIZE, "width": 0.125, "stacks": 2}
VALUES = {  # every value of every switch of the LGR layer
    "vote": ["cells", "nodes", "nodes_mean"],
    "topdown": ["kept", "clustered"],
    "clusters": ["soft", "orthogonal", "fixed"],
    "edges": ["fixed", "trained"],
    "plain_layers": [0, 2],
    "score": ["bilinear", "additive", "votes"],
    "residual": ["norm", "scale", "plain"],
    **{name: [True, False] for name in ("embedding", "coordinates", "map_norm", "node_norm")},
    "plain_residual": [True, False],
    "residual_scale": [0.7],
}
SWITCHES = [
    {**dataclasses.asdict(base), "residual_scale": 1.0, name: value}
    for base in (Reading(), PAPER)
    for name, values in VALUES.items()
    for value in values
    if getattr(base, name) != value
]
LGRS = [{}, {"variant": "paper"}, {"clusterings": 1, "pyramid": "branch", "inject": 3}, *SWITCHES]


def named(overrides):
    """A test's name: what differs from the nearer of the two readings."""
    bases = (dataclasses.asdict(Reading()), dataclasses.asdict(PAPER))
    return min((str({k: v for k, v in overrides.items() if b.get(k) != v}) for b in bases), key=len)


def uneven(name, schema=FLD8, **overrides):
    """A model whose parameters and running statistics are all somewhere else than at the start."""
    torch.manual_seed(0)
    fields = {field.name for field in dataclasses.fields(config_class(name))}
    model = build(name, schema, **{k: v for k, v in {**TINY, **overrides}.items() if k in fields})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(std=0.1)
                module.running_var.uniform_(0.5, 1.5)
    return model.eval()


def inputs(count=2, size=SIZE):
    return Inputs(torch.rand(count, 3, size, size), torch.zeros(count, dtype=torch.int64))


@torch.no_grad()
def maps(model, given):
    made = model(given)
    return made[0] if isinstance(made, tuple) else made


def assert_close(found, expected):
    assert expected.std() > 0
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("overrides", LGRS, ids=named)
def test_every_reading_of_lgr_is_the_same_frozen(overrides):
    model, given = uneven("lgr", **overrides), inputs()
    assert_close(maps(frozen(model), given), maps(model, given))


@pytest.mark.parametrize("name", [name for name in available() if name != "mean-shape"])
def test_every_model_is_the_same_frozen(name):
    for flip_average in (False, True):
        model, given = uneven(name, flip_average=flip_average), inputs()
        copy = frozen(model.train())
        assert not any(module.training for module in copy.modules())
        assert all(module.training for module in model.modules())
        assert_close(maps(copy, given), maps(model.eval(), given))
        for found, expected in zip(copy.predict(given), model.predict(given), strict=True):
            assert_close(found, expected)


def test_training_frozen_and_evaluation_compute_the_same():
    """Without batch normalisation nothing but what is kept tells them apart."""
    model = uneven("lgr", batch_norm=False, pyramid="none", head="native", residual="scale")
    model.place, given = None, inputs()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    training = maps(model.train(), given)
    assert torch.equal(training, maps(model.eval(), given))
    assert_close(maps(frozen(model), given), training)


def test_both_sides_of_the_flip_average_are_those_of_two_passes():
    once, model = uneven("lgr", FFLD), uneven("lgr", FFLD, flip_average=True)
    given = inputs(3)
    model.load_state_dict(once.state_dict())
    mirrored = Inputs(given.images.flip(-1), given.garment_type)
    both = maps(once, given).sigmoid(), maps(once, mirrored).sigmoid().flip(-1)
    expected = (both[0] + both[1][:, list(FFLD.flip_index)]) / 2
    assert_close(model.predict(given)[1], expected.amax((-2, -1)))


def test_a_copy_follows_nothing_that_happens_to_its_model():
    model, given = uneven("lgr", edges="trained"), inputs()
    copy = frozen(model)
    before = maps(copy, given)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.data.mul_(1.1)
    assert torch.equal(maps(copy, given), before)
    assert not torch.allclose(maps(model, given), before, atol=1e-3)
    assert_close(maps(frozen(model), given), maps(model, given))
    with pytest.raises(ModelError, match="takes no weights"):
        copy.load_state_dict(model.state_dict())


def test_what_is_kept_goes_where_the_copy_goes_and_is_no_state():
    model, given = uneven("lgr"), inputs()
    expected = maps(model.double(), Inputs(given.images.double(), given.garment_type))
    copy = frozen(frozen(model.float())).double()
    found = maps(copy, Inputs(given.images.double(), given.garment_type))
    assert found.dtype == torch.float64
    assert_close(found, expected)
    assert not any("kept" in name for name in copy.state_dict())
    assert all(buffer.is_meta for buffer in copy.to("meta").buffers())


class Operators(TorchDispatchMode):
    """Names of the operators that run."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(function.name())
        return function(*args, **(kwargs or {}))


def test_a_frozen_lgr_does_nothing_that_its_weights_alone_decide():
    model, given = uneven("lgr", FFLD, stacks=4), inputs(1)
    counts = {}
    for name, one in {"model": model, "frozen": frozen(model)}.items():
        one.predict(given)
        with Operators() as operators:
            one.predict(given)
        counts[name] = len(operators.names)
        assert ("aten::rsqrt" in operators.names) == (name == "model")  # of degrees
        assert "aten::linspace" not in operators.names  # coordinates are made once by either
    assert counts["frozen"] < 0.6 * counts["model"]


@pytest.mark.parametrize("pyramid", ["prm", "branch"])
def test_maps_of_any_size_are_the_same_frozen(pyramid):
    """Pyramids of few cells are one matrix a size; larger maps are taken scale by scale."""
    model = uneven("lgr", pyramid=pyramid, width=0.25, stacks=1)
    copy = frozen(model)
    for side in (48, 64, 208, 48):
        given = inputs(1, side)
        assert_close(maps(copy, given), maps(model, given))
    (scales,) = [module for module in copy.modules() if isinstance(module, FrozenScales)]
    assert {key[:2] for key in scales.made} == {(3, 3), (4, 4)}
    assert scales is scales.freeze()


def test_an_outside_model_is_copied_as_it_is():
    model = build_outside(FLD8)
    copy = frozen(model)
    assert not isinstance(model, HeatmapNet)
    assert type(copy) is type(model)
    assert copy is not model
    given = inputs()
    for found, expected in zip(copy.predict(given), model.predict(given), strict=True):
        assert torch.equal(found, expected)


def test_the_shipped_weights_find_the_same_points_frozen():
    folder = shipped("lgr", "ffld")
    model, _ = checkpoint.read(folder).build(folder, FFLD)
    split = ffld.load("ffld", "test", limit=4)
    detector = Detector.load()
    images = [split.image(row) for row in range(len(split))]
    plain = dataclasses.replace(detector, model=model)
    (xy, sure), (expected, also) = (one(images, split.targets.box) for one in (detector, plain))
    sides = split.targets.box[:, 2:] - split.targets.box[:, :2]
    crop_pixels = (xy - expected) / sides[:, None] * detector.about.input_size
    assert abs(crop_pixels).max() < 1e-4
    assert abs(sure - also).max() < 1e-5
