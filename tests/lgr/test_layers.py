import doctest

import pytest
import torch

import lgr.layers
from ffld.schema import FFLD, FLD8
from lgr.graph import Edges, LayoutGraph, clustered, indicator, normalised
from lgr.layers import LGRLayer, MapToNode, NodeToMap
from lgr.reading import PAPER, Reading
from lgr.reasoning import (
    GraphClustering,
    GraphDeconvolution,
    LayoutGraphReasoning,
    PlainReasoning,
)

CHANNELS, DIM = 24, 16
BARE = Reading(node_norm=False)  # nodes as the equations alone make them
SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)
READINGS = [
    Reading(),
    PAPER,
    Reading(vote="nodes_mean", score="votes"),
    Reading(clusters="orthogonal", edges="trained"),
    Reading(clusters="fixed", residual_scale=1.0),
    Reading(plain_layers=8, plain_residual=True),
    Reading(plain_layers=2, map_norm=True),
]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def features(height=6, width=5):
    return torch.randn(2, CHANNELS, height, width)


def mapped(reading, maps, nodes):
    """F_r of a module of its own; the votes are those of eq. 1."""
    votes = MapToNode(CHANNELS, nodes.shape[1], DIM, reading)(maps)[1]
    return NodeToMap(CHANNELS, DIM, reading)(maps, nodes, votes)


def test_the_example_of_the_layer_runs():
    result = doctest.testmod(lgr.layers)
    assert result.attempted > 5
    assert result.failed == 0


@SCHEMAS
@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("reading", READINGS, ids=range(len(READINGS)))
def test_shapes(schema, levels, reading):
    graph = LayoutGraph.from_schema(schema, levels)
    maps = features()
    nodes, votes = MapToNode(CHANNELS, len(schema), DIM, reading)(maps)
    assert nodes.shape == (2, len(schema), DIM)
    assert votes.shape == (2, len(schema), 30)
    assert LayoutGraphReasoning(graph, DIM, reading)(nodes).shape == nodes.shape
    assert NodeToMap(CHANNELS, DIM, reading)(maps, nodes, votes).shape == maps.shape
    assert LGRLayer(graph, CHANNELS, DIM, reading)(maps).shape == maps.shape


@pytest.mark.parametrize("training", [True, False])
def test_a_fresh_layer_is_the_identity_unless_told(training):
    maps, graph = features(), LayoutGraph.from_schema(FFLD)
    fresh = LGRLayer(graph, CHANNELS, DIM).train(training)
    assert torch.equal(fresh(maps), maps)
    scaled = Reading(residual="scale")
    assert torch.equal(LGRLayer(graph, CHANNELS, DIM, scaled).train(training)(maps), maps)
    for reading in (
        Reading(residual_scale=1.0),
        Reading(residual="scale", residual_scale=1),
        PAPER,
    ):
        layer = LGRLayer(graph, CHANNELS, DIM, reading).train(training)
        assert not torch.allclose(layer(maps), maps, atol=0.1)


# The literal layer's parameters at C = 512, d = 128, counted by hand in the terms of section 3.3:
# W_m 512 N, W_t 512 d, twelve d x d, four clustering matrices a level, W_m' 512 + d, W_t' 512 d.
@pytest.mark.parametrize(("schema", "count"), [(FLD8, 332_584), (FFLD, 346_344)])
def test_the_literal_layer_has_the_paper_s_number_of_parameters(schema, count):
    layer = LGRLayer(LayoutGraph.from_schema(schema), 512, 128, PAPER)
    assert sum(p.numel() for p in layer.parameters()) == count


def test_map_to_node_is_attention_over_the_cells():
    module, maps = MapToNode(CHANNELS, 8, DIM, BARE), features()
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
        expected = attention.T @ flat @ module.value.weight.T + module.embedding
        assert torch.allclose(module(maps)[0][sample], expected.relu(), atol=1e-5)


@pytest.mark.parametrize("vote", ["nodes", "nodes_mean"])
def test_map_to_node_as_printed_is_softmax_over_the_nodes(vote):
    reading = Reading(vote=vote, embedding=False, coordinates=False, node_norm=False)
    module, maps = MapToNode(CHANNELS, 8, DIM, reading), features()
    flat = maps[0].flatten(1).T  # F, (HW, C)
    shares = torch.softmax(flat @ module.vote.weight.flatten(1).T, 1)  # all rows sum to one
    if vote == "nodes_mean":
        shares = shares / shares.sum(0)
    expected = (shares.T @ flat @ module.value.weight.T).relu()
    assert torch.allclose(module(maps)[0][0], expected, atol=1e-5)


