"""How weights came about: `training.json` beside them, written by `ship`, read strictly.

It goes with weights to a hub and back, so that whoever trains them on knows what they have seen.
A stranger may have written it, and its words go on cards: it holds numbers and plain words alone.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ffld
from benchmark.checkpoint import CheckpointError
from ffld.catalog import DatasetSpec
from ffld.sample import DataError

TRAINING = "training.json"
LARGEST = 1 << 20  # bytes

_DEEPEST, _LONGEST = 12, 200  # levels of nesting, characters
_PLAIN = re.compile(r"[\w .,:;+/=()@-]*")
# What is asked of a record, and of its parts; more may be in it.
_RECORD = {"configuration": dict, "environment": dict, "seconds": (int, float), "epochs": int}
_CONFIGURATION = {
    "model": str, "dataset": str, "revision": str, "dials": dict, "seed": int, "device": str,
    "settings": dict,
}  # fmt: skip
_SETTINGS = {"train_limit": (int, type(None)), "pretrained": bool}
_ENVIRONMENT = {"threads": int, "machine": str, "torch": str}
_INIT = {"model": str, "dataset": str, "revision": str, "sha256": str}


def read(path: Path) -> dict[str, Any]:
    """The content of a training.json.

    Raises:
        CheckpointError: it cannot be read, or is not what `ship` writes.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it has more than {LARGEST:,} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is no record of a training: {error}") from error
    if found := next(_problems(content), None):
        raise CheckpointError(f"{path} is no record of a training: {found}")
    return content


def seen(training: Mapping[str, Any]) -> list[DatasetSpec]:
    """What weights were trained on: the last dataset, then earlier ones."""
    found = []
    for made in _configurations(training):
        found += [made["dataset"], *([made["init"]["dataset"]] if made.get("init") else [])]
    return [ffld.spec(name) for name in dict.fromkeys(found)]


def unknown_start(training: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The weights that nothing is told of, if the first training told of went on from any."""
    starts = (chain[-1]["configuration"].get("init") for chain in _chains(training))
    return next((start for start in starts if start), None)


def never_saw_a_photograph(training: Mapping[str, Any]) -> bool:
    """As far as is told, and only if all is told."""
    pretrained = any(made["settings"]["pretrained"] for made in _configurations(training))
    drawn = all(one.procedural for one in seen(training))
    return drawn and not pretrained and not unknown_start(training)


def _configurations(training: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of the trainings that weights went through, the latest first, network by network."""
    return [record["configuration"] for chain in _chains(training) for record in chain]


def _chains(training: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """The trainings of each network, mostly one, the latest first."""
    networks = (training, *training.get("others", ()))
    return [[network, *network.get("before", ())] for network in networks]


def _problems(content: object) -> Iterator[str]:
    """What is wrong, of which the first alone may be asked for: the next may rest on it."""
    yield from _unplain(content, 0)
    records = [content]
    for key in ("others", "before"):  # what was before the others, too
        lists = [one.get(key, []) for one in records if isinstance(one, dict)]
        if not all(isinstance(one, list) for one in lists):
            yield f"{key} is no list"
            return
        records += itertools.chain(*lists)
    for record in records:
        yield from _lacks("", record, _RECORD)
        made = record["configuration"]
        yield from _lacks("configuration.", made, _CONFIGURATION)
        yield from _lacks("configuration.settings.", made["settings"], _SETTINGS)
        yield from _lacks("environment.", record["environment"], _ENVIRONMENT)
        parts = [made]
        if made.get("init") is not None:
            yield from _lacks("configuration.init.", made["init"], _INIT)
            parts.append(made["init"])
        for part in parts:
            try:
                ffld.spec(part["dataset"])
            except DataError as error:
                yield str(error)


def _lacks(place: str, content: object, asked: Mapping[str, Any]) -> Iterator[str]:
    for key, kind in asked.items():
        if not (isinstance(content, dict) and isinstance(content.get(key, ...), kind)):
            yield f"{place}{key} is missing, or of another kind"


def _unplain(value: object, depth: int) -> Iterator[str]:
    """Whatever could be more than a number or a word where it is written."""
    if depth > _DEEPEST:
        yield f"it is nested deeper than {_DEEPEST} levels"
    elif isinstance(value, dict | list):
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        for one in inner:
            yield from _unplain(one, depth + 1)
    elif isinstance(value, str) and not (len(value) <= _LONGEST and _PLAIN.fullmatch(value)):
        yield f"it holds text that is not plain: {ascii(value)[:60]}"
