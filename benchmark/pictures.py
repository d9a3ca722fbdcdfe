"""The pictures in a run's folder: the curve of its training, and predictions against truth."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.predictions import Predictions
from ffld import draw
from ffld.atomic import replacing
from ffld.sample import Sample, Split

_SHOWN, _COLUMNS, _SIDE = 36, 6, 224  # samples on a sheet, tiles in a row, pixels of a tile
_CLOSE_COLUMNS, _CLOSE_SIDE = 4, 360  # likewise, of garments from close by
_AROUND = 0.2  # of the longer side of a garment's box is shown around it


def curve(history: Sequence[Mapping[str, float]], floor: float, title: str, path: Path) -> None:
    """Write loss and validation NE by epoch as PNG.

    Args:
        floor: validation NE of the mean shape.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [record["epoch"] for record in history]
    errors = [record["val_ne"] for record in history]
    losses = [record["loss"] for record in history]
    ne = figure.add_subplot()
    ne.plot(epochs, errors, "o-", ms=3, label="validation NE")
    ne.axhline(floor, color="grey", linestyle="--", label="mean-shape")
    ne.set(xlabel="epoch", ylabel="NE (visible)", title=title, ylim=(0, 1.2 * max(*errors, floor)))
    ne.xaxis.set_major_locator(MaxNLocator(integer=True))
    loss = ne.twinx()
    loss.plot(epochs, losses, color="tab:orange", alpha=0.6, label="training loss")
    loss.set(ylabel="loss", ylim=(0, 1.2 * max(losses)))
    lines = [*ne.get_lines(), *loss.get_lines()]
    ne.legend(lines, [line.get_label() for line in lines], loc="upper right")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def contact_sheet(split: Split, predictions: Predictions, path: Path) -> None:
    """Write samples spread evenly over the split, with truth and predictions, as PNG."""
    rows = np.unique(np.linspace(0, len(split) - 1, _SHOWN).round().astype(int))
    tiles = []
    for row in rows.tolist():
        sample = split[row]
        title = f"{sample.id}  {sample.garment_type}"
        tiles.append(_compared(split, sample, predictions.xy[row], title, _SIDE))
    with replacing(path) as temporary:
        _write(draw.sheet(tiles, columns=min(_COLUMNS, len(tiles))), temporary)


def close_sheet(split: Split, predictions: Predictions, titles: Mapping[int, str]) -> np.ndarray:
    """The garments of some samples from close by, with truth and predictions, as one picture.

    Args:
        titles: row of the split -> what stands below its picture.
    """
    tiles = []
    for row, title in titles.items():
        sample = split[row]
        (x1, y1, x2, y2), (height, width) = sample.box, sample.image.shape[:2]
        room = _AROUND * max(x2 - x1, y2 - y1)
        left, top = (max(0, math.floor(side - room)) for side in (x1, y1))
        right, bottom = min(width, math.ceil(x2 + room)), min(height, math.ceil(y2 + room))
        near = dataclasses.replace(
            sample,
            image=np.ascontiguousarray(sample.image[top:bottom, left:right]),
            box=sample.box - [left, top, left, top],
            xy=sample.xy - [left, top],
        )
        predicted = predictions.xy[row] - [left, top]
        tiles.append(_compared(split, near, predicted, title, _CLOSE_SIDE))
    return draw.sheet(tiles, columns=min(_CLOSE_COLUMNS, len(tiles)))


def _compared(
    split: Split, sample: Sample, predicted: np.ndarray, title: str, side: int
) -> np.ndarray:
    return draw.draw_sample(
        sample.image,
        sample.box,
        sample.xy,
        sample.visibility,
        split.schema,
        title=title,
        predicted=predicted,
        side=side,
    )


def _write(sheet: np.ndarray, path: Path) -> None:
    _, encoded = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    path.write_bytes(encoded.tobytes())
