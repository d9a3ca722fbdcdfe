"""Boards: entries that may be compared, with every number that their tables and pages show."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np

from benchmark import Predictions, Result, metrics
from benchmark.bootstrap import Resamples
from benchmark.evaluate import SUBSETS, bootstrapped, counted, digest, evaluate
from benchmark.result import ResultError
from ffld.sample import Targets
from leaderboard.breakdown import Part, breakdown
from leaderboard.calibration import Calibration, calibration
from leaderboard.entry import RESULT, Answers, Entry, EntryError
from leaderboard.rank import Contender, Place, rank, shared_spread
from leaderboard.seasons import Season, seasons
from leaderboard.submission import Submission
from leaderboard.verify import drift, younger

PRIMARY = ("ne", "visible")
DECLARED = 2000  # samples of the subset that may be predicted in place of a whole split
CLOSE = 1e-3  # NE by which a reproduction may differ in any case
SPREADS = 3.0  # standard errors over seeds by which it may differ


class State(enum.StrEnum):
    """What is known of an entry's numbers."""

    CLAIMED = enum.auto()
    SEALED = enum.auto()
    RECOMPUTED = enum.auto()
    REPRODUCED = enum.auto()
    WITHDRAWN = enum.auto()


@dataclass(frozen=True, order=True)
class Board:
    """What its entries have in common, without which their numbers are not alike.

    Attributes:
        samples: of the declared subset; 0 for the whole split.
        box, garment_type: what methods are given.
        extra_data: whether training data beyond the dataset's own is, or may be, behind them.
    """

    dataset: str
    split: str
    revision: str
    samples: int
    box: str
    garment_type: bool
    extra_data: bool

    @classmethod
    def of(cls, submission: Submission) -> Board:
        """The board of an entry."""
        return cls(
            dataset=submission.dataset,
            split=submission.split,
            revision=submission.revision,
            samples=submission.samples or 0,
            box=submission.given.box,
            garment_type=submission.given.garment_type,
            extra_data=submission.extra_data,
        )

    @property
    def trial(self) -> bool:
        """Whether it is of a number of samples of somebody's choice, which may be a lucky one."""
        return self.samples not in (0, DECLARED)

    @property
    def title(self) -> str:
        """In words."""
        size = f"{self.samples:,} samples" if self.samples else "all samples"
        size += ", a trial" if self.trial else ""
        box = {"annotated": "box given", "detected": "box detected", "none": "no box"}[self.box]
        kind = "type given" if self.garment_type else "type not given"
        data = "extra or unknown training data" if self.extra_data else "no extra data"
        return f"{self.dataset} {self.split} ({self.revision}), {size}: {box}, {kind}, {data}"

    @property
    def slug(self) -> str:
        """As its page is called."""
        size = str(self.samples) if self.samples else "all"
        kind = "type" if self.garment_type else "notype"
        data = "extra" if self.extra_data else "own"
        reading = "approximate" if self.revision.endswith("+approximate") else ""
        parts = (self.dataset, self.split, size, self.box, kind, data, reading)
        return "-".join(filter(None, parts))


