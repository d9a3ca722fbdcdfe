import dataclasses
import math
import re
import sys
import urllib.error

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from benchmark.backbone import VGG16, with_coordinates
from benchmark.models import Batch, Inputs, ModelError, available, build, config_class
from ffld.schema import FFLD, FLD8, Visibility

SIZE = 64
TINY = {"input_size": SIZE, "width": 0.125}
SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)
NAMES = pytest.mark.parametrize("name", available())
RIVALS = ["bcrnn", "fashionnet", "pyranet"]  # whose own head is not the shared one
TRAINED = pytest.mark.parametrize("name", [n for n in available() if n != "mean-shape"])
HEATMAPS = pytest.mark.parametrize(
    ("name", "overrides"),
    [(name, {}) for name in available() if name not in ("mean-shape", "fashionnet")]
    + [("bcrnn", {"head": "shared"}), ("pyranet", {"head": "shared"})]
    + [("fashionnet", {"head": "shared", "type_weight": 0.0})],
)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
LAYER = {"variant": "paper", "head": "shared", "sigma": 2.0, "decoder": "subpixel"}
VARIANTS = {
    **{name: (name, {}) for name in available() if name != "mean-shape"},
    "lgr as printed": ("lgr", {"variant": "paper"}),
    "lgr as printed, shared head": ("lgr", LAYER),
    "lgr without normalisation": ("lgr", {"variant": "paper", "batch_norm": False}),
    "lgr by the mean error": ("lgr", {"reduction": "mean", "occluded_weight": 0.0}),
    "lgr as printed by the mean error": ("lgr", {"variant": "paper", "reduction": "mean"}),
    "lgr by other switches": (
        "lgr",
        {"vote": "nodes_mean", "score": "votes", "clusters": "orthogonal", "edges": "trained"},
    ),
    "lgr with fixed clusters": ("lgr", {"clusters": "fixed", "clusterings": 1, "stacks": 5}),
    "lgr with plain layers": ("lgr", {"plain_layers": 8, "plain_residual": True}),
    "lgr after block 3": ("lgr", {"inject": 3, "pyramid": "branch"}),
    "vgg16 with its native head": ("vgg16", {"head": "native", "reduction": "mean"}),
    **{f"{name} with the shared head": (name, {"head": "shared"}) for name in RIVALS},
    "fashionnet's pose branch alone": ("fashionnet", {"second_stage": False}),
    "bcrnn of symmetry alone": ("bcrnn", {"grammars": "symmetry", "kernel": 1}),
}
# Every model on both schemas, its variants on the smaller one.
EVERY_VARIANT = pytest.mark.parametrize(
    ("variant", "schema"),
    [(variant, FLD8) for variant in VARIANTS]
    + [(variant, FFLD) for variant in (*available(), "lgr as printed") if variant in VARIANTS],
    ids=lambda value: value if isinstance(value, str) else value.name,
)


def tiny(name, schema, **overrides):
    torch.manual_seed(0)
    fields = {field.name for field in dataclasses.fields(config_class(name))}
    sizes = {key: value for key, value in TINY.items() if key in fields}
    return build(name, schema, **sizes, **overrides)


def make_batch(schema, size=4, side=SIZE):
    """Noise with labels: some landmarks occluded, some absent, the last sample without any."""
    generator = torch.Generator().manual_seed(1)
    landmarks = len(schema)
    xy = torch.rand(size, landmarks, 2, generator=generator) * side
    visibility = torch.randint(0, 3, (size, landmarks), generator=generator, dtype=torch.uint8)
    visibility[:, 0], visibility[-1] = Visibility.VISIBLE, Visibility.ABSENT
    xy[visibility == Visibility.ABSENT] = float("nan")
    inputs = Inputs(
        images=torch.rand(size, 3, side, side, generator=generator),
        garment_type=torch.arange(size) % len(schema.garment_types),
    )
    return Batch(inputs, xy, visibility)


