"""A submission made from the folders of runs: what can be read from them, and what must be said."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shlex
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffld
from benchmark import Predictions, evaluate
from benchmark.answers import loaded, of_turned_dials
from benchmark.code import DIRTY, UNKNOWN
from benchmark.doubts import doubt
from benchmark.settings import Settings, profile, views
from ffld.dials import words as dial_words
from ffld.sample import Targets
from ffld.sealed import season_of
from leaderboard import fields, statement, stored
from leaderboard.entry import RESULT
from leaderboard.season_record import SeasonError
from leaderboard.seasons import SEASONS, Season
from leaderboard.submission import FILE, SubmissionError
from leaderboard.verify import targets_of


@dataclass(frozen=True)
class Run:
    """What a run's folder says: one made by `benchmark.run`, or predictions alone.

    Attributes:
        configuration: of its `config.json`; empty where there is none.
        parameters: learned numbers of its model; None where it doesn't say.
        commit: of this project that trained a model of its own; None where it doesn't say, or
            where files differed from it.
    """

    folder: Path
    predictions: Predictions
    configuration: Mapping[str, Any]
    parameters: int | None = None
    commit: str | None = None

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read `predictions.parquet` and, if it is there, `config.json`.

        Raises:
            PredictionsError, SubmissionError: a file cannot be read.
        """
        folder = Path(folder)
        predictions = loaded(folder / "predictions.parquet")
        content = _json(folder / "config.json")
        made = content.get("configuration", {})
        commit = content.get("environment", {}).get("commit", UNKNOWN)
        known = commit != UNKNOWN and not commit.endswith(DIRTY)
        ours = ":" not in made.get("model", ":") and not made.get("checkpoint")
        parameters = content.get("parameters")
        return cls(folder, predictions, made, parameters, commit if known and ours else None)

    @property
    def seed(self) -> int | None:
        """The seed that it was trained with; None where predictions are alone."""
        trained = _json(self.folder / "checkpoint" / "checkpoint.json")
        return trained.get("seed", self.configuration.get("seed"))


def draft(
    runs: Sequence[Run],
    name: str,
    said: Mapping[str, Any],
    *,
    root: Path | None = None,
    into: Path,
    seasons: Path = SEASONS,
) -> tuple[Path, list[str]]:
    """Write an entry's folder from runs that differ in their seed.

    Args:
        said: fields of the submission, in place of what the runs say; of `code` and `given`, a
            part will do.
        into: the folder of all submissions.
        seasons: folder of the seasons' records, one of which the predictions may be for; then
            nothing is scored.

    Returns:
        The entry's folder, and the fields that are still to be filled in.

    Raises:
        SubmissionError: an entry of this name exists, or the runs don't belong together.
        PredictionsError, DataError: predictions that cannot be scored.
        SeasonError: for a season that is unknown, or takes no entries any more.
    """
    _check_together(runs, name)
    folder = into / runs[0].predictions.dataset / name
    if folder.exists() or folder.is_symlink():
        raise SubmissionError(f"{folder} exists; an entry is never overwritten: take another name")
    season = _season(runs[0].predictions, seasons)
    targets = season.sheet if season else targets_of(runs[0].predictions, root)
    aligned = [stored.aligned(run.predictions, targets) for run in runs]
    _warn_of_doubts(runs, aligned, targets)
    rounded = [stored.quantised(one, targets) for one in aligned]
    temporary = folder.with_name(f".{name}.{os.getpid()}")
    temporary.mkdir(parents=True)
    try:
        files = []
        for seed, one in zip(_seeds(runs), rounded, strict=True):
            path = f"seed-{seed}.parquet"
            one.save(temporary / path)
            sha256 = stored.digest(temporary / path)
            files.append({"seed": seed, "path": path, "sha256": sha256})
        content = _content(runs, targets) | {"predictions": files}
        if season:
            content |= {"samples": "all", "claimed": {}, "season": _stated(season)}
        else:
            evaluate(rounded, targets).save(temporary / RESULT)
            value = evaluate(aligned, targets, resamples=0).scores["ne"]["visible"].value
            content["claimed"] = {"ne": round(value, 4)}
        for key, one in said.items():
            content[key] = content[key] | one if isinstance(one, dict) else one
        names = [key for key in (*statement.FIELDS, "trained_from", "season") if key in content]
        text = json.dumps({key: content[key] for key in names}, indent=2)
        (temporary / FILE).write_text(text + "\n", encoding="utf-8")
        os.rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder, [key for key, value in content.items() if _unfilled(value)]


def _warn_of_doubts(runs: Sequence[Run], aligned: Sequence[Predictions], targets: Targets) -> None:
    for run, one in zip(runs, aligned, strict=True):
        if text := doubt(one, targets):
            warnings.warn(f"{run.folder}: {text}", stacklevel=3)


