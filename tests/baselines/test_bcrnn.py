"""The grammar that a schema gives, and how messages pass along it."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from baselines.bcrnn import GrammarLayer, kinematics, symmetry
from ffld.schema import FFLD, FLD8

SCHEMAS = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=lambda schema: schema.name)
RULES = pytest.mark.parametrize("rules", [kinematics, symmetry], ids=lambda rules: rules.__name__)
STATE = 3


def layer_and_features(schema, rules, kernel=3):
    torch.manual_seed(0)
    layer = GrammarLayer(schema, rules(schema), STATE, kernel)
    torch.nn.init.normal_(layer.bias)
    return layer, torch.randn(2, len(schema) * STATE, 5, 4)


def test_on_eight_landmarks_the_rules_are_the_paper_s():
    assert sorted(kinematics(FLD8)) == [
        ("left_collar", "left_sleeve"),
        ("left_collar", "left_waistline", "left_hem"),
        ("right_collar", "right_sleeve"),
        ("right_collar", "right_waistline", "right_hem"),
    ]
    assert symmetry(FLD8) == [
        (f"left_{part}", f"right_{part}") for part in ("collar", "sleeve", "waistline", "hem")
    ]


def test_on_32_landmarks_chains_follow_the_outlines():
    chains = kinematics(FFLD)
    assert FFLD.outlines[0] in chains  # from the collar around the sleeve to the hem
    assert ("left_waistline", "left_hemline") in chains  # where a dress leaves that way
    assert ("left_collar", "center_collar", "right_collar") in chains
    assert len(chains) == 13
    assert len(symmetry(FFLD)) == 15


@SCHEMAS
def test_kinematics_walks_every_outline_and_edge_once(schema):
    walked = [frozenset(step) for chain in kinematics(schema) for step in pairwise(chain)]
    lines = [frozenset(step) for line in schema.outlines for step in pairwise(line)]
    assert len(walked) == len(set(walked))
    assert set(walked) == {*lines, *map(frozenset, schema.edges)}
    assert {name for chain in kinematics(schema) for name in chain} == set(schema.landmarks)


@SCHEMAS
@RULES
def test_rules_are_their_own_mirror_image(schema, rules):
    other = [schema.landmarks[k] for k in schema.flip_index]
    chains = {tuple(chain) for chain in rules(schema)}
    for chain in chains:
        turned = tuple(other[schema.index(name)] for name in chain)
        assert turned in chains or turned[::-1] in chains


@SCHEMAS
@RULES
def test_a_layer_is_what_a_loop_over_the_chains_computes(schema, rules):
    """The equation, walk by walk and step by step."""
    layer, features = layer_and_features(schema, rules)
    nodes = features.unflatten(1, (-1, STATE))
    chains = [[schema.index(name) for name in chain] for chain in rules(schema)]
    walks = sorted([*chains, *(chain[::-1] for chain in chains)], key=len, reverse=True)
    got, rules_of = torch.zeros_like(nodes), [0] * len(schema)
    for number, walk in enumerate(walks):
        own = slice(number * STATE, (number + 1) * STATE)
        hidden = torch.zeros_like(nodes[:, 0])
        for step, landmark in enumerate(walk):
            driven = F.conv2d(nodes[:, landmark], layer.take[own], layer.bias[own], padding=1)
            if step:
                driven = driven + F.conv2d(hidden, layer.keep[own], padding=1)
            hidden = torch.tanh(driven)
            got[:, landmark] += F.conv2d(hidden, layer.give[own], padding=1)
            rules_of[landmark] += 0.5  # of two directions
    for landmark, count in enumerate(rules_of):
        got[:, landmark] = got[:, landmark] / count if count else nodes[:, landmark]
    assert torch.allclose(layer(features), got.flatten(1, 2), atol=1e-5)


def test_a_message_reaches_its_chain_from_end_to_end_and_nothing_else():
    layer, features = layer_and_features(FFLD, kinematics, kernel=1)
    features.requires_grad_()
    for name in ("left_top_hem", "right_bottom_in", "center_collar"):
        own = slice(FFLD.index(name) * STATE, (FFLD.index(name) + 1) * STATE)
        (grad,) = torch.autograd.grad(layer(features)[0, own, 2, 1].sum(), features)
        heard = grad[0, :, 2, 1].unflatten(0, (-1, STATE)).abs().sum(-1) > 0
        chains = [chain for chain in kinematics(FFLD) if name in chain]
        expected = {landmark for chain in chains for landmark in chain}
        assert {FFLD.landmarks[k] for k in heard.nonzero().flatten()} == expected


def test_landmarks_that_no_rule_names_keep_what_they_have():
    layer, features = layer_and_features(FFLD, symmetry)
    before, after = (maps.unflatten(1, (-1, STATE)) for maps in (features, layer(features)))
    same = [torch.equal(before[:, k], after[:, k]) for k in range(len(FFLD))]
    kept = {name for name, equal in zip(FFLD.landmarks, same, strict=True) if equal}
    assert kept == {"center_collar", "crotch"}


@SCHEMAS
@RULES
def test_a_mirrored_layer_treats_mirrored_maps_so(schema, rules):
    """With the weights of mirror rules mirrored, left and right change places and nothing else."""
    layer, features = layer_and_features(schema, rules)
    chains = [[schema.index(name) for name in chain] for chain in rules(schema)]
    walks = sorted([*chains, *(chain[::-1] for chain in chains)], key=len, reverse=True)
    partner = [walks.index([schema.flip_index[k] for k in walk]) for walk in walks]
    with torch.no_grad():
        for weight in (layer.take, layer.keep, layer.give):
            turned = weight.unflatten(0, (-1, STATE))[partner].flatten(0, 1).flip(-1)
            weight.add_(turned).div_(2)
        layer.bias.add_(layer.bias.unflatten(0, (-1, STATE))[partner].flatten()).div_(2)

    def flipped(maps):
        partners = torch.tensor(schema.flip_index)
        return maps.unflatten(1, (-1, STATE))[:, partners].flatten(1, 2).flip(-1)

    assert torch.allclose(layer(flipped(features)), flipped(layer(features)), atol=1e-5)