def rows(batch, index):
    inputs = Inputs(batch.inputs.images[index], batch.inputs.garment_type[index])
    return Batch(inputs, batch.xy[index], batch.visibility[index])


def fit(model, batch, steps, lr=3e-3, until=None):
    """The losses of that many steps, of fewer where `until` holds, which is asked now and then."""
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for step in range(steps):
        if until and step % 15 == 14 and losses[-1] < losses[0] / 4 and until():
            break
        optimiser.zero_grad()
        loss = model.loss(batch)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


@SCHEMAS
@NAMES
@pytest.mark.parametrize("device", DEVICES)
def test_predictions_are_finite_points_and_confidences(name, schema, device):
    model, batch = tiny(name, schema).to(device), make_batch(schema).to(device)
    xy, confidence = model.predict(batch.inputs)
    assert xy.device.type == confidence.device.type == device
    assert xy.shape == (4, len(schema), 2)
    assert confidence.shape == (4, len(schema))
    assert ((xy >= 0) & (xy <= SIZE)).all()
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert model.input_size == SIZE
    assert model.uses_type == (name == "mean-shape")
    assert model.fitted == (name == "mean-shape")


@NAMES
def test_predict_restores_the_mode(name):
    model = tiny(name, FLD8)
    for training in (True, False):
        model.train(training)
        model.predict(make_batch(FLD8).inputs)
        assert all(module.training == training for module in model.modules())
    modes = [bool(position % 3) for position, _ in enumerate(model.modules())]
    for module, training in zip(model.modules(), modes, strict=True):
        module.training = training
    model.predict(make_batch(FLD8).inputs)
    assert [module.training for module in model.modules()] == modes


@EVERY_VARIANT
def test_predictions_do_not_depend_on_batch_mates(variant, schema):
    name, overrides = VARIANTS[variant]
    model, batch = tiny(name, schema, **overrides).train(), make_batch(schema)
    fit(model, batch, 2)
    together, sure = output_and_confidence(model, batch)
    alone = [output_and_confidence(model, rows(batch, slice(i, i + 1))) for i in range(4)]
    assert torch.allclose(together, torch.cat([output for output, _ in alone]), atol=1e-4)
    assert torch.allclose(sure, torch.cat([confidence for _, confidence in alone]), atol=1e-4)


def output_and_confidence(model, batch):
    """Maps, before equal peaks are told apart by their last bit, or regressed points."""
    _, confidence = model.predict(batch.inputs)
    with torch.no_grad():
        output = model.eval()(batch.inputs)
    return output[0] if isinstance(output, tuple) else output.sigmoid(), confidence


@EVERY_VARIANT
def test_one_batch_is_overfitted(variant, schema):
    name, overrides = VARIANTS[variant]
    model, batch = tiny(name, schema, **overrides), make_batch(schema)
    # Without normalisation, Adam's usual rate here throws the network off; a lower one is slower.
    steps, lr = (120, 3e-3) if model.config.batch_norm else (240, 3e-4)
    cell = getattr(model, "stride", 4)  # the decoder's own error on a coarse map
    near = 0.05 * SIZE if cell == 4 else cell / 2

    def fitted():
        xy, _ = model.predict(batch.inputs)
        distance = (xy - batch.xy).norm(dim=-1)[batch.visibility == Visibility.VISIBLE]
        return distance.median() < near

    losses = fit(model, batch, steps, lr, until=fitted)
    assert all(map(math.isfinite, losses))
    assert losses[-1] < losses[0] / 4
    assert fitted()


@EVERY_VARIANT
def test_gradients_reach_every_parameter(variant, schema):
    name, overrides = VARIANTS[variant]
    model, batch = tiny(name, schema, **overrides), make_batch(schema)
    fit(model, batch, 1)  # residual scales leave zero, so what lies behind them learns
    model.zero_grad()
    model.loss(batch).backward()
    for parameter_name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            assert parameter_name.endswith("merge"), parameter_name  # clusters="fixed"
            continue
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all(), parameter_name
        if not without_effect(model, parameter_name):
            assert (parameter.grad != 0).any(), parameter_name


