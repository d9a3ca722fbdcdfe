"""The samples that predictions are for: a whole split, or its fixed subset of that size."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ffld
from benchmark.predictions import Predictions, PredictionsError, listed
from ffld.sample import Targets, drawn


def targets_for(
    predictions: Predictions,
    root: str | Path | None = None,
    dials: Mapping[str, Any] | None = None,
) -> Targets:
    """The targets of the dataset, split and number of samples that predictions are for.

    Args:
        root: folder of the dataset's archive, for datasets of photographs.
        dials: by which its images were made, where they were turned.

    Raises:
        DataError: the dataset cannot be used.
        PredictionsError: there are none, or the samples of the split that they are for are not
            those of one subset.
    """
    some(predictions)
    split = ffld.load(
        predictions.dataset,
        predictions.split,
        root=root,
        limit=None,
        approximate=predictions.revision.endswith("+approximate"),
        **({"dials": dials} if dials else {}),
    )
    if not dials and of_turned_dials(predictions):
        raise PredictionsError(
            f"they are for {predictions.dataset} {predictions.revision}, whose images were made "
            "with dials turned, which the file does not say: pass them as --dial, as that run did, "
            "or leave the file in the run's folder, whose config.json says them"
        )
    predicted = list(dict.fromkeys(predictions.ids.ravel().tolist()))
    if found := "; ".join(_problems(predicted, split.ids, f"{split.dataset} {split.split}")):
        raise PredictionsError(found)
    return split.limit(len(predicted)).targets


def dials_beside(path: Path) -> Mapping[str, Any]:
    """The dials of the run in whose folder a file of predictions lies, by its config.json."""
    try:
        content = json.loads((path.parent / "config.json").read_text(encoding="utf-8"))
        dials = content["configuration"]["dials"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}  # no run's folder, or one that says none
    return dials if isinstance(dials, dict) else {}


def loaded(path: Path) -> Predictions:
    """The predictions of a file that must hold some.

    Raises:
        PredictionsError: it can't be read, or holds none.
    """
    return some(Predictions.load(path), path)


def some(predictions: Predictions, path: Path | None = None) -> Predictions:
    """The same predictions, unless there are none (PredictionsError); `path` is their file."""
    if not len(predictions):
        advice = "there are no predictions; predict a split, or a subset of it"
        raise PredictionsError(advice if path is None else f"{path} holds no predictions")
    return predictions


def of_turned_dials(predictions: Predictions) -> bool:
    """Whether a revision is that of a procedural edition, and of more than its version."""
    if predictions.dataset not in ffld.available():
        return False
    spec = ffld.spec(predictions.dataset)
    return spec.procedural and predictions.revision.startswith(f"{spec.revision}+")


def _problems(predicted: Sequence[str], ids: Sequence[str], name: str) -> Iterator[str]:
    """Why ids of a split are not those of one subset; ids of no sample alone are no such reason."""
    number, order = len(predicted), [ids[row] for row in drawn(ids)]
    place = {one: row for row, one in enumerate(order)}
    places = [place[one] for one in predicted if one in place]
    if not (outside := [order[row] for row in places if row >= number]):
        return
    known = set(predicted)
    yield (
        f"there are {number} predictions, and the fixed subset of {number} samples of {name} "
        f"(limit={number}) has others: yours that are in {name}, but not in this subset: "
        f"{listed(outside)}"
    )
    missing = [one for one in order[:number] if one not in known]
    yield f"samples without a prediction in this subset: {listed(missing)}"
    if foreign := [one for one in predicted if one not in place]:
        yield f"ids that are not in the split: {listed(foreign)}"
    least = max(places) + 1
    larger = f"the subset of {least} (limit={least})" if least < len(ids) else f"all of {name}"
    lacking = [one for one in order[:least] if one not in known]
    yield (
        f"to hold all of yours, it takes {larger}, which has {len(lacking)} more: "
        f"{listed(lacking)}; predict exactly one subset, or the whole split"
    )
