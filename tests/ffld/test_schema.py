"""Schemas: what is derived is closed under the flip, and each malformed one has its own error."""

from dataclasses import replace

import numpy as np
import pytest

from ffld.schema import FFLD, FLD8, LandmarkSchema, SchemaError, Visibility

BOTH = pytest.mark.parametrize("schema", [FFLD, FLD8], ids=["ffld", "fld8"])


def test_counts_are_those_of_the_paper():
    assert (len(FFLD), len(FFLD.garment_types)) == (32, 13)
    assert [m.shape for m in FFLD.hierarchy] == [(32, 12), (12, 2), (2, 1)]
    assert (len(FLD8), len(FLD8.garment_types)) == (8, 3)
    assert [m.shape for m in FLD8.hierarchy] == [(8, 4), (4, 2), (2, 1)]


def test_visibility_codes():
    assert [Visibility.ABSENT, Visibility.OCCLUDED, Visibility.VISIBLE] == [0, 1, 2]


@BOTH
def test_flip_is_an_involution_that_moves_every_sided_landmark(schema):
    assert np.array_equal(schema.flip_index[schema.flip_index], np.arange(len(schema)))
    fixed = {
        schema.landmarks[k] for k in np.flatnonzero(schema.flip_index == np.arange(len(schema)))
    }
    assert fixed == ({"center_collar", "crotch"} if schema is FFLD else set())
    assert schema.landmarks[schema.flip_index[schema.index("left_collar")]] == "right_collar"


@BOTH
def test_graph_types_and_hierarchy_are_closed_under_the_flip(schema):
    flip = schema.flip_index
    adjacency = schema.adjacency
    assert np.array_equal(adjacency, adjacency.T)
    assert not adjacency.diagonal().any()
    assert np.array_equal(adjacency[np.ix_(flip, flip)], adjacency)
    assert np.array_equal(schema.type_mask[:, flip], schema.type_mask)
    assert np.array_equal(schema.hierarchy[0][flip], schema.hierarchy[0])


@BOTH
def test_every_node_has_one_parent_and_the_leaves_are_connected(schema):
    for membership in schema.hierarchy:
        assert (membership.sum(1) == 1).all()
        assert (membership.sum(0) >= 1).all()
    assert (schema.adjacency.sum(0) >= 1).all()


def test_leaf_edges_of_the_eight_landmarks_are_the_ten_grammar_pairs():
    assert FLD8.adjacency.sum() == 2 * 10


def test_leaf_edges_follow_the_outline_of_each_type():
    def joined(a, b):
        return bool(FFLD.adjacency[FFLD.index(a), FFLD.index(b)])

    assert joined("left_shoulder", "left_sleeve_out")  # sleeved types
    assert joined("left_shoulder", "left_armpit")  # sleeveless ones skip the sleeve
    assert joined("left_waistline", "left_hemline")  # dresses
    assert joined("left_armpit", "left_top_hem")  # tops have no waistline
    assert joined("left_waistband", "left_bottom_out")  # shorts have no knee
    assert joined("left_knee_in", "crotch")
    assert joined("left_collar", "center_collar")
    assert not joined("left_collar", "left_cuff_out")
    assert not joined("left_top_hem", "left_waistband")


def test_type_masks_by_count():
    owned = dict(zip(FFLD.type_names, FFLD.type_mask.sum(1).tolist(), strict=True))
    assert owned == {
        "short_sleeve_top": 17, "long_sleeve_top": 17, "short_sleeve_outwear": 18,
        "long_sleeve_outwear": 18, "vest": 9, "sling": 9, "shorts": 7, "trousers": 11, "skirt": 4,
        "short_sleeve_dress": 19, "long_sleeve_dress": 19, "vest_dress": 11, "sling_dress": 11,
    }  # fmt: skip


def test_fingerprint_changes_with_any_name_or_edge():
    assert len({FFLD.fingerprint, FLD8.fingerprint}) == 2
    assert replace(FLD8).fingerprint == FLD8.fingerprint
    assert replace(FLD8, edges=FLD8.edges[2:]).fingerprint != FLD8.fingerprint
    assert replace(FLD8, root="body").fingerprint != FLD8.fingerprint


