"""What a campaign runs, and in which order: parts of the suite's tables, best value first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark import folder
from benchmark.plan import RunError
from benchmark.result import Result
from benchmark.suite import jobs
from benchmark.suite.jobs import Entry, Job
from benchmark.suite.profiles import PROFILES, Profile
from benchmark.suite.tables import TABLES

REHEARSAL = Profile(
    name="rehearsal", device="cpu", size=48, width=0.0625, train=64, val=16, test=32,
    epochs=1, flops=1e10, overhead=1.0,
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """The core rows of a table, on a data set, with so many seeds.

    Attributes:
        dataset: in place of the table's own.
        nearest: only the reference and so many rows whose first seed came nearest to it.
    """

    table: str
    dataset: str | None = None
    seeds: int = 1
    nearest: int | None = None

    @property
    def title(self) -> str:
        """What is run, in words."""
        which = "" if self.nearest is None else f", LGR and its {self.nearest} nearest rivals"
        where = f" on {self.dataset}" if self.dataset else ""
        return f"table {self.table}{where}{which}, {self.seeds} seed{'s' * (self.seeds > 1)}"


STAGES = (
    Stage("3"),
    Stage("3", seeds=3, nearest=3),
    Stage("2"),
    Stage("1", "fld-procedural"),
    Stage("1", "deepfashion-procedural"),
    Stage("repairs"),
)


def profile_of(name: str) -> Profile:
    """The budget of a run by its name.

    Raises:
        RunError: there is none.
    """
    known = {**PROFILES, REHEARSAL.name: REHEARSAL}
    if name not in known:
        raise RunError(f"unknown profile {name!r}; there are {', '.join(known)}")
    return known[name]


def runs(stage: Stage, profile: Profile, out: Path) -> list[Job]:
    """A stage's runs with their folders under `out`, and how far they are.

    Of a stage of nearest rivals none is known before these have a first seed.
    """
    table = next(table for table in TABLES if table.name == stage.table)
    asked = jobs.entries([table], profile, [stage.dataset] if stage.dataset else [], core=True)
    if stage.nearest is not None:
        asked = _nearest(asked, stage.nearest, out)
    return jobs.located(jobs.jobs(asked, stage.seeds), out, [])


def all_runs(profile: Profile, out: Path) -> list[Job]:
    """Those of every stage, each once."""
    found: dict[tuple[str, int], Job] = {}
    for stage in STAGES:
        for job in runs(stage, profile, out):
            found.setdefault(job.key, job)
    return list(found.values())


def _nearest(asked: Sequence[Entry], count: int, out: Path) -> list[Entry]:
    """The reference and the seeded rows whose first seed's NE is nearest to its own."""
    first = {
        job.entry.identity: Result.load(job.plan.folder / folder.RESULT).scores["ne"]["visible"]
        for job in jobs.located(jobs.jobs(asked, 1), out, [])
        if job.finished
    }
    reference = next(entry for entry in asked if entry.is_reference)
    if reference.identity not in first:
        return []
    level = first[reference.identity].value
    rivals = {
        entry.identity: entry
        for entry in asked
        if not entry.problem and entry.row.seeded and entry.identity in first
        and not entry.is_reference
    }  # fmt: skip
    ordered = sorted(rivals.values(), key=lambda one: abs(first[one.identity].value - level))
    return [reference, *ordered[:count]]
