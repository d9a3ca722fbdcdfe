"""The measures of public evaluation codes, by name: what their authors' numbers may have meant.

Each is written from reading the code that it is named after, on exact points in place of heat maps
and without what cannot be repeated (random crops at test time, batches left out). None is NE-1 and
none is ranked; together they show how far a number depends on who computed it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmark import boxes
from benchmark.evaluate import counted, evaluate
from benchmark.predictions import Predictions
from ffld.sample import Targets

SIDE = 224  # of the crops that these codes work on, pixels
OKS_SIGMA = 0.025  # of every landmark; DeepFashion2's own are 294 numbers for other landmarks
OKS_LEVELS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True)
class Legacy:
    """One convention.

    Attributes:
        source: the code that has it.
        unit: of its number.
        about: what it does otherwise than NE-1.
        measure: predictions in the order of targets, targets -> the number.
    """

    source: str
    unit: str
    about: str
    measure: Callable[[Predictions, Targets], float]


def measured(predictions: Predictions, targets: Targets) -> dict[str, float]:
    """Every convention's number for the same predictions; NaN where nothing counts.

    Raises:
        PredictionsError: the predictions do not fit the targets.
    """
    aligned = predictions.align(targets)
    return {name: legacy.measure(aligned, targets) for name, legacy in CONVENTIONS.items()}


def table(predictions: Predictions, targets: Targets) -> str:
    """A Markdown table of every convention's number, NE-1 first."""
    visible, every = (
        evaluate(predictions, targets, resamples=0).scores["ne"][subset].value
        for subset in ("visible", "all")
    )
    lines = [
        "| name | number | unit | code | what is other than in NE-1 |",
        "|---|---|---|---|---|",
    ]
    ours = (("NE-1", visible, ""), ("NE-1 all", every, "occluded landmarks count too"))
    rows = [(name, value, "box sides", "this project", about) for name, value, about in ours]
    numbers = measured(predictions, targets)
    rows += [
        (name, numbers[name], one.unit, one.source, one.about) for name, one in CONVENTIONS.items()
    ]
    lines += [
        f"| {name} | {'–' if np.isnan(value) else f'{value:.4f}'} | {unit} | {source} | {about} |"
        for name, value, unit, source, about in rows
    ]
    return "\n".join(lines)


def _liulu(predictions: Predictions, targets: Targets) -> float:
    return _per_landmark(_grid_error(predictions.xy, targets), counted(targets, "visible"))


def _liulu_in_picture(predictions: Predictions, targets: Targets) -> float:
    return _per_landmark(_grid_error(predictions.xy, targets), counted(targets, "all"))


def _lr_min(predictions: Predictions, targets: Targets) -> float:
    mask = counted(targets, "visible")
    # A partner that is counted nowhere may lack a prediction; then the point itself stands.
    mirrored = predictions.xy[:, targets.schema.flip_index]
    mirrored = np.where(np.isnan(mirrored), predictions.xy, mirrored)
    errors = [_grid_error(xy, targets) for xy in (predictions.xy, mirrored)]
    sums = [np.where(mask, error, 0.0).sum(axis=1) for error in errors]
    return _per_landmark(np.where((sums[1] < sums[0])[:, None], errors[1], errors[0]), mask)


def _mmfashion(predictions: Predictions, targets: Targets) -> float:
    margin = np.array([-10.0, -10.0, 10.0, 10.0])
    padded = np.clip(targets.box + margin, 0, np.tile(targets.size, 2))
    error = boxes.distance(predictions.xy, targets.xy, padded)
    return _ratio(np.where(counted(targets, "visible"), error, 0.0).sum(), error.size)


def _mmpose_epe(predictions: Predictions, targets: Targets) -> float:
    error = np.linalg.norm(predictions.xy - targets.xy, axis=-1)
    mask = counted(targets, "all")
    return _ratio(error[mask].sum(), mask.sum())


def _mmpose_pck(predictions: Predictions, targets: Targets) -> float:
    near = _isotropic(predictions, targets) <= 0.2
    return _per_landmark(near.astype(np.float64), counted(targets, "all"))


def _dfa_square(predictions: Predictions, targets: Targets) -> float:
    mask = counted(targets, "visible")
    return _ratio(_isotropic(predictions, targets)[mask].sum(), mask.sum())


def _whole_image(predictions: Predictions, targets: Targets) -> float:
    image = np.hstack([np.zeros_like(targets.size), targets.size]).astype(np.float64)
    error = boxes.distance(predictions.xy, targets.xy, image)
    return _per_landmark(error, counted(targets, "visible"))


def _fashionai(predictions: Predictions, targets: Targets) -> float:
    error = np.linalg.norm(predictions.xy - targets.xy, axis=-1)
    unit = np.full(len(targets), np.nan)
    for part in ("waistband", "armpit"):  # no garment has both
        if f"left_{part}" in targets.schema.landmarks:
            ends = [targets.schema.index(f"{side}_{part}") for side in ("left", "right")]
            apart = np.linalg.norm(np.diff(targets.xy[:, ends], axis=1)[:, 0], axis=-1)
            unit = np.where(apart > 0, apart, unit)
    mask = counted(targets, "visible") & ~np.isnan(unit)[:, None]
    return _ratio((error / unit[:, None])[mask].sum(), mask.sum())


def _mean_oks(predictions: Predictions, targets: Targets) -> float:
    known = oks(predictions, targets)
    known = known[~np.isnan(known)]
    return _ratio(known.sum(), known.size)