def _without(mapping, key):
    return {name: value for name, value in mapping.items() if name != key}


TINY = LandmarkSchema(
    name="tiny",
    landmarks=("left_a", "right_a", "left_b", "right_b", "c"),
    garment_types={"all": ("left_a", "right_a", "left_b", "right_b", "c")},
    flip_pairs=(("left_a", "right_a"), ("left_b", "right_b")),
    parts={"a": ("left_a", "right_a"), "b": ("left_b", "right_b", "c")},
    bodies={"up": ("a",), "down": ("b",)},
    root="clothes",
    edges=(("left_a", "left_b"), ("right_a", "right_b")),
)

MALFORMED = {
    "it has no landmarks": {"landmarks": (), "garment_types": {}, "flip_pairs": (), "edges": (),
                            "parts": {}, "bodies": {}},
    "landmarks listed twice": {"landmarks": (*TINY.landmarks, "c")},
    "garment type 'all' names an unknown landmark 'd'": {"garment_types": {"all": ("d",)}},
    "part 'a' names an unknown landmark 'd'": {"parts": {**TINY.parts, "a": ("d",)}},
    "names an unknown landmark 'right_d'": {"flip_pairs": (("left_a", "right_d"),)},
    "edge ('c', 'd') names an unknown": {"edges": (("c", "d"),)},
    "outline 0 names an unknown": {"outlines": (("c", "d"),)},
    "body 'up' names an unknown part 'd'": {"bodies": {**TINY.bodies, "up": ("d",)}},
    "it has no garment types": {"garment_types": {}},
    "garment type 'none' owns no landmarks": {"garment_types": {**TINY.garment_types, "none": ()}},
    "garment type 'all' lists landmarks twice": {"garment_types": {"all": (*TINY.landmarks, "c")}},
    "landmarks that no garment type owns: ['c']": {"garment_types": {"all": TINY.landmarks[:4]}},
    "flip pair of 'c' with itself": {"flip_pairs": (*TINY.flip_pairs, ("c", "c"))},
    "is not left_X with right_X": {
        "flip_pairs": (("left_a", "right_b"), ("left_b", "right_a"))},
    "landmarks in more than one flip pair": {"flip_pairs": (*TINY.flip_pairs, TINY.flip_pairs[0])},
    "sided landmarks without a flip pair": {"flip_pairs": TINY.flip_pairs[:1]},
    "landmarks in more than one part": {
        "parts": {**TINY.parts, "b": ("left_b", "right_b", "c", "left_a", "right_a")}},
    "landmarks in no part: ['c']": {"parts": {**TINY.parts, "b": ("left_b", "right_b")}},
    "a part without landmarks: ['d']": {
        "parts": {**TINY.parts, "d": ()}, "bodies": {**TINY.bodies, "down": ("b", "d")}},
    "parts in more than one body": {"bodies": {"up": ("a", "b"), "down": ("b",)}},
    "parts in no body: ['b']": {"bodies": {"up": ("a",)}},
    "garment type 'half' is not closed under the flip": {
        "garment_types": {**TINY.garment_types, "half": ("left_a", "c")}},
    "part 'a' is not closed under the flip": {
        "parts": {"a": ("left_a",), "b": ("right_a", "left_b", "right_b", "c")}},
    "edges are not closed under the flip": {"edges": TINY.edges[:1]},
    "an edge joins a landmark with itself": {"edges": (("c", "c"),)},
}  # fmt: skip


@pytest.mark.parametrize(("message", "change"), MALFORMED.items(), ids=list(MALFORMED))
def test_each_malformed_schema_has_its_own_error(message, change):
    with pytest.raises(SchemaError) as error:
        replace(TINY, **change)
    assert message in str(error.value)


def test_all_contradictions_are_listed_at_once():
    with pytest.raises(SchemaError, match=r"no body.*edges are not closed"):
        replace(TINY, bodies={"up": ("a",)}, edges=TINY.edges[:1])
