"""Finished runs as the rows of a comparison: seeds of one configuration are one row."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.folder import CONFIG, RESULT, flat, saved
from benchmark.plan import RunError

# What follows from the digest of the weights that training started from, which says enough.
_OF_THE_SAME_WEIGHTS = ("init.seed", "init.val_ne", "init.recipe", "init.address")
_RECIPE = "trained.recipe"  # of scored weights, of the training that made them


def grouped(folders: Sequence[Path]) -> dict[str, dict[int, Path]]:
    """Finished runs by what they are, label -> seed -> folder, in the order given.

    Folders of other commands are left out with a note, as `runs/*` names them, too.

    Raises:
        RunError: no run, one that is not finished, samples of another kind, a run given twice.
    """
    others = [folder for folder in folders if foreign(folder)]
    for folder in others:
        print(f"{folder} is no run's folder; left out", file=sys.stderr)
    folders = [folder for folder in folders if folder not in others]
    if not folders:
        raise RunError("none of these folders is a run's, as benchmark.run makes them")
    configurations = [configuration_of(folder) for folder in folders]
    _check_alike(folders, configurations)
    contents = [flat(content) for content in configurations]
    labels = _labels(contents)
    seeds = [one["seed"] for one in contents]
    rows = list(zip(labels, seeds, strict=True))
    alone = {label for label, seed in rows if rows.count((label, seed)) > 1}
    groups: dict[str, dict[int, Path]] = {}
    for folder, (label, seed) in zip(folders, rows, strict=True):
        name = f"{label} ({folder})" if label in alone else label
        groups.setdefault(name, {})[seed] = folder
    return groups


def foreign(folder: Path) -> bool:
    """Whether the config.json in a folder is of another command, such as benchmark.robustness."""
    try:
        content = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # nobody knows whose
    found = content.get("configuration") if isinstance(content, dict) else None
    return not (isinstance(found, dict) and found.keys() >= {"settings", "seed"})


def configuration_of(folder: Path) -> dict[str, Any]:
    """The configuration of the finished run in a folder."""
    content = saved(folder)["configuration"]
    if not (folder / RESULT).is_file():
        raise RunError(f"{folder}: this run is not finished; the command that began it goes on")
    return content


def _check_alike(folders: Sequence[Path], configurations: Sequence[Mapping[str, Any]]) -> None:
    """Refuse runs of unlike samples, and a run given twice."""
    problems = []
    first = _samples(configurations[0])
    for i, (folder, one) in enumerate(zip(folders, configurations, strict=True)):
        for key, value in _samples(one).items():
            if value != first[key]:
                problems.append(f"{folder}: {key} {value}, not {first[key]}")
        if one in configurations[:i]:
            problems.append(f"{folder}: the same run as {folders[configurations.index(one)]}")
    if problems:
        raise RunError("; ".join(problems))


def _samples(one: Mapping[str, Any]) -> dict[str, Any]:
    """Of a configuration: what all runs must agree in to have scored the same images."""
    keys = ("dataset", "revision", "split", "root", "approximate", "dials", "source")
    return {**{k: one.get(k) for k in keys}, "settings.test_limit": one["settings"]["test_limit"]}


def _labels(contents: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each run is; with the digest of how it was trained where nothing else tells that."""
    labels = [_label(one, contents) for one in contents]
    ways: dict[str, set[str]] = {}
    for label, one in zip(labels, contents, strict=True):
        ways.setdefault(label, set()).add(one.get(_RECIPE, "unknown"))
    return [
        f"{label} recipe={one.get(_RECIPE, 'unknown')}" if len(ways[label]) > 1 else label
        for label, one in zip(labels, contents, strict=True)
    ]


def _label(one: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> str:
    """The model, and those of its settings in which not all runs of this model agree."""
    same = [other for other in every if other["model"] == one["model"]]
    differing = [
        f"init={value[:8]}" if key == "init.sha256" else f"{key.rpartition('.')[2]}={value}"
        for key, value in one.items()
        if key.startswith(("settings.", "overrides.", "trained.", "init."))
        and key not in (*_OF_THE_SAME_WEIGHTS, _RECIPE)
        and any(other.get(key) != value for other in same)
    ]
    return " ".join([one["model"], *differing])
