"""Where an entry is good and where not: NE of groups of samples or points, with their counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark import boxes
from benchmark.evaluate import counted
from ffld.sample import Targets

MOST_GROUPS = 24  # an attribute with more values, such as a category, is no way to divide a split
SCALES = {"small": 1 / 3, "medium": 2 / 3, "large": np.inf}  # longer side of the box / of the image


@dataclass(frozen=True)
class Part:
    """NE of one group: the mean over landmarks as NE-1 has it; None without a count."""

    value: float | None
    count: int


def breakdown(scores: np.ndarray, targets: Targets) -> dict[str, dict[str, Part]]:
    """By visibility, scale and each attribute that the dataset knows; group -> name -> Part.

    All but the visibility itself are about visible landmarks.

    Args:
        scores: (N, K) normalised errors.
    """
    return {
        group: {name: _part(scores, mask) for name, mask in masks.items()}
        for group, masks in groups(targets)
    }


def groups(targets: Targets) -> Iterator[tuple[str, Mapping[str, np.ndarray]]]:
    """Each way to divide a split, with the (N, K) slots of each of its groups."""
    visible, every = counted(targets, "visible"), counted(targets, "all")
    yield "visibility", {"visible": visible, "occluded": every & ~visible}
    relative = boxes.sides(targets.box).max(axis=-1) / targets.size.max(axis=-1)
    place = np.searchsorted(list(SCALES.values()), relative)
    yield "scale", {name: visible & (place == at)[:, None] for at, name in enumerate(SCALES)}
    for name, values in targets.attributes.items():
        found = sorted(set(values.tolist()) - {""})
        if 2 <= len(found) <= MOST_GROUPS:
            yield name, {one: visible & (values == one)[:, None] for one in found}


def _part(scores: np.ndarray, mask: np.ndarray) -> Part:
    counts = mask.sum(axis=0)
    known = counts > 0
    if not known.any():
        return Part(None, 0)
    sums = np.where(mask, scores, 0.0).sum(axis=0)
    return Part(float((sums[known] / counts[known]).mean()), int(counts.sum()))
