"""Write a procedural dataset as Parquet, so that it can be read, streamed and shared as files.

    DIR/data/<split>-00003-of-00096.parquet    shards, laid out by `ffld.shards`
    DIR/manifest.json                          what they are of, their sizes and SHA-256; comes last

A shard has its name only when it is whole, so a build can be killed at any moment: the next one
keeps the shards that are there and sound. Jobs on several machines may each write their part.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import pyarrow as pa
from joblib import delayed
from tqdm import tqdm

from ffld import catalog, shards
from ffld.atomic import is_litter, leftovers, replacing
from ffld.render.edition import source_hash
from ffld.sample import DataError, Split, checked_limit
from ffld.shards import Shard
from ffld.workers import workers


@dataclass(frozen=True)
class Progress:
    """What is in a folder after a build.

    Attributes:
        samples, shards, size: of all splits in the manifest; `size` in bytes.
        missing: files of the build that are still to be written, by other jobs; then there is no
            manifest yet.
    """

    revision: str
    samples: int
    shards: int
    size: int
    missing: tuple[str, ...]


def build(
    dataset: str,
    out: str | Path,
    *,
    splits: Sequence[str] = catalog.SPLITS,
    limit: int | None = None,
    dials: Mapping[str, Any] | str | None = None,
    part: tuple[int, int] = (1, 1),
    processes: int = -1,
) -> Progress:
    """Write splits of a procedural dataset into a folder, or what a killed build left to write.

    Args:
        out: an empty or new folder, or one where this was begun or where other splits are.
        limit: of each split only this many samples, those of `Split.limit`.
        dials: as `ffld.load` takes them, which opens the folder with the same ones.
        part: (i, n): write the i-th of n parts, i from 1. Whoever finds all shards there, by the
            end, writes the manifest.
        processes: that render; -1 for as many as there are cores.

    Raises:
        DataError: not a procedural dataset, unknown splits, an impossible limit, dial or part, or
            a folder that holds something else.
    """
    out, (turn, parts) = Path(out), part
    about = _about(dataset, splits, limit, catalog.settled(dials))
    limit = about["limit"]
    if not 1 <= turn <= parts:
        raise DataError(f"shard {turn}/{parts} doesn't exist; give 1/{parts} to {parts}/{parts}")
    if processes < 1 and processes != -1:
        raise DataError(f"{processes} processes can't build; give at least 1")
    older = _manifest(out, about)
    refuse_foreign(out, _plan(dataset, catalog.spec(dataset).splits, limit))
    known = {s["file"]: s["sha256"] for split in older.values() for s in split["shards"]}
    planned = _plan(dataset, splits, limit)
    own = planned[turn - 1 :: parts]
    others = [shard for shard in planned if shard not in own]
    for path in (out / file for file in [*(shard.file for shard in own), shards.MANIFEST]):
        for left in leftovers(path.parent, path.name):
            left.unlink(missing_ok=True)
    pending = [shard for shard in own if not is_finished(out, shard, about, known)]
    make = partial(_table, dataset, limit, json.dumps(about.get("dials", {})))
    render(out, pending, about, make, done=sum(map(len, own)), processes=processes)
    missing = [shard.file for shard in others if not is_finished(out, shard, about, known)]
    entries = older if missing else _complete(out, about, older, planned)
    files = [file for split in entries.values() for file in split["shards"]]
    return Progress(
        revision=about["revision"],
        samples=sum(file["count"] for file in files),
        shards=len(files),
        size=sum(file["bytes"] for file in files),
        missing=tuple(missing),
    )


def _about(
    dataset: str, splits: Sequence[str], limit: int | None, dials: Mapping[str, Any]
) -> dict[str, Any]:
    spec = catalog.spec(dataset)
    if not spec.procedural:
        raise DataError(
            f"dataset {dataset!r} is made of photographs, which can't be passed on; build a "
            "procedural one"
        )
    if unknown := [split for split in splits if split not in spec.splits]:
        raise DataError(
            f"dataset {dataset!r} has no split {unknown[0]!r}; it has {', '.join(spec.splits)}"
        )
    limit = checked_limit(limit)
    if limit is not None and limit >= max(spec.splits.values()):
        limit = None
    revision = catalog.revision(dataset, dials)
    return {
        "dataset": dataset,
        "revision": revision,
        **({"dials": _as_json(dataset, dials)} if revision != spec.revision else {}),
        "schema": spec.schema.fingerprint,
        "renderer": source_hash(),
        "opencv": cv2.__version__,  # pixels differ a little from version to version, labels don't
        "limit": limit,
        "jpeg_quality": shards.JPEG_QUALITY,
        "row_group": shards.ROW_GROUP,
    }


def _as_json(dataset: str, dials: Mapping[str, Any]) -> dict[str, Any]:
    """Dials as a manifest states them: whoever reads it can turn them."""
    try:
        stated = json.loads(json.dumps(dials))
        if catalog.revision(dataset, stated) == catalog.revision(dataset, dials):
            return stated
    except (TypeError, ValueError, DataError):
        pass
    raise DataError(
        f"dials {dict(dials)} can't be built with: the manifest states them as JSON, where they "
        "would not be the same; use what --dial can turn"
    )


def _plan(dataset: str, splits: Sequence[str], limit: int | None) -> list[Shard]:
    return shards.plan({split: len(_samples(dataset, split, limit)) for split in splits})


@cache
def _samples(dataset: str, split: str, limit: int | None, dials: str = "{}") -> Split:
    return catalog.load(dataset, split, limit=limit, dials=json.loads(dials))


def _manifest(out: Path, about: dict[str, Any]) -> dict[str, Any]:
    """The splits of an earlier manifest in the folder, none if there is none."""
    path = out / shards.MANIFEST
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        optional = {"opencv", "dials"}
        found = {name: content[name] for name in about if name in content or name not in optional}
        splits = content["splits"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not of a build; choose another folder") from error
    _refuse_other(path, found, about)
    return splits


def _refuse_other(path: Path, found: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    found = {"opencv": "unknown", **found}  # of what was built before it was told
    differing = [f"{k} {found.get(k)} and not {v}" for k, v in about.items() if found.get(k) != v]
    if differing:
        raise DataError(f"{path} is of {', '.join(differing)}; choose another folder or empty it")


def refuse_foreign(out: Path, planned: Sequence[Shard]) -> None:
    """Refuse a folder that holds other files than these shards and what belongs to them.

    Raises:
        DataError: names the first of them.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; give a folder")
    ours = {f"{out / shard.file}" for shard in planned} | {f"{out / shards.MANIFEST}"}
    ours |= {f"{out / name}" for name in ("README.md", "croissant.json")}
    for path in out.rglob("*"):
        whole = path.with_name(path.name[1:]).with_suffix("") if path.name[0] == "." else path
        if path.is_file() and str(whole) not in ours and not is_litter(path):
            raise DataError(
                f"{out} holds {path.relative_to(out)}, which isn't of this build; choose a folder "
                "that is new or empty, or the --limit that this one was begun with"
            )


