"""What an entry states: `submission.json`, read strictly. Numbers in it are claims, never results.

Every field must be there, none may be unknown, and what isn't known must be said: "unknown". The
state of an entry is not among them, for it is computed (`leaderboard.entry`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

FILE = "submission.json"
KINDS = ("author", "reimplementation", "baseline")
BOXES = ("annotated", "detected", "none")
OPTIONAL = ("withdrawn", "reproduction")
LARGEST = 64 * 1024  # bytes of a submission.json

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_PARQUET = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\.parquet")
_COMMIT = matching(re.compile("[0-9a-f]{7,64}"), "a commit, as hexadecimal digits")
_SHA256 = matching(re.compile("[0-9a-f]{64}"), "64 hexadecimal digits")
_PATH = matching(_PARQUET, "a file name such as seed-0.parquet, without any folder")
_TEXT = text.problems
_OWN_OR_URL = or_word(["this project"], text.url_problems)
_DATA = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,99}")


class SubmissionError(ValueError):
    """A submission that is refused; the message lists every reason."""


@dataclass(frozen=True)
class PredictionsFile:
    """Where the predictions of one seed are: a file of the entry's folder, or an address."""

    seed: int
    sha256: str
    path: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Code:
    """What to run: an address, a commit there, and the command to the letter.

    The address of a model that comes with the suite is "this project".
    """

    url: str
    commit: str
    command: str


@dataclass(frozen=True)
class Given:
    """What the method is told besides the image.

    Attributes:
        box: "annotated", "detected" (by the method's own means) or "none".
        garment_type: whether it is told the annotated garment type.
    """

    box: str
    garment_type: bool


@dataclass(frozen=True)
class Withdrawal:
    """When and why an entry was taken back; it stays listed."""

    date: str
    reason: str


@dataclass(frozen=True)
class Reproduction:
    """Predictions that somebody else made by running the code."""

    by: str
    date: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Submission:
    """A checked `submission.json`.

    Attributes:
        samples: size of the declared subset of the split (`limit`); None for all of it.
        training_data: names such as "ffld/train" or "ImageNet"; None when unknown.
        input_size: width and height in pixels; None when unknown.
        parameters: learned numbers; None when unknown.
        latency_ms: of one image on `hardware`; None when unknown.
        claimed: metric -> its value over visible landmarks, as the submitter has it.
    """

    dataset: str
    split: str
    revision: str
    samples: int | None
    method: str
    authors: Sequence[str]
    contact: str
    date: str
    kind: str
    paper: str
    code: Code
    weights: str
    training_data: Sequence[str] | None
    given: Given
    test_time_augmentation: str
    input_size: Sequence[int] | None
    parameters: int | None
    latency_ms: float | None
    hardware: str
    predictions: Sequence[PredictionsFile]
    claimed: Mapping[str, float]
    withdrawn: Withdrawal | None = None
    reproduction: Reproduction | None = None

    @property
    def seeds(self) -> list[int]:
        """Seeds of the predictions, in their order."""
        return [file.seed for file in self.predictions]

    @property
    def extra_data(self) -> bool:
        """Whether more than this dataset's own train and val is, or may be, behind it."""
        own = {f"{self.dataset}/train", f"{self.dataset}/val"}
        return self.training_data is None or not set(self.training_data) <= own

    @classmethod
    def load(cls, path: str | Path) -> Submission:
        """Read and check a file.

        Raises:
            SubmissionError: lists all that is wrong with it.
        """
        content = read(path)
        if found := list(problems(content)):
            raise SubmissionError(f"{path}: " + "; ".join(found))
        return _made(content)


def read(path: str | Path) -> Any:
    """The JSON of a submission, before anything in it is trusted.

    Raises:
        SubmissionError: no such file, a link, too large, not JSON, a key given twice.
    """
    path = Path(path)
    if path.is_symlink() or not path.is_file():
        raise SubmissionError(f"{path}: no such file, or a link")
    if path.stat().st_size > LARGEST:
        raise SubmissionError(f"{path}: larger than {LARGEST} bytes")
    try:
        return json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{path} is not readable JSON: {error}") from error


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
        scored = f"{content.get('dataset')}/{content.get('split')}"
        if scored in data:
            yield f"training_data: {scored} is what is scored; such an entry is refused"


def name_problems(name: str) -> Iterator[str]:
    """What is wrong with the name of an entry, which is that of its folder."""
    if not _NAME.fullmatch(name):
        yield f"entry {ascii(name)}: expected small letters, digits and hyphens, at most 64"


def _made(content: Mapping[str, Any]) -> Submission:
    unknown = ("training_data", "input_size", "parameters", "latency_ms")
    fields = {
        name: None if name in unknown and value == "unknown" else value
        for name, value in content.items()
    }
    fields["samples"] = None if fields["samples"] == "all" else fields["samples"]
    fields["code"] = Code(**fields["code"])
    fields["given"] = Given(**fields["given"])
    fields["predictions"] = tuple(PredictionsFile(**file) for file in fields["predictions"])
    for name, kind in (("withdrawn", Withdrawal), ("reproduction", Reproduction)):
        if name in fields:
            fields[name] = kind(**fields[name])
    return Submission(**fields)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(names := dict(pairs)) < len(pairs):
        raise ValueError(f"a key is given twice among {', '.join(map(ascii, names))}")
    return names


def _person(value: object) -> Iterator[str]:
    yield from text.problems(value, ascii_only=False)


def _claims(value: object) -> Iterator[str]:
    if not isinstance(value, dict) or "ne" not in value:
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
    "split": one_of("test", "val"),
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
    "given": object_of({"box": one_of(*BOXES), "garment_type": boolean}),
    "test_time_augmentation": or_word(["none", "unknown"], _TEXT),
    "input_size": or_word(["unknown"], list_of(whole(1, 100_000), 2, 2)),
    "parameters": or_word(["unknown"], whole(0, 10**13)),
    "latency_ms": or_word(["unknown"], number),
    "hardware": or_word(["unknown"], _TEXT),
    "predictions": _predictions,
    "claimed": _claims,
    "withdrawn": object_of({"date": date, "reason": _TEXT}),
    "reproduction": object_of({"by": _person, "date": date, "path": _PATH, "sha256": _SHA256}),
}

FIELDS = tuple(name for name in _CHECKS if name not in OPTIONAL)  # that every submission has
