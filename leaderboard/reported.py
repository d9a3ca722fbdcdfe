"""Numbers that papers report, with their sources: never ranked with what is recomputed here."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("reported.json")
_ROUNDING = 0.0001 + 1e-9  # half a digit of the mean printed, and half a digit of its terms

CAVEAT = (
    "As printed there: other measures, mostly unstated, and other test sets. Nothing here is "
    "recomputed, so that none of it is ranked or may stand beside the numbers above."
)


@dataclass(frozen=True)
class Reported:
    """One method's number on one dataset.

    Attributes:
        ne: the average as printed.
        landmarks: of the eight landmarks, NaN where there is none; None where none is printed.
        source, url: where it is printed.
    """

    dataset: str
    year: int
    method: str
    ne: float
    landmarks: Sequence[float] | None
    source: str
    url: str

    @property
    def mean(self) -> float | None:
        """Mean of the landmarks that are printed."""
        known = [one for one in self.landmarks or () if not math.isnan(one)]
        return sum(known) / len(known) if known else None


@cache
def reported(dataset: str | None = None) -> tuple[Reported, ...]:
    """The rows on a dataset, or all, in the order of their years."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))
    rows = [
        Reported(
            **{**row, "landmarks": _numbers(row["landmarks"])},
            url=content["sources"][row["source"]],
        )
        for row in content["rows"]
        if dataset in (None, row["dataset"])
    ]
    return tuple(sorted(rows, key=lambda row: row.year))


def averages() -> str:
    """A Markdown table of every row with landmarks: the average printed, and their mean."""
    lines = ["| dataset | method | printed | mean of the row | difference | |"]
    lines.append("|---|---|---|---|---|---|")
    for row in reported():
        if (mean := row.mean) is None:
            continue
        gap = row.ne - mean
        known = sum(not math.isnan(one) for one in row.landmarks)
        note = "" if abs(gap) <= _ROUNDING else "beyond rounding"
        note += "" if known == len(row.landmarks) else f" ({known} landmarks)"
        cells = [row.dataset, row.method, f"{row.ne:.4f}", f"{mean:.5f}", f"{gap:+.5f}", note]
        lines.append(f"| {' | '.join(cell.strip() for cell in cells)} |")
    return "\n".join(lines)


def _numbers(landmarks: list | None) -> list[float] | None:
    return landmarks and [math.nan if one is None else one for one in landmarks]
