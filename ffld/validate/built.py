"""A built dataset: the manifest, its files, and what they hold."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from joblib import delayed
from tqdm import tqdm

from ffld import catalog, shards
from ffld.ids import is_inside
from ffld.sample import DataError
from ffld.schema import LandmarkSchema
from ffld.sealed import season_in
from ffld.validate.files import check_tree, leaves
from ffld.validate.labels import Ids
from ffld.validate.pictures import Gallery
from ffld.validate.report import Report
from ffld.validate.tables import Checked, check_shard
from ffld.workers import workers

_STATED = ("dataset", "revision", "schema")  # by the manifest and by every shard
_FEW = 2000  # samples that are checked sooner than workers start
_LARGEST = 64 << 20  # bytes of a manifest
_NAME = re.compile(r"data/([a-z]+)-\d{5}-of-\d{5}\.parquet")
_BESIDE = {shards.MANIFEST, "README.md", ".gitattributes", "LICENSE"}


def validate_built(folder: Path, report: Report, *, images: str = "header") -> None:
    """Check a folder that `python -m ffld build` or `import` wrote.

    Raises:
        DataError: it holds the images of a sealed season, which have no labels to check.
    """
    manifest = _manifest(folder, report)
    if season := season_in(manifest):
        raise DataError(
            f"{folder} holds the images of a sealed season, without labels; check it with "
            f"`python -m leaderboard season verify {season} --images {folder}`"
        )
    entries = _entries(manifest, report)
    stated = {entry["file"] for entry in entries}
    unlisted = [] if stated else _found(folder)
    known = stated | set(unlisted) | _BESIDE
    check_tree(folder, report, lambda name: name in known or name.endswith(".json"))
    about = {name: manifest[name] for name in _STATED if name in manifest}
    schema = _schema(about, manifest.get("dials"), report)
    sound = [entry for entry in entries if _is_there(folder, entry, report)]
    sound += [{"file": name} for name in unlisted]
    if schema is None:
        return
    checked = {}
    total = sum(entry.get("count", 0) for entry in sound)
    gallery = Gallery()
    with tqdm(total=total, desc="validating", unit="sample", file=sys.stderr, leave=False) as bar:
        work = (delayed(_check)(folder, entry, schema, about, images) for entry in sound)
        for entry, found in zip(sound, workers(1 if total < _FEW else -1)(work), strict=True):
            _take(found, entry, report)
            for look in found.looks:
                gallery.add(*look)
            found.problems, found.looks = [], []
            checked[entry["file"]] = found
            bar.update(found.samples)
    _report_ids(folder, checked, report)
    gallery.report(report)


def _manifest(folder: Path, report: Report) -> dict[str, Any]:
    """The content, as far as it is one; {} where it isn't."""
    path = folder / shards.MANIFEST
    if not path.is_file():
        report.add("file-missing", shards.MANIFEST, "nothing")
        return {}
    if leaves(path, folder):
        return {}  # told with the links of the folder
    if path.stat().st_size > _LARGEST:
        report.add("file-too-large", shards.MANIFEST, f"{path.stat().st_size:,} bytes")
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        report.add("manifest", shards.MANIFEST, error)
        return {}
    if not isinstance(content, dict):
        report.add("manifest", shards.MANIFEST, f"a {type(content).__name__}")
        return {}
    for name in (*_STATED, "splits", "row_group", "limit"):
        if name not in content:
            report.add("manifest", shards.MANIFEST, "nothing", field=name)
    return content


def _entries(manifest: Mapping[str, Any], report: Report) -> list[dict[str, Any]]:
    """The shards that the manifest lists, each well-formed."""
    splits = manifest.get("splits", {})
    if not isinstance(splits, dict):
        report.add("manifest", shards.MANIFEST, f"{splits!r}", field="splits")
        return []
    entries: dict[str, dict[str, Any]] = {}
    for split, content in splits.items():
        where = f"splits.{split}"
        if split not in catalog.SPLITS:
            report.add("manifest", shards.MANIFEST, split, field="splits",
                       expected=", ".join(catalog.SPLITS))  # fmt: skip
        if not isinstance(content, dict) or not isinstance(content.get("shards"), list):
            report.add("manifest", shards.MANIFEST, f"{content!r}", field=where)
            continue
        for number, entry in enumerate(content["shards"]):
            if _well_formed(entry, f"{where}.shards[{number}]", report):
                if entry["file"] in entries:
                    report.add("manifest", shards.MANIFEST, f"{entry['file']} twice", field=where)
                entries[entry["file"]] = {**entry, "split": split}
        total = sum(e["count"] for e in entries.values() if e["split"] == split)
        if content.get("count") != total:
            report.add("count", shards.MANIFEST, content.get("count"), field=f"{where}.count",
                       expected=f"{total}, the sum of its shards")  # fmt: skip
    return list(entries.values())