def without_effect(model, name):
    """Parameters that a mathematical identity cuts off, whatever is learned."""
    owner = model.get_submodule(name.rpartition(".")[0])
    if name.endswith(".bias") and isinstance(owner, nn.Conv2d) and "maps" not in name:
        return model.config.batch_norm  # which subtracts the bias right again
    if "reasoning.clusterings.2" in name and "merge" in name:
        return model.config.topdown == "kept"  # a 1 x 1 adjacency is normalised to 1
    # As printed, softmax over the nodes cancels what the score takes from the cell.
    return name.endswith("node_to_map.cell.weight")


@HEATMAPS
def test_samples_without_landmarks_contribute_nothing(name, overrides):
    model, batch = tiny(name, FLD8, **overrides).eval(), make_batch(FLD8)
    model.penalty = lambda: 0.0
    assert model.loss(rows(batch, slice(3, 4))).item() == 0
    assert model.loss(batch).item() == pytest.approx(model.loss(rows(batch, slice(3))).item())


@HEATMAPS
def test_the_loss_weighs_occluded_landmarks_and_ignores_absent_ones(name, overrides):
    model, batch = tiny(name, FLD8, **overrides).eval(), rows(make_batch(FLD8), slice(1))
    model.penalty = lambda: 0.0
    xy = torch.full((1, 8, 2), float("nan"))
    xy[0, 0], xy[0, 1] = torch.tensor([10.0, 20.0]), torch.tensor([40.0, 30.0])

    def loss(first, second):
        visibility = torch.tensor([[first, second, 0, 0, 0, 0, 0, 0]], dtype=torch.uint8)
        return model.loss(Batch(batch.inputs, xy, visibility)).item()

    first, second = loss(2, 0), loss(0, 2)
    assert loss(2, 1) == pytest.approx((first + 0.5 * second) / 1.5, rel=1e-5)
    assert loss(2, 2) == pytest.approx((first + second) / 2, rel=1e-5)


