"""The curves as small multiples, and a contact sheet of what models are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmark.robustness.conditions import CLEAN, Condition
from ffld import draw
from ffld.atomic import replacing
from ffld.commands.options import write_picture
from ffld.sample import Sample, Split
from ffld.transforms import BOX_PADDING, apply, crop, warp

_COLUMNS, _SIDE = 4, 200  # panels in a row; pixels of a tile


def figure(content: Mapping[str, Any], path: Path) -> None:
    """Write a panel for each corruption, NE over severity, a line for each model, as PNG.

    Args:
        content: what `report` gives.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in content["conditions"]:
        if one["corruption"] != CLEAN:
            groups.setdefault(one["corruption"], []).append(one)
    columns = min(_COLUMNS, max(1, len(groups)))
    rows = -(-max(1, len(groups)) // columns)
    picture = Figure(figsize=(3.3 * columns + 0.4, 2.9 * rows + 1.1), layout="constrained")
    FigureCanvasAgg(picture)
    panels = picture.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for panel, (name, conditions) in zip(panels, groups.items(), strict=False):
        _panel(panel, name, conditions, content["models"])
    for panel in panels[len(groups) :]:
        panel.set_axis_off()
    numbers = [one["ne"] for of in content["models"] for one in of["conditions"].values()]
    panels[0].set_ylim(0, 1.05 * max(one["high"] or one["value"] or 0 for one in numbers))
    for panel in panels[::columns]:
        panel.set_ylabel("NE (visible), lower is better")
    handles, labels = panels[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels) or 1))
    picture.suptitle(
        f"{content['dataset']} {content['split']} ({content['revision']}), {content['samples']:,} "
        "samples; bands are 95 % intervals over images",
        fontsize=11,
    )
    with replacing(path) as temporary:
        picture.savefig(temporary, dpi=110, format="png")


def _panel(
    panel: Axes,
    name: str,
    conditions: Sequence[Mapping[str, Any]],
    models: Sequence[Mapping[str, Any]],
) -> None:
    ticks = [CLEAN]
    for one in conditions:
        ticks.append("given" if one["severity"] is None else f"{one['severity']:g}")
    places = np.arange(len(ticks))
    for model in models:
        found = [
            model["conditions"][key]["ne"] for key in (CLEAN, *(c["name"] for c in conditions))
        ]
        value, low, high = (
            np.array([np.nan if one[key] is None else one[key] for one in found])
            for key in ("value", "low", "high")
        )
        (line,) = panel.plot(places, value, "o-", ms=4, label=model["label"])
        panel.fill_between(places, low, high, color=line.get_color(), alpha=0.18, linewidth=0)
    panel.set_title(name, fontsize=11)
    panel.set_xticks(places, ticks)
    panel.set_xlabel(_wrapped(conditions[0].get("file") or conditions[0]["unit"]), fontsize=8.5)
    panel.grid(axis="y", alpha=0.3)


def _wrapped(text: str) -> str:
    """A unit in two lines, if it is long."""
    middle = text.find(" ", len(text) // 2)
    return text if len(text) < 36 or middle < 0 else f"{text[:middle]}\n{text[middle + 1 :]}"


def sheet(split: Split, conditions: Sequence[Condition], seed: int, path: Path, count: int) -> int:
    """Draw what models are shown: a row for each corruption of each sample.

    Samples are spread evenly over the split. The first tile of a row is clean; green is the box
    that is given, dots are the true landmarks, rings the occluded ones.

    Returns:
        How many samples.
    """
    rows = np.unique(np.linspace(0, len(split) - 1, count + 2).round().astype(int)[1:-1])
    groups: dict[str, list[Condition]] = {}
    for one in conditions:
        if one.corruption != CLEAN:
            groups.setdefault(one.corruption, []).append(one)
    columns = 1 + max(map(len, groups.values()), default=0)
    tiles = []
    for row in rows.tolist():
        sample = split[row]
        for several in groups.values() or [[]]:
            line = [_tile(sample, one, split, seed) for one in (Condition(CLEAN), *several)]
            tiles += line + [np.full_like(line[0], 24)] * (columns - len(line))
    write_picture(path, draw.sheet(tiles, columns=columns))
    return len(rows)


def _tile(sample: Sample, condition: Condition, split: Split, seed: int) -> np.ndarray:
    """The input frame of a model, unstretched."""
    view = condition.view(sample.image, sample.box, sample.id, seed)
    width, height = view.box[2:] - view.box[:2]
    middle, reach = (view.box[:2] + view.box[2:]) / 2, max(width, height) / 2
    frame = crop(np.concatenate([middle - reach, middle + reach]), _SIDE, BOX_PADDING)
    severity = "" if condition.severity is None else f" {condition.severity:g}"
    return draw.draw_sample(
        warp(view.image, frame @ view.turn, _SIDE),
        apply(frame, view.box.reshape(2, 2)).ravel(),
        apply(frame @ view.turn, sample.xy),
        sample.visibility,
        split.schema,
        title=f"{condition.corruption}{severity}",
        side=_SIDE,
    )
