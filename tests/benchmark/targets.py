"""Targets for tests: a few points by name, or random ones with every odd case in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark import Predictions
from ffld.sample import Targets
from ffld.schema import FLD8, LandmarkSchema, Visibility

VISIBLE, OCCLUDED, ABSENT = Visibility.VISIBLE, Visibility.OCCLUDED, Visibility.ABSENT


def points(named: Mapping[str, tuple[float, float]], schema: LandmarkSchema = FLD8) -> np.ndarray:
    """(K, 2) points of some landmarks by name, NaN for the others."""
    xy = np.full((len(schema), 2), np.nan)
    for name, point in named.items():
        xy[schema.index(name)] = point
    return xy


def targets(
    xy: Sequence[np.ndarray],
    *,
    garment_type: Sequence[str],
    schema: LandmarkSchema = FLD8,
    visibility: np.ndarray | None = None,
    box: Sequence[Sequence[float]] | None = None,
    rivals: np.ndarray | None = None,
    ids: Sequence[str] | None = None,
) -> Targets:
    """Targets of a made-up dataset; unless told, points are visible, in a box of 100, no rivals."""
    xy = np.asarray(xy, np.float64)
    if visibility is None:
        visibility = np.where(np.isnan(xy[..., 0]), ABSENT, VISIBLE)
    return Targets(
        dataset="made-up",
        split="test",
        revision="1",
        schema=schema,
        ids=np.array(ids or [f"made-up/test/{row:06d}" for row in range(len(xy))]),
        xy=xy,
        visibility=np.asarray(visibility, np.uint8),
        garment_type=np.array(garment_type),
        box=np.array(box or [(0, 0, 100, 100)] * len(xy), np.float64).reshape(-1, 4),
        size=np.full((len(xy), 2), 200),
        rivals=np.zeros((len(xy), 0, len(schema), 2)) if rivals is None else rivals,
    )


def random_targets(
    rng: np.random.Generator, samples: int, schema: LandmarkSchema = FLD8, types: int | None = None
) -> Targets:
    """Targets with hidden, absent, foreign and outlying points, rivals, and shared images.

    Args:
        types: use only the first few garment types, so that some landmarks have no count.
    """
    xy = rng.uniform(-10, 110, (samples, len(schema), 2))
    visibility = rng.choice([ABSENT, OCCLUDED, VISIBLE], (samples, len(schema)), p=[0.2, 0.3, 0.5])
    xy[visibility == ABSENT] = np.nan
    rivals = rng.uniform(-10, 110, (samples, 2, len(schema), 2))
    rivals[rng.random((samples, 2, len(schema))) < 0.5] = np.nan
    corner = rng.uniform(0, 20, (samples, 2))
    return targets(
        xy,
        garment_type=rng.choice(schema.type_names[:types], samples),
        schema=schema,
        visibility=visibility,
        box=np.hstack([corner, corner + rng.uniform(40, 90, (samples, 2))]).tolist(),
        rivals=rivals,
        ids=[f"made-up/{row // 2:03d}#item{row % 2}" for row in range(samples)],
    )


def predict(of: Targets, xy: np.ndarray) -> Predictions:
    """Predictions for these targets, in their order."""
    return Predictions(of.dataset, of.split, of.ids, xy)


def random_predictions(rng: np.random.Generator, of: Targets, spread: float = 10) -> Predictions:
    """Points about the targets; NaN where there is no target to miss."""
    return predict(of, of.xy + rng.normal(0, spread, of.xy.shape))