@HEATMAPS
def test_a_fresh_head_predicts_low_maps(name, overrides):
    model = tiny(name, FLD8, **overrides).eval()
    with torch.no_grad():
        maps = model(make_batch(FLD8).inputs).sigmoid()
    assert maps.shape == (4, 8, SIZE // model.stride, SIZE // model.stride)
    assert maps.mean().item() == pytest.approx(0.02, abs=0.01)


@SCHEMAS
@TRAINED
@pytest.mark.parametrize("device", DEVICES)
def test_the_loss_is_finite_and_float32_under_autocast(name, schema, device):
    model, batch = tiny(name, schema).to(device), make_batch(schema).to(device)
    with torch.autocast(device, dtype=torch.bfloat16):
        loss = model.loss(batch)
    loss.backward()
    assert loss.dtype == torch.float32
    assert all(p.grad.isfinite().all() for p in model.parameters())


@SCHEMAS
@pytest.mark.parametrize("name", ["vgg16", *RIVALS])
def test_averaging_over_the_flip_treats_sides_alike(name, schema):
    """A mirrored image gets the mirrored points, whatever the weights are."""
    plain, model = tiny(name, schema), tiny(name, schema, flip_average=True)
    batch = make_batch(schema)
    fit(plain, batch, 3)
    model.load_state_dict(plain.state_dict())
    given, flip = batch.inputs, torch.tensor(schema.flip_index)
    (xy, sure), (turned, also) = (
        model.predict(Inputs(images, given.garment_type))
        for images in (given.images, given.images.flip(-1))
    )
    assert torch.allclose(sure, also[:, flip], atol=1e-5)
    assert torch.allclose(xy[..., 0], SIZE - turned[:, flip, 0], atol=1e-2)
    assert torch.allclose(xy[..., 1], turned[:, flip, 1], atol=1e-2)
    assert not torch.allclose(xy, plain.predict(given)[0], atol=0.05)


@SCHEMAS
@NAMES
def test_weights_survive_safetensors(name, schema, tmp_path):
    model, batch = tiny(name, schema), make_batch(schema)
    if model.fitted:
        model.fit(*map(np.asarray, (batch.xy / SIZE, batch.visibility, batch.inputs.garment_type)))
    else:
        fit(model, batch, 1)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    other = tiny(name, schema)
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    for mine, theirs in zip(model.predict(batch.inputs), other.predict(batch.inputs), strict=True):
        assert torch.equal(mine, theirs)


def test_mean_shape_falls_back_from_type_to_all_types_to_the_centre():
    model = build("mean-shape", FLD8, input_size=100)
    xy = torch.full((3, 8, 2), float("nan"))
    visibility = torch.zeros(3, 8, dtype=torch.uint8)
    for sample, landmark, point, state in (
        (0, 0, (0.1, 0.2), Visibility.VISIBLE),
        (1, 0, (0.3, 0.4), Visibility.OCCLUDED),
        (2, 0, (0.8, 0.9), Visibility.VISIBLE),
        (2, 6, (0.5, 1.0), Visibility.VISIBLE),
    ):
        xy[sample, landmark], visibility[sample, landmark] = torch.tensor(point), state
    model.fit(xy.numpy(), visibility.numpy(), torch.tensor([0, 0, 2]).numpy())
    found, confidence = model.predict(Inputs(torch.zeros(3, 3, 50, 100), torch.arange(3)))
    assert torch.allclose(found[0, 0], torch.tensor([20.0, 15.0]))  # the type's own mean
    assert torch.allclose(found[1, 0], torch.tensor([40.0, 25.0]))  # no such type: all types
    assert torch.allclose(found[0, 6], torch.tensor([50.0, 50.0]))  # never in this type
    assert torch.allclose(found[0, 1], torch.tensor([50.0, 25.0]))  # never at all: the centre
    assert confidence[:, 0].tolist() == [1.0, 0.0, 1.0]
    assert confidence[0, 6] == 0
    with pytest.raises(ModelError, match="call its `fit`"):
        model.loss(make_batch(FLD8))


def test_vgg16_has_the_published_number_of_convolution_parameters():
    with torch.device("meta"):
        backbone = VGG16()
    convolutions = [m for m in backbone.features if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 13
    assert sum(p.numel() for m in convolutions for p in m.parameters()) == 14_714_688


def test_vgg16_takes_the_weights_of_torchvision():
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        theirs = torchvision.models.vgg16_bn(weights=None).features.state_dict()
        ours = VGG16().features.state_dict()
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}


@pytest.mark.parametrize(("norm", "name"), [(True, "vgg16_bn"), (False, "vgg16")])
def test_imagenet_weights_are_those_of_torchvision(norm, name, tmp_path, monkeypatch):
    """From its download cache, filled here with weights of nobody's."""
    torchvision = pytest.importorskip("torchvision")
    weights = torchvision.models.get_model_weights(name).IMAGENET1K_V1
    theirs = getattr(torchvision.models, name)(weights=None, num_classes=1)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    file = tmp_path / "hub" / "checkpoints" / weights.url.rpartition("/")[2]
    slim = {k: v for k, v in theirs.state_dict().items() if k.startswith("features.")}
    torch.save(slim, file)
    model = build("lgr", FLD8, batch_norm=norm, input_size=64)
    model.load_imagenet()
    for key, value in slim.items():
        assert torch.equal(model.backbone.state_dict()[key], value)
    with pytest.raises(ModelError, match=r"fit width 1, not 0\.125"):
        tiny("vgg16", FLD8).load_imagenet()
    file.unlink()
    monkeypatch.setattr("torch.hub.urlopen", unreachable)
    with pytest.raises(ModelError, match="out of reach: <urlopen error no network>"):
        model.load_imagenet()


def unreachable(*_, **__):
    raise urllib.error.URLError("no network")


def test_vgg16_taps_strides_4_8_and_16():
    backbone = VGG16(0.125)
    shapes = [tuple(tap.shape[1:]) for tap in backbone(torch.rand(1, 3, 64, 96))]
    assert shapes == [(32, 16, 24), (64, 8, 12), (64, 4, 6)]


def test_coordinates_are_those_of_cell_centres():
    x, y = with_coordinates(torch.zeros(2, 1, 2, 4))[1, 1:]
    assert x.tolist() == [[-0.75, -0.25, 0.25, 0.75]] * 2
    assert y.tolist() == [[-0.5] * 4, [0.5] * 4]


def test_inputs_and_batches_move_as_one():
    moved = make_batch(FLD8).to("meta")
    tensors = (moved.xy, moved.visibility, moved.inputs.images, moved.inputs.garment_type)
    assert all(tensor.device.type == "meta" for tensor in tensors)


def test_images_of_an_impossible_size_are_refused():
    model = tiny("vgg16", FLD8)
    with pytest.raises(ModelError, match="100 x 64; both must be multiples of 16"):
        model.predict(Inputs(torch.zeros(1, 3, 64, 100), torch.zeros(1, dtype=torch.int64)))


def test_unknown_model_names_list_what_exists_and_the_closest():
    assert {"lgr", "mean-shape", "vgg16"} <= set(available())
    with pytest.raises(ModelError, match="unknown model 'vgg-16'; did you mean 'vgg16'") as error:
        build("vgg-16", FLD8)
    assert all(name in str(error.value) for name in available())


def test_all_wrong_overrides_are_listed_with_the_valid_ones():
    with pytest.raises(ModelError) as error:
        build("lgr", FLD8, stack=3, width="wide", input_size=64.0, node_dim=True)
    message = str(error.value)
    assert "no setting 'stack' (did you mean 'stacks'?)" in message
    assert "width must be float, not 'wide'" in message
    assert "input_size must be int, not 64.0" in message
    assert "node_dim must be int, not True" in message
    assert "stacks: int = 4" in message
    assert "decoder: 'subpixel' or 'argmax' = 'subpixel'" in message


def test_impossible_values_are_listed_at_once():
    with pytest.raises(ModelError) as error:
        build("lgr", FLD8, input_size=100, width=0.0, sigma=-1.0, stacks=-1, clusterings=4)
    for field in ("input_size", "width", "sigma", "stacks", "clusterings"):
        assert f"{field} is" in str(error.value)


def test_an_integer_is_a_fine_float():
    assert build("vgg16", FLD8, input_size=64, width=0.125, sigma=2).config.sigma == 2


def test_models_from_outside(tmp_path, monkeypatch):
    (tmp_path / "outside_model.py").write_text(
        "import torch\n\ndef build(schema):\n    return torch.nn.Linear(len(schema), 1)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert build("outside_model:build", FLD8).in_features == 8
    with pytest.raises(ModelError, match="it has no settings"):
        build("outside_model:build", FLD8, width=0.5)
    with pytest.raises(ModelError, match="no function 'make'"):
        build("outside_model:make", FLD8)
    with pytest.raises(ModelError, match="cannot import 'no_such_module'"):
        build("no_such_module:build", FLD8)
    sys.modules.pop("outside_model")


@pytest.mark.parametrize(
    "path", ["./mine.py", "mine.py", ".mine", "../mine", "parts/mine.py", "C:\\parts\\mine.py"]
)
def test_a_model_that_is_written_as_a_file_is_told_how_to_write_it(path):
    message = f"model {f'{path}:build'!r} is written as a file; write it as a module, "
    with pytest.raises(ModelError, match=re.escape(message) + "my_package.my_file:build with dots"):
        build(f"{path}:build", FLD8)
