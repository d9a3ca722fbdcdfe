"""The tables as numbers: what the runs there are say, row by row, as one JSON document.

Within a section every row is scored on the same samples and, where its runs are there, compared
with LGR's default, paired over samples and seeds. What the paper says of an order is set against
what was found. `page` writes the document out.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

from benchmark.cost import planned_cost
from benchmark.crops import Source
from benchmark.evaluate import PROTOCOL
from benchmark.suite import records
from benchmark.suite.jobs import Entry
from benchmark.suite.profiles import PROFILES, Profile
from benchmark.suite.scores import Scores, orders
from benchmark.suite.tables import TABLES, Row, Table

LATENCY = "latency*.json"

_PAPERS = {"ffld": "FFLD", "fld": "FLD", "deepfashion": "DeepFashion"}  # the paper's name of a set


def document(
    runs: Sequence[records.Run],
    latencies: Sequence[Mapping[str, Any]] = (),
    *,
    tables: Sequence[Table] = TABLES,
    profiles: Sequence[Profile] = tuple(PROFILES.values()),
    datasets: Sequence[str] = (),
    root: Path | None = None,
    sources: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The report on these runs.

    A table has a section for every one of its data sets and every budget of which a run is there
    besides the reference's, which stands in other tables too; one without any has one section.

    Args:
        latencies: measurements as `--latency` writes them.
        datasets: in place of those of the tables.
        sources: file -> digest of what was read, kept in the document to tell if it is stale.
    """
    found: dict[str, dict[int, records.Run]] = {}
    for run in runs:
        key, seed = records.identity(run.configuration)
        found.setdefault(key, {})[seed] = run
    sections = []
    for table in tables:
        asked = [
            (profile, dataset) for profile in profiles for dataset in datasets or table.datasets
        ]
        whole = [_entries(table, profile, dataset, root) for profile, dataset in asked]
        begun = [one for one in whole if any(entry.identity in found for entry in _compared(one))]
        sections += [_section(one, found, latencies) for one in begun or whole[:1]]
    used = {row["runs"] for section in sections for row in section["rows"]}
    return {
        "protocol": PROTOCOL,
        "sources": dict(sources or {}),
        "unused": sum(_name(records.identity(run.configuration)[0]) not in used for run in runs),
        "sections": sections,
    }


def sources() -> dict[str, str]:
    """Name -> digest of every file of results that the project holds."""
    files = sorted([*records.HELD.glob(f"*{records.PACK}"), *records.HELD.glob(LATENCY)])
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def stale(content: Mapping[str, Any], held: Mapping[str, str]) -> list[str]:
    """Why a document is no longer the report on the held files by today's plan; [] if it is."""
    why = [
        f"{name} {'was not read' if name not in content['sources'] else 'has changed or is gone'}"
        for name in sorted(content["sources"].keys() | held.keys())
        if content["sources"].get(name) != held.get(name)
    ]
    tables = {table.name: table for table in TABLES}
    for section in content["sections"]:
        name, dataset = section["table"], section["dataset"]
        table, profile = tables.get(name), PROFILES.get(section["profile"])
        today = _entries(table, profile, dataset, None) if table and profile else []
        for then, now in zip_longest(section["rows"], today):
            if not (then and now and _is_part(_plan(now), then)):
                row = then["label"] if then else now.row.label
                why.append(f"table {name}, {row}: the plan has changed")
    seen = {section["table"] for section in content["sections"]}
    return [*why, *(f"table {name} is missing" for name in tables if name not in seen)]


