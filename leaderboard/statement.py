"""What `submission.json` may say: a check for every field, and what holds between fields.

Every field must be there, none may be unknown, and what isn't known must be said: "unknown".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ffld import sealed
from leaderboard import text
from leaderboard.fields import (
    Check,
    boolean,
    date,
    keys,
    list_of,
    matching,
    number,
    object_of,
    one_of,
    or_word,
    whole,
)

KINDS = ("author", "reimplementation", "baseline")
BOXES = ("annotated", "detected", "none")
OPTIONAL = ("trained_from", "season", "withdrawn", "reproduction")

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PARQUET = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\.parquet")
_COMMIT = matching(re.compile("[0-9a-f]{7,64}"), "a commit, as hexadecimal digits")
_SHA256 = matching(re.compile("[0-9a-f]{64}"), "64 hexadecimal digits")
_PATH = matching(_PARQUET, "a file name such as seed-0.parquet, without any folder")
_TEXT = text.problems
_OWN_OR_URL = or_word(["this project"], text.url_problems)
_DATA = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}")


def problems(content: object) -> Iterator[str]:
    """All that is wrong with a submission's content, one sentence each, its field first."""
    if not isinstance(content, dict):
        yield "expected a JSON object"
        return
    yield from keys("", content, FIELDS, OPTIONAL)
    for name, check in _CHECKS.items():
        if name in content:
            yield from (f"{name}: {problem}" for problem in check(content[name]))
    if isinstance(data := content.get("training_data"), list):
        dataset, split = str(content.get("dataset")), str(content.get("split"))
        for name in filter(lambda name: _is_of(str(name), dataset, split), data):
            yield f"training_data: {ascii(name)} is what is scored; such an entry is refused"
    yield from _reproduction_problems(content)
    yield from _season_problems(content)


def _is_of(name: str, dataset: str, split: str) -> bool:
    """Whether a name of training data is that of a split, however it is spelled or gone on with.

    fld-procedural is another dataset than fld, fld-1.0 is not.
    """
    found = re.match(rf"\s*{re.escape(dataset)}(?![a-z0-9]|-[a-z])(.*)", name, re.IGNORECASE)
    return found is not None and f" {_words(split)} " in f" {_words(found[1])} "


def _words(name: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", name.lower()))


def _reproduction_problems(content: Mapping[str, Any]) -> Iterator[str]:
    """Whether whoever ran the code again is somebody else, with files of their own."""
    made, listed = content.get("reproduction"), content.get("predictions")
    if not isinstance(made, dict):
        return
    authors = content.get("authors")
    names = authors if isinstance(authors, list) else []
    if text.skeleton(str(made.get("by"))) in {text.skeleton(str(name)) for name in names}:
        yield "reproduction: by one of the authors; it is for others to run the code again"
    files = [file.get("path") for file in listed or [] if isinstance(file, dict)]
    if made.get("path") in files:
        yield f"reproduction: {ascii(made.get('path'))} is of the entry's own predictions"


def name_problems(name: str) -> Iterator[str]:
    """What is wrong with the name of an entry, which is that of its folder."""
    if not _NAME.fullmatch(name):
        yield f"entry {ascii(name)}: expected small letters, digits and hyphens, at most 64"


def _person(value: object) -> Iterator[str]:
    yield from text.problems(value, ascii_only=False)


def _split(value: object) -> Iterator[str]:
    if not (isinstance(value, str) and sealed.season_of(value)):
        yield from one_of("test", "val")(value)


def _season_problems(content: Mapping[str, Any]) -> Iterator[str]:
    """What holds for an entry of a season, and for no other."""
    season, split = content.get("season"), content.get("split")
    of_season = isinstance(split, str) and sealed.season_of(split)
    if season is None and "season" not in content:
        if of_season:
            yield f"season: missing, though {split} is a season's split"
        if content.get("claimed") == {}:
            yield 'claimed: expected an object such as {"ne": 0.0923}; ne must be among them'
    elif isinstance(season, dict) and isinstance(season.get("name"), str):
        if split != sealed.split_of(season["name"]):
            yield f"season: {ascii(season['name'])[:60]} is not that of split {ascii(split)[:60]}"
        if content.get("samples") != "all":
            yield 'samples: a season is predicted whole: write "all"'


def _season_name(value: object) -> Iterator[str]:
    if problem := sealed.name_problem(value):
        yield problem


def _claims(value: object) -> Iterator[str]:
    if not isinstance(value, dict) or (value and "ne" not in value):
        yield 'expected an object such as {"ne": 0.0923}; ne must be among them'
        return
    for name, claim in value.items():
        yield from (f"{ascii(name)[:40]} {problem}" for problem in number(claim))


def _predictions(value: object) -> Iterator[str]:
    file = object_of(
        {"seed": whole(0, 2**32 - 1), "sha256": _SHA256, "path": _PATH, "url": text.url_problems},
        optional=("path", "url"),
    )
    yield from (found := list(list_of(file, 1, 20)(value)))
    if found:
        return
    for at, one in enumerate(value):
        if ("path" in one) == ("url" in one):
            yield f"[{at}] expected either a path or a url"
    for name in ("seed", "path", "url", "sha256"):
        given = [one[name] for one in value if name in one]
        if len(set(given)) < len(given):
            yield f"{name} is given twice"


_CHECKS: Mapping[str, Check] = {
    "dataset": matching(_NAME, "the name of a dataset"),
    "split": _split,
    "revision": matching(re.compile(r"[A-Za-z0-9.+_-]{1,64}"), "a revision such as ffld-1.0"),
    "samples": or_word(["all"], whole(1, 10_000_000)),
    "method": _TEXT,
    "authors": list_of(_person, 1, 50),
    "contact": _TEXT,
    "date": date,
    "kind": one_of(*KINDS),
    "paper": or_word(["none", "unknown"], text.url_problems),
    "code": object_of({"url": _OWN_OR_URL, "commit": _COMMIT, "command": _TEXT}),
    "weights": or_word(["none", "unknown", "this project"], text.url_problems),
    "training_data": or_word(
        ["unknown"], list_of(matching(_DATA, "a name such as ffld/train"), 0, 50)
    ),
    "trained_from": matching(_NAME, "the name of an entry"),
    "given": object_of({"box": one_of(*BOXES), "garment_type": boolean}),
    "test_time_augmentation": or_word(["none", "unknown"], _TEXT),
    "input_size": or_word(["unknown"], list_of(whole(1, 100_000), 2, 2)),
    "parameters": or_word(["unknown"], whole(0, 10**13)),
    "latency_ms": or_word(["unknown"], number),
    "hardware": or_word(["unknown"], _TEXT),
    "predictions": _predictions,
    "claimed": _claims,
    "season": object_of({"name": _season_name, "commitment": _SHA256}),
    "withdrawn": object_of({"date": date, "reason": _TEXT}),
    "reproduction": object_of({"by": _person, "date": date, "path": _PATH, "sha256": _SHA256}),
}

FIELDS = tuple(name for name in _CHECKS if name not in OPTIONAL)  # that every submission has
