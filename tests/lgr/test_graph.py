import pytest
import torch

from ffld.schema import FFLD, FLD8
from lgr.graph import LayoutGraph, clustered, indicator, normalised

SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)


def test_sizes_are_those_of_the_paper():
    assert LayoutGraph.from_schema(FFLD).sizes == (32, 12, 2, 1)
    assert LayoutGraph.from_schema(FLD8).sizes == (8, 4, 2, 1)
    assert LayoutGraph.from_schema(FLD8, levels=1).sizes == (8, 4)
    with pytest.raises(ValueError, match="levels is 4"):
        LayoutGraph.from_schema(FLD8, levels=4)


def test_normalisation_by_pencil():
    path = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])  # degrees with loops: 2, 3, 2
    expected = torch.tensor([[1 / 2, 6**-0.5, 0], [6**-0.5, 1 / 3, 6**-0.5], [0, 6**-0.5, 1 / 2]])
    assert torch.allclose(normalised(path), expected)


def test_clustering_by_pencil():
    """Two pairs of landmarks, one edge inside each pair and one between them: eq. 3."""
    adjacency = torch.tensor([[0.0, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]])
    pairs = indicator(torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]]))
    assert torch.allclose(clustered(adjacency, pairs), torch.tensor([[1.0, 0.5], [0.5, 1]]))
    assert (clustered(adjacency, -pairs) == clustered(adjacency, pairs)).all()
    opposed = torch.diag(torch.tensor([1.0, 1, -1, -1])) @ pairs
    assert torch.allclose(clustered(adjacency, opposed), torch.eye(2))  # relu holds it at zero


@SCHEMAS
def test_adjacency_is_the_schema_s(schema):
    graph = LayoutGraph.from_schema(schema)
    assert torch.equal(graph.adjacency, torch.tensor(schema.adjacency).float())
    for adjacency in graph.adjacencies():
        assert torch.allclose(adjacency, adjacency.T)
        assert (adjacency >= 0).all()
        assert torch.linalg.eigvalsh(normalised(adjacency)).abs().max() <= 1 + 1e-5


@SCHEMAS
def test_every_level_is_invariant_under_the_flip(schema):
    graph = LayoutGraph.from_schema(schema)
    flip = torch.eye(len(schema))[graph.flip]
    parts = graph.clusters[0]
    assert torch.equal(flip @ parts, parts)  # a part holds its landmarks' mirror partners
    assert torch.equal(flip @ graph.adjacency @ flip.T, graph.adjacency)
    assert torch.allclose(
        clustered(flip @ graph.adjacency @ flip.T, flip @ parts), graph.adjacencies()[1]
    )
    assert not torch.equal(flip, torch.eye(len(schema)))


@SCHEMAS
def test_clusters_are_orthonormal_and_complete(schema):
    for cluster in LayoutGraph.from_schema(schema).clusters:
        assert torch.allclose(cluster.T @ cluster, torch.eye(cluster.shape[1]), atol=1e-6)
        assert torch.equal((cluster > 0).sum(1), torch.ones(len(cluster), dtype=torch.int64))


@SCHEMAS
def test_clustering_keeps_the_layout(schema):
    """Two parts are linked exactly when some of their landmarks are."""
    graph = LayoutGraph.from_schema(schema)
    member = (graph.clusters[0] > 0).float()
    linked = (member.T @ graph.adjacency @ member) > 0
    assert torch.equal(graph.adjacencies()[1] > 0, linked)


def test_indicator_by_pencil():
    membership = torch.tensor([[1.0, 0], [1, 0], [0, 1], [1, 0], [1, 0]])
    assert indicator(membership).tolist() == [[0.5, 0], [0.5, 0], [0, 1], [0.5, 0], [0.5, 0]]
