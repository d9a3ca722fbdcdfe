"""scores.json beside weights: what runs scored with them, for the card.

Numbers are those of the runs' result files; runs of other weights, or of the same ones with other
settings of prediction, are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmark import checkpoint, folder, models
from benchmark.card import SCORES
from benchmark.plan import RunError, sha256
from benchmark.result import Result
from benchmark.settings import PREDICTION
from ffld.atomic import replacing


def add_scores(out: Path, runs: Sequence[Path], *, own: Path | None = None) -> None:
    """Add to scores.json what runs scored with these weights, in place of what it says of the same.

    Args:
        own: the run that trained them, whose own scores are added first.

    Raises:
        RunError, ResultError: a run isn't finished, scored other weights, or the same as another.
    """
    found = [_score(own)] if own else []
    for run in runs:
        _refuse_other_weights(run, out)
        found.append(_score(run))
    names = [name for name, _ in found]
    if len(set(names)) < len(names):
        raise RunError(f"two runs scored the same, {', '.join(names)}: leave one out")
    scores = json.loads((out / SCORES).read_text(encoding="utf-8")) | dict(found)
    with replacing(out / SCORES) as temporary:
        temporary.write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")


def _refuse_other_weights(run: Path, weights: Path) -> None:
    configuration = folder.saved(run)["configuration"]
    again = f"score these: python -m benchmark.run --checkpoint {weights} --dataset … --out …"
    if configuration.get("checkpoint") != sha256(weights / checkpoint.WEIGHTS):
        raise RunError(f"{str(run)!r} scored other weights than those in {str(weights)!r}; {again}")
    about = checkpoint.read(weights)
    scored, held = (_predicting(about.model, c) for c in (configuration["overrides"], about.config))
    if scored != held:
        other = ", ".join(f"{key}={scored[key]}" for key in held if scored[key] != held[key])
        raise RunError(f"{str(run)!r} scored the weights in {str(weights)!r} with {other}; {again}")


def _predicting(model: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a model's settings that trained weights leave open, defaults filled in."""
    defaults = {field.name: field.default for field in fields(models.config_class(model))}
    values = {key: config.get(key, defaults.get(key)) for key in PREDICTION}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def _score(run: Path) -> tuple[str, dict[str, Any]]:
    """What a run scored, for people, and its scores."""
    result = Result.load(run / folder.RESULT).to_json()
    floor = run / folder.FLOOR  # weights that answer in another schema have none
    level = Result.load(floor).scores["ne"]["visible"].value if floor.is_file() else None
    data, revision, split = (result[key] for key in ("dataset", "revision", "split"))
    version = revision if revision.startswith(data) else f"{data} {revision}"
    return f"`{version}` {split}", {
        "dataset": data,
        "revision": revision,
        "split": split,
        "samples": result["samples"],
        "predictions_sha256": result["predictions_sha256"],
        "floor": level,
        **{metric: result["scores"][metric] for metric in ("ne", "pck@0.1")},
    }