def is_finished(
    out: Path, shard: Shard, about: Mapping[str, Any], known: Mapping[str, str]
) -> bool:
    """Whether a shard is there and sound.

    Args:
        about: what it must state.
        known: file -> SHA-256, of shards in a manifest.

    Raises:
        DataError: it is of something else.
    """
    path = out / shard.file
    if not path.exists():
        return False
    if shard.file in known:
        return shards.digest(path) == known[shard.file]
    found = shards.stated(path)
    if found is not None:
        _refuse_other(path, found, {**about, "file": shard.file})
    return found is not None


def render(
    out: Path,
    pending: Sequence[Shard],
    about: Mapping[str, Any],
    make: Callable[[str, range], pa.Table],
    *,
    done: int,
    processes: int,
) -> None:
    """Write shards one after another; all processes render the samples of the next ones.

    Args:
        about: what every shard states.
        make: split and positions in it -> those samples as a table; called in a worker.
        done: samples that are there when these are, for the progress bar.
    """
    work = (
        delayed(make)(shard.split, positions) for shard in pending for positions in _runs(shard)
    )
    total = sum(map(len, pending))
    tables = workers(processes)(work)
    with (
        closing(tables),
        tqdm(
            total=done,
            initial=done - total,
            desc=f"building {about['dataset']}",
            unit="sample",
            file=sys.stderr,
            leave=False,
        ) as bar,
    ):
        for shard in pending:
            rows = []
            for _ in _runs(shard):
                rows.append(next(tables))
                bar.update(len(rows[-1]))
            with replacing(out / shard.file) as temporary:
                shards.write(temporary, rows, {**about, "file": shard.file})


def _runs(shard: Shard) -> Iterator[range]:
    """The positions in its split of the samples that are rendered at once."""
    step = shards.ROW_GROUP
    for start in range(shard.start, shard.stop, step):
        yield range(start, min(start + step, shard.stop))


def _table(dataset: str, limit: int | None, dials: str, split: str, positions: range) -> pa.Table:
    cv2.setNumThreads(1)
    return shards.make_table(_samples(dataset, split, limit, dials).select(positions))


def _complete(
    out: Path, about: dict[str, Any], older: dict[str, Any], written: list[Shard]
) -> dict[str, Any]:
    """Write the manifest of splits that are all there and of those in an older one; its splits."""
    new = {shard.split for shard in written}
    entries = {
        split: shards.entry(out, [shard for shard in written if shard.split == split])
        if split in new
        else older[split]
        for split in catalog.SPLITS
        if split in new or split in older
    }
    shards.write_manifest(out, about, entries)
    return entries
