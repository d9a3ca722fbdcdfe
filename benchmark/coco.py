"""Predictions from a COCO keypoint results file, on annotations that `python -m ffld export` wrote.

Which entry is an annotation's: one with its `annotation_id`; otherwise one of its image, and of its
category where the image has several garments. A detector lists several candidates for a garment;
the one of the highest score is taken. Whatever is missing or undecided is an error, never a guess.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.predictions import (
    FARTHEST,
    METADATA_FIELDS,
    Predictions,
    PredictionsError,
    listed,
)
from ffld.coco import from_keypoints


def read_results(path: str | Path, annotations: str | Path) -> Predictions:
    """The predictions of a results file: a list of {image_id, category_id, keypoints, score}.

    Args:
        path: the results; each entry's keypoints are x, y and a third number, kept as confidence,
            of each of the K landmarks that the categories list, in COCO's coordinates.
        annotations: the exported annotations that the results are for.

    Raises:
        PredictionsError: a file that cannot be used, malformed entries, annotations without an
            entry or with several of equal score; names the entries and says what to do.
    """
    exported = _Exported.read(annotations)
    entries = _json(path)
    if not isinstance(entries, list):
        raise PredictionsError(f"{path}: expected a list of entries, as COCO results are")
    problems: dict[str, list[str]] = {}  # what is wrong and what to do -> the entries
    candidates: dict[int, list[dict]] = {}  # row of an annotation -> its entries
    for number, entry in enumerate(entries):
        row, problem = None, _malformed(entry, exported.landmarks)
        if not problem:
            row, problem = exported.row_of(entry)
        if problem:
            problems.setdefault(problem, []).append(_name(number, entry))
        else:
            candidates.setdefault(row, []).append(entry)
    chosen = {row: _best(several) for row, several in candidates.items()}
    if undecided := [exported.name(row) for row, several in chosen.items() if len(several) > 1]:
        problems["several entries of equal score for one annotation; keep one"] = undecided
    if missing := [exported.name(row) for row in range(len(exported)) if row not in chosen]:
        problems["annotations without an entry; predict every one of them"] = missing
    if problems:
        found = (f"{what}: {listed(names)}" for what, names in problems.items())
        raise PredictionsError(f"{path}: " + "; ".join(found))
    if spare := len(entries) - len(chosen):
        warnings.warn(f"{path}: {spare} entries of lower score left out", stacklevel=2)
    keypoints = [chosen[row][0]["keypoints"] for row in range(len(exported))]
    xy, confidence = from_keypoints(np.array(keypoints, np.float64))
    stated = {name: exported.info[name] for name in METADATA_FIELDS}
    return Predictions(ids=exported.ids, xy=xy, confidence=confidence, **stated)


@dataclass(frozen=True)
class _Exported:
    """What results need to know of exported annotations, by row."""

    info: Mapping[str, Any]
    landmarks: int
    ids: Sequence[str]
    numbers: Sequence[int]
    images: Sequence[int]
    categories: Sequence[int]

    @classmethod
    def read(cls, path: str | Path) -> _Exported:
        content = _json(path)
        try:
            rows = content["annotations"]
            exported = cls(
                info={name: str(content["info"][name]) for name in METADATA_FIELDS},
                landmarks=len(content["categories"][0]["keypoints"]),
                ids=[str(row["sample_id"]) for row in rows],
                numbers=[int(row["id"]) for row in rows],
                images=[int(row["image_id"]) for row in rows],
                categories=[int(row["category_id"]) for row in rows],
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise PredictionsError(
                f"{path}: not as `python -m ffld export` writes annotations "
                f"({type(error).__name__}: {error}); export them again"
            ) from error
        if not rows:
            raise PredictionsError(f"{path}: has no annotation; export it again")
        return exported

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _row(self) -> dict[int, int]:
        return {number: row for row, number in enumerate(self.numbers)}

    @cached_property
    def _rows_in(self) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {}
        for row, image in enumerate(self.images):
            rows.setdefault(image, []).append(row)
        return rows

    def name(self, row: int) -> str:
        return f"annotation {self.numbers[row]} ({self.ids[row]})"

    def row_of(self, entry: Mapping[str, Any]) -> tuple[int | None, str]:
        """The row that a well-formed entry predicts, or why there is none."""
        image, number = entry["image_id"], entry.get("annotation_id")
        rows = self._rows_in.get(image, [])
        if not rows:
            return None, "image_id that is not in the annotations; use the ids that they have"
        if number is not None:
            if self._row.get(number) not in rows:
                return None, "annotation_id that its image does not have; correct or remove it"
            return self._row[number], ""
        if len(rows) > 1:
            rows = [row for row in rows if self.categories[row] == entry["category_id"]]
        if not rows:
            return None, "category_id that none of the image's garments has; remove or correct it"
        if len(rows) > 1:
            return None, "image with several garments of this category; add an annotation_id"
        return rows[0], ""


def _malformed(entry: object, landmarks: int) -> str:
    """What is wrong with an entry and what to do; "" if nothing is."""
    if not isinstance(entry, dict):
        return "not an object of image_id, category_id, keypoints, score; write one"
    if not all(type(entry.get(name)) is int for name in ("image_id", "category_id")):
        return "image_id or category_id that is no whole number; copy them from the annotations"
    if type(entry.get("annotation_id", 0)) is not int:
        return "annotation_id that is no whole number; copy it from the annotations or leave it out"
    keypoints, width = entry.get("keypoints"), 3 * landmarks
    if not isinstance(keypoints, list) or len(keypoints) != width:
        return f"keypoints that are not {width} numbers; list x, y, score of all {landmarks}"
    if not all(map(_finite, keypoints)):
        return "keypoints that are not finite (NaN, infinite, absurd or no number); give a number"
    if not _finite(entry.get("score", 0)):
        return "score that is not a finite number; give one"
    return ""


def _finite(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= FARTHEST  # False for NaN


def _best(entries: Sequence[dict]) -> list[dict]:
    """Those of the highest score; several only when they are equal."""
    highest = max(entry.get("score", 0) for entry in entries)
    return [entry for entry in entries if entry.get("score", 0) == highest]


def _name(number: int, entry: object) -> str:
    image = (
        f" (image {entry['image_id']})" if isinstance(entry, dict) and "image_id" in entry else ""
    )
    return f"[{number}]{image}"


def _json(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PredictionsError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise PredictionsError(f"{path} is not readable JSON: {error}") from error
