"""Dials of a procedural edition: equal values have one revision, however they are written."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from ffld.render.edition import Edition
from ffld.render.named import NAMED


def turned(edition: Edition, dials: Mapping[str, Any]) -> Edition:
    """The edition with dials turned.

    A dial at the edition's own value is not turned. 0.0 is 0 and a tuple is a list; but a value of
    a named setting keeps its writing there, which the revisions of older predictions are hashes of.

    Raises:
        DataError: an unknown dial, or an impossible value.
    """
    edition.turned(dials)  # refuses what the user wrote, as it was written
    kept = {}
    for name, value in dials.items():
        same = [s[name] for s in NAMED.values() if name in s and _equal(s[name], value)]
        if not _equal(value, getattr(edition.mix, name)):
            kept[name] = same[0] if same else _plain(value)
    return edition.turned(kept)


def _equal(one: object, other: object) -> bool:
    """Whether they are drawn from alike, for which the order of weights matters."""
    return repr(_plain(one)) == repr(_plain(other))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Real):
        return int(value) if float(value).is_integer() else float(value)
    return value
