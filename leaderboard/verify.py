"""Recompute the numbers of a run or an entry from its predictions, and compare what it states."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import benchmark
from benchmark import Predictions, Result
from benchmark.answers import dials_beside, loaded, targets_for
from ffld.sample import Targets
from ffld.sealed import season_of
from leaderboard.entry import RESULT, Answers, Entry, EntryError
from leaderboard.seasons import SEASONS, Season
from leaderboard.submission import FILE, Submission

RELATIVE_TOLERANCE = 1e-9  # sums may be taken in another order on another machine
CLAIM_TOLERANCE = 5e-4  # what is claimed may be rounded, and come from points before rounding

_BY_METRIC = ("metrics", "scores", "per_landmark", "per_type")  # of a result


class VerificationError(ValueError):
    """A result that its predictions do not give; the message lists every number that differs."""


def verify(
    folder: str | Path,
    root: str | Path | None = None,
    *,
    fetch: bool = False,
    seasons: Path = SEASONS,
    dials: Mapping[str, Any] | None = None,
) -> Result:
    """The recomputed result of a folder, when its `result.json` states the same numbers.

    The targets are those of as many samples as were predicted, chosen as `--limit` chooses.

    Args:
        folder: a run's, with `predictions.parquet` and `result.json`; or an entry's, whose claims
            are compared as well.
        root: folder of the dataset's archive, for datasets of photographs.
        fetch: get the predictions that an entry names by address; nothing is fetched unasked.
        seasons: folder of the seasons' records.
        dials: by which a run's images were made, unless as its config.json says.

    Raises:
        VerificationError: numbers differ.
        FetchError: what an address names can't be had, or must not be.
        PredictionsError, ResultError, DataError: a file or the dataset cannot be used.
        SubmissionError, EntryError, SeasonError: an entry that is refused, or sealed.
    """
    folder = Path(folder)
    if (folder / FILE).exists():
        entry = Entry.load(folder)
        entry = entry.with_fetched() if fetch else entry
        answers = Answers({entry.submission.dataset: Path(root)} if root else {}, seasons)
        recomputed = recomputed_of(entry, answers.of(entry.submission))
        claimed = list(claim_drift(entry.submission, recomputed))
    else:
        file = folder / "predictions.parquet"
        predictions = loaded(file)
        targets = targets_of(predictions, root, seasons, dials or dials_beside(file))
        recomputed = benchmark.evaluate(predictions, targets)
        claimed = []
    found = [*claimed, *drift(Result.load(folder / RESULT), recomputed)]
    if found:
        shown = "; ".join(found[:20]) + ("; …" if len(found) > 20 else "")
        raise VerificationError(
            f"{folder / RESULT} differs from its predictions in {len(found)} values: {shown}"
        )
    return recomputed


def recomputed_of(entry: Entry, targets: Targets) -> Result:
    """The result of an entry's predictions, all seeds together.

    Raises:
        EntryError: they are not here, or cannot be used.
    """
    if not entry.ranked:
        if entry.submission.withdrawn:
            raise EntryError(f"{entry.name} is withdrawn; nothing is recomputed")
        raise EntryError(
            f"{entry.name}: nothing was verified, for its predictions are not in its folder but at "
            f"{', '.join(entry.addresses)}, and were not fetched; pass --fetch"
        )
    return benchmark.evaluate(entry.predictions(targets), targets)


def claim_drift(submission: Submission, recomputed: Result) -> list[str]:
    """Every claim that is not what was recomputed, or is of no metric."""
    found = []
    for name, claim in submission.claimed.items():
        if name not in recomputed.scores:
            found.append(f"claimed.{name} (there is no such metric)")
            continue
        value = recomputed.scores[name]["visible"].value
        if not abs(value - claim) <= CLAIM_TOLERANCE:
            found.append(f"claimed.{name} (claimed {claim}, recomputed {value:.6f})")
    return found


def targets_of(
    predictions: Predictions,
    root: str | Path | None = None,
    seasons: Path = SEASONS,
    dials: Mapping[str, Any] | None = None,
) -> Targets:
    """The targets of the dataset, split and number of samples that predictions are for.

    Raises:
        DataError: the dataset cannot be used.
        PredictionsError: they are for samples that are not those of one subset of the split.
        SeasonError: a season's that is sealed or cannot be used.
    """
    if season := season_of(predictions.split):
        return Season.load(season, seasons).targets
    return targets_for(predictions, root, dials)


def younger(stated: Result, metrics: Iterable[str]) -> set[str]:
    """Those metrics that no part of a result knows: their files were written after it was.

    The primary one is older than any result.
    """
    known = {"ne"}.union(*(getattr(stated, part) for part in _BY_METRIC))
    return set(metrics) - known


def drift(stated: Result, recomputed: Result) -> list[str]:
    """Every value that differs, each with what was found and what was recomputed.

    Metrics that came after the result was stated are no difference.
    """
    new = younger(stated, recomputed.metrics)
    kept = {
        part: {name: one for name, one in getattr(recomputed, part).items() if name not in new}
        for part in _BY_METRIC
    }
    found, expected = _leaves(stated.to_json()), _leaves(replace(recomputed, **kept).to_json())
    absent = "nothing"
    return [
        f"{name} (found {found.get(name, absent)}, recomputed {expected.get(name, absent)})"
        for name in {**expected, **found}
        if not _same(found.get(name, absent), expected.get(name, absent))
    ]


def _leaves(tree: object, name: str = "") -> dict[str, object]:
    """Dotted path -> value, for everything in a JSON value that is not an object."""
    if not isinstance(tree, dict):
        return {name: tree}
    return {
        path: value
        for key, item in tree.items()
        for path, value in _leaves(item, f"{name}.{key}" if name else key).items()
    }


def _same(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return type(found) is type(expected) and found == expected