def measured(files: Iterable[Path]) -> list[dict[str, Any]]:
    """The content of files that `--latency` wrote."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def _entries(table: Table, profile: Profile, dataset: str, root: Path | None) -> list[Entry]:
    return [Entry(table, row, profile, dataset, root) for _, row in table.rows()]


def _compared(entries: Sequence[Entry]) -> list[Entry]:
    """Those that can run, but for the reference."""
    reference = _reference(entries[0]).identity
    return [entry for entry in _able(entries) if entry.identity != reference]


def _reference(one: Entry) -> Entry:
    return Entry(one.table, one.table.reference, one.profile, one.dataset, one.root)


def _able(entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if not entry.problem]


def _section(
    entries: Sequence[Entry],
    found: Mapping[str, Mapping[int, records.Run]],
    latencies: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """One table on one data set at one budget."""
    first = entries[0]
    table, profile = first.table, first.profile
    reference = _reference(first)
    keys = [reference.identity, *(entry.identity for entry in _able(entries))]
    runs = {key: found[key] for key in dict.fromkeys(keys) if key in found}
    scores = _scores(runs, reference)
    times = _times(latencies, first)
    groups = [group.title for group, _ in table.rows()]
    paper = _paper(first.dataset)
    return {
        "table": table.name,
        "title": table.title,
        "profile": profile.name,
        "budget": _budget(profile),
        "dataset": first.dataset,
        "paper": paper,
        **(scores.about() if scores else {}),
        "reference": table.reference.label,
        "rows": [
            {"group": group, **_row(entry, scores, times)}
            for group, entry in zip(groups, entries, strict=True)
        ],
        "orders": orders(groups, entries, scores, paper) if scores else [],
        "latency": {k: v for k, v in times.items() if k != "models"},
    }


def _scores(runs: Mapping[str, Mapping[int, records.Run]], reference: Entry) -> Scores | None:
    """The scores of a section's runs, if there are any; all have the same samples."""
    for group in runs.values():
        for run in group.values():
            targets = Source.of_run(run.configuration, reference.root).open().targets
            return Scores(runs, reference.identity, targets)
    return None


def _row(entry: Entry, scores: Scores | None, times: Mapping[str, Any]) -> dict[str, Any]:
    content = _plan(entry)
    if entry.problem:
        return content
    plan = entry.plan()
    found = planned_cost(plan.model, plan.spec.schema, **plan.overrides)
    if found is not None:
        content["cost"] = asdict(found)
        content["latency"] = times.get("models", {}).get(_measured_as(entry.row))
    if scores and entry.identity in scores.runs:
        content |= scores.row(entry.identity)
    return content


def _plan(entry: Entry) -> dict[str, Any]:
    """What is known of a row before it has run."""
    row = entry.row
    return {
        "label": row.label,
        "model": row.model,
        "settings": list(row.settings),
        "remark": row.remark,
        "reported": dict(row.reported),
        "reported_landmarks": {
            name: [None if math.isnan(value) else value for value in values]
            for name, values in row.landmarks.items()
        },
        "problem": entry.problem,
        "is_reference": entry.is_reference,
        "runs": "" if entry.problem else _name(entry.identity),
    }


def _is_part(some: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    return all(whole.get(key) == value for key, value in some.items())


def _name(identity: str) -> str:
    """A digest of what tells runs from others."""
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def _paper(dataset: str) -> str:
    """The paper's set that a data set is or stands in for."""
    return _PAPERS.get(dataset.removesuffix("-procedural"), "FLD")


def _budget(profile: Profile) -> dict[str, Any]:
    return {
        "input_size": profile.size,
        "width": profile.width,
        "train": profile.train,
        "epochs": profile.epochs,
        "images_seen": profile.train * profile.epochs,
        "val": profile.val,
        "trials": profile.epochs,
    }


def _times(latencies: Sequence[Mapping[str, Any]], entry: Entry) -> Mapping[str, Any]:
    """The measurement of a profile and a data set; the last one if there are several."""
    fits = [
        one
        for one in latencies
        if (one["profile"], one["dataset"]) == (entry.profile.name, entry.dataset)
    ]
    return fits[-1] if fits else {}


def _measured_as(row: Row) -> str:
    return " ".join([row.model, *row.settings])
