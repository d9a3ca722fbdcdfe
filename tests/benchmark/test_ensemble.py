"""Several networks as one: the mean of their maps, whose points are where all would put them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import Result, checkpoint, models
from benchmark.card import card
from benchmark.checkpoint import Checkpoint, CheckpointError
from benchmark.detector import Detector
from benchmark.ensemble import MOST, Ensemble, dealt
from benchmark.frozen import frozen
from benchmark.heatmap import decode
from benchmark.models import Inputs, ModelError
from benchmark.network import NetConfig
from benchmark.origin import never_saw_a_photograph, read, seen, unknown_start
from benchmark.plan import resolve
from benchmark.request import Request
from ffld.schema import FFLD, FLD8
from ffld.transforms import apply, crop, warp
from tests.benchmark.test_views import SIZE, Bright, spots
from tests.benchmark.tiny_model import VGG

SMALLER = 64


def bright(size=SIZE, **given):
    return Bright(FLD8, NetConfig(input_size=size, **given))


@pytest.mark.parametrize("turns", [(0.0,), (-15.0, 15.0), (-15.0, 10.0, 30.0)])
@pytest.mark.parametrize("flip", [False, True])
def test_members_of_any_size_put_a_point_in_its_place(turns, flip):
    xy = torch.tensor([[30.0, 50.0], [61.0, 33.0], [48.0, 66.0]])
    first = bright(turns=turns, flip_average=flip)
    model = Ensemble(FLD8, [first, bright(SMALLER), bright(80)])
    found, height = model.predict(Inputs(spots(xy), torch.zeros(3, dtype=torch.int64)))
    assert (found - xy[:, None]).norm(dim=-1).max() < 0.5
    assert model.input_size == SIZE
    assert (height > 0.7).all()


@pytest.mark.parametrize(
    ("turns", "hands", "each"),
    [
        ((-15, 15), 2, [(-15,), (15,)]),
        ((-15, -15, 15, 15), 2, [(-15, 15), (-15, 15)]),
        ((-15, 0, 15), 2, [(-15, 15), (0,)]),
        ((0,), 2, [(0,), (0,)]),
        ((-15, 15), 3, [(-15, 15), (-15, 15), (-15, 15)]),
    ],
)
def test_turns_are_dealt_in_turn_and_all_are_given_where_they_do_not_suffice(turns, hands, each):
    assert dealt(turns, hands) == each


def test_every_member_takes_its_own_turns():
    taken = []

    class Watched(Bright):
        def looks(self, inputs, turns, flip):
            taken.append((inputs.images.shape[-1], turns, flip))
            return super().looks(inputs, turns, flip)

    first = Watched(FLD8, NetConfig(input_size=SIZE, turns=(-15.0, 15.0), flip_average=True))
    second = Watched(FLD8, NetConfig(input_size=SMALLER, turns=(40.0,)))
    Ensemble(FLD8, [first, second]).predict(
        Inputs(spots(torch.tensor([[30.0, 50.0]])), torch.zeros(1, dtype=torch.int64))
    )
    assert taken == [(SIZE, (-15.0,), True), (SMALLER, (15.0,), True)]


@pytest.mark.parametrize("name", ["lgr", "bcrnn"])
def test_it_is_the_mean_of_its_members_frozen_or_not(name):
    torch.manual_seed(0)
    given = {"input_size": 48, "width": 0.125, "flip_average": True}
    members = [models.build(name, FLD8, **given, decoder=how) for how in ("subpixel", "argmax")]
    for member in members:
        member.eval()
        for parameter in member.parameters():
            parameter.data.add_(0.05 * torch.randn_like(parameter))
    inputs = Inputs(torch.rand(3, 3, 48, 48), torch.zeros(3, dtype=torch.int64))
    with torch.no_grad():
        drawn = [member.looks(inputs, (0.0,), True) for member in members]
    expected = decode((drawn[0] + drawn[1]) / 2, members[0].stride)
    model = Ensemble(FLD8, members)
    for one in (model, frozen(model)):
        for found, right in zip(one.predict(inputs), expected, strict=True):
            torch.testing.assert_close(found, right, atol=2e-3, rtol=0)
    assert checkpoint.learned(model) == sum(checkpoint.learned(member) for member in members)


def test_what_cannot_be_averaged_is_refused():
    with pytest.raises(ModelError, match="only models that draw heat maps"):
        Ensemble(FLD8, [bright(), models.build("mean-shape", FLD8, input_size=48)])
    with pytest.raises(ModelError, match="takes 64 pixels, another 96: put the largest first"):
        Ensemble(FLD8, [bright(SMALLER), bright()])


LARGER = ["--set", "input_size=64", "--seed", 1]
SCORED = ["--dataset", "dots", "--device", "cpu", "--checkpoint"]


@pytest.fixture
def pair(run, ship, tmp_path):
    """Folder of two networks that were trained apart, of 64 and of 48 pixels."""
    out = tmp_path / "weights" / "pair"
    assert run(*VGG, "--out", "small")[0] == 0
    assert ship("small", "--out", tmp_path / "small")[0] == 0
    assert run(*VGG, *LARGER, "--out", "large")[0] == 0
    assert ship("large", "--with", tmp_path / "small", "--out", out)[0] == 0
    return out


def test_two_runs_are_shipped_as_one_scored_and_told_of_on_its_card(run, ship, pair, tmp_path):
    about = checkpoint.read(pair)
    assert about.sizes == [64, 48]
    assert (about.input_size, about.seed, len(about.others)) == (64, 1, 1)
    code, _, notes = run(*SCORED, pair, "--out", "scored")
    assert code == 0
    assert "input 64x64 and 48x48" in notes
    saved = json.loads(Path("scored/config.json").read_text())
    others = saved["configuration"]["trained"]["others"]
    assert [one["input_size"] for one in others] == [48]
    with_scores = ["--with", tmp_path / "small", "--out", pair, "--scores", "scored"]
    assert ship("large", *with_scores)[0] == 0
    text = (pair / "README.md").read_text()
    assert text == card(pair)
    value = Result.load("scored/result.json").scores["ne"]["visible"].value
    for line in (
        "the mean heat map of 2 networks trained apart, ",
        "; input 64 x 64, width 0.0625, of which these rows tell, and input 48 x 48, width ",
        "| network 2: settings | input_size=48 |",
        "| network 2: trained | 2 epochs of ",
        "| test-time augmentation | mean over the image, by 2 networks |",
        f"| `dots 1` test | 16 | {value:.4f} |",
    ):
        assert line in text
    before = (pair / "model.safetensors").read_bytes()
    code, _, notes = ship("large", "--out", pair, "--scores", "scored")  # --with forgotten
    assert code == 2
    assert "holds the average of 2 networks, and one would take their place: name the" in notes
    assert (pair / "model.safetensors").read_bytes() == before
    training = read(pair / "training.json")
    alone = json.loads((tmp_path / "small" / "training.json").read_text())
    assert training["parameters"] == 2 * alone["parameters"]  # which no input's size changes
    assert never_saw_a_photograph(training)


def test_its_points_are_those_of_the_mean_map(pair, tmp_path, dots):
    split = dots["test"].open()
    images = [split.image(row) for row in range(len(split))]
    places = (Path("large"), tmp_path / "small", pair)
    large, small, both = (Detector.load(place) for place in places)
    frames = np.stack([crop(box, 64) for box in split.targets.box])
    crops = [warp(image, frame, 64) for image, frame in zip(images, frames, strict=True)]
    pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().div(255)
    types = torch.zeros(len(crops), dtype=torch.int64)
    with torch.inference_mode():
        maps = large.model.looks(Inputs(pixels, types), (0.0,), False)
        seen = torch.nn.functional.interpolate(pixels, (48, 48), mode="bilinear", antialias=True)
        others = small.model.looks(Inputs(seen, types), (0.0,), False)
        others = torch.nn.functional.interpolate(others, maps.shape[-2:], mode="bilinear")
    expected, sure = decode((maps + others) / 2, large.model.stride)
    xy, confidence = both(images, split.targets.box)
    # The pair's numbers are stored in half precision, the larger network's own are not.
    np.testing.assert_allclose(apply(frames, xy), expected, atol=5e-2)
    np.testing.assert_allclose(confidence, sure, atol=1e-3)


def test_training_goes_on_from_the_first(run, pair):
    on = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--set", "lr=1e-9"]
    code, _, notes = run(*on, "--init", pair, "--out", "on")
    assert code == 0
    assert "holds 2 networks; the first is trained on" in notes
    begun, _ = checkpoint.load_tensors(pair / "model.safetensors")
    ended, _ = checkpoint.load_tensors(Path("on/checkpoint/model.safetensors"))
    kernels = [name for name, tensor in ended.items() if tensor.ndim == 4]
    for name in kernels:
        expected = begun[f"members.0.{name}"].float()
        torch.testing.assert_close(ended[name], expected, atol=1e-4, rtol=0)
    saved = json.loads(Path("on/config.json").read_text())
    assert len(saved["configuration"]["init"]["others"]) == 1


def test_others_of_another_kind_are_refused(run, ship, pair, tmp_path):
    code, _, notes = ship("large", "--with", pair, "--out", tmp_path / "w")
    assert (code, "holds several networks; name those of each" in notes) == (2, True)
    code, _, notes = ship("small", "--with", "large", "--out", tmp_path / "w")
    assert (code, "takes 48 pixels, another 64: put the largest first" in notes) == (2, True)
    code, _, notes = ship("large", "--with", "large", "--out", tmp_path / "w")
    assert (code, "the same weights twice are no other network" in notes) == (2, True)
    gcn = [*VGG, "--model", "gcn", "--epochs", 1]
    assert run(*gcn, "--out", "gcn")[0] == 0
    code, _, notes = ship("large", "--with", "gcn", "--out", tmp_path / "w")
    assert (code, "'gcn/checkpoint' has model 'gcn', and not 'vgg16'" in notes) == (2, True)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "others must be a list of at most 7 objects"),
        (["lgr"], "others must be a list of at most 7 objects"),
        ([{}] * MOST, "others must be a list of at most 7 objects"),
        (None, "others must be a list of at most 7 objects"),
        ([{}], "each of others must have an input_size of 1 to 4096 pixels"),
        ([{"input_size": 160_000}], "each of others must have an input_size of 1 to 4096 pixels"),
        ([{"input_size": "\x1b[31m"}], "each of others must have an input_size"),
    ],
)
def test_descriptions_with_others_that_are_none_are_refused(tmp_path, others, said):
    about = Checkpoint("vgg16", {}, "fld8", "", 64, 0.1, "dots", "1", 48, 0, None).content
    (tmp_path / "checkpoint.json").write_text(json.dumps(about | {"others": others}))
    with pytest.raises(CheckpointError, match=said):
        checkpoint.read(tmp_path)


def test_the_first_network_has_the_size_of_the_crops(pair):
    about = checkpoint.read(pair)
    about = replace(about, config=dict(about.config) | {"input_size": 4096 * 16})
    with pytest.raises(CheckpointError, match="input_size is 64, and 65536 in config"):
        about.build(pair, FLD8)


def test_runs_of_other_networks_are_other_runs(pair):
    def configuration():
        asked = Request(dataset="dots", device="cpu", checkpoint=pair)
        return resolve(asked).configuration

    before, path = configuration(), pair / "checkpoint.json"
    path.write_text(path.read_text().replace('"input_size": 48', '"input_size": 64'))
    after = configuration()
    assert after["checkpoint"] == before["checkpoint"]
    assert after != before


def test_it_answers_in_the_eight_landmarks_too(tmp_path):
    given = {"input_size": 48, "width": 0.0625}
    about = Checkpoint(
        "vgg16", given, "ffld", FFLD.fingerprint, 48, 0.1, "ffld", "1", 9, 0, None, [given]
    )
    about.save(tmp_path, *about.untrained(FFLD))
    model, floor = checkpoint.read(tmp_path).build(tmp_path, FLD8)
    xy, confidence = model.predict(Inputs(torch.rand(2, 3, 48, 48), torch.tensor([0, 2])))
    assert (xy.shape, confidence.shape, floor) == ((2, 8, 2), (2, 8), None)


def test_the_card_says_with_what_another_network_began(pair):
    training = json.loads((pair / "training.json").read_text())
    start = {"model": "vgg16", "dataset": "fld", "revision": "9", "sha256": "0"}
    training["others"][0]["configuration"]["init"] = start
    (pair / "training.json").write_text(json.dumps(training))
    rows = {line.split(" |")[0]: line for line in card(pair).splitlines()}
    assert "begun with weights of vgg16 trained on `9`" in rows["| network 2: trained"]
    assert "no photograph, no one else's weights" in rows["| data"]  # of the first
    assert "Trained on drawings" not in card(pair)
    training["others"] = []
    (pair / "training.json").write_text(json.dumps(training))
    with pytest.raises(CheckpointError, match="1 other networks, and .* tells of 0"):
        card(pair)


def test_the_card_counts_more_than_two(pair):
    for name in ("checkpoint.json", "training.json"):
        content = json.loads((pair / name).read_text())
        content["others"] *= 2
        (pair / name).write_text(json.dumps(content))
    (row,) = [line for line in card(pair).splitlines() if line.startswith("| model |")]
    assert "the mean heat map of 3 networks" in row
    assert row.endswith("tell, and input 48 x 48, width 0.0625 and input 48 x 48, width 0.0625 |")


def test_what_went_on_from_it_tells_of_the_first_network_alone(run, ship, pair, tmp_path):
    on = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--set", "lr=0.001"]
    assert run(*on, "--init", pair, "--out", "on")[0] == 0
    out = tmp_path / "weights" / "on"
    assert ship("on", "--before", pair, "--out", out)[0] == 0
    (before,) = read(out / "training.json")["before"]
    assert before["configuration"]["settings"]["input_size"] == 64
    assert "others" not in before


def test_what_another_member_saw_counts(pair):
    training = read(pair / "training.json")
    (other,) = training["others"]
    other["configuration"]["dataset"] = "fld"
    assert [one.name for one in seen(training)] == ["dots", "fld"]
    assert not never_saw_a_photograph(training)
    other["configuration"]["dataset"] = "dots"
    start = {"model": "vgg16", "dataset": "dots", "revision": "1", "sha256": "0"}
    other["configuration"]["init"] = start
    assert unknown_start(training) == start
    assert not never_saw_a_photograph(training)
    (pair / "training.json").write_text(json.dumps(training | {"others": {}}))
    with pytest.raises(CheckpointError, match="others is no list"):
        read(pair / "training.json")
    other["before"] = [{}]
    (pair / "training.json").write_text(json.dumps(training))
    with pytest.raises(CheckpointError, match="configuration is missing"):
        read(pair / "training.json")
