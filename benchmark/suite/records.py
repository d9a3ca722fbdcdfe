"""Finished runs as the report needs them, read from their folders or from packs.

A pack is one Parquet file with a line for every run: its configuration, its training's history and
its predictions, rounded to 1/16 pixel as the labels are, counted slots alone. Predictions are
kept, not scores, since differences are paired over samples: a run of another day or machine can be
set against those of a pack, by any metric. Rounding and leaving out make them a tenth as large.
Every number of a report is computed from points so rounded, wherever they were read.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import ffld
from benchmark import folder
from benchmark.crops import Source
from benchmark.evaluate import counted, evaluate
from benchmark.groups import foreign
from benchmark.plan import RunError
from benchmark.predictions import Predictions
from benchmark.result import Result, ResultError
from ffld.atomic import replacing
from ffld.sample import Targets

HELD = Path(__file__).parent / "results"  # packs that come with the project
PACK = ".parquet"

_GRID = 16  # steps of a pixel
_NOTHING = np.iinfo(np.int32).min  # in place of a coordinate that does not count
_KEY = b"ffld-runs"
_TEXTS = ("configuration", "environment", "history")  # columns of JSON
_COLUMNS = (*_TEXTS, "predictions_sha256", "ids", "points")


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run.

    Attributes:
        configuration, environment: as in its folder's config.json; the latter knows the commit of
            the code, unless it is an early one.
        history: one record an epoch; none for a model that is fitted.
        predictions_sha256: of its predictions before they were rounded.
        ids: (N,) str.
        points: (N, K, 2) int32, sixteenths of a pixel of the original image.
    """

    configuration: Mapping[str, Any]
    environment: Mapping[str, Any]
    history: Sequence[Mapping[str, float]]
    predictions_sha256: str
    ids: np.ndarray
    points: np.ndarray

    def predictions(self) -> Predictions:
        """The points as predictions, NaN where a pack left one out."""
        about = self.configuration
        return Predictions(
            dataset=about["dataset"],
            split=about["split"],
            ids=self.ids,
            xy=np.where(self.points == _NOTHING, np.nan, self.points / _GRID),
            schema_fingerprint=about["schema_fingerprint"],
        )


def identity(configuration: Mapping[str, Any]) -> tuple[str, int]:
    """What tells a row's runs from those of others, and the seed that tells them apart.

    Where a copy of photographs lies is no part of it.
    """
    content = {k: v for k, v in configuration.items() if k not in ("seed", "root")}
    return json.dumps(content, sort_keys=True), configuration["seed"]


