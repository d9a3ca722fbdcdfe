"""The folder of an import: whether it may be written to, and what makes a split there complete."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ffld import shards
from ffld.atomic import is_litter, leftovers, replacing
from ffld.catalog import SPLITS
from ffld.coco_annotations import Problem
from ffld.sample import DataError

_LEFT = re.compile(r"\.(.+)\.\d+")  # as ffld.atomic names what isn't complete
_SHARD = re.compile(r"data/([a-z]+)-\d{5}-of-\d{5}\.parquet")


def splits(out: Path, split: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest of an earlier import lists; nothing where there is none.

    Without a manifest, a folder may hold what a killed import of this split has left.

    Raises:
        DataError: it holds something else.
    """
    path = out / shards.MANIFEST
    if not path.exists():
        _refuse_foreign(out, split, about)
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, known = {name: content[name] for name in about}, dict(content["splits"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not of an import; give a new folder") from error
    if found != about:
        raise DataError(
            f"{path} is of {found['dataset']}, schema {found['schema']}, not of "
            f"{about['dataset']}, schema {about['schema']}; give a new folder"
        )
    return known


def finish(
    out: Path,
    split: str,
    about: Mapping[str, Any],
    content: Mapping[str, Any],
    skipped: Sequence[Problem],
) -> None:
    """Write the manifest and what was skipped, and remove what earlier imports left of the split.

    Args:
        content: the splits, as `shards.entry` has them.
    """
    listed = out / f"skipped_{split}.json"
    if skipped:
        entries = [problem._asdict() for problem in skipped]
        with replacing(listed) as temporary:
            temporary.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    shards.write_manifest(out, about, {name: content[name] for name in SPLITS if name in content})
    kept = {entry["file"] for entry in content[split]["shards"]}
    for path in (out / "data").iterdir():
        left = _left(path)
        if _split(out, left or path) == split and (left or f"data/{path.name}" not in kept):
            path.unlink()
    for path in (*leftovers(out, shards.MANIFEST), *leftovers(out, listed.name)):
        path.unlink(missing_ok=True)
    if not skipped:
        listed.unlink(missing_ok=True)


def _refuse_foreign(out: Path, split: str, about: Mapping[str, Any]) -> None:
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; give a folder")
    beside = {out / shards.MANIFEST, out / f"skipped_{split}.json"}
    for path in sorted(out.rglob("*")):
        left = _left(path)
        ours = (left or path) in beside or is_litter(path)
        if _split(out, left or path) == split:
            ours = left is not None or _dataset(path) == about["dataset"]
        if path.is_file() and not ours:
            raise DataError(
                f"{out} holds {path.relative_to(out)}, which is not of an import of {split}; give "
                "a new folder, or move it elsewhere"
            )


def _left(path: Path) -> Path | None:
    """The file that a killed writer has left this of, if it is such."""
    match = _LEFT.fullmatch(path.name)
    return path.with_name(match[1]) if match else None


def _split(out: Path, path: Path) -> str | None:
    """The split that a file is a shard of, by its name."""
    match = _SHARD.fullmatch(path.relative_to(out).as_posix())
    return match[1] if match else None


def _dataset(path: Path) -> str | None:
    """What a shard says that it is of; None where it can't be read."""
    try:
        with pq.ParquetFile(path) as file:
            return (shards.metadata(file) or {}).get("dataset")
    except (OSError, pa.ArrowException):
        return None
