"""Everything that can be wrong with a submission, found at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ffld
from benchmark import Predictions, Result, evaluate
from benchmark.result import ResultError
from ffld.sample import Targets
from leaderboard import plausible, statement, stored, text
from leaderboard.boards import Board
from leaderboard.entry import RESULT, Answers, Entry, EntryError
from leaderboard.fetch import FetchError
from leaderboard.submission import FILE, SubmissionError, read
from leaderboard.verify import claim_drift, drift

LARGEST_RESULT = 4 * 2**20  # bytes of a result.json


@dataclass(frozen=True)
class Others:
    """The entries that one must differ from, what they are compared by read once.

    Attributes:
        entries: those of the record; the one that is checked may be among them.
    """

    entries: Sequence[Entry]
    answers: Answers
    _known: dict[Path, list[plausible.Probe]] = field(default_factory=dict, repr=False)

    def probes(self, entry: Entry) -> list[plausible.Probe]:
        """Those of an entry's seeds; none where its own check refuses its files."""
        if entry.folder not in self._known:
            try:
                targets = self.answers.known(entry.submission)
                several = entry.predictions(targets)
            except EntryError:
                several = []
            self._known[entry.folder] = [plausible.probe(one, targets) for one in several]
        return self._known[entry.folder]


def problems(
    folder: str | Path,
    answers: Answers,
    others: Others,
    *,
    fetch: bool = False,
    unseen: bool = False,
) -> list[str]:
    """All that keeps a folder from being an entry; empty when it is sound.

    Args:
        fetch: get the predictions that it names by address, and check them like the others.
        unseen: its dataset is not here: check what can be checked without it.
    """
    folder = Path(folder)
    found = [*statement.name_problems(folder.resolve().name)]
    if folder.is_symlink() or not folder.is_dir():
        return [*found, f"{folder}: no such folder, or a link"]
    if not (folder / FILE).is_file():
        return [
            f"{folder}: there is no {FILE} here, so it is no entry; `python -m leaderboard new` "
            "makes one of runs or of predictions"
        ]
    try:
        content = read(folder / FILE)
    except SubmissionError as error:
        return [*found, *_strange(folder, set()), str(error)]
    stated = list(statement.problems(content))
    found += [*_strange(folder, _named(content)), *stated]
    if stated:
        return found
    entry = Entry.load(folder)
    if fetch and entry.submission.withdrawn is None:
        try:
            entry = entry.with_fetched()
        except FetchError as error:
            found.append(str(error))
    rest = [one for one in others.entries if one.folder.resolve() != folder.resolve()]
    found += [*_name_problems(entry, rest), *_origin_problems(entry, rest)]
    if not entry.ranked and entry.submission.withdrawn is None:
        found += _season_problems(entry, answers)
    if entry.ranked and unseen:
        found += _file_problems(entry)
    elif entry.ranked:
        found += _score_problems(entry, answers)
        found += _copies(entry, rest, others)
    return found


def _named(content: object) -> set[str]:
    """The files that a submission names, as far as it can be understood."""
    if not isinstance(content, dict):
        return set()
    listed = content.get("predictions")
    files = [*(listed if isinstance(listed, list) else []), content.get("reproduction")]
    return {
        file["path"]
        for file in files
        if isinstance(file, dict) and isinstance(file.get("path"), str)
    }


def _strange(folder: Path, named: set[str]) -> Iterator[str]:
    """What lies in an entry's folder and has no business there, and what is missing."""
    for one in sorted(folder.iterdir()):
        if one.is_symlink():
            yield f"{ascii(one.name)} is a link; put the file itself there"
        elif not one.is_file():
            yield f"{ascii(one.name)} is no file; an entry's folder holds files alone"
        elif one.name not in {FILE, RESULT, *named}:
            yield f"{ascii(one.name)} is not named by {FILE}; remove it"


def _name_problems(entry: Entry, others: Sequence[Entry]) -> Iterator[str]:
    """Names that pass for another entry's."""
    own = entry.submission
    for other in others:
        theirs = other.submission
        if theirs.dataset != own.dataset:
            continue
        if text.skeleton(entry.folder.name) == text.skeleton(other.folder.name):
            yield f"entry {entry.folder.name!r} is easily taken for {other.folder.name!r}"
        if text.skeleton(own.method) != text.skeleton(theirs.method):
            continue
        if own.method != theirs.method or not _same_people(entry, other):
            yield f"method {own.method!r} is easily taken for {theirs.method!r} of {other.name}"
        elif Board.of(own) == Board.of(theirs) and not (own.withdrawn or theirs.withdrawn):
            yield f"method {own.method!r} is on this board already, as {other.name}"


def _origin_problems(entry: Entry, others: Sequence[Entry]) -> Iterator[str]:
    """Whether the entry that the weights were trained on from is one, with all that it saw."""
    own = entry.submission
    if (name := own.trained_from) is None:
        return
    origin = next((other for other in others if _began(entry, other)), None)
    if origin is None:
        yield (
            f"trained_from: there is no other entry {name!r} of {own.dataset}; give the name of "
            "its folder, which is its last column in the tables"
        )
    elif own.training_data is not None:
        seen = origin.submission.training_data
        if seen is None:
            yield f'training_data: that of {name}, which it was trained on from, is "unknown"'
        elif lacking := [one for one in seen if one not in own.training_data]:
            yield (
                f"training_data: lacks {', '.join(lacking)}, which {name} was trained on and so "
                "is behind these weights"
            )


