"""What the suite's command does, once its arguments are read."""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from benchmark import models
from benchmark.command import check_writable
from benchmark.cost import latencies
from benchmark.device import device_of
from benchmark.plan import RunError
from benchmark.result import ResultError
from benchmark.suite import jobs, records
from benchmark.suite.estimate import Estimator
from benchmark.suite.figure import figure
from benchmark.suite.jobs import Entry, Job
from benchmark.suite.page import markdown
from benchmark.suite.profiles import PROFILES, Profile
from benchmark.suite.report import LATENCY, document, measured, sources, stale
from benchmark.suite.tables import TABLES, Row, Table
from benchmark.suite.work import carry_out
from ffld.atomic import replacing
from ffld.commands.options import check_picture

PAGE = Path("docs/paper_tables.md")

_ALL = "all"  # of the tables
_RUNS = Path("runs")
_SAMPLES = 6  # rows of figure 5
_CONTROL = Row("vgg16", "vgg16")  # what times are compared with


def act(arguments: argparse.Namespace) -> None:
    """Do what the command line asks for.

    Raises:
        RunError, ResultError, DataError, …: what cannot be done.
    """
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "list": _list,
        "dry_run": _dry_run,
        "report": _report,
        "check": _check,
        "figure": _figure,
        "latency": _latency,
        "unpack": _unpack,
    }
    asked = next((name for name in actions if getattr(arguments, name)), None)
    (actions[asked] if asked else _run)(arguments)


def _tables(arguments: argparse.Namespace) -> list[Table]:
    known = {table.name: table for table in TABLES}
    asked = arguments.table or [_ALL]
    if unknown := [name for name in asked if name not in (*known, _ALL)]:
        raise RunError(f"unknown table {unknown[0]!r}; there are {', '.join(known)}; {_ALL}")
    return [known[name] for name in (known if _ALL in asked else dict.fromkeys(asked))]


