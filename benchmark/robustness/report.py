"""The numbers of a study, from its predictions; as JSON, and from that as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmark import Predictions, boxes
from benchmark.bootstrap import Resamples
from benchmark.evaluate import INTERVAL, PROTOCOL, bootstrapped, counted
from benchmark.paired import scored
from benchmark.plan import RunError
from benchmark.robustness.conditions import BOXES, CLEAN, Condition, declared
from benchmark.robustness.corruptions import CORRUPTIONS
from benchmark.robustness.measure import Model, Study
from ffld.sample import Targets
from ffld.transforms import apply

METRIC, SUBSET = "ne", "visible"
RESAMPLES = 1000


def report(study: Study) -> dict[str, Any]:
    """All that a study says, as JSON values; see docs/robustness.md for the fields.

    Raises:
        RunError, PredictionsError: predictions are missing, or not of these samples.
    """
    targets = study.split.targets
    bootstrap = Resamples(targets, RESAMPLES)
    mask = counted(targets, SUBSET)
    found = [_values(study, model, mask, bootstrap) for model in study.models]
    if not np.isfinite(found[0][CLEAN][0]):
        raise RunError("none of the samples has a visible landmark within its box")
    severities = {
        one.corruption: [other.severity for other in study.conditions
                         if other.corruption == one.corruption]
        for one in study.conditions if one.severity is not None
    }  # fmt: skip
    return {
        "dataset": targets.dataset,
        "split": targets.split,
        "revision": targets.revision,
        "samples": len(targets),
        "protocol": PROTOCOL,
        "metric": METRIC,
        "subset": SUBSET,
        "count": int(mask.sum()),
        "resamples": RESAMPLES,
        "seed": study.seed,
        "declared": severities == declared(),
        "conditions": [_described(one, study, mask) for one in study.conditions],
        "models": [
            _model(model, values, found[0], study.conditions)
            for model, values in zip(study.models, found, strict=True)
        ],
    }


def markdown(content: Mapping[str, Any]) -> str:
    """Two tables of what `report` gives: the summary, then every condition."""
    return "\n\n".join([_table(_summary(content)), _table(_every(content))])


def _values(
    study: Study, model: Model, mask: np.ndarray, bootstrap: Resamples
) -> dict[str, np.ndarray]:
    """Condition -> (1 + R,): NE of the samples, then of each resample, the same for all."""
    targets = bootstrap.targets
    return {
        one.name: bootstrapped(
            scored(Predictions.load(study.path(model, one)), targets, METRIC), mask, bootstrap
        )
        for one in study.conditions
    }


def _described(condition: Condition, study: Study, mask: np.ndarray) -> dict[str, Any]:
    targets = study.split.targets
    known = CORRUPTIONS.get(condition.corruption)
    described: dict[str, Any] = {
        "name": condition.name,
        "corruption": condition.corruption,
        "severity": condition.severity,
        "unit": known.unit if known else "",
    }
    if not condition.repaints and condition.corruption != CLEAN:
        described["outside"] = _outside(condition, targets, mask, study.seed)
    if condition.boxes is not None:
        described |= {
            "file": condition.boxes.name,
            "sha256": condition.boxes.sha256,
            "missed": condition.boxes.missed(targets),
        }
    return described


def _outside(condition: Condition, targets: Targets, mask: np.ndarray, seed: int) -> float:
    """The share of counted points that lie outside of the box that is given."""
    out = 0
    for row, (width, height) in enumerate(targets.size.tolist()):
        blank = np.broadcast_to(np.uint8(0), (height, width, 3))
        view = condition.view(blank, targets.box[row], str(targets.ids[row]), seed)
        within = boxes.inside(apply(view.turn, targets.xy[[row]]), view.box[None])[0]
        out += int((mask[row] & ~within).sum())
    return out / max(1, int(mask.sum()))


def _model(
    model: Model,
    values: Mapping[str, np.ndarray],
    first: Mapping[str, np.ndarray],
    conditions: Sequence[Condition],
) -> dict[str, Any]:
    about = model.detector.about
    clean = values[CLEAN]
    total, parts = _degradations(values, conditions)
    described = {
        "label": model.label,
        "model": about.model,
        "trained_on": f"{about.samples} samples of {about.revision}",
        "seed": about.seed,
        "input_size": about.input_size,
        "weights": model.folder,
        "clean": _number(clean),
        "degradation": _number(total),
        "by_corruption": {name: _number(one) for name, one in parts.items()},
        "conditions": {
            name: {
                "ne": _number(one),
                "difference": _number(one - clean),
                "relative": _number(one / clean - 1),
            }
            for name, one in values.items()
        },
    }
    if values is not first:
        described["against_first"] = {
            "degradation": _number(total - _degradations(first, conditions)[0]),
            "conditions": {name: _number(one - first[name]) for name, one in values.items()},
        }
    return described


def _degradations(
    values: Mapping[str, np.ndarray], conditions: Sequence[Condition]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The mean relative degradation, (1 + R,), and that of each corruption."""
    relative: dict[str, list[np.ndarray]] = {}
    for one in conditions:
        if one.severity is not None:
            relative.setdefault(one.corruption, []).append(values[one.name] / values[CLEAN] - 1)
    parts = {name: np.mean(several, axis=0) for name, several in relative.items()}
    nothing = np.full(1 + RESAMPLES, np.nan)
    return np.mean(list(parts.values()), axis=0) if parts else nothing, parts


