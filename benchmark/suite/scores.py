"""What a section's runs score, and whether they order the rows as the paper does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from benchmark.code import UNKNOWN
from benchmark.evaluate import interval, resampled
from benchmark.paired import SUBSETS, Difference, difference, scored, spread, subsets, values_of
from benchmark.result import null_for_nan
from benchmark.suite import records
from benchmark.suite.jobs import Entry
from benchmark.suite.tables import Row
from ffld.sample import Targets


class Scores:
    """NE and swaps of a section's runs, computed once for rows that share their runs.

    Args:
        runs: identity -> seed -> run, all of them on the samples of `targets`.
        reference: the identity that others are compared with, whether it is there or not.
    """

    def __init__(
        self, runs: Mapping[str, Mapping[int, records.Run]], reference: str, targets: Targets
    ) -> None:
        self.targets, self.masks = targets, subsets(targets)
        self.runs = runs
        self.ne = {
            key: {seed: scored(run.predictions(), targets) for seed, run in sorted(group.items())}
            for key, group in runs.items()
        }
        self._reference = self.ne.get(reference)
        rows = list(self.ne.values())  # they share one spread
        self._noise = {subset: spread(rows, mask, targets) for subset, mask in self.masks.items()}
        self._rows: dict[str, dict[str, Any]] = {}

    def about(self) -> dict[str, Any]:
        """The samples, and how many runs are of which code."""
        targets = self.targets
        counts = {subset: int(mask.sum()) for subset, mask in self.masks.items()}
        about = {"revision": targets.revision, "split": targets.split, "samples": len(targets)}
        code = Counter(
            run.environment.get("commit", UNKNOWN)
            for group in self.runs.values()
            for run in group.values()
        )
        about |= {"counts": counts, "commits": dict(sorted(code.items()))}
        return {**about, "landmarks": list(targets.schema.landmarks)}

    def row(self, key: str) -> dict[str, Any]:
        """Values by seed, intervals, differences from the reference."""
        if key not in self._rows:
            self._rows[key] = self._computed(key)
        return self._rows[key]

    def apart(self, one: str, other: str) -> dict[str, Any]:
        """Visible NE of one row minus that of another."""
        mask = self.masks["visible"]
        noise = self._noise["visible"]
        found = difference(self.ne[one], self.ne[other], mask, self.targets, noise)
        return _content(found)

    def _computed(self, key: str) -> dict[str, Any]:
        ne, targets = self.ne[key], self.targets
        mean = np.mean(list(ne.values()), axis=0)
        swaps = {s: scored(run.predictions(), targets, "swap") for s, run in self.runs[key].items()}
        content: dict[str, Any] = {"seeds": sorted(ne), "values": {}, "intervals": {}}
        for subset, mask in self.masks.items():
            content["values"][subset] = list(values_of(ne, mask, targets).values())
            content["intervals"][subset] = interval(resampled(mean, mask, targets)[1:])
        content["swaps"] = list(values_of(swaps, self.masks["all"], targets).values())
        visible = np.where(self.masks["visible"], mean, np.nan)
        content["per_landmark"] = [_finite_mean(column) for column in visible.T]
        if self._reference is not None and ne is not self._reference:
            apart = {
                subset: difference(
                    ne, self._reference, self.masks[subset], targets, self._noise[subset]
                )
                for subset in SUBSETS
            }
            content["differences"] = {subset: _content(one) for subset, one in apart.items()}
        return null_for_nan(content)


def orders(
    groups: Sequence[str], entries: Sequence[Entry], scores: Scores, paper: str
) -> list[dict[str, Any]]:
    """For every two rows of a group that the paper orders: whether their runs order them so.

    Args:
        groups: of each entry.
        paper: the set whose reported figures count; where a row has none of it, its first.
    """
    known = [
        (group, entry)
        for group, entry in zip(groups, entries, strict=True)
        if entry.row.reported and not entry.problem and entry.identity in scores.runs
    ]
    return [
        _order(group, one, other, scores, paper)
        for (group, one), (second, other) in combinations(known, 2)
        if group == second and one.identity != other.identity
    ]


def _order(group: str, one: Entry, other: Entry, scores: Scores, paper: str) -> dict[str, Any]:
    better, worse = sorted((one, other), key=lambda entry: _reported(entry.row, paper))
    apart = scores.apart(worse.identity, better.identity)
    return {
        "group": group,
        "better": better.row.label,
        "worse": worse.row.label,
        "reported": _reported(worse.row, paper) - _reported(better.row, paper),
        "found": apart,
        "verdict": _verdict(apart),
    }


def _verdict(apart: Mapping[str, Any]) -> str:
    if not apart["stands"]:
        return "not told apart"
    return "holds" if apart["value"] > 0 else "reversed"


def _content(found: Difference) -> dict[str, Any]:
    return {**null_for_nan(asdict(found)), "stands": found.stands}


def _reported(row: Row, paper: str) -> float:
    return row.reported.get(paper, next(iter(row.reported.values())))


def _finite_mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None