def _coco_ap(predictions: Predictions, targets: Targets) -> float:
    """AP with the annotated boxes: garments in the order of their confidence, per type."""
    similarity = oks(predictions, targets)
    confidence = predictions.confidence
    score = np.ones(len(targets)) if confidence is None else confidence.mean(axis=1)
    found = []
    for kind in np.unique(targets.type_index):
        chosen = (targets.type_index == kind) & ~np.isnan(similarity)
        if chosen.any():
            found.append(_average_precision(similarity[chosen], score[chosen]))
    return _ratio(sum(found), len(found))


def oks(predictions: Predictions, targets: Targets) -> np.ndarray:
    """(N,) object keypoint similarity over visible and occluded landmarks; NaN without any.

    As COCO has it, with the box's area in place of the garment's and one sigma for all landmarks.
    """
    mask = counted(targets, "all")
    squared = ((predictions.xy - targets.xy) ** 2).sum(axis=-1)
    area = boxes.sides(targets.box).prod(axis=-1)[:, None]
    similarity = np.exp(-squared / (2 * area * (2 * OKS_SIGMA) ** 2))
    counts = mask.sum(axis=1)
    sums = np.where(mask, similarity, 0.0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


def _average_precision(similarity: np.ndarray, score: np.ndarray) -> float:
    """Mean over levels of the precision at 101 recalls, every garment being found once."""
    right = similarity[np.argsort(-score, kind="stable")] >= OKS_LEVELS[:, None]
    hits = right.cumsum(axis=1)
    precision = hits / np.arange(1, right.shape[1] + 1)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = hits / right.shape[1]
    at = np.linspace(0, 1, 101)
    return float(
        np.mean(
            [
                np.append(p, 0.0)[np.searchsorted(r, at, side="left")]
                for p, r in zip(precision, recall, strict=True)
            ]
        )
    )


def _grid_error(xy: np.ndarray, targets: Targets) -> np.ndarray:
    """(N, K) distance of cell / (n - 1) from x / w, on a heat map as large as the crop."""
    sides = boxes.sides(targets.box)[:, None]
    corner = targets.box[:, None, :2]
    cell = np.clip(np.floor((xy - corner) / sides * SIDE), 0, SIDE - 1)
    return np.linalg.norm(cell / (SIDE - 1) - (targets.xy - corner) / sides, axis=-1)


def _isotropic(predictions: Predictions, targets: Targets) -> np.ndarray:
    """(N, K) distance in longer sides of the box."""
    longer = boxes.sides(targets.box).max(axis=-1, keepdims=True)
    return np.linalg.norm(predictions.xy - targets.xy, axis=-1) / longer


def _per_landmark(scores: np.ndarray, mask: np.ndarray) -> float:
    counts = mask.sum(axis=0)
    means = np.where(mask, scores, 0.0).sum(axis=0)[counts > 0] / counts[counts > 0]
    return _ratio(means.sum(), means.size)


def _ratio(total: float, count: int) -> float:
    return float(total / count) if count else float("nan")


CONVENTIONS: Mapping[str, Legacy] = {
    "liulu": Legacy(
        "Liu and Lu 2018 (fdjingyuan/Deep-Fashion-Analysis-ECCV2018); GLE_FLD the same",
        "crop sides",
        "predictions are cells of a 224 x 224 map (none outside of it) divided by 223, targets are "
        "divided by 224",
        _liulu,
    ),
    "liulu-in-picture": Legacy(
        "the same, LM_EVAL_USE = in_pic",
        "crop sides",
        "occluded landmarks count too",
        _liulu_in_picture,
    ),
    "lr-min": Legacy(
        "Ziegler et al. 2020 (Fashion_Landmark_Detection_and_Category_Classification)",
        "crop sides",
        "per image, the better of the prediction and its left-right exchange",
        _lr_min,
    ),
    "mmfashion": Legacy(
        "mmfashion (core/evaluation/landmark_detect_eval.py)",
        "padded crop sides",
        "landmarks that are hidden or absent count, as errors of zero; box padded by 10 pixels; "
        "its random crops and skipped batches are left out here",
        _mmfashion,
    ),
    "mmpose-epe": Legacy(
        "mmpose (EPE)", "pixels", "not divided by anything; occluded count; pooled", _mmpose_epe
    ),
    "mmpose-pck": Legacy(
        "mmpose (PCK@0.2)", "fraction", "within .2 of the longer side; occluded count", _mmpose_pck
    ),
    "dfa-square": Legacy(
        "Liu et al. 2016 (DFA), as its authors describe it",
        "longer crop sides",
        "crop padded to a square; evaluator unpublished, mean over all points assumed",
        _dfa_square,
    ),
    "whole-image": Legacy(
        "a reading of 'normalised by the image'",
        "image sides",
        "divided by the image, not the box",
        _whole_image,
    ),
    "fashionai": Legacy(
        "FashionAI (Tianchi 2018), as its authors describe it",
        "armpits or waistbands",
        "divided by the distance between the armpits, of skirts and trousers between the "
        "waistbands; garments that lack either are left out; pooled",
        _fashionai,
    ),
    "coco-oks": Legacy(
        "COCO", "similarity", "mean OKS, sigma .025, area of the box; occluded count", _mean_oks
    ),
    "coco-ap": Legacy(
        "COCO", "AP", "OKS at .5 to .95, annotated boxes, ranked by mean confidence", _coco_ap
    ),
}
