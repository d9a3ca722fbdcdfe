"""What a landmark is: names written once, every index and graph derived from them.

Two schemas exist. `FFLD` (32 landmarks, 13 garment types, 12 parts, 2 bodies, 1 root) is a
reconstruction: the LGR paper states the counts and a few names, its list was never published
(docs/datasheet.md). `FLD8` (8 landmarks, 3 garment types, 4 parts, 2 bodies, 1 root) is the one of
FLD and DeepFashion. Left and right are the garment's: left is image-left when its front is seen.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ffld._schema_problems import problems


class Visibility(enum.IntEnum):
    """State of a landmark in an image; every dataset converts its own codes to these, once."""

    ABSENT = 0  # not owned by the garment type, cut off by the image border, or not annotated
    OCCLUDED = 1
    VISIBLE = 2


class SchemaError(ValueError):
    """A schema that contradicts itself; the message lists every contradiction."""


@dataclass(frozen=True)
class LandmarkSchema:
    """Landmarks, garment types and the layout hierarchy of one annotation convention, by name.

    The layout graph is that of LGR, section 3.2: leaves are landmarks, then parts, bodies, root.
    `outlines` are chains along a garment's outline, walked once per garment type over the
    landmarks that the type owns (the others are skipped); consecutive ones are joined. `edges`
    are further pairs. Every left-right pair is joined too.
    """

    name: str
    landmarks: tuple[str, ...]
    garment_types: Mapping[str, tuple[str, ...]]
    flip_pairs: tuple[tuple[str, str], ...]
    parts: Mapping[str, tuple[str, ...]]
    bodies: Mapping[str, tuple[str, ...]]
    root: str
    outlines: tuple[tuple[str, ...], ...] = ()
    edges: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if found := list(problems(self)):
            raise SchemaError(f"schema {self.name!r}: " + "; ".join(found))

    def __len__(self) -> int:
        return len(self.landmarks)

    def index(self, landmark: str) -> int:
        """Slot of a landmark in every (…, K) array."""
        return self._index[landmark]

    def type_index(self, garment_type: str) -> int:
        """Slot of a garment type in `type_names`."""
        return self._type_index[garment_type]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.landmarks)}

    @cached_property
    def _type_index(self) -> dict[str, int]:
        return {name: c for c, name in enumerate(self.garment_types)}

    @cached_property
    def type_names(self) -> tuple[str, ...]:
        """Garment types in array order."""
        return tuple(self.garment_types)

    @cached_property
    def flip_index(self) -> np.ndarray:
        """(K,) int64: slot k of a mirrored garment holds what slot flip_index[k] held."""
        index = np.arange(len(self.landmarks))
        for left, right in self.flip_pairs:
            index[self.index(left)], index[self.index(right)] = self.index(right), self.index(left)
        return _frozen(index)

    @cached_property
    def type_mask(self) -> np.ndarray:
        """(C, K) bool: which landmarks each garment type owns."""
        mask = np.zeros((len(self.garment_types), len(self.landmarks)), bool)
        for row, owned in enumerate(self.garment_types.values()):
            mask[row, [self.index(name) for name in owned]] = True
        return _frozen(mask)

    @cached_property
    def adjacency(self) -> np.ndarray:
        """(K, K) uint8, symmetric, zero diagonal: the leaf edges A_leaf of LGR, section 3.2."""
        matrix = np.zeros((len(self.landmarks), len(self.landmarks)), np.uint8)
        for a, b in (*self.flip_pairs, *self.edge_names):
            i, j = self.index(a), self.index(b)
            matrix[i, j] = matrix[j, i] = 1
        return _frozen(matrix)

    @cached_property
    def hierarchy(self) -> tuple[np.ndarray, ...]:
        """Membership matrices leaf→part (K, P), part→body (P, B), body→root (B, 1); uint8, 0/1."""
        parts, bodies = list(self.parts), list(self.bodies)
        leaf_part = np.zeros((len(self.landmarks), len(parts)), np.uint8)
        for column, leaves in enumerate(self.parts.values()):
            leaf_part[[self.index(name) for name in leaves], column] = 1
        part_body = np.zeros((len(parts), len(bodies)), np.uint8)
        for column, members in enumerate(self.bodies.values()):
            part_body[[parts.index(name) for name in members], column] = 1
        body_root = np.ones((len(bodies), 1), np.uint8)
        return _frozen(leaf_part), _frozen(part_body), _frozen(body_root)

    @cached_property
    def edge_names(self) -> frozenset[frozenset[str]]:
        """Leaf edges by name, without those of the flip pairs."""
        walks = [
            [name for name in chain if name in owned]
            for owned in self.garment_types.values()
            for chain in self.outlines
        ]
        steps = (pair for walk in walks for pair in zip(walk, walk[1:], strict=False))
        return frozenset(frozenset(pair) for pair in (*self.edges, *steps))

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with any name, order or edge of the schema."""
        content = {
            "landmarks": self.landmarks,
            "garment_types": [[name, owned] for name, owned in self.garment_types.items()],
            "flip_pairs": self.flip_pairs,
            "parts": [[name, leaves] for name, leaves in self.parts.items()],
            "bodies": [[name, parts] for name, parts in self.bodies.items()],
            "root": self.root,
            "adjacency": self.adjacency.tolist(),
        }
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