@dataclass(frozen=True)
class Row:
    """One ranked entry of a board.

    Attributes:
        seeds: NE of each seed; `result` is of all together.
        again: NE of whoever ran the code again; None where nobody has.
        parts: breakdown -> group -> NE and count.
        calibration: of the first seed; None where it gives no confidences.
    """

    entry: Entry
    result: Result
    values: np.ndarray
    seeds: Mapping[int, float]
    again: float | None
    parts: Mapping[str, Mapping[str, Part]]
    calibration: Calibration | None
    place: Place = field(default=Place(1, 1, 1))
    state: State = State.RECOMPUTED

    @property
    def ne(self) -> float:
        """The primary metric's value."""
        return float(self.values[0])

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds; None for one seed."""
        return float(np.std(list(self.seeds.values()), ddof=1)) if len(self.seeds) > 1 else None


@dataclass(frozen=True)
class Record:
    """All that is known of one dataset.

    Attributes:
        boards: board -> its rows, best first; trials last.
        sealed: board -> its entries, by name, which nobody can score before their season ends.
        seasons: that are of this dataset.
        claimed: entries whose predictions are not here; their numbers are words.
        withdrawn: entries that were taken back.
    """

    dataset: str
    boards: Mapping[Board, Sequence[Row]]
    sealed: Mapping[Board, Sequence[Entry]]
    seasons: Sequence[Season]
    claimed: Sequence[Entry]
    withdrawn: Sequence[Entry]


def record(dataset: str, entries: Sequence[Entry], answers: Answers) -> Record:
    """Score and rank the entries of a dataset.

    Their numbers come from `result.json`, which `verify` recomputes whole; here its primary metric
    is recomputed, and metrics that it is older than; its predictions are those that lie beside it.

    Raises:
        EntryError: lists the entries whose predictions or results cannot be used.
        SeasonError: a season's record cannot be used.
    """
    rows: dict[Board, list[Row]] = {}
    sealed: dict[Board, list[Entry]] = {}
    problems = []
    drawn: dict[int, tuple[Resamples, Resamples]] = {}
    for entry in entries:
        if entry.submission.withdrawn is not None:
            continue
        try:
            if answers.sealed(entry.submission):
                sealed.setdefault(Board.of(entry.submission), []).append(entry)
                continue
            if not entry.ranked:
                continue
            targets = answers.of(entry.submission)
            if id(targets) not in drawn:
                drawn[id(targets)] = Resamples(targets), Resamples(targets, resamples=0)
            row = _row(entry, *drawn[id(targets)])
            rows.setdefault(Board.of(entry.submission), []).append(row)
        except (EntryError, ResultError) as error:
            problems.append(f"{entry.name}: {error}")
    if problems:
        raise EntryError("; ".join(problems))
    hidden = [entry for of_board in sealed.values() for entry in of_board]
    rest = [entry for entry in entries if not entry.ranked and entry not in hidden]
    return Record(
        dataset=dataset,
        boards={b: _ranked(rows[b]) for b in sorted(rows, key=lambda b: (b.trial, b))},
        sealed={board: sealed[board] for board in sorted(sealed)},
        seasons=[one for one in seasons(answers.seasons) if one.facts.dataset == dataset],
        claimed=[entry for entry in rest if entry.submission.withdrawn is None],
        withdrawn=[entry for entry in rest if entry.submission.withdrawn is not None],
    )


def _row(entry: Entry, bootstrap: Resamples, once: Resamples) -> Row:
    targets = bootstrap.targets
    several = entry.predictions(targets)
    result = Result.load(entry.folder / RESULT)
    visible = counted(targets, "visible")
    errors = [_errors(one, targets) for one in several]
    values = bootstrapped(np.mean(errors, axis=0), visible, bootstrap)
    sure = several[0].confidence
    new = younger(result, metrics.available())
    if not _complete(result, targets, metrics.available().keys() - new):
        raise EntryError(f"{RESULT} lacks numbers, or has others than the evaluator states")
    metric, subset = PRIMARY
    stated = result.scores[metric][subset].value
    if result.predictions_sha256 != digest(several) or not abs(stated - values[0]) <= 1e-8:
        raise EntryError(f"{RESULT} is not of its predictions: NE {stated}, not {values[0]}")
    if new:  # metrics that its file is older than have their figures from its predictions
        recomputed = evaluate(several, targets)
        if found := drift(result, recomputed):
            raise EntryError(f"{RESULT} differs from its predictions: {'; '.join(found[:5])}")
        result = recomputed
    seeds = {
        file.seed: float(bootstrapped(found, visible, once)[0])
        for file, found in zip(entry.submission.predictions, errors, strict=True)
    }
    return Row(
        entry=entry,
        result=result,
        values=values,
        seeds=seeds,
        again=_again(entry, once),
        parts=breakdown(np.mean(errors, axis=0), targets),
        calibration=None if sure is None else calibration(errors[0], sure, visible),
    )


def _complete(result: Result, targets: Targets, names: Set[str]) -> bool:
    """Whether a result holds these metrics alone, by subset, landmark and type, as a table asks."""
    schema = targets.schema
    trees = (
        (result.scores, None),
        (result.per_landmark, set(schema.landmarks)),
        (result.per_type, set(schema.type_names)),
    )
    return len(targets) == result.samples and all(
        tree.keys() == names
        and all(of.keys() == SUBSETS.keys() for of in tree.values())
        and (parts is None or all(p.keys() == parts for of in tree.values() for p in of.values()))
        for tree, parts in trees
    )


def _errors(predictions: Predictions, targets: Targets) -> np.ndarray:
    every = counted(targets, "all")[..., None]
    score = metrics.available()[PRIMARY[0]].score
    return score(np.where(every, predictions.xy, np.nan), targets)


def _again(entry: Entry, once: Resamples) -> float | None:
    targets = once.targets
    if (again := entry.reproduction(targets)) is None:
        return None
    return float(bootstrapped(_errors(again, targets), counted(targets, "visible"), once)[0])


def _ranked(rows: Sequence[Row]) -> list[Row]:
    """Rows with their places and states, by place, then by value; equal ones by date and name."""
    seeds = [list(row.seeds.values()) for row in rows]
    ranking = rank([Contender(row.values, of) for row, of in zip(rows, seeds, strict=True)])
    spread = shared_spread(seeds)
    placed = [
        replace(row, place=place, state=_state(row, spread))
        for row, place in zip(rows, ranking.places, strict=True)
    ]
    return sorted(
        placed,
        key=lambda row: (row.place.rank, row.ne, row.entry.submission.date, row.entry.name),
    )


def _state(row: Row, spread: float) -> State:
    """Whether a reproduction may be one more seed of an entry whose board scatters so."""
    if row.again is None:
        return State.RECOMPUTED
    noise = SPREADS * spread * row.ne * (1 + 1 / len(row.seeds)) ** 0.5
    return State.REPRODUCED if abs(row.again - row.ne) <= max(CLOSE, noise) else State.RECOMPUTED
