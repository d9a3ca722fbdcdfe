"""Entries: the folders `submissions/<dataset>/<entry>/`, what they state and what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import ffld
from benchmark import Predictions, PredictionsError
from ffld.sample import DataError, Targets
from leaderboard import fetch, stored
from leaderboard.season_record import SeasonError
from leaderboard.seasons import SEASONS, Season
from leaderboard.submission import FILE, Submission, SubmissionError

SUBMISSIONS = Path(__file__).parent / "submissions"
RESULT = "result.json"


class EntryError(ValueError):
    """An entry that cannot be used; the message lists every reason."""


@dataclass(frozen=True)
class Entry:
    """A folder with a checked `submission.json`.

    Attributes:
        fetched: address -> where the predictions that it names are, once they were fetched.
    """

    folder: Path
    submission: Submission
    fetched: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: str | Path) -> Entry:
        """Read an entry's statement.

        Raises:
            SubmissionError: it is refused.
        """
        return cls(Path(folder), Submission.load(Path(folder) / FILE))

    @property
    def name(self) -> str:
        """Such as ffld/lgr-cpu."""
        return f"{self.submission.dataset}/{self.folder.name}"

    def with_fetched(self) -> Entry:
        """The same entry, with the predictions that it names by address fetched into the cache.

        Raises:
            FetchError: lists the addresses whose file can't be had, or must not be.
        """
        found, problems = {}, []
        for url, sha256 in self.addresses.items():
            try:
                found[url] = fetch.fetched(url, sha256)
            except fetch.FetchError as error:
                problems.append(str(error))
        if problems:
            raise fetch.FetchError("; ".join(problems))
        return replace(self, fetched=found)

    @property
    def addresses(self) -> dict[str, str]:
        """Address -> SHA-256, of the predictions that are not in the folder."""
        return {file.url: file.sha256 for file in self.submission.predictions if file.url}

    @property
    def ranked(self) -> bool:
        """Whether its numbers can be recomputed: it stands, and all its predictions are here."""
        here = self.addresses.keys() <= self.fetched.keys()
        return here and self.submission.withdrawn is None

    def predictions(self, targets: Targets) -> list[Predictions]:
        """The predictions of each seed, in the order of `targets`.

        Raises:
            EntryError: lists the files that are not what the submission says, or do not fit.
        """
        files = self.submission.predictions
        named = [(self.fetched[f.url] if f.url else self.folder / f.path, f.sha256) for f in files]
        return _read(named, targets)

    def reproduction(self, targets: Targets) -> Predictions | None:
        """The predictions of whoever ran the code again; None where nobody has.

        Raises:
            EntryError: as for `predictions`.
        """
        if (made := self.submission.reproduction) is None:
            return None
        return _read([(self.folder / made.path, made.sha256)], targets)[0]


@dataclass(frozen=True)
class Answers:
    """The targets that entries are scored on, each loaded once.

    Attributes:
        roots: dataset -> folder of the user's copy, for datasets of photographs.
        seasons: folder of the seasons' records.
    """

    roots: Mapping[str, Path] = field(default_factory=dict)
    seasons: Path = SEASONS
    _loaded: dict[tuple, Targets] = field(default_factory=dict, repr=False)
    _seasons: dict[str, Season] = field(default_factory=dict, repr=False)

    def has(self, dataset: str) -> bool:
        """Whether they can be had: for photographs, whether there is a root."""
        known = dataset in ffld.available() and dataset not in self.roots
        return not known or ffld.spec(dataset).procedural

    def season(self, submission: Submission) -> Season | None:
        """The season that a submission is of; None where it is of none.

        Raises:
            EntryError: lists why it cannot be.
        """
        if submission.season is None:
            return None
        name = submission.season.name
        try:
            if name not in self._seasons:
                self._seasons[name] = Season.load(name, self.seasons)
        except SeasonError as error:
            raise EntryError(str(error)) from error
        if found := list(self._seasons[name].faults(submission)):
            raise EntryError("; ".join(found))
        return self._seasons[name]

    def sealed(self, submission: Submission) -> bool:
        """Whether a submission is of a season whose key is still secret; see `season`."""
        season = self.season(submission)
        return season is not None and season.revealed is None

    def of(self, submission: Submission) -> Targets:
        """The targets of a submission's dataset, split and subset.

        Raises:
            EntryError: there are none, they are sealed, or of another revision by now.
        """
        if (season := self.season(submission)) is not None:
            try:
                return season.targets
            except (DataError, SeasonError) as error:
                raise EntryError(str(error)) from error
        about = (submission.dataset, submission.split, submission.samples, submission.revision)
        if about not in self._loaded:
            self._loaded[about] = self._load(submission)
        return self._loaded[about]

    def known(self, submission: Submission) -> Targets:
        """As `of`; while they are sealed, what methods are given, with no landmark known.

        Raises:
            EntryError: as for `of`.
        """
        if not self.sealed(submission):
            return self.of(submission)
        try:
            return self.season(submission).sheet
        except SeasonError as error:
            raise EntryError(str(error)) from error

    def _load(self, submission: Submission) -> Targets:
        try:
            split = ffld.load(
                submission.dataset,
                submission.split,
                root=self.roots.get(submission.dataset),
                limit=submission.samples,
                approximate=submission.revision.endswith("+approximate"),
            )
            targets = split.targets
        except DataError as error:
            raise EntryError(f"its dataset cannot be loaded: {error}") from error
        if targets.revision != submission.revision:
            raise EntryError(
                f"it is for revision {submission.revision}, which {submission.dataset} no longer "
                f"is ({targets.revision}): predict again, or withdraw it"
            )
        known = submission.dataset in ffld.available()
        sizes = ffld.spec(submission.dataset).splits if known else {}
        whole = sizes.get(submission.split) == submission.samples
        if submission.samples is not None and (whole or len(targets) != submission.samples):
            raise EntryError(
                f"it declares {submission.samples} samples, there are {len(targets)} in all: "
                'write "all"'
            )
        return targets


def folders(root: Path = SUBMISSIONS) -> list[Path]:
    """The folders of all entries, sorted by dataset and name."""
    if not root.is_dir():
        return []
    datasets = [one for one in sorted(root.iterdir()) if one.is_dir()]
    return [one for dataset in datasets for one in sorted(dataset.iterdir()) if one.is_dir()]


def entries(root: Path = SUBMISSIONS) -> list[Entry]:
    """All entries of a folder of submissions.

    Raises:
        SubmissionError: lists those that are refused.
    """
    found, problems = [], []
    for folder in folders(root):
        try:
            entry = Entry.load(folder)
        except SubmissionError as error:
            problems.append(str(error))
            continue
        if folder.parent.name != entry.submission.dataset:
            problems.append(f"{folder}: it is for {entry.submission.dataset}; move it there")
        found.append(entry)
    if problems:
        raise SubmissionError("; ".join(problems))
    return found


def sound_entries(root: Path = SUBMISSIONS) -> list[Entry]:
    """Those entries of a folder whose statement can be read; the others' own checks refuse them."""
    found = []
    for folder in folders(root):
        try:
            found.append(Entry.load(folder))
        except SubmissionError:
            continue
    return found


def _read(named: Sequence[tuple[Path, str]], targets: Targets) -> list[Predictions]:
    found, problems = [], []
    for path, sha256 in named:
        try:
            predictions = stored.load(path, most=len(targets), landmarks=len(targets.schema))
            if (actual := stored.digest(path)) != sha256:
                problems.append(
                    f"{path.name}: its SHA-256 is {actual}, the submission says {sha256}"
                )
            found.append(stored.aligned(predictions, targets))
        except stored.StoredError as error:
            problems.append(str(error))
        except PredictionsError as error:
            problems.append(f"{path.name}: {error}")
    if problems:
        raise EntryError("; ".join(problems))
    return found
