"""What a season's record may say, and what of it is committed to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ffld import sealed
from leaderboard import fields
from leaderboard.fields import Check, keys, matching, object_of, whole

KEY = matching(re.compile("[0-9a-f]{64}"), "64 hexadecimal digits")  # 32 bytes

_LARGEST = 4 * 2**20  # bytes of a record
_SHA256 = KEY


class SeasonError(ValueError):
    """A season that cannot be used, or not in this way; the message lists every reason."""


@dataclass(frozen=True)
class Facts:
    """What is fixed when a season opens, all of it under the commitment.

    Attributes:
        revision, schema: that images and predictions are stamped with.
        opens, closes: UTC dates; entries may be dated from the first to the last of these days.
        images: SHA-256 of the image set's manifest.json, which holds that of every file.
        sheet: SHA-256 of NAME.parquet.
        labels: HMAC-SHA256 of the labels under the key, see `ffld.sealed.labels_digest`.
    """

    season: str
    dataset: str
    revision: str
    schema: str
    split: str
    samples: int
    opens: str
    closes: str
    images: str
    sheet: str
    labels: str

    def commitment(self, key: str) -> str:
        """SHA-256 of these facts and the key, as JSON with sorted keys and without spaces."""
        content = {**asdict(self), "key": key}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Revealed:
    """What is added when a season closes.

    Attributes:
        entries: entry -> what it said and predicted, `Submission.stated`, of those that were in
            before the key was out.
    """

    date: str
    key: str
    entries: Mapping[str, Mapping[str, Any]]


def read(path: Path) -> Any:
    """The JSON of a record, before anything in it is trusted.

    Raises:
        SeasonError: too large, or not JSON.
    """
    if path.stat().st_size > _LARGEST:
        raise SeasonError(f"{path}: larger than {_LARGEST} bytes")
    try:
        return json.loads(path.read_bytes().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SeasonError(f"{path} is not readable JSON: {error}") from error


def problems(content: object, name: str) -> Iterator[str]:
    """All that is wrong with a record's content, its field first."""
    if not isinstance(content, dict):
        yield "expected a JSON object"
        return
    yield from (found := list(keys("", content, tuple(_CHECKS))))
    for field, check in _CHECKS.items():
        if field in content:
            found += (wrong := [f"{field}: {problem}" for problem in check(content[field])])
            yield from wrong
    if found:
        return
    if (content["season"], content["split"]) != (name, sealed.split_of(name)):
        yield f"it is of season {content['season']}, split {content['split']}, and not of {name}"
    if content["opens"] > content["closes"]:
        yield f"it opens on {content['opens']}, after it closes on {content['closes']}"


def _revealed(value: object) -> Iterator[str]:
    if value is None:
        return
    yield from object_of({"date": fields.day, "key": KEY, "entries": _entries})(value)


def _entries(value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"expected an object of entries, found {ascii(value)[:60]}"
        return
    stated = object_of({"statement": _SHA256, "predictions": fields.list_of(_SHA256, 1, 20)})
    for entry, said in value.items():
        for problem in stated(said):
            yield f"{ascii(entry)[:60]} {problem}"


_WORD = re.compile(r"[A-Za-z0-9.+_:-]{1,80}")
_CHECKS: Mapping[str, Check] = {
    "season": matching(_WORD, "a season's name"),
    "dataset": matching(_WORD, "the name of a dataset"),
    "revision": matching(_WORD, "a revision"),
    "schema": matching(_WORD, "a fingerprint"),
    "split": matching(_WORD, "the name of a split"),
    "samples": whole(1, sealed.MOST),
    "opens": fields.day,
    "closes": fields.day,
    "images": _SHA256,
    "sheet": _SHA256,
    "labels": _SHA256,
    "commitment": _SHA256,
    "revealed": _revealed,
}
FACTS = tuple(name for name in _CHECKS if name not in ("commitment", "revealed"))