def _profile(arguments: argparse.Namespace) -> Profile:
    name = arguments.profile or next(iter(PROFILES))
    if name not in PROFILES:
        raise RunError(f"unknown profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def _entries(arguments: argparse.Namespace) -> list[Entry]:
    return jobs.entries(
        _tables(arguments),
        _profile(arguments),
        arguments.dataset,
        core=arguments.core,
        root=arguments.root,
    )


def _planned(arguments: argparse.Namespace, elsewhere: Sequence[records.Run]) -> list[Job]:
    """The runs asked for, this machine's part of them, with how far they are."""
    planned = jobs.jobs(_entries(arguments), arguments.seeds)
    if arguments.shard:
        planned = jobs.shared(planned, *arguments.shard)
    return jobs.located(planned, arguments.out or _RUNS, elsewhere)


def _run(arguments: argparse.Namespace) -> None:
    check_writable(arguments.pack, "--pack", [".parquet"])
    elsewhere = records.gather(arguments.runs)
    failures = carry_out(_planned(arguments, elsewhere), arguments.time_budget)
    planned = _planned(arguments, elsewhere)
    if arguments.pack:
        kept = records.gather([*arguments.runs, *_there(arguments.out or _RUNS)])
        asked = {job.key for job in planned}
        chosen = [run for run in kept if records.identity(run.configuration) in asked]
        records.save(chosen, arguments.pack, arguments.root)
        size = arguments.pack.stat().st_size / 1e6
        print(f"{arguments.pack}: {len(chosen)} runs, {size:.1f} MB")
    _print(arguments, planned)
    if failures:
        raise RunError(f"{len(failures)} runs failed: {'; '.join(failures.values())}")


def _there(folder: Path) -> list[Path]:
    return [folder] if folder.exists() else []


def _dry_run(arguments: argparse.Namespace) -> None:
    planned = _planned(arguments, records.gather(arguments.runs))
    _print(arguments, planned)
    for job in jobs.missing(planned):
        print(job.command)


def _print(arguments: argparse.Namespace, planned: Sequence[Job]) -> None:
    """Every run and how far it is, what cannot be run, and the time that the rest will take."""
    estimator = Estimator(planned)
    for job in planned:
        epochs = job.entry.profile.epochs
        begun = f"{job.epochs} of {epochs} epochs" if job.epochs else "missing"
        failed = ", failed when it was tried last" if job.failed else ""
        left = "finished" if job.finished else f"{begun}, {estimator.left(job):.0f} s{failed}"
        print(f"{job.title} on {job.entry.dataset}: {left} ({'; '.join(job.names)})")
    for entry in _entries(arguments):
        if entry.problem:
            print(f"not to be run: {entry.name}: {entry.problem}")
    finished = sum(job.finished for job in planned)
    print(
        f"{finished} of {len(planned)} runs finished; the others take about "
        f"{estimator.total(planned) / 60:.0f} min here, besides the rendering of their images"
    )


def _list(arguments: argparse.Namespace) -> None:
    for table in _tables(arguments):
        print(f"table {table.name}: {table.title} ({', '.join(table.datasets)})")
        for group, row in table.rows():
            figures = [f"{name} {value:.4f}" for name, value in row.reported.items()]
            reported = f"; reported: {', '.join(figures)}" if figures else ""
            how = " ".join([row.model, *row.settings]) or row.remark
            print(f"  {group.title}: {row.label}: {how}{reported}")


def _report(arguments: argparse.Namespace) -> None:
    page, numbers = arguments.out, arguments.out and arguments.out.with_suffix(".json")
    if page and page == numbers:
        raise RunError(f"--out {page}: the page's name; {numbers} holds its numbers: name it .md")
    check_writable(page, suffixes=[".md"])
    check_writable(numbers)
    folders = [place for place in (records.HELD, *arguments.runs) if place.is_dir()]
    content = document(
        _gathered(arguments),
        measured(file for place in folders for file in sorted(place.glob(LATENCY))),
        tables=_tables(arguments),
        profiles=[_profile(arguments)] if arguments.profile else tuple(PROFILES.values()),
        datasets=arguments.dataset,
        root=arguments.root,
        sources=sources(),
    )
    text = markdown(content)
    if page:
        _write(numbers, json.dumps(content, indent=1) + "\n")
        _write(page, text)
    print(text, end="")


def _gathered(arguments: argparse.Namespace) -> list[records.Run]:
    """Runs of --runs and those that come with the project; the former count where both are there.

    What that replaces and mixes is said, since a row may hold seeds of both.
    """
    own = {records.identity(run.configuration): run for run in records.gather(arguments.runs)}
    held = records.gather([records.HELD] if records.HELD.is_dir() else [])
    rest, replaced = [], 0
    for run in held:
        mine = own.get(records.identity(run.configuration))
        if mine is None:
            rest.append(run)
        else:
            replaced += not _same(mine, run)
    if replaced:
        _say(f"{replaced} runs that come with the project are replaced by those of --runs")
    rows = {row for row, _ in own}
    mixed = sum(records.identity(run.configuration)[0] in rows for run in rest)
    if mixed:
        _say(f"{mixed} runs that come with the project are further seeds of rows of --runs")
    return [*own.values(), *rest]


def _same(one: records.Run, other: records.Run) -> bool:
    """Whether two runs say the same; points from a pack are no longer those that were hashed."""
    hashed = one.predictions_sha256 == other.predictions_sha256
    return hashed or np.array_equal(one.points, other.points)


def _check(arguments: argparse.Namespace) -> None:
    page = arguments.out or PAGE
    file = page.with_suffix(".json")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        text = page.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ResultError(f"{file} or {page} cannot be read: {error}") from error
    why = stale(content, sources()) or _differences(content, text, page)
    if why:
        raise ResultError(
            f"{page} is stale: {'; '.join(why)}; write it: "
            f"python -m benchmark.suite --report --out {page}"
        )
    print(f"{page} is up to date")


def _differences(content: dict, text: str, page: Path) -> list[str]:
    try:
        same = markdown(content) == text
    except KeyError:  # an earlier version of this program wrote it
        same = False
    return [] if same else [f"{page} is not what its JSON file gives"]


def _figure(arguments: argparse.Namespace) -> None:
    arguments.table = arguments.table or ["3"]
    out = arguments.out or Path("figure5.png")
    check_writable(out)
    check_picture(out)
    print(figure(_entries(arguments), _gathered(arguments), out, _SAMPLES))


def _unpack(arguments: argparse.Namespace) -> None:
    """Make folders of a pack's runs, as far as they are not there yet."""
    out = arguments.out or _RUNS
    there = {records.identity(content) for _, content in records.folders(out)}
    for run in records.gather([arguments.unpack]):
        if (key := records.identity(run.configuration)) in there:
            continue
        digest = hashlib.sha256("".join(map(str, key)).encode()).hexdigest()[:8]
        about = run.configuration
        name = re.sub(r"[^\w-]+", "-", f"{about['model']}-{about['dataset']}-{digest}")
        print(records.restore(run, out / name, arguments.root))


def _latency(arguments: argparse.Namespace) -> None:
    """Time the models of these rows against each other and vgg16, weights untrained."""
    check_writable(arguments.latency, "--latency", [".json"])
    profile = _profile(arguments)
    device, _ = device_of(profile.device)
    tables = _tables(arguments)
    dataset = (arguments.dataset or tables[0].datasets)[0]
    arguments.dataset = [dataset]
    timed = {}
    for entry in (Entry(tables[0], _CONTROL, profile, dataset), *_entries(arguments)):
        if not entry.problem and entry.row.seeded:
            plan = entry.plan()
            name = " ".join([entry.row.model, *entry.row.settings])
            timed[name] = models.build(plan.model, plan.spec.schema, **plan.overrides)
    rounds = 20
    found = latencies(timed, _CONTROL.model, device, rounds=rounds)
    content = {
        "profile": profile.name,
        "dataset": dataset,
        "machine": _machine(device),
        "torch": torch.__version__,
        "rounds": rounds,
        "models": {name: asdict(one) for name, one in found.items()},
    }
    _write(arguments.latency, json.dumps(content, indent=1) + "\n")
    for name, one in sorted(found.items(), key=lambda item: item[1].milliseconds):
        print(f"{one.milliseconds:9.3f} ms  {one.ratio:6.2f} x vgg16  {name}")


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    units = torch.backends.cpu.get_cpu_capability()
    return f"{torch.get_num_threads()} threads of {platform.machine()} ({units})"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
