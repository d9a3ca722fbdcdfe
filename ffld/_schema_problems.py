"""What can be wrong with a landmark schema; `LandmarkSchema` runs this when it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ffld.schema import LandmarkSchema


def problems(schema: LandmarkSchema) -> Iterable[str]:
    """Every contradiction in a schema, each as one clause that names the offender."""
    if not schema.landmarks:
        yield "it has no landmarks"
    if repeated := _duplicates(schema.landmarks):
        yield f"landmarks listed twice: {repeated}"
    unknown = list(_unknown_names(schema))
    yield from unknown
    if unknown:
        return  # the checks below look names up
    yield from _type_problems(schema)
    yield from _flip_problems(schema)
    yield from _hierarchy_problems("landmark", schema.landmarks, "part", schema.parts)
    yield from _hierarchy_problems("part", tuple(schema.parts), "body", schema.bodies)
    yield from _symmetry_problems(schema)


def _unknown_names(schema: LandmarkSchema) -> Iterable[str]:
    known = set(schema.landmarks)
    groups = [
        *((f"garment type {name!r}", owned) for name, owned in schema.garment_types.items()),
        *((f"part {name!r}", leaves) for name, leaves in schema.parts.items()),
        *((f"flip pair {pair}", pair) for pair in schema.flip_pairs),
        *((f"edge {pair}", pair) for pair in schema.edges),
        *((f"outline {number}", chain) for number, chain in enumerate(schema.outlines)),
    ]
    for where, names in groups:
        for name in names:
            if name not in known:
                yield f"{where} names an unknown landmark {name!r}"
    for body, members in schema.bodies.items():
        for name in members:
            if name not in schema.parts:
                yield f"body {body!r} names an unknown part {name!r}"


def _type_problems(schema: LandmarkSchema) -> Iterable[str]:
    if not schema.garment_types:
        yield "it has no garment types"
    for name, owned in schema.garment_types.items():
        if not owned:
            yield f"garment type {name!r} owns no landmarks"
        if repeated := _duplicates(owned):
            yield f"garment type {name!r} lists landmarks twice: {repeated}"
    owned_by_some = {name for owned in schema.garment_types.values() for name in owned}
    if orphans := sorted(set(schema.landmarks) - owned_by_some):
        yield f"landmarks that no garment type owns: {orphans}"


def _flip_problems(schema: LandmarkSchema) -> Iterable[str]:
    for left, right in schema.flip_pairs:
        if left == right:
            yield f"flip pair of {left!r} with itself"
        elif not (left.startswith("left_") and right == "right_" + left.removeprefix("left_")):
            yield f"flip pair ({left!r}, {right!r}) is not left_X with right_X"
    paired = [name for pair in schema.flip_pairs for name in pair]
    if repeated := _duplicates(paired):
        yield f"landmarks in more than one flip pair: {repeated}"
    sided = [name for name in schema.landmarks if name.startswith(("left_", "right_"))]
    if unpaired := sorted(set(sided) - set(paired)):
        yield f"sided landmarks without a flip pair: {unpaired}"


def _hierarchy_problems(
    child: str, children: tuple[str, ...], group: str, groups: Mapping[str, tuple[str, ...]]
) -> Iterable[str]:
    members = [name for names in groups.values() for name in names]
    if repeated := _duplicates(members):
        yield f"{child}s in more than one {group}: {repeated}"
    if orphans := sorted(set(children) - set(members)):
        yield f"{child}s in no {group}: {orphans}"
    if empty := sorted(name for name, names in groups.items() if not names):
        yield f"a {group} without {child}s: {empty}"


def _symmetry_problems(schema: LandmarkSchema) -> Iterable[str]:
    mirror = {a: b for left, right in schema.flip_pairs for a, b in ((left, right), (right, left))}
    for name, owned in schema.garment_types.items():
        if {mirror.get(k, k) for k in owned} != set(owned):
            yield f"garment type {name!r} is not closed under the flip"
    for name, leaves in schema.parts.items():
        if {mirror.get(k, k) for k in leaves} != set(leaves):
            yield f"part {name!r} is not closed under the flip"
    edges = schema.edge_names
    if any(len(pair) == 1 for pair in edges):
        yield "an edge joins a landmark with itself"
    if edges != {frozenset(mirror.get(k, k) for k in pair) for pair in edges}:
        yield "edges are not closed under the flip"


def _duplicates(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({name for name in names if name in seen or seen.add(name)})
