"""What an entry states: `submission.json`, read strictly. Numbers in it are claims, never results.

What its fields may say is in `leaderboard.statement`. The state of an entry is not among them, for
it is computed (`leaderboard.boards`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leaderboard.statement import problems

FILE = "submission.json"
# What stays as it was published, besides the predictions: whose it is and what its numbers are of.
FIXED = (
    "dataset", "split", "revision", "samples", "method", "authors", "date", "kind",
    "training_data", "trained_from", "given", "test_time_augmentation", "season",
)  # fmt: skip
LARGEST = 64 * 1024  # bytes of a submission.json


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
class OfSeason:
    """The season whose sealed test set is predicted, and what its organiser has committed to."""

    name: str
    commitment: str


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
        trained_from: entry whose weights were trained on; None where none of the record's were.
        input_size: width and height in pixels; None when unknown.
        parameters: learned numbers; None when unknown.
        latency_ms: of one image on `hardware`; None when unknown.
        claimed: metric -> its value over visible landmarks, as the submitter has it; of a season,
            nothing.
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
    trained_from: str | None = None
    season: OfSeason | None = None
    withdrawn: Withdrawal | None = None
    reproduction: Reproduction | None = None

    @property
    def seeds(self) -> list[int]:
        """Seeds of the predictions, in their order."""
        return [file.seed for file in self.predictions]

    @property
    def stated(self) -> dict[str, Any]:
        """What lasts of it: SHA-256 of the fields that are `FIXED`, and of its predictions."""
        content = asdict(self)
        fixed = {name: content[name] for name in FIXED}
        if self.trained_from is None:  # so that statements older than the field keep their hash
            del fixed["trained_from"]
        text = json.dumps(fixed, sort_keys=True, separators=(",", ":"))
        return {
            "statement": hashlib.sha256(text.encode()).hexdigest(),
            "predictions": [file.sha256 for file in self.predictions],
        }

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
    kinds = {"season": OfSeason, "withdrawn": Withdrawal, "reproduction": Reproduction}
    for name, kind in kinds.items():
        if name in fields:
            fields[name] = kind(**fields[name])
    return Submission(**fields)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(names := dict(pairs)) < len(pairs):
        raise ValueError(f"a key is given twice among {', '.join(map(ascii, names))}")
    return names