# fmt: off
# Slots come in left-right order, cuffs and legs as left in, left out, right in, right out.
_SHOULDERS = ("left_shoulder", "right_shoulder", "left_armpit", "right_armpit")
_COLLAR = ("left_collar", "right_collar", "center_collar")
_SLEEVE = ("left_sleeve_in", "left_sleeve_out", "right_sleeve_in", "right_sleeve_out")
_CUFF = ("left_cuff_in", "left_cuff_out", "right_cuff_in", "right_cuff_out")
_WAISTLINE = ("left_waistline", "right_waistline")
_TOP_HEM = ("left_top_hem", "right_top_hem")
_WAISTBAND = ("left_waistband", "right_waistband")
_HEMLINE = ("left_hemline", "right_hemline")
_KNEE = ("left_knee_in", "left_knee_out", "right_knee_in", "right_knee_out")
_BOTTOM = ("left_bottom_in", "left_bottom_out", "right_bottom_in", "right_bottom_out")

_TOP = (*_COLLAR, *_SHOULDERS, *_SLEEVE, *_CUFF, *_TOP_HEM)
_OUTWEAR = ("left_collar", "right_collar", *_SHOULDERS, *_SLEEVE, *_CUFF, *_WAISTLINE, *_TOP_HEM)
_DRESS = (*_COLLAR, *_SHOULDERS, *_SLEEVE, *_CUFF, *_WAISTLINE, *_HEMLINE)
_SLEEVELESS_TOP = (*_COLLAR, *_SHOULDERS, *_TOP_HEM)
_SLEEVELESS_DRESS = (*_COLLAR, *_SHOULDERS, *_WAISTLINE, *_HEMLINE)