def folders(where: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Runs in a folder, begun or finished, with their configurations; or the folder's own.

    Folders of other commands are passed over; so are runs whose configuration cannot be read, with
    a warning, since the others can do without them.
    """
    for path in (where, *sorted(where.glob("*"))):
        if not (path / folder.CONFIG).is_file() or foreign(path):
            continue
        try:
            configuration = folder.saved(path)["configuration"]
        except RunError as error:
            warnings.warn(
                f"{path} was passed over: {error}; remove the folder, or begin its run anew with "
                "--afresh",
                stacklevel=2,
            )
            continue
        yield path, configuration


def history(path: Path) -> list[dict[str, float]]:
    """The epochs that the run in a folder has behind it."""
    file = path / folder.METRICS
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [json.loads(line) for line in lines]


def of_folder(path: Path) -> Run:
    """The finished run in a folder."""
    content = folder.saved(path)
    predictions = Predictions.load(path / folder.PREDICTIONS)
    largest = np.iinfo(np.int32).max
    steps = np.clip(np.rint(predictions.xy * _GRID), -largest, largest)
    return Run(
        configuration=content["configuration"],
        environment=content["environment"],
        history=history(path),
        predictions_sha256=Result.load(path / folder.RESULT).predictions_sha256,
        ids=predictions.ids,
        points=np.where(np.isfinite(steps), steps, _NOTHING).astype(np.int32),
    )


def gather(places: Iterable[Path]) -> list[Run]:
    """The finished runs in folders of runs, in packs and in folders of packs, each one once.

    Raises:
        ResultError: a place that is not there, or a file that is no pack.
    """
    found: dict[tuple[str, int], Run] = {}
    for place in places:
        if not place.exists():
            raise ResultError(f"{place}: no such file or folder")
        runs_own = (place / folder.CONFIG).is_file()  # its predictions are no pack
        packs = [place] if place.is_file() else sorted(place.glob(f"*{PACK}"))
        for pack in () if runs_own else packs:
            for run in load(pack):
                found.setdefault(identity(run.configuration), run)
        for path, configuration in folders(place) if place.is_dir() else ():
            if (path / folder.RESULT).is_file() and identity(configuration) not in found:
                found[identity(configuration)] = of_folder(path)
    return list(found.values())


def save(runs: Sequence[Run], path: Path, root: Path | None = None) -> None:
    """Write a pack; the same runs give the same bytes.

    Args:
        root: where the copy of photographs lies, unless where the runs found it.
    """
    ordered = sorted(runs, key=lambda run: identity(run.configuration))
    slim = [_slim(run, root) for run in ordered]
    columns = {name: [json.dumps(getattr(run, name)) for run in slim] for name in _TEXTS}
    columns["predictions_sha256"] = [run.predictions_sha256 for run in slim]
    columns["ids"] = [run.ids.tolist() for run in slim]
    points = pa.array([run.points.ravel() for run in slim], pa.list_(pa.int32()))
    table = pa.table({**columns, "points": points})
    with replacing(path) as temporary:
        table = table.replace_schema_metadata({_KEY: b"1"})
        pq.write_table(table, temporary, compression="zstd", compression_level=19)


def load(path: Path) -> list[Run]:
    """Read what `save` wrote.

    Raises:
        ResultError: no such file, or not a pack.
    """
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise ResultError(f"{path} is not a readable Parquet file: {reason}") from error
    if _KEY not in (table.schema.metadata or {}) or set(_COLUMNS) - set(table.column_names):
        raise ResultError(f"{path} is no pack of runs; --pack writes them")
    return [_run(line) for line in table.to_pylist()]


def restore(run: Run, path: Path, root: Path | None = None) -> Path:
    """Write a run's folder as `benchmark.run` does, as far as a pack holds it: no weights.

    Its result is that of the rounded points.

    Args:
        path: of the folder to be made.
        root: where the copy of photographs lies, if that is what the run scored.

    Raises:
        ResultError: the folder exists.
        DataError: the samples that it scored cannot be had.
    """
    if path.exists():
        raise ResultError(f"{path} exists; a run is never overwritten: pass another --out")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.mkdir(parents=True)
    try:
        about = {**run.configuration, "root": _root(run, root)}
        content = {"configuration": about, "environment": run.environment}
        (temporary / folder.CONFIG).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        lines = "".join(json.dumps(record) + "\n" for record in run.history)
        (temporary / folder.METRICS).write_text(lines, "utf-8")
        targets = _targets(run, root)
        predictions = replace(run.predictions(), revision=targets.revision)
        predictions.save(temporary / folder.PREDICTIONS)
        evaluate(predictions, targets).save(temporary / folder.RESULT)
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return path


def _run(line: Mapping[str, Any]) -> Run:
    ids = np.array(line["ids"], np.str_)
    points = np.array(line["points"], np.int32).reshape(len(ids), -1, 2)
    texts = {name: json.loads(line[name]) for name in _TEXTS}
    return Run(predictions_sha256=line["predictions_sha256"], ids=ids, points=points, **texts)


def _root(run: Run, root: Path | None) -> str | None:
    """Where the photographs that a run scored lie; None for what is rendered."""
    if ffld.spec(run.configuration["dataset"]).procedural:
        return None
    return str(root.resolve()) if root else run.configuration["root"]


def _targets(run: Run, root: Path | None) -> Targets:
    return Source.of_run({**run.configuration, "root": _root(run, root)}).open().targets


def _slim(run: Run, root: Path | None) -> Run:
    """Without the points that do not count, and without anybody's paths."""
    targets = _targets(run, root)
    row = {name: number for number, name in enumerate(targets.ids.tolist())}
    counts = counted(targets, "all")[[row[name] for name in run.ids.tolist()]]
    points = np.where(counts[..., None], run.points, _NOTHING)
    return replace(run, configuration={**run.configuration, "root": None}, points=points)
