"""A trained model's predictions for a sealed season, whose images come without labels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from tqdm import tqdm

import ffld
from benchmark import folder
from benchmark.checkpoint import CheckpointError
from benchmark.crops import Crops
from benchmark.detector import Detector
from benchmark.feeding import predict
from benchmark.plan import RunError, environment
from benchmark.predictions import Predictions
from ffld.sample import Split
from ffld.transforms import crop, warp

_AT_ONCE = 512  # samples whose crops are in memory


def predict_season(detector: Detector, split: Split, out: Path, *, batch_size: int) -> Path:
    """Write what `python -m leaderboard new` reads: predictions, and what made them.

    Args:
        split: of `ffld.sealed.open_images`.
        out: a new or empty folder, or one of such predictions, which are replaced.

    Raises:
        CheckpointError: weights that predict other landmarks than the season has.
        RunError: a folder that holds something else, or that can't be written in.
    """
    about, schema = detector.about, ffld.spec(split.dataset).schema
    if detector.schema.fingerprint != schema.fingerprint:
        raise CheckpointError(
            f"weights trained on {about.dataset} predict landmarks of schema "
            f"{detector.schema.name!r}; season images are of {split.dataset}, schema "
            f"{schema.name!r}: choose weights of that schema"
        )
    configuration = {
        "model": about.model,
        "dataset": split.dataset,
        "split": split.split,
        "seed": about.seed,
        "settings": {"input_size": about.input_size},
        "overrides": dict(about.config),
        "checkpoint": about.content,
        "trained": about.trained,
    }
    _check_free(out)
    found = predictions(detector, split, batch_size=batch_size)
    try:
        folder.write_config(out, configuration, environment(about.model), detector.parameters)
        found.save(out / folder.PREDICTIONS)
    except OSError as error:
        raise RunError(f"--out: cannot write in {str(out)!r} ({error.strerror})") from error
    return out / folder.PREDICTIONS


def predictions(detector: Detector, split: Split, *, batch_size: int) -> Predictions:
    """Predictions for samples whose labels need not be known, a few crops in memory at a time."""
    targets, size = split.targets, detector.about.input_size
    parts = []
    with tqdm(total=len(split), desc="predicting", unit=" images") as bar:
        for start in range(0, len(split), _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, len(split)))
            boxes = targets.box[rows]
            matrices = np.stack([crop(box, size, detector.about.padding) for box in boxes])
            pairs = zip(rows.tolist(), matrices, strict=True)
            images = np.stack([warp(split.image(row), matrix, size) for row, matrix in pairs])
            crops = Crops(images, targets.select(rows), matrices, size, margin=0)
            model, device = detector.model, detector.device
            parts.append(predict(model, crops, device=device, batch_size=batch_size))
            bar.update(len(rows))
    return dataclasses.replace(
        parts[0],
        ids=targets.ids,
        xy=np.concatenate([part.xy for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
    )


def _check_free(out: Path) -> None:
    """Refuse a folder in which the run's own predictions would be replaced, or other files lie."""
    if out.exists() and not out.is_dir():
        raise RunError(f"--out: {str(out)!r} is a file; give a folder")
    ours = {folder.CONFIG, folder.PREDICTIONS}
    other = [path.name for path in out.iterdir() if path.name not in ours] if out.exists() else []
    if other:
        raise RunError(
            f"--out: {str(out)!r} holds {min(other)!r}; a season's predictions need a folder of "
            "their own"
        )
    folder.check_folder(out)
