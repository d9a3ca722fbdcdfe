"""The pictures in a run's folder: the curve of its training, and predictions against truth."""

from __future__ import annotations

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
from ffld.sample import Split

_SHOWN, _COLUMNS, _SIDE = 36, 6, 224  # samples on a sheet, tiles in a row, pixels of a tile


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
    pictures = []
    for row in rows.tolist():
        sample = split[row]
        pictures.append(
            draw.draw_sample(
                sample.image,
                sample.box,
                sample.xy,
                sample.visibility,
                split.schema,
                title=f"{sample.id}  {sample.garment_type}",
                predicted=predictions.xy[row],
                side=_SIDE,
            )
        )
    sheet = draw.sheet(pictures, columns=min(_COLUMNS, len(pictures)))
    _, encoded = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    with replacing(path) as temporary:
        temporary.write_bytes(encoded.tobytes())