def _well_formed(entry: Any, where: str, report: Report) -> bool:
    kinds = {"file": str, "count": int, "bytes": int, "sha256": str}
    if not isinstance(entry, dict):
        report.add("manifest", shards.MANIFEST, f"{entry!r}", field=where)
        return False
    wrong = [name for name, kind in kinds.items() if type(entry.get(name)) is not kind]
    for name in wrong:
        report.add("manifest", shards.MANIFEST, f"{entry.get(name)!r}", field=f"{where}.{name}")
    if wrong:
        return False
    if not is_inside(entry["file"]):
        report.add("file-outside", shards.MANIFEST, entry["file"], field=f"{where}.file")
        return False
    return True


def _found(folder: Path) -> list[str]:
    """Shards of a folder whose manifest lists none."""
    paths = sorted((folder / "data").glob("*.parquet"))
    return [f"data/{p.name}" for p in paths if p.is_file() and not leaves(p, folder)]


def _schema(about: Mapping[str, Any], dials: object, report: Report) -> LandmarkSchema | None:
    """The schema of the stated dataset, with what the manifest contradicts reported."""
    name = about.get("dataset", "ffld")
    if name not in catalog.available():
        report.add("manifest", shards.MANIFEST, name, field="dataset",
                   expected=", ".join(catalog.available()))  # fmt: skip
        return None
    spec = catalog.spec(name)
    for field, rule, value in (
        ("revision", "revision", _revision(name, dials, report)),
        ("schema", "fingerprint", spec.schema.fingerprint),
    ):
        if field in about and about[field] != value:
            report.add(rule, shards.MANIFEST, about[field], field=field, expected=value)
    return spec.schema


def _revision(name: str, dials: object, report: Report) -> str:
    """What a folder that was built with these dials is of."""
    if dials is not None:
        try:
            return catalog.revision(name, dict(dials))
        except (DataError, TypeError, ValueError, AttributeError) as error:
            report.add("manifest", shards.MANIFEST, error, field="dials")
    return catalog.spec(name).revision


def _is_there(folder: Path, entry: Mapping[str, Any], report: Report) -> bool:
    path = folder / entry["file"]
    if leaves(path, folder):
        return False  # told with the links of the folder
    if not path.is_file():
        report.add("file-missing", entry["file"], "nothing")
        return False
    if path.stat().st_size != entry["bytes"]:
        report.add("file-size", entry["file"], f"{path.stat().st_size:,} bytes",
                   expected=f"{entry['bytes']:,} bytes")  # fmt: skip
    return True


def _check(
    folder: Path, entry: Mapping[str, Any], schema: LandmarkSchema, about: Mapping[str, Any],
    images: str,
) -> Checked:  # fmt: skip
    """In a worker: a shard and, where its size is right, its hash."""
    file = entry["file"]
    path = folder / file
    found = check_shard(folder, file, schema, {**about, "file": file}, images)
    if "sha256" in entry and path.stat().st_size == entry["bytes"]:
        digest = shards.digest(path)
        if digest != entry["sha256"]:
            Report(found.problems.append).add("file-hash", file, digest, expected=entry["sha256"])
    return found


def _take(found: Checked, entry: Mapping[str, Any], report: Report) -> None:
    report.merge(found.problems, found.samples)
    if found.rows is not None and entry.get("count", found.rows) != found.rows:
        report.add("count", found.file, f"{found.rows} rows", expected=f"{entry['count']} rows")


def _report_ids(folder: Path, checked: Mapping[str, Checked], report: Report) -> None:
    ids, places = Ids(), []
    for found in checked.values():
        places.append((found.file, len(found.ids)))
        ids.extend(found.ids)
    repeated = ids.repeated()
    if not repeated:
        return
    names = dict(_named(folder, places, {*repeated, *repeated.values()}))
    for again, first in repeated.items():
        file, row, name = names[again]
        report.add("id-duplicate", file, f"it is there already, in {names[first][0]} row "
                   f"{names[first][1]}", row=row, sample=name, field="id")  # fmt: skip


def _named(
    folder: Path, places: list[tuple[str, int]], wanted: set[int]
) -> Iterator[tuple[int, tuple[str, int, str]]]:
    """File, row and id of some positions in all files together."""
    start = 0
    for file, count in places:
        here = [position - start for position in wanted if start <= position < start + count]
        if here:
            column = pq.read_table(folder / file, columns=["id"])["id"]
            for row in here:
                yield start + row, (file, row, column[row].as_py())
        start += count