FFLD = LandmarkSchema(
    name="ffld",
    landmarks=(
        *_COLLAR, *_SHOULDERS, *_SLEEVE, *_CUFF, *_WAISTLINE, *_TOP_HEM,
        *_WAISTBAND, *_HEMLINE, "crotch", *_KNEE, *_BOTTOM,
    ),
    garment_types={
        "short_sleeve_top": _TOP,
        "long_sleeve_top": _TOP,
        "short_sleeve_outwear": _OUTWEAR,
        "long_sleeve_outwear": _OUTWEAR,
        "vest": _SLEEVELESS_TOP,
        "sling": _SLEEVELESS_TOP,
        "shorts": (*_WAISTBAND, "crotch", *_BOTTOM),
        "trousers": (*_WAISTBAND, "crotch", *_KNEE, *_BOTTOM),
        "skirt": (*_WAISTBAND, *_HEMLINE),
        "short_sleeve_dress": _DRESS,
        "long_sleeve_dress": _DRESS,
        "vest_dress": _SLEEVELESS_DRESS,
        "sling_dress": _SLEEVELESS_DRESS,
    },
    flip_pairs=(
        ("left_collar", "right_collar"),
        ("left_shoulder", "right_shoulder"),
        ("left_armpit", "right_armpit"),
        ("left_sleeve_in", "right_sleeve_in"),
        ("left_sleeve_out", "right_sleeve_out"),
        ("left_cuff_in", "right_cuff_in"),
        ("left_cuff_out", "right_cuff_out"),
        ("left_waistline", "right_waistline"),
        ("left_top_hem", "right_top_hem"),
        ("left_waistband", "right_waistband"),
        ("left_hemline", "right_hemline"),
        ("left_knee_in", "right_knee_in"),
        ("left_knee_out", "right_knee_out"),
        ("left_bottom_in", "right_bottom_in"),
        ("left_bottom_out", "right_bottom_out"),
    ),
    parts={
        "collar": _COLLAR,
        "shoulder": ("left_shoulder", "right_shoulder"),
        "armpit": ("left_armpit", "right_armpit"),
        "sleeve": _SLEEVE,
        "cuff": _CUFF,
        "waistline": _WAISTLINE,
        "top_hem": _TOP_HEM,
        "waistband": _WAISTBAND,
        "hemline": _HEMLINE,
        "crotch": ("crotch",),
        "knee": _KNEE,
        "bottom": _BOTTOM,
    },
    bodies={
        "upper_body": ("collar", "shoulder", "armpit", "sleeve", "cuff", "waistline", "top_hem"),
        "lower_body": ("waistband", "hemline", "crotch", "knee", "bottom"),
    },
    root="clothes",
    outlines=tuple(
        tuple(name if name == "crotch" else f"{side}_{name}" for name in chain)
        for side in ("left", "right")
        for chain in (
            ("collar", "shoulder", "sleeve_out", "cuff_out", "cuff_in", "sleeve_in", "armpit",
             "waistline", "top_hem"),
            ("collar", "shoulder", "sleeve_out", "cuff_out", "cuff_in", "sleeve_in", "armpit",
             "waistline", "hemline"),
            ("waistband", "knee_out", "bottom_out", "bottom_in", "knee_in", "crotch"),
            ("waistband", "hemline"),
        )
    ),
    edges=(
        ("left_collar", "center_collar"),
        ("right_collar", "center_collar"),
        ("left_sleeve_in", "left_sleeve_out"),
        ("right_sleeve_in", "right_sleeve_out"),
        ("left_cuff_in", "left_cuff_out"),
        ("right_cuff_in", "right_cuff_out"),
        ("left_knee_in", "left_knee_out"),
        ("right_knee_in", "right_knee_out"),
        ("left_bottom_in", "left_bottom_out"),
        ("right_bottom_in", "right_bottom_out"),
    ),
)

# The same ten leaf edges as the symmetry and kinematics grammars of BCRNN (Wang et al., CVPR 2018).
FLD8 = LandmarkSchema(
    name="fld8",
    landmarks=(
        "left_collar", "right_collar", "left_sleeve", "right_sleeve",
        "left_waistline", "right_waistline", "left_hem", "right_hem",
    ),
    garment_types={
        "upper": (
            "left_collar", "right_collar", "left_sleeve", "right_sleeve", "left_hem", "right_hem",
        ),
        "lower": ("left_waistline", "right_waistline", "left_hem", "right_hem"),
        "full": (
            "left_collar", "right_collar", "left_sleeve", "right_sleeve",
            "left_waistline", "right_waistline", "left_hem", "right_hem",
        ),
    },
    flip_pairs=(
        ("left_collar", "right_collar"),
        ("left_sleeve", "right_sleeve"),
        ("left_waistline", "right_waistline"),
        ("left_hem", "right_hem"),
    ),
    parts={
        "collar": ("left_collar", "right_collar"),
        "sleeve": ("left_sleeve", "right_sleeve"),
        "waistline": ("left_waistline", "right_waistline"),
        "hem": ("left_hem", "right_hem"),
    },
    bodies={"upper_body": ("collar", "sleeve"), "lower_body": ("waistline", "hem")},
    root="clothes",
    edges=(
        ("left_collar", "left_sleeve"),
        ("right_collar", "right_sleeve"),
        ("left_collar", "left_waistline"),
        ("right_collar", "right_waistline"),
        ("left_waistline", "left_hem"),
        ("right_waistline", "right_hem"),
    ),
)
# fmt: on
