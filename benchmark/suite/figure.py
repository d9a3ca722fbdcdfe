"""The paper's figure 5: the same samples under each model, truth first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.crops import Source
from benchmark.paired import scored
from benchmark.plan import RunError
from benchmark.suite import records
from benchmark.suite.jobs import Entry
from ffld import draw
from ffld.commands.options import write_picture
from ffld.sample import Sample
from ffld.schema import LandmarkSchema
from ffld.transforms import apply, crop, warp

_SIDE, _ROOM = 224, 0.25  # pixels of a tile; share of the box's longer side shown around it


def figure(entries: Sequence[Entry], runs: Sequence[records.Run], path: Path, rows: int) -> str:
    """Write the samples under each of these rows' models that has run, in the format of the path.

    Samples are spread evenly over the split, whatever anybody scores on them. Dots are
    predictions, joined by lines to the targets, white rings; below stands the tile's mean NE over
    visible and occluded landmarks.

    Args:
        rows: how many samples.

    Returns:
        What was drawn, in one line.

    Raises:
        RunError: none of them has run.
        DataError: a picture that can't be written there.
    """
    shown = _shown(entries, runs)
    if not shown:
        raise RunError("no run of these rows is there to be drawn; --runs says where to look")
    first = next(iter(shown.values()))
    split = Source.of_run(first.configuration, entries[0].root).open()
    targets = split.targets
    points = {name: run.predictions().align(targets).xy for name, run in shown.items()}
    errors = {name: scored(run.predictions(), targets) for name, run in shown.items()}
    chosen = np.unique(np.linspace(0, len(split) - 1, rows + 2).round().astype(int)[1:-1])
    tiles = []
    for row in chosen.tolist():
        sample = split[row]
        tiles.append(_tile(sample, split.schema, None, sample.garment_type.replace("_", " ")))
        for name in shown:
            title = f"{name}  {np.nanmean(errors[name][row]):.3f}"
            tiles.append(_tile(sample, split.schema, points[name][row], title))
    sheet = draw.sheet(tiles, columns=1 + len(shown))
    write_picture(path, sheet)
    return f"{path}: {len(chosen)} samples of {targets.revision} under {', '.join(shown)}"


def _shown(entries: Sequence[Entry], runs: Sequence[records.Run]) -> Mapping[str, records.Run]:
    """Label -> the run of its lowest seed; the reference stands last, as in the paper."""
    found: dict[str, records.Run] = {}
    for run in sorted(runs, key=lambda run: -run.configuration["seed"]):
        found[records.identity(run.configuration)[0]] = run
    labels: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: entry.is_reference):
        if not entry.problem and entry.identity in found:
            labels.setdefault(entry.identity, entry.row.label)
    return {label: found[key] for key, label in labels.items()}


def _tile(
    sample: Sample, schema: LandmarkSchema, predicted: np.ndarray | None, title: str
) -> np.ndarray:
    """The garment and what surrounds it, with the points of one model or the truth."""
    low, high = sample.box[:2], sample.box[2:]
    reach = (high - low).max() / 2
    square = np.concatenate([(low + high) / 2 - reach, (low + high) / 2 + reach])
    frame = crop(square, _SIDE, _ROOM)
    if predicted is not None:
        owned = schema.type_mask[schema.type_names.index(sample.garment_type)]
        predicted = np.where(owned[:, None], apply(frame, predicted), np.nan)
    return draw.draw_sample(
        warp(sample.image, frame, _SIDE),
        apply(frame, sample.box.reshape(2, 2)).ravel(),
        apply(frame, sample.xy),
        sample.visibility,
        schema,
        title=title,
        predicted=predicted,
        side=_SIDE,
    )