def _season(predictions: Predictions, seasons: Path) -> Season | None:
    """The season that predictions are for, as long as it takes entries; None for other splits."""
    if (name := season_of(predictions.split)) is None:
        return None
    season = Season.load(name, seasons)
    if season.over or season.revealed:
        raise SeasonError(
            f"season {name} took entries until {season.facts.closes}; what comes later is refused"
        )
    return season


def _stated(season: Season) -> dict[str, str]:
    return {"name": season.name, "commitment": season.commitment}


def _check_together(runs: Sequence[Run], name: str) -> None:
    problems = list(statement.name_problems(name))
    first = runs[0].predictions
    if of_turned_dials(first) and not season_of(first.split):
        problems.append(
            f"{runs[0].folder}: dials were turned for the images of {first.revision}, and boards "
            "rank editions as they are; predict without --dial"
        )
    for run in runs[1:]:
        one = run.predictions
        for field in ("dataset", "split", "revision", "schema_fingerprint"):
            if (found := getattr(one, field)) != (expected := getattr(first, field)):
                problems.append(f"{run.folder}: {field} {found!r}, not {expected!r}")
        if len(one) != len(first):
            problems.append(
                f"{run.folder}: {len(one)} predictions, {len(first)} in {runs[0].folder}; "
                "predict the same samples with every seed"
            )
    seeds = _seeds(runs)
    if len(set(seeds)) < len(seeds):
        problems.append(f"the runs' seeds are {seeds}; an entry's runs differ in their seed")
    if problems:
        raise SubmissionError("; ".join(problems))


def _seeds(runs: Sequence[Run]) -> list[int]:
    """The runs' seeds; predictions alone are numbered in their order by those that are free."""
    known = {run.seed for run in runs}
    free = (number for number in itertools.count() if number not in known)
    return [next(free) if run.seed is None else run.seed for run in runs]


def _content(runs: Sequence[Run], targets: Targets) -> dict[str, Any]:
    """The submission as far as runs say it; None where they say nothing."""
    run = runs[0]
    commit = run.commit if len({one.commit for one in runs}) == 1 else None
    spec = ffld.spec(targets.dataset) if targets.dataset in ffld.available() else None
    whole = spec is not None and len(targets) == spec.splits.get(targets.split)
    trained = _json(run.folder / "checkpoint" / "checkpoint.json")
    made = run.configuration
    # of scored weights the settings are those of no training; their own stand in the overrides
    own = (trained, made.get("overrides", {}), made.get("settings", {}))
    size = next((one["input_size"] for one in own if one.get("input_size")), None)
    return dict.fromkeys(statement.FIELDS) | {
        "dataset": targets.dataset,
        "split": targets.split,
        "revision": targets.revision,
        "samples": "all" if whole else len(targets),
        "method": made.get("model"),
        "date": fields.today().isoformat(),
        "code": {"url": None, "commit": commit, "command": _command(run)},
        "given": {"box": None, "garment_type": None},
        "test_time_augmentation": _averaging(trained, made),
        "input_size": [size, size] if size else None,
        "parameters": run.parameters,
    }


def _averaging(trained: Mapping[str, Any], made: Mapping[str, Any]) -> str | None:
    """The views that predictions average, of a trained or a scored model; None where unknown."""
    config = trained.get("config", made.get("overrides", made))
    if {"flip_average", "turns"} & config.keys():
        return views(config, 1 + len(made.get("trained", {}).get("others", ())))
    # all settings of a model of ours stand beside its weights: mean-shape, say, has no such one
    ours = "config" in trained and ":" not in trained.get("model", ":")
    return "none" if ours else None


def _command(run: Run) -> str | None:
    """What makes this run again, where it trained; None where it scored weights."""
    made = run.configuration
    if "model" not in made or made.get("checkpoint"):
        return None
    words = ["python", "-m", "benchmark.run", "--model", made["model"], "--dataset"]
    words += [made["dataset"], "--split", made["split"], "--device", made["device"]]
    words += ["--seed", str(made["seed"]), "--train"]
    usual = profile(made["device"])
    shared = {field.name for field in dataclasses.fields(Settings)}
    asked = {
        key: value
        for key, value in made["settings"].items()
        if key in shared and _plain(getattr(usual, key)) != value
    }
    asked |= {key: value for key, value in made["overrides"].items() if key not in shared}
    for key, value in asked.items():
        words += ["--set", f"{key}={_written(value)}"]
    return shlex.join([*words, *dial_words(made.get("dials", {}))])


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_written, value))
    return str(value).lower() if isinstance(value, bool | None) else str(value)


def _unfilled(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and None in value.values())


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SubmissionError(f"{path} is not readable JSON: {error}") from error
    return content if isinstance(content, dict) else {}
