"""What a split holds, as numbers and as one picture."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ffld.sample import Targets
from ffld.schema import Visibility

_STATES = {"visible": Visibility.VISIBLE, "occluded": Visibility.OCCLUDED}
_COLOURS = {"visible": "tab:green", "occluded": "tab:orange", "absent": "tab:grey"}


def describe(targets: Targets) -> dict[str, Any]:
    """Counts and shares of a split, as JSON values.

    `landmarks` has, among the samples whose garment type owns the landmark, the shares in which it
    is visible, occluded, or absent (cut off by the image border or not annotated). Box sides are
    shares of the image's.
    """
    schema = targets.schema
    owned = schema.type_mask[targets.type_index]
    sides = targets.box[:, 2:] - targets.box[:, :2]
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
    return {
        "dataset": targets.dataset,
        "split": targets.split,
        "revision": targets.revision,
        "samples": len(targets),
        "garment_types": _counts(targets.garment_type, schema.type_names),
        "landmarks": {
            name: _states(targets.visibility[owned[:, k], k])
            for k, name in enumerate(schema.landmarks)
        },
        "attributes": {
            name: _counts(values) for name, values in targets.attributes.items() if any(values)
        },
        "box": {
            name: dict(zip(map(str, quantiles), np.quantile(v, quantiles).tolist(), strict=True))
            for name, v in {
                "width": sides[:, 0] / targets.size[:, 0],
                "height": sides[:, 1] / targets.size[:, 1],
                "width over height": sides[:, 0] / sides[:, 1],
            }.items()
        },
        "boxes at the image's border": float(_at_border(targets).mean()),
        "landmarks outside their box": _outside(targets),
        "visible landmarks a sample": float(
            (targets.visibility == Visibility.VISIBLE).sum(1).mean()
        ),
    }


def plot(targets: Targets, path: Path) -> None:
    """Write the same as a picture."""
    about = describe(targets)
    figure = Figure(figsize=(17, 11), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplot_mosaic("ttttll\nabcdll\nwwhhll\nmmhhll")
    title = (
        f"{about['dataset']} {about['split']}, {about['revision']}, {about['samples']:,} samples"
    )
    figure.suptitle(title)
    _bars(panels["t"], about["garment_types"], "garment types")
    _stacked(panels["l"], about["landmarks"])
    names = [name for name in about["attributes"] if name != "overlap"][:4]
    for panel, name in zip("abcd", names, strict=False):
        _bars(panels[panel], about["attributes"][name], name)
    for panel in "abcd"[len(names) :]:
        panels[panel].set_axis_off()
    sides = targets.box[:, 2:] - targets.box[:, :2]
    relative = sides / targets.size
    panels["w"].hist(relative, bins=40, range=(0, 1), histtype="step", label=["width", "height"])
    panels["w"].set(title="box side over image side")
    panels["w"].legend()
    _map(panels["h"], targets)
    _bars(panels["m"], _counts(_rivals(targets)), "other garments that reach into the box")
    figure.savefig(path, dpi=100)


def _rivals(targets: Targets) -> np.ndarray:
    return np.isfinite(targets.rivals).any((2, 3)).sum(1).astype(str)


def _counts(values: np.ndarray, order: tuple[str, ...] | None = None) -> dict[str, int]:
    found = Counter(values.tolist())
    return {name: found[name] for name in (order or sorted(found))}


def _at_border(targets: Targets) -> np.ndarray:
    """(N,) bool: a side of the box within 1.2 % of the image's."""
    low, high = targets.box[:, :2] / targets.size, targets.box[:, 2:] / targets.size
    return (low < 0.012).any(1) | (high > 0.988).any(1)


def _outside(targets: Targets) -> dict[str, float]:
    """Shares of the visible and of the occluded landmarks that their box leaves out."""
    box = targets.box[:, None]
    inside = ((targets.xy >= box[..., :2]) & (targets.xy <= box[..., 2:])).all(-1)
    return {
        name: 1 - float(inside[targets.visibility == state].mean())
        for name, state in _STATES.items()
        if (targets.visibility == state).any()
    }


def _states(visibility: np.ndarray) -> dict[str, float]:
    if not len(visibility):
        return {}
    shares = {name: float((visibility == state).mean()) for name, state in _STATES.items()}
    return {"garments": len(visibility), **shares, "absent": 1 - sum(shares.values())}


def _bars(axes: Axes, counts: dict[str, int], title: str) -> None:
    axes.bar(range(len(counts)), list(counts.values()), color="tab:blue")
    slanted = {"rotation": 30, "ha": "right"} if len(counts) > 5 else {}
    axes.set_xticks(range(len(counts)), list(counts), **slanted)
    axes.set(title=title)


def _stacked(axes: Axes, landmarks: dict[str, dict[str, float]]) -> None:
    known = {name: states for name, states in landmarks.items() if states}
    left = np.zeros(len(known))
    for state, colour in _COLOURS.items():
        shares = np.array([states[state] for states in known.values()])
        axes.barh(list(known), shares, left=left, color=colour, label=state)
        left += shares
    axes.invert_yaxis()
    axes.set(title="landmarks of the garments that own them", xlim=(0, 1))
    axes.margins(y=0.01)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.03), ncols=3)


def _map(axes: Axes, targets: Targets) -> None:
    """Where landmarks lie in the frame of the box."""
    sides = (targets.box[:, 2:] - targets.box[:, :2])[:, None]
    place = ((targets.xy - targets.box[:, None, :2]) / sides).reshape(-1, 2)
    place = place[np.isfinite(place).all(1)]
    axes.hist2d(*place.T, bins=80, range=((-0.1, 1.1), (-0.1, 1.1)), cmap="magma")
    axes.invert_yaxis()
    axes.set(title="landmarks in the box", aspect="equal")
