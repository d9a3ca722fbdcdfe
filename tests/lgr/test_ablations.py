"""Every row of the paper's table 2, and every repair, is a setting that trains on either schema."""

import pytest

from benchmark.models import build
from ffld.schema import FFLD, FLD8
from lgr.graph import LayoutGraph
from lgr.layers import LGRLayer
from lgr.model import PAPER_VARIANT, Config
from lgr.reasoning import GraphClustering, PlainReasoning
from tests.benchmark.test_models import fit, make_batch

TINY = {"input_size": 48, "width": 0.0625}
SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)
TABLE_2 = {
    "VGG16": {"stacks": 0},
    "one stack": {"stacks": 1},
    "two stacks": {"stacks": 2},
    "three stacks": {"stacks": 3},
    "four stacks": {"stacks": 4},
    "five stacks": {"stacks": 5},
    "one-layer": {"plain_layers": 1},
    "two-layer": {"plain_layers": 2},
    "four-layer": {"plain_layers": 4},
    "six-layer": {"plain_layers": 6},
    "eight-layer": {"plain_layers": 8},
    "one-clustering": {"clusterings": 1},
    "two-clustering": {"clusterings": 2},
    "three-clustering": {"clusterings": 3},
    "VGG16 ConvBlock1": {"inject": 1},
    "VGG16 ConvBlock3": {"inject": 3},
    "VGG16 ConvBlock5": {"inject": 5},
}
REPAIRS = {f"paper but {name}": {name: getattr(Config(), name)} for name in PAPER_VARIANT}


@SCHEMAS
@pytest.mark.parametrize("variant", ["repaired", "paper"])
@pytest.mark.parametrize("row", TABLE_2)
def test_rows_of_table_2_train(row, variant, schema):
    model = build("lgr", schema, **TINY, variant=variant, **TABLE_2[row])
    before, after = fit(model, make_batch(schema, side=48), 2)
    assert 0 < after < 4 * before


@SCHEMAS
@pytest.mark.parametrize("repair", REPAIRS)
def test_repairs_train_one_at_a_time(repair, schema):
    model = build("lgr", schema, **TINY, variant="paper", **REPAIRS[repair])
    before, after = fit(model, make_batch(schema, side=48), 2)
    assert 0 < after < 4 * before


@SCHEMAS
@pytest.mark.parametrize("row", TABLE_2)
def test_rows_of_table_2_are_built_as_they_say(row, schema):
    model = build("lgr", schema, **TINY, **TABLE_2[row])
    setting = {"stacks": 4, "clusterings": 3, "inject": 5, "plain_layers": 0, **TABLE_2[row]}
    layers = [module for module in model.modules() if isinstance(module, LGRLayer)]
    assert len(layers) == setting["stacks"]
    assert model.after == setting["inject"]
    for layer in layers:
        plain = [m for m in layer.modules() if isinstance(m, PlainReasoning)]
        clusterings = [m for m in layer.modules() if isinstance(m, GraphClustering)]
        if setting["plain_layers"]:
            assert (len(plain[0].layers), clusterings) == (setting["plain_layers"], [])
        else:
            sizes = LayoutGraph.from_schema(schema).sizes[1 : 1 + setting["clusterings"]]
            assert plain == []
            assert tuple(cluster.merge.shape[1] for cluster in clusterings) == sizes
