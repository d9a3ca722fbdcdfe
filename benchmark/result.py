"""The numbers of one set of predictions: their types, their JSON and their table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ffld.atomic import replacing

_DEPTHS = {"scores": 2, "per_landmark": 3, "per_type": 3}  # names between a field and its scores


class ResultError(ValueError):
    """A result file that cannot be read; the message lists every reason."""


@dataclass(frozen=True)
class Score:
    """One number of one metric on one subset.

    Attributes:
        value: unweighted mean over landmarks of their means; NaN without a count.
        low, high: 95 % bootstrap interval of the value.
        count: points that were counted.
        pooled: mean over all counted points, whatever their landmark.
    """

    value: float
    low: float
    high: float
    count: int
    pooled: float


@dataclass(frozen=True)
class Result:
    """Every number that NE-1 states of one set of predictions.

    Attributes:
        samples: number of samples that were scored.
        predictions_sha256: `Predictions.sha256` of what was scored.
        metrics: metric -> its "unit" and "higher_is_better".
        scores: metric -> subset ("visible", "all") -> Score.
        per_landmark: metric -> subset -> landmark -> Score.
        per_type: metric -> subset -> garment type -> Score, by the same rule within the type.
    """

    dataset: str
    split: str
    revision: str
    schema_fingerprint: str
    protocol: str
    samples: int
    predictions_sha256: str
    resamples: int
    seed: int
    metrics: Mapping[str, Mapping[str, str | bool]]
    scores: Mapping[str, Mapping[str, Score]]
    per_landmark: Mapping[str, Mapping[str, Mapping[str, Score]]]
    per_type: Mapping[str, Mapping[str, Mapping[str, Score]]]

    def __repr__(self) -> str:
        about = f"{self.dataset} {self.split}, {self.revision}, {self.protocol}"
        text = f"Result of {about}: {self.samples:,} sample{'s' * (self.samples != 1)}"
        ne = self.scores.get("ne", {}).get("visible")
        return text if ne is None else f"{text}, NE {_number(ne.value)}"

    def to_json(self) -> dict:
        """The result as plain JSON values: full precision, null where there is no number."""
        return null_for_nan(asdict(self))

    def save(self, path: str | Path) -> None:
        """Write the JSON; the same result gives the same bytes."""
        with replacing(path) as temporary:
            temporary.write_text(_pretty(self.to_json()) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read what `save` wrote.

        Raises:
            ResultError: no such file, not JSON, or not these fields.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise ResultError(f"{path}: no such file") from error
        except (OSError, ValueError) as error:
            raise ResultError(f"{path} is not readable JSON: {error}") from error
        if found := list(_problems(content)):
            raise ResultError(f"{path} is not a result: " + "; ".join(found))
        trees = {name: _scores(content[name], depth) for name, depth in _DEPTHS.items()}
        return cls(**{**content, **trees})

    def table(self, beside: Mapping[str, Result] | None = None) -> str:
        """A text table per landmark, then one line a metric.

        Args:
            beside: other results by name, whose visible NE stands in further columns; one other
                with its interval fits in 100 characters, several come without intervals.
        """
        beside = beside or {}
        for name, other in beside.items():
            if other.schema_fingerprint != self.schema_fingerprint:
                raise ValueError(f"{name!r} is a result on another schema: no common landmarks")
        landmarks = self.per_landmark["ne"]["visible"]
        title = (
            f"{self.dataset} {self.split}, revision {self.revision}, {self.samples} samples\n"
            f"{self.protocol}: NE in {self.metrics['ne']['unit']}, smaller is better"
        )
        head = ["landmark", "NE", "95 % interval", "count", "NE all", "PCK@0.1"]
        rows = [[name, *self._row(name)] for name in landmarks]
        rows.append(["mean", *self._row(None)])
        width = 2 if len(beside) == 1 else 1
        for name, other in beside.items():
            head += [name, "95 % interval"][:width]
            scores = [other.per_landmark["ne"]["visible"][landmark] for landmark in landmarks]
            for row, score in zip(rows, [*scores, other.scores["ne"]["visible"]], strict=True):
                row += [_number(score.value), _interval(score)][:width]
        summary_head = ["metric", "visible", "95 % interval", "pooled", "count"]
        summary_head += ["all", "95 % interval", "pooled", "count"]
        summary = [
            [name, *_cells(subsets["visible"]), *_cells(subsets["all"])]
            for name, subsets in self.scores.items()
        ]
        blocks = (title, _aligned([head, *rows]), _aligned([summary_head, *summary]))
        return "\n\n".join(blocks)

    def _row(self, landmark: str | None) -> list[str]:
        """A landmark's cells, or those of the mean over landmarks."""

        def score(metric: str, subset: str) -> Score:
            if landmark is None:
                return self.scores[metric][subset]
            return self.per_landmark[metric][subset][landmark]

        ne = score("ne", "visible")
        others = (score("ne", "all").value, score("pck@0.1", "visible").value)
        return [_number(ne.value), _interval(ne), str(ne.count), *map(_number, others)]


def _cells(score: Score) -> list[str]:
    return [_number(score.value), _interval(score), _number(score.pooled), str(score.count)]


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _interval(score: Score) -> str:
    return "-" if math.isnan(score.low) else f"{score.low:.4f}–{score.high:.4f}"


def _aligned(rows: list[list[str]]) -> str:
    """Rows of cells as text, names to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def null_for_nan(value: object) -> object:
    """Plain values with None in place of NaN, for which JSON has no number."""
    if isinstance(value, dict):
        return {name: null_for_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [null_for_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _pretty(value: object, margin: str = "") -> str:
    """JSON with one line for every object that holds no objects, so that differences show."""
    if not isinstance(value, dict) or not any(isinstance(item, dict) for item in value.values()):
        return json.dumps(value, allow_nan=False)
    inner = margin + "  "
    items = (f"{inner}{json.dumps(name)}: {_pretty(item, inner)}" for name, item in value.items())
    return "{\n" + ",\n".join(items) + f"\n{margin}}}"


def _scores(tree: dict, depth: int) -> dict:
    """The tree with the objects at this depth made into scores."""
    if depth == 0:
        return Score(**{name: math.nan if value is None else value for name, value in tree.items()})
    return {name: _scores(item, depth - 1) for name, item in tree.items()}


def _problems(content: object) -> Iterator[str]:
    """All in which a JSON value differs from `Result.to_json`."""
    if not isinstance(content, dict):
        yield "it is not a JSON object"
        return
    expected = [field.name for field in fields(Result)]
    if missing := [name for name in expected if name not in content]:
        yield f"fields are missing: {', '.join(missing)}"
    if unknown := [name for name in content if name not in expected]:
        yield f"fields are unknown: {', '.join(unknown)}"
    for name, depth in _DEPTHS.items():
        if name in content:
            yield from _score_problems(content[name], depth, name)


def _score_problems(tree: object, depth: int, place: str) -> Iterator[str]:
    if not isinstance(tree, dict):
        yield f"{place} is not a JSON object"
    elif depth > 0:
        for name, item in tree.items():
            yield from _score_problems(item, depth - 1, f"{place} {name}")
    elif list(tree) != [field.name for field in fields(Score)]:
        yield f"{place} has fields {', '.join(tree)}"
    else:
        for name, value in tree.items():
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | float)
            ):
                yield f"{place} {name} is not a number: {value!r}"
