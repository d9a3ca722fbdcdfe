"""Every model with its own head and with the shared one, and its size at full width."""

import re
from pathlib import Path

import pytest
import torch

from benchmark.models import ModelError, available, build
from benchmark.network import NetConfig
from ffld.schema import FFLD, FLD8
from tests.benchmark.test_models import RIVALS, make_batch, tiny

README = Path(__file__).resolve().parents[2] / "README.md"
SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)
# VGG16's convolutions have 14,714,688 and their normalisation 8,448; the pose branch of
# FashionNet has 41.5 M with them, and PyraNet's published definition 7.28 and 7.30 M.
SIZES = {
    ("vgg16", "native"): (14_991_432, 15_003_744),
    ("vgg16", "shared"): (16_498_504, 16_504_672),
    ("lgr", "native"): (20_715_104, 20_793_464),
    ("lgr", "shared"): (22_222_176, 22_294_392),
    ("fashionnet", "native"): (189_116_523, 239_612_141),
    ("fashionnet", "shared"): (164_110_155, 214_488_941),
    ("pyranet", "native"): (7_280_304, 7_298_784),
    ("pyranet", "shared"): (23_693_712, 23_699_880),
    ("bcrnn", "native"): (8_215_368, 9_718_112),
    ("bcrnn", "shared"): (17_205_064, 19_106_400),
}


def size(name, schema, **overrides):
    with torch.device("meta"):
        model = build(name, schema, **overrides)
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("name", "head"), SIZES)
def test_parameters_are_as_many_as_stated(name, head):
    assert (size(name, FLD8, head=head), size(name, FFLD, head=head)) == SIZES[name, head]


def test_the_pose_branch_of_fashionnet_has_the_paper_s_layers():
    vgg16, pool5 = 14_714_688, 512 * 7 * 7
    pose = (pool5 + 1) * 1024 + 1025 * 1024 + 1025 * 8 * (2 + 3)
    assert size("fashionnet", FLD8, second_stage=False, batch_norm=False) == vgg16 + pose


@SCHEMAS
def test_pyranet_can_have_lgr_s_number_of_parameters(schema):
    fair = size("pyranet", schema, head="shared", features=224)
    assert fair == pytest.approx(size("lgr", schema), rel=0.02)


def test_the_readme_states_the_parameters_of_every_model():
    text = README.read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `([\w-]+)` \| (\d+\.\d|–) \|", text, re.MULTILINE))
    assert sorted(stated) == available()
    for name, millions in stated.items():
        assert millions == (f"{size(name, FFLD) / 1e6:.1f}" if millions != "–" else "–"), name
    assert [name for name, millions in stated.items() if millions == "–"] == ["mean-shape"]


@pytest.mark.parametrize("name", RIVALS)
def test_with_the_shared_head_the_settings_are_those_of_all_models(name):
    shared, own = tiny(name, FLD8, head="shared").config, tiny(name, FLD8).config
    common = NetConfig(input_size=64, width=0.125)
    for setting in vars(common):
        assert getattr(shared, setting) == getattr(common, setting)
    assert own.head == "native"
    assert tiny(name, FLD8, head="shared", sigma=3.0).config.sigma == 3.0


@pytest.mark.parametrize("name", RIVALS)
def test_with_the_shared_head_a_network_differs_from_vgg16_in_its_own_part_only(name):
    model, vgg16 = tiny(name, FLD8, head="shared"), tiny("vgg16", FLD8)
    own = ("middle.", "second.")
    shared = {k: v for k, v in model.state_dict().items() if not k.startswith(own)}
    assert {k: v.shape for k, v in shared.items()} == {
        k: v.shape for k, v in vgg16.state_dict().items()
    }
    vgg16.load_state_dict(shared)  # a fresh middle is the identity
    given = make_batch(FLD8).inputs
    for mine, theirs in zip(model.predict(given), vgg16.predict(given), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize(
    ("name", "overrides", "found"),
    [
        ("bcrnn", {"kernel": 2, "state": 0}, "state is 0; .*kernel is 2"),
        ("pyranet", {"stacks": 0, "depth": 7, "features": 0}, "stacks is 0; .*depth.*features"),
        ("fashionnet", {"type_weight": -1.0, "pose_dim": 0}, "type_weight is -1.0; .*pose_dim"),
    ],
)
def test_impossible_settings_are_listed_at_once(name, overrides, found):
    with pytest.raises(ModelError, match=found):
        build(name, FLD8, **overrides)