def test_printed_nodes_grow_with_the_map_and_repaired_ones_do_not():
    small = features(7, 7)
    for vote, growth in (("cells", 1), ("nodes_mean", 1), ("nodes", 16)):
        reading = Reading(vote=vote, embedding=False, coordinates=False, node_norm=False)
        module = MapToNode(CHANNELS, 8, DIM, reading)
        large = module(small.repeat(1, 1, 4, 4))[0]
        assert torch.allclose(large, growth * module(small)[0], rtol=1e-3, atol=1e-4)


def test_nodes_know_where_things_are():
    module, maps = MapToNode(CHANNELS, 8, DIM), torch.zeros(1, CHANNELS, 6, 6)
    blind = MapToNode(CHANNELS, 8, DIM, Reading(coordinates=False))
    left, right = maps.clone(), maps.clone()
    left[:, :, 3, 1] = 3.0
    right[:, :, 3, 4] = 3.0
    assert not torch.allclose(module(left)[0], module(right)[0], atol=1e-3)
    assert torch.allclose(blind(left)[0], blind(right)[0], atol=1e-6)


def test_clustering_follows_equations_2_and_3():
    graph = LayoutGraph.from_schema(FLD8)
    module = GraphClustering(graph.clusters[0], DIM, BARE)
    nodes = torch.rand(2, 8, DIM)
    *pair, adjacency = module.matrices(graph.adjacency)
    coarse = module(nodes, *pair)
    assert torch.allclose(adjacency, graph.adjacencies()[1])
    w_h, w_r = module.convolve.weight.T, module.reason.weight.T
    for sample in range(2):
        gathered = (module.gather.T @ normalised(graph.adjacency) @ nodes[sample] @ w_h).relu()
        expected = (normalised(adjacency) @ gathered @ w_r).relu()
        assert torch.allclose(coarse[sample], expected, atol=1e-6)


@pytest.mark.parametrize("topdown", ["kept", "clustered"])
def test_deconvolution_adds_the_skip_before_the_reasoning(topdown):
    graph = LayoutGraph.from_schema(FLD8)
    module = GraphDeconvolution(graph.clusters[0], DIM, Reading(topdown=topdown, node_norm=False))
    nodes, skip = torch.rand(2, 4, DIM), torch.rand(2, 8, DIM)
    coarse = graph.adjacencies()[1]
    *pair, adjacency = module.matrices(coarse, graph.adjacency)
    found = module(nodes, skip, *pair)
    expected_adjacency = graph.adjacency
    if topdown == "clustered":
        expected_adjacency = (module.split @ coarse @ module.split.T).relu()
    assert torch.allclose(adjacency, expected_adjacency)
    w_h, w_r = module.convolve.weight.T, module.reason.weight.T
    for sample in range(2):
        spread = (module.spread @ normalised(coarse) @ nodes[sample] @ w_h).relu()
        expected = (normalised(adjacency) @ (spread + skip[sample]) @ w_r).relu()
        assert torch.allclose(found[sample], expected, atol=1e-6)