def _season_problems(entry: Entry, answers: Answers) -> Iterator[str]:
    """What is wrong with an entry of a season, before its predictions are seen."""
    try:
        answers.season(entry.submission)
    except EntryError as error:
        yield str(error)


def _file_problems(entry: Entry) -> Iterator[str]:
    """What is wrong with an entry's files, whatever their numbers are."""
    spec = ffld.spec(entry.submission.dataset)
    most, landmarks = max(spec.splits.values()), len(spec.schema)
    for file in entry.submission.predictions:
        path = entry.fetched[file.url] if file.url else entry.folder / file.path
        try:
            stored.load(path, most=most, landmarks=landmarks)
        except stored.StoredError as error:
            yield str(error)
            continue
        if (actual := stored.digest(path)) != file.sha256:
            yield f"{path.name}: its SHA-256 is {actual}, the submission says {file.sha256}"
    if isinstance(result := _stored_result(entry.folder / RESULT), str):
        yield result


def _score_problems(entry: Entry, answers: Answers) -> Iterator[str]:
    try:
        targets = answers.known(entry.submission)
        several = entry.predictions(targets)
        entry.reproduction(targets)
        if answers.sealed(entry.submission):
            yield from _sealed_problems(entry, several, targets)
            return
        result = evaluate(several, targets)
    except EntryError as error:
        yield str(error)
        return
    yield from claim_drift(entry.submission, result)
    yield from _result_problems(entry.folder / RESULT, result)
    yield from plausible.problems(result, several, targets)


def _sealed_problems(
    entry: Entry, several: Sequence[Predictions], targets: Targets
) -> Iterator[str]:
    """What can be wrong with predictions that nobody can score yet."""
    if entry.submission.claimed:
        yield "claimed: nobody can have a number of a sealed season; write {}"
    if (entry.folder / RESULT).exists():
        yield f"{RESULT}: nobody can have the result of a sealed season; remove it"
    yield from plausible.repeated(several, targets)


def _copies(entry: Entry, rest: Sequence[Entry], others: Others) -> Iterator[str]:
    """Whose predictions these are, or of whose they are mixed."""
    comparable = [other for other in rest if _comparable(entry, other)]
    own = others.probes(entry)
    copied = [other for other in comparable if _copied(own, others.probes(other))]
    yield from (f"its predictions are those of {other.name}" for other in copied)
    if copied:
        return
    strangers = [other for other in comparable if not _same_people(entry, other)]
    foreign = [probe for other in strangers for probe in others.probes(other)]
    origin = [probe for other in rest if _began(entry, other) for probe in others.probes(other)]
    for number, probe in enumerate(own):
        share = plausible.explained(probe, foreign)
        alone = max((plausible.explained(probe, [one]) for one in origin), default=0.0)
        if share > plausible.MOST_EXPLAINED and share - alone > plausible.MOST_BESIDE:
            nearest = max(strangers, key=lambda other: _alike(probe, others.probes(other)))
            yield (
                f"predictions [{number}] are mixed from other entries', most of all from "
                f"{nearest.name}: a mixture of theirs gives {share:.1%} of its squared errors, at "
                f"most {plausible.MOST_EXPLAINED:.0%} are believed of a model of its own; "
                + _remedy(entry, alone)
            )


def _remedy(entry: Entry, alone: float) -> str:
    """What people may do whose model was trained on from an entry's weights."""
    if entry.submission.trained_from is None:
        return "of weights trained on from an entry's, trained_from must name it"
    return f"{entry.submission.trained_from}, which it was trained on from, alone gives {alone:.1%}"


def _began(entry: Entry, other: Entry) -> bool:
    """Whether one is the entry that the other says its weights were trained on from."""
    own, theirs = entry.submission, other.submission
    return own.dataset == theirs.dataset and own.trained_from == other.folder.name


def _alike(probe: plausible.Probe, theirs: Sequence[plausible.Probe]) -> float:
    return max((plausible.correlation(probe, one) for one in theirs), default=-1.0)


def _same_people(entry: Entry, other: Entry) -> bool:
    """Whether two entries are of the same people, who may send a mixture of their own models."""
    own, theirs = entry.submission, other.submission
    return (own.contact, list(own.authors)) == (theirs.contact, list(theirs.authors))


def _copied(own: Sequence[plausible.Probe], theirs: Sequence[plausible.Probe]) -> bool:
    return any(plausible.same(a, b) for a in own for b in theirs)


def _comparable(entry: Entry, other: Entry) -> bool:
    """Whether equal predictions would be a copy, not the same model on another subset."""
    own, theirs = entry.submission, other.submission
    if not other.ranked or (own.dataset, own.split) != (theirs.dataset, theirs.split):
        return False
    same_model = (own.method, own.contact) == (theirs.method, theirs.contact)
    return not (same_model and own.samples != theirs.samples)


def _result_problems(path: Path, recomputed: Result) -> Iterator[str]:
    result = _stored_result(path)
    if isinstance(result, str):
        yield result
    elif found := drift(result, recomputed):
        shown = "; ".join(found[:5])
        yield f"{RESULT} differs from its predictions in {len(found)} values: {shown}"


def _stored_result(path: Path) -> Result | str:
    """An entry's result, or why there is none."""
    if path.is_symlink() or not path.is_file():
        return f"{RESULT} is missing; `python -m leaderboard new` writes it"
    if path.stat().st_size > LARGEST_RESULT:
        return f"{RESULT} is larger than {LARGEST_RESULT} bytes"
    try:
        return Result.load(path)
    except (ResultError, RecursionError) as error:
        return str(error)