def _number(values: np.ndarray) -> dict[str, float | None]:
    """A value with the interval of its resamples; null where there is none."""
    known = values[1:][np.isfinite(values[1:])]
    low, high = np.quantile(known, INTERVAL) if known.size else (np.nan, np.nan)
    named = {"value": values[0], "low": low, "high": high}
    return {name: float(one) if np.isfinite(one) else None for name, one in named.items()}


def _summary(content: Mapping[str, Any]) -> Iterator[list[str]]:
    names = list(dict.fromkeys(one["corruption"] for one in content["conditions"]))
    names = [name for name in names if name not in (CLEAN, BOXES)]
    several = len(content["models"]) > 1
    first = content["models"][0]["label"]
    against = [f"more than {first}, points"] if several else []
    mean = "mean degradation" if content["declared"] else "mean degradation (not as declared)"
    yield ["model", "clean NE", mean, *against, *names]
    for one in content["models"]:
        beside = one.get("against_first")
        more = _points(beside["degradation"]) if beside else ""
        yield [
            one["label"],
            _with_interval(one["clean"], ".4f"),
            _percent(one["degradation"]),
            *([more] if several else []),
            *(_percent(one["by_corruption"][name], interval=False) for name in names),
        ]


def _every(content: Mapping[str, Any]) -> Iterator[list[str]]:
    several = len(content["models"]) > 1
    heads = [one["label"] for one in content["models"]] if several else ["NE"]
    yield ["condition", "severity", "outside", *heads]
    before = None
    for one in content["conditions"]:
        name, severity = one["corruption"], one["severity"]
        label = f"{name}: {one['unit']}" if one["unit"] and name != before else name
        shown = "" if severity is None else f"{severity:g}"
        if "file" in one:
            shown = f"{one['file']}, {one['missed']} not found"
        before = name
        outside = f"{one['outside']:.1%}" if "outside" in one else ""
        cells = []
        for model in content["models"]:
            found = model["conditions"][one["name"]]
            change = "" if name == CLEAN else f" ({_with_interval(found['difference'], '+.4f')})"
            cells.append(f"{_shown(found['ne']['value'], '.4f')}{change}")
        yield [label, shown, outside, *cells]


def _with_interval(number: Mapping[str, float | None], form: str) -> str:
    value, low, high = (_shown(number[key], form) for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _percent(number: Mapping[str, float | None], *, interval: bool = True) -> str:
    return _with_interval(number, "+.0%") if interval else _shown(number["value"], "+.0%")


def _points(number: Mapping[str, float | None]) -> str:
    """A difference of shares, in points of a hundred."""
    scaled = {key: None if one is None else 100 * one for key, one in number.items()}
    return _with_interval(scaled, "+.1f")


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _table(rows: Iterator[list[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