def shaken(module):
    """Clustering matrices as training may leave them: positive, no longer the schema's."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith(("split", "merge", "spread", "gather")):
                parameter.add_(0.3 * torch.rand_like(parameter))
    return module


@SCHEMAS
def test_the_printed_way_down_has_rank_one_adjacency_at_every_level(schema):
    """Eq. 3 from a 1 x 1 matrix is an outer product, whatever its matrices have learned."""
    graph = LayoutGraph.from_schema(schema)
    ranks = {}
    for topdown in ("clustered", "kept"):
        reasoning = shaken(LayoutGraphReasoning(graph, DIM, Reading(topdown=topdown)))
        _, down = reasoning.matrices()
        assert [len(adjacency) for adjacency in down] == list(graph.sizes[-2::-1])
        ranks[topdown] = [int(torch.linalg.matrix_rank(a, rtol=1e-5)) for a in down]
    assert ranks["clustered"] == [1, 1, 1]
    assert ranks["kept"][0] == 2
    assert all(rank > 2 for rank in ranks["kept"][1:])


def test_orthogonality_is_free_at_the_indicator_and_charged_elsewhere():
    module = GraphClustering(LayoutGraph.from_schema(FFLD).clusters[0], DIM)
    assert module.penalty().item() == pytest.approx(0, abs=1e-9)
    with torch.no_grad():
        module.merge.mul_(2)  # W^T W = 4 I, so 12 diagonal entries are off by 3
    assert module.penalty().item() == pytest.approx(12 * 9)


@SCHEMAS
def test_orthogonal_clusters_start_at_the_schema_and_stay_orthogonal(schema):
    for cluster in LayoutGraph.from_schema(schema).clusters:
        module = GraphClustering(cluster, DIM, Reading(clusters="orthogonal"))
        assert torch.allclose(module.merge, cluster, atol=1e-5)
        optimiser = torch.optim.Adam(module.parameters(), lr=0.1)
        goal = torch.randn_like(cluster)
        for _ in range(5):
            optimiser.zero_grad()
            (module.merge - goal).square().sum().backward()
            optimiser.step()
        assert not torch.allclose(module.merge, cluster, atol=0.05)
        gram = module.merge.T @ module.merge
        assert torch.allclose(gram, torch.eye(len(gram)), atol=1e-4)


def test_trained_edges_stay_symmetric_and_mirrored():
    graph = LayoutGraph.from_schema(FFLD)
    assert Edges(graph, trained=False)() is graph.adjacency
    edges = Edges(graph, trained=True)
    assert torch.equal(edges(), graph.adjacency)
    with torch.no_grad():
        edges.change.normal_()
    found = edges()
    assert not torch.allclose(found, graph.adjacency, atol=0.1)
    assert torch.allclose(found, found.T)
    assert torch.allclose(found, found[graph.flip][:, graph.flip])
    assert (found >= 0).all()


def test_plain_layers_are_graph_convolutions():
    graph = LayoutGraph.from_schema(FLD8)
    nodes = torch.rand(1, 8, DIM)
    for residual in (False, True):
        reading = Reading(plain_layers=2, plain_residual=residual, node_norm=False)
        module = PlainReasoning(graph, DIM, reading)
        expected = nodes[0]
        for layer in module.layers:
            mixed = (normalised(graph.adjacency) @ expected @ layer.weight.T).relu()
            expected = expected + mixed if residual else mixed
        assert torch.allclose(module(nodes)[0], expected, atol=1e-6)


@pytest.mark.parametrize("plain", [0, 2])
def test_nodes_keep_their_size_whatever_the_weights_learn(plain):
    """Weights ten times as large leave normalised nodes at their size.

    Bare ones grow with every level, until the softmax of eq. 4 gives each cell one and the same
    node.
    """
    graph, nodes, maps = LayoutGraph.from_schema(FFLD), torch.rand(2, 32, DIM), features()
    for norm in (True, False):
        reading = Reading(node_norm=norm, plain_layers=plain)
        kind = PlainReasoning if plain else LayoutGraphReasoning
        reasoning, to_map = kind(graph, DIM, reading), NodeToMap(CHANNELS, DIM, reading)
        with torch.no_grad():
            for layer in reasoning.modules():
                if isinstance(layer, torch.nn.Linear):
                    layer.weight.mul_(10)
        evolved = reasoning(nodes)
        size = evolved.std(-1, correction=0)
        share = to_map._scores(maps, evolved, torch.empty(0)).softmax(-1).amax(-1)
        if norm:
            assert torch.allclose(size, torch.ones_like(size), atol=1e-2)
            assert share.mean() < 0.5
        else:
            assert size.median() > 5


def test_every_landmark_hears_from_every_other_through_the_root():
    """By a weighted sum: the plain sum of a normalised node is constant, its gradient rounding."""
    graph = LayoutGraph.from_schema(FFLD)
    nodes, weights = torch.rand(1, 32, 64, requires_grad=True), torch.linspace(-1, 1, 64)
    collar = LayoutGraphReasoning(graph, 64)(nodes)[0, FFLD.index("left_collar")]
    (collar * weights).sum().backward()
    assert (nodes.grad[0].abs().sum(1) > 1e-4).all()
    nodes.grad = None
    plain = PlainReasoning(graph, 64, Reading(plain_layers=1))
    (plain(nodes)[0, FFLD.index("left_collar")] * weights).sum().backward()
    assert nodes.grad[0, FFLD.index("left_collar")].abs().sum() > 1e-4
    assert nodes.grad[0, FFLD.index("left_bottom_in")].abs().sum() == 0


@pytest.mark.parametrize("reading", READINGS, ids=range(len(READINGS)))
def test_reasoning_commutes_with_the_flip(reading):
    """With the schema's clusters, swapping left and right nodes swaps the result's."""
    graph = LayoutGraph.from_schema(FFLD)
    nodes = torch.rand(2, 32, DIM)
    for kind in (LayoutGraphReasoning, PlainReasoning):
        reasoning = kind(graph, DIM, reading)
        swapped = reasoning(nodes[:, graph.flip])
        assert torch.allclose(swapped, reasoning(nodes)[:, graph.flip], atol=1e-5)


def spread_over_cells(mixed):
    """Largest standard deviation over the cells, relative to the mean magnitude."""
    return (mixed.flatten(2).std(-1).max() / mixed.abs().mean()).item()


def test_equation_4_as_printed_gives_every_cell_the_same_vector():
    maps, nodes = 3 * features(), 3 * torch.rand(2, 8, DIM)
    assert spread_over_cells(mapped(PAPER, maps, nodes)) < 1e-5
    assert spread_over_cells(mapped(Reading(), maps, nodes)) > 0.01
    assert spread_over_cells(mapped(Reading(score="votes"), maps, nodes)) > 0.01


@pytest.mark.parametrize("score", ["bilinear", "votes"])
def test_repaired_scores_give_cells_vectors_of_their_own(score):
    mixed = mapped(Reading(score=score), 3 * features(), 3 * torch.rand(2, 8, DIM))[0].flatten(1)
    assert torch.linalg.matrix_rank(mixed - mixed.mean(1, keepdim=True), rtol=1e-4) >= 3


def test_equation_4_as_printed_is_that_of_the_large_tensor():
    """F and X concatenated for every pair of cell and node, as the text has it."""
    module, maps, nodes = NodeToMap(CHANNELS, DIM, PAPER), features(), torch.rand(2, 8, DIM)
    cells = maps.flatten(2).transpose(1, 2)  # (B, HW, C)
    pairs = torch.cat(
        [cells[:, :, None].expand(-1, -1, 8, -1), nodes[:, None].expand(-1, 30, -1, -1)], -1
    )
    vector = torch.cat([module.cell.weight.flatten(), module.node.weight.flatten()])
    shares = (pairs @ vector).softmax(-1)
    expected = torch.relu(shares @ torch.relu(nodes @ module.value.weight.T))
    found = module(maps, nodes, torch.empty(0)).flatten(2).transpose(1, 2)
    assert torch.allclose(found, expected, atol=1e-5)


def test_node_to_map_is_a_mixture_of_the_nodes():
    for reading in (Reading(), PAPER):
        module, maps = NodeToMap(CHANNELS, DIM, reading), features()
        nodes = torch.rand(2, 8, DIM)
        values = module.value(nodes).relu()  # (B, N, C)
        mixed = module(maps, nodes, torch.empty(0)).flatten(2)
        assert (mixed <= values.amax(1)[..., None] + 1e-5).all()
        assert (mixed >= values.amin(1)[..., None] - 1e-5).all()


class Largest(torch.utils._python_dispatch.TorchDispatchMode):
    """Watches the number of elements of every tensor that any operation returns."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor):
                # A broadcast view takes no memory.
                real = [n for n, step in zip(tensor.shape, tensor.stride(), strict=True) if step]
                self.elements = max(self.elements, torch.Size(real).numel())
        return result


@pytest.mark.parametrize("reading", [*READINGS[:3], Reading(edges="trained")], ids=range(4))
def test_the_large_tensor_is_never_made(reading):
    """Nothing above HW x (C + N + d + 2) elements, forward or backward; the text has N times it."""
    graph = LayoutGraph.from_schema(FFLD)
    layer = LGRLayer(graph, CHANNELS, DIM, reading)
    cells = 28 * 28
    maps = torch.randn(1, CHANNELS, 28, 28, requires_grad=True)
    with Largest() as largest:
        layer(maps).sum().backward()
    assert cells * 32 <= largest.elements <= cells * (CHANNELS + 32 + DIM + 2)


def test_indicator_is_what_the_layers_start_from():
    cluster = LayoutGraph.from_schema(FFLD).clusters[0]
    module = GraphClustering(cluster, DIM)
    assert torch.equal(module.merge, cluster)
    assert torch.equal(module.gather, cluster)
    assert torch.equal(cluster, indicator((cluster > 0).float()))
    assert torch.equal(clustered(torch.eye(32), cluster), (cluster.T @ cluster).relu())
