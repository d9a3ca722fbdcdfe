import doctest

import pytest
import torch
from torch.nn import functional as F

import lgr.layers
from ffld.schema import FFLD, FLD8
from lgr.graph import LayoutGraph
from lgr.layers import (
    GraphClustering,
    LayoutGraphReasoning,
    LGRLayer,
    MapToNode,
    NodeToMap,
    Pyramid,
)

CHANNELS, DIM = 24, 16
SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def features(height=6, width=5):
    return torch.randn(2, CHANNELS, height, width)


def wake(module):
    """Give residual scales, zero in a fresh layer, another value."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(layer.weight)
    return module


def test_the_example_of_the_layer_runs():
    result = doctest.testmod(lgr.layers)
    assert result.attempted > 5
    assert result.failed == 0


@SCHEMAS
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_shapes(schema, levels):
    graph = LayoutGraph.from_schema(schema, levels)
    maps = features()
    nodes = MapToNode(CHANNELS, len(schema), DIM)(maps)
    assert nodes.shape == (2, len(schema), DIM)
    assert LayoutGraphReasoning(graph, DIM)(nodes).shape == nodes.shape
    assert NodeToMap(CHANNELS, DIM)(maps, nodes).shape == maps.shape
    assert Pyramid(CHANNELS)(maps).shape == maps.shape


@pytest.mark.parametrize("training", [True, False])
def test_a_fresh_layer_is_the_identity(training):
    maps = features()
    for layer in (LGRLayer(LayoutGraph.from_schema(FFLD), CHANNELS, DIM), Pyramid(CHANNELS)):
        assert torch.equal(layer.train(training)(maps), maps)
        assert not torch.allclose(wake(layer)(maps), maps, atol=0.1)


def test_map_to_node_is_attention_over_the_cells():
    module, maps = MapToNode(CHANNELS, 8, DIM), features()
    x = (torch.arange(5) + 0.5) * 2 / 5 - 1
    y = (torch.arange(6) + 0.5) * 2 / 6 - 1
    for sample in range(2):
        cells = [
            torch.cat([maps[sample, :, row, column], x[column, None], y[row, None]])
            for row in range(6)
            for column in range(5)
        ]
        flat = torch.stack(cells)  # (HW, C + 2)
        attention = torch.softmax(flat @ module.vote.weight.flatten(1).T, 0)
        expected = attention.T @ flat @ module.value.weight.flatten(1).T + module.embedding
        assert torch.allclose(module(maps)[sample], expected.relu(), atol=1e-5)


def test_nodes_do_not_grow_with_the_map():
    module = MapToNode(CHANNELS, 8, DIM)
    small = features(7, 7)
    assert module(small.repeat(1, 1, 4, 4)).mean() < 1.2 * module(small).mean()


def test_nodes_know_where_things_are():
    module, maps = MapToNode(CHANNELS, 8, DIM), torch.zeros(1, CHANNELS, 6, 6)
    left, right = maps.clone(), maps.clone()
    left[:, :, 3, 1] = 3.0
    right[:, :, 3, 4] = 3.0
    assert not torch.allclose(module(left), module(right), atol=1e-3)


def test_clustering_follows_equations_2_and_3():
    graph = LayoutGraph.from_schema(FLD8)
    module = GraphClustering(graph.clusters[0], DIM)
    nodes = torch.rand(2, 8, DIM)
    coarse, adjacency = module(nodes, graph.adjacency)
    assert torch.allclose(adjacency, graph.adjacencies()[1])
    w_h, w_r = module.convolve.weight.T, module.reason.weight.T
    for sample in range(2):
        gathered = (module.gather.T @ graph.adjacency @ nodes[sample] @ w_h).relu()
        assert torch.allclose(coarse[sample], (adjacency @ gathered @ w_r).relu(), atol=1e-6)


def test_orthogonality_is_free_at_the_indicator_and_charged_elsewhere():
    module = GraphClustering(LayoutGraph.from_schema(FFLD).clusters[0], DIM)
    assert module.penalty().item() == pytest.approx(0, abs=1e-9)
    with torch.no_grad():
        module.merge.mul_(2)  # W^T W = 4 I, so 12 diagonal entries are off by 3
    assert module.penalty().item() == pytest.approx(12 * 9)


def test_every_landmark_hears_from_every_other_through_the_root():
    reasoning = LayoutGraphReasoning(LayoutGraph.from_schema(FFLD), 64)
    nodes = torch.rand(1, 32, 64, requires_grad=True)
    reasoning(nodes)[0, FFLD.index("left_collar")].sum().backward()
    assert (nodes.grad[0].abs().sum(1) > 0).all()


def test_reasoning_commutes_with_the_flip():
    """With the schema's clusters, swapping left and right nodes swaps the result's."""
    reasoning = LayoutGraphReasoning(LayoutGraph.from_schema(FFLD), DIM)
    flip = torch.tensor(FFLD.flip_index)
    nodes = torch.rand(2, 32, DIM)
    assert torch.allclose(reasoning(nodes[:, flip]), reasoning(nodes)[:, flip], atol=1e-6)


def test_node_to_map_gives_cells_vectors_of_their_own():
    module, maps = NodeToMap(CHANNELS, DIM), 3 * features()
    mixed = module(maps, 3 * torch.rand(2, 8, DIM))[0].flatten(1)  # (C, HW)
    assert torch.linalg.matrix_rank(mixed - mixed.mean(1, keepdim=True), rtol=1e-4) >= 3


def test_node_to_map_is_a_mixture_of_the_nodes():
    module, maps, nodes = NodeToMap(CHANNELS, DIM), features(), torch.rand(2, 8, DIM)
    values = module.value(nodes).relu()  # (B, N, C)
    mixed = module(maps, nodes).flatten(2)
    assert (mixed <= values.amax(1)[..., None] + 1e-5).all()
    assert (mixed >= values.amin(1)[..., None] - 1e-5).all()


def test_the_pyramid_pools_and_interpolates_as_torch_does():
    pyramid, maps = wake(Pyramid(CHANNELS)), features(14, 10)
    reduced = pyramid.reduce(maps)
    total = 0
    for branch, small in zip(pyramid.branches, [(12, 8), (10, 7), (8, 6), (7, 5)], strict=True):
        seen = branch(F.adaptive_avg_pool2d(reduced, small))
        total = total + F.interpolate(seen, (14, 10), mode="bilinear")
    expected = maps + pyramid.residual(pyramid.expand(total))
    assert torch.allclose(pyramid(maps), expected, atol=1e-5)


def test_prediction_before_training_leaves_gradients_possible():
    """Matrices made under inference mode are kept, and must serve training later."""
    pyramid, maps = Pyramid(CHANNELS), features(9, 11)
    with torch.inference_mode():
        pyramid(maps)
    wake(pyramid)(maps).sum().backward()
    assert pyramid.reduce[0].weight.grad.isfinite().all()
