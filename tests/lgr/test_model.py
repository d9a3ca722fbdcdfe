import pytest
import torch
from torch import nn

from benchmark.models import Inputs, build
from ffld.schema import FFLD, FLD8
from lgr.layers import GraphClustering, LGRLayer, Pyramid

TINY = {"input_size": 64, "width": 0.125}


def inputs():
    return Inputs(torch.rand(2, 3, 64, 64), torch.zeros(2, dtype=torch.int64))


@pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)
def test_a_fresh_lgr_has_an_identity_in_the_middle(schema):
    model = build("lgr", schema, **TINY).eval()
    features = torch.randn(2, 64, 4, 4)
    assert torch.equal(model.middle(features), features)


def test_lgr_and_vgg16_differ_in_the_middle_only():
    lgr, vgg16 = build("lgr", FLD8, **TINY), build("vgg16", FLD8, **TINY)
    shared = {k: v.shape for k, v in lgr.state_dict().items() if not k.startswith("middle.")}
    assert shared == {k: v.shape for k, v in vgg16.state_dict().items()}
    vgg16.load_state_dict({k: v for k, v in lgr.state_dict().items() if k in shared})
    given = inputs()
    for mine, theirs in zip(lgr.predict(given), vgg16.predict(given), strict=True):
        assert torch.equal(mine, theirs)


def test_stacks_and_clusterings_are_what_the_configuration_says():
    model = build("lgr", FFLD, **TINY, stacks=3, clusterings=2, node_dim=64)
    counted = {
        kind: sum(isinstance(module, kind) for module in model.modules())
        for kind in (LGRLayer, Pyramid, GraphClustering)
    }
    assert counted == {LGRLayer: 3, Pyramid: 3, GraphClustering: 6}
    assert model.middle[0][0].map_to_node.embedding.shape == (32, 8)  # 64 at width 1/8


def test_the_default_is_the_paper_s_setting():
    with torch.device("meta"):
        model = build("lgr", FFLD)
    layers = [module for module in model.modules() if isinstance(module, LGRLayer)]
    assert len(layers) == 4
    assert layers[0].reasoning.clusterings[2].merge.shape == (2, 1)
    assert layers[0].map_to_node.embedding.shape == (32, 128)
    assert isinstance(model.backbone.features[0], nn.Conv2d)
    assert model.input_size == 224


def test_the_penalty_is_weighted_and_part_of_the_loss():
    heavy = build("lgr", FLD8, **TINY, orthogonality=0.1)
    light = build("lgr", FLD8, **TINY, orthogonality=0.0)
    assert heavy.penalty().item() == pytest.approx(0, abs=1e-6)
    for model in (heavy, light):
        with torch.no_grad():
            for module in model.modules():
                if isinstance(module, GraphClustering):
                    module.merge.mul_(2)
    # Four stacks, 4 + 2 + 1 clusters, each diagonal entry off by 3.
    assert heavy.penalty().item() == pytest.approx(0.1 * 4 * 7 * 9, rel=1e-5)
    assert light.penalty().item() == 0
