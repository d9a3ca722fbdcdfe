"""From tables to runs: which there are, in what order, and how far each of them is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch

from benchmark import folder, models
from benchmark.models import ModelError
from benchmark.plan import Plan, resolve
from benchmark.settings import SettingsError
from benchmark.suite import records
from benchmark.suite.profiles import Profile
from benchmark.suite.tables import Row, Table


@dataclass(frozen=True)
class Entry:
    """A row of a table on a data set at a budget; what it needs to be run."""

    table: Table
    row: Row
    profile: Profile
    dataset: str
    root: Path | None = None

    def plan(self, seed: int = 0) -> Plan:
        """The run, planned for the profile's device, which need not be here.

        Raises:
            ModelError, SettingsError, DataError: there is no such model, setting or data set.
        """
        device = torch.device(self.profile.device)
        return resolve(self.profile.request(self.row, self.dataset, seed, self.root), device)

    @cached_property
    def identity(self) -> str:
        """That of its runs, whatever their seed."""
        return records.identity(self.plan().configuration)[0]

    @cached_property
    def problem(self) -> str:
        """Why it cannot be run; empty if it can."""
        if not self.row.model:
            return self.row.remark or "not built here"
        if ":" not in self.row.model and self.row.model not in models.available():
            return f"there is no model {self.row.model!r} yet"
        try:
            self.plan()
        except (ModelError, SettingsError) as error:
            return str(error).partition(" | ")[0]
        return ""

    @property
    def is_reference(self) -> bool:
        """Whether it is what other rows are compared with."""
        reference = self.table.reference
        return (self.row.model, self.row.settings) == (reference.model, reference.settings)

    @property
    def name(self) -> str:
        """The row's label and where it stands."""
        return f"table {self.table.name}, {self.row.label}"


@dataclass(frozen=True)
class Job:
    """One run of the plan, which may stand in several rows.

    Attributes:
        names: of these rows.
        epochs: how many it has behind it.
        finished: whether its result is there, in its folder or in a pack.
        failed: whether it did when it was tried last.
    """

    plan: Plan
    entry: Entry
    names: tuple[str, ...]
    seed: int
    epochs: int = 0
    finished: bool = False
    failed: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from every other run."""
        return self.entry.identity, self.seed

    @property
    def failure(self) -> Path:
        """The file that says why it failed; hidden, since a run begins in an empty folder."""
        return self.plan.folder / ".failure"

    @property
    def title(self) -> str:
        """The model with what sets it apart, and the seed."""
        return " ".join([self.entry.row.model, *self.entry.row.settings, f"seed {self.seed}"])

    @property
    def command(self) -> str:
        """The same run by hand."""
        words = self.entry.profile.words(self.entry.row, self.entry.dataset, self.seed)
        root = ["--root", self.plan.root] if self.plan.root else []
        out = ["--out", str(self.plan.folder)]
        return shlex.join(["python", "-m", "benchmark.run", *words, *root, *out])


def entries(
    tables: Iterable[Table],
    profile: Profile,
    datasets: Sequence[str] = (),
    *,
    core: bool = False,
    root: Path | None = None,
) -> list[Entry]:
    """Every row of these tables on these data sets, or on each table's own.

    Args:
        core: only the rows without which a table's claim cannot be judged.
    """
    return [
        Entry(table, row, profile, dataset, root)
        for table in tables
        for dataset in datasets or table.datasets
        for _, row in table.rows()
        if row.core or not core
    ]


def jobs(asked: Sequence[Entry], seeds: int) -> list[Job]:
    """The runs of these rows, each once, the most telling first.

    The first seed of every row before any second one, and what the others are compared with before
    these.
    """
    found: dict[tuple[str, int], Job] = {}
    for seed in range(seeds):
        for entry in sorted(asked, key=lambda entry: not entry.is_reference):
            if entry.problem or (seed and not entry.row.seeded):
                continue
            key = entry.identity, seed
            if key in found:
                names = (*found[key].names, entry.name)
                found[key] = replace(found[key], names=names)
            else:
                found[key] = Job(entry.plan(seed), entry, (entry.name,), seed)
    return list(found.values())


def located(planned: Sequence[Job], out: Path, elsewhere: Sequence[records.Run]) -> list[Job]:
    """The same runs with their folders under `out`, and how far they are.

    A run there counts whatever its folder is called, as one made by hand may be.

    Args:
        elsewhere: finished runs from other places.
    """
    there = {records.identity(content): path for path, content in records.folders(out)}
    done = {records.identity(run.configuration) for run in elsewhere}
    return [_located(job, out, there, done) for job in planned]


def _located(job: Job, out: Path, there: dict, done: set) -> Job:
    path = there.get(job.key, out / job.plan.folder.name)
    finished = job.key in done or (path / folder.RESULT).is_file()
    placed = replace(job, plan=replace(job.plan, folder=path), finished=finished)
    return replace(placed, epochs=len(records.history(path)), failed=placed.failure.is_file())


def shared(planned: Sequence[Job], part: int, parts: int) -> list[Job]:
    """One machine's part of the runs, from 1 to `parts`; the same whatever is finished already."""
    return list(planned[part - 1 :: parts])


def missing(planned: Iterable[Job]) -> Iterator[Job]:
    """The runs that are not finished: those that were begun first, those that failed last."""
    left = [job for job in planned if not job.finished]
    return iter(sorted(left, key=lambda job: (job.failed, not job.epochs)))
