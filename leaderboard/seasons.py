"""Seasons: test sets that nobody can know, committed to in advance and opened at the end.

    seasons/NAME.json       the record: what the season is, the commitment, at the end the key
    seasons/NAME.parquet    what a method is given of each sample besides the image

The organiser draws a key, renders images under it, and publishes them without labels, together with
the SHA-256 of the key and of everything that the record says. So neither the key nor a word of the
record can be changed later. With the key everybody has the labels, and every number can be
recomputed; until then nobody can score anything. docs/rules.md says what that means for entries.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffld
from ffld import sealed
from ffld.atomic import replacing
from ffld.sample import DataError, Targets
from ffld.sealed import Sealed
from leaderboard import fields, stored
from leaderboard.season_record import FACTS, Facts, Revealed, SeasonError, problems, read

if TYPE_CHECKING:
    from leaderboard.submission import Submission

SEASONS = Path(__file__).parent / "seasons"


@dataclass(frozen=True)
class Season:
    """A checked record.

    Attributes:
        folder: that the record is in.
        revealed: None as long as the season is sealed.
    """

    folder: Path
    facts: Facts
    commitment: str
    revealed: Revealed | None = None

    @classmethod
    def load(cls, name: str, folder: Path = SEASONS) -> Season:
        """Read a season's record.

        Raises:
            SeasonError: there is none, or it is not what was committed to.
        """
        path = record_path(name, folder)
        if path.is_symlink() or not path.is_file():
            known = ", ".join(one.stem for one in sorted(folder.glob("*.json"))) or "none"
            raise SeasonError(f"there is no season {name!r}; there are: {known}")
        content = read(path)
        if found := list(problems(content, name)):
            raise SeasonError(f"{path}: {'; '.join(found)}")
        facts = Facts(**{field: content[field] for field in FACTS})
        revealed = content["revealed"] and Revealed(**content["revealed"])
        if revealed and facts.commitment(revealed.key) != content["commitment"]:
            raise SeasonError(
                f"{path}: the commitment is not that of this key and these facts; the record was "
                "altered after the season opened"
            )
        return cls(folder, facts, content["commitment"], revealed)

    @property
    def name(self) -> str:
        """As on the command line."""
        return self.facts.season

    @property
    def over(self) -> bool:
        """Whether the last day for entries has passed."""
        return fields.today() > datetime.date.fromisoformat(self.facts.closes)

    @property
    def status(self) -> str:
        """In words that stay true: they are in tables, which must not change by the day."""
        if self.revealed:
            return f"key revealed on {self.revealed.date}"
        return f"sealed, entries until {self.facts.closes}"

    def sheet_problems(self) -> Iterator[str]:
        """Whether the file with what methods are given is missing, or another."""
        path = sheet_path(self.name, self.folder)
        if path.is_symlink() or not path.is_file() or stored.digest(path) != self.facts.sheet:
            yield f"{path} is missing, or not the file whose SHA-256 the record states"

    @property
    def content(self) -> dict[str, Any]:
        """As it is written, in JSON values."""
        revealed = self.revealed and asdict(self.revealed)
        return {**asdict(self.facts), "commitment": self.commitment, "revealed": revealed}

    def save(self) -> None:
        """Write the record, whole or not at all."""
        with replacing(record_path(self.name, self.folder)) as temporary:
            temporary.write_text(json.dumps(self.content, indent=2) + "\n", encoding="utf-8")

    def fits(self, key: str) -> bool:
        """Whether this is the key that was committed to."""
        return self.facts.commitment(key) == self.commitment

    def revealing(self, key: str, entries: Mapping[str, Mapping[str, Any]]) -> Season:
        """The record with its key, and what the entries that are in say: `Submission.stated`."""
        return replace(self, revealed=Revealed(fields.today().isoformat(), key, entries))

    def faults(self, submission: Submission) -> Iterator[str]:
        """What keeps a submission from being of this season, whatever its predictions are."""
        facts, said = self.facts, submission.season
        if said is None or said.commitment != self.commitment:
            yield (
                f"season: it was made for commitment {said and said.commitment}, and the record of "
                f"{self.name} has {self.commitment}: one of both was altered"
            )
        for name in ("dataset", "split", "revision"):
            if (found := getattr(submission, name)) != (expected := getattr(facts, name)):
                yield f"{name}: season {self.name} is of {expected!r}, not {found!r}"
        if not facts.opens <= submission.date <= facts.closes:
            yield (
                f"date: season {self.name} takes entries from {facts.opens} to {facts.closes}; "
                f"{submission.date} is refused"
            )
        if self.revealed:
            known = self.revealed.entries.values()
            if submission.stated not in known:
                hashes = {sha256 for one in known for sha256 in one["predictions"]}
                late = [one for one in submission.stated["predictions"] if one not in hashes]
                what = f"{len(late)} files" if late else "this choice of files, or its statement,"
                yield (
                    f"predictions: {what} were not in when the key of {self.name} was revealed on "
                    f"{self.revealed.date}; what comes later is refused"
                )

    def samples(self, key: str) -> Sealed:
        """The samples under a key, labels and all.

        Raises:
            SeasonError: the dataset isn't any more what the season was made of.
        """
        made = Sealed(self.facts.dataset, self.name, self.facts.samples, key)
        schema = ffld.spec(self.facts.dataset).schema.fingerprint
        now = made.revision, schema
        if (self.facts.revision, self.facts.schema) != now:
            raise SeasonError(
                f"season {self.name} is of revision {self.facts.revision}, schema "
                f"{self.facts.schema}; {self.facts.dataset} is {now[0]}, {now[1]} in this version "
                "of the project: use the version that the season was opened with"
            )
        return made

    @cached_property
    def targets(self) -> Targets:
        """The labels, from the key alone.

        Raises:
            SeasonError: it is sealed, or they are not those that it was opened with.
        """
        if self.revealed is None:
            raise SeasonError(
                f"season {self.name} is sealed: nothing can be scored before its key is revealed, "
                f"after {self.facts.closes}"
            )
        key = self.revealed.key
        targets = self.samples(key).open().targets
        if sealed.labels_digest(key, [targets]) != self.facts.labels:
            raise SeasonError(
                f"season {self.name}: the labels that its key gives are not those that it was "
                "opened with; use the version of the project that it was opened with"
            )
        return targets

    @cached_property
    def sheet(self) -> Targets:
        """What methods are given of each sample: targets of which no landmark is known.

        Raises:
            SeasonError: the file is missing, or is not that of the record.
        """
        if found := list(self.sheet_problems()):
            raise SeasonError(found[0])
        path = sheet_path(self.name, self.folder)
        about = {"dataset": self.facts.dataset, "split": self.facts.split}
        try:
            return sealed.read_sheet(path, revision=self.facts.revision, **about)
        except DataError as error:
            raise SeasonError(str(error)) from error


def seasons(folder: Path = SEASONS) -> list[Season]:
    """All seasons, those that close first before the others.

    Raises:
        SeasonError: lists the records that cannot be used.
    """
    found, problems = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Season.load(path.stem, folder))
        except SeasonError as error:
            problems.append(str(error))
    if problems:
        raise SeasonError("; ".join(problems))
    return sorted(found, key=lambda one: (one.facts.closes, one.name))


def record_path(name: str, folder: Path) -> Path:
    """Where the record of a season is.

    Raises:
        SeasonError: not a name, but a path or worse.
    """
    if problem := sealed.name_problem(name):
        raise SeasonError(problem)
    return folder / f"{name}.json"


def sheet_path(name: str, folder: Path) -> Path:
    """Where what methods are given of a season's samples is."""
    return record_path(name, folder).with_suffix(".parquet")
