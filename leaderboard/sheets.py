"""What the tables and pages of a dataset show, before it is Markdown, CSV, TeX or HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from benchmark import Result
from leaderboard.boards import Board, Record, Row, State
from leaderboard.calibration import CORRECT
from leaderboard.entry import Entry
from leaderboard.rank import shared_spread
from leaderboard.reported import CAVEAT, reported
from leaderboard.seasons import Season
from leaderboard.submission import Submission

Cell = str | float | int | None

RANKED = (
    "Ranks are shared where the paired difference is not beyond noise of images and seeds (max-T "
    "over all pairs of the board, 95 %); in brackets, the ranks that noise leaves open. ± is the "
    "spread over seeds. swap, rival and order are the layout errors of docs/metrics.md; smaller is "
    "better but for PCK and AUC."
)

SEALED = (
    "The labels are secret until the season ends, so that nobody can score anything yet. What is "
    "here by then is scored, what comes later is refused."
)
SEASON = (
    "The commitment is the SHA-256 of the key and of the record, leaderboard/seasons/NAME.json: "
    "docs/rules.md says how to check it, and how every number follows from the key."
)


@dataclass(frozen=True)
class Sheet:
    """A table with its title.

    Attributes:
        rows: cells as they are, each writer formats and escapes them; None where there is nothing.
        note: a sentence on how to read it.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def written(cell: Cell) -> str:
    """A cell as text: four digits of a fraction, thousands set apart, - for nothing."""
    if cell is None or cell != cell:
        return "-"
    if isinstance(cell, float) and not cell.is_integer():
        return f"{cell:.4f}" if cell < 1 else f"{cell:,.4g}"
    if isinstance(cell, float):
        return f"{cell:.4f}" if cell in (0, 1) else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def of_board(board: Board, rows: Sequence[Row]) -> Iterator[Sheet]:
    """The tables of one board: ranks, groups, landmarks, types, and what each entry states."""
    yield ranks(board, rows)
    yield from _groups(rows)
    yield from _confidences(rows)
    yield _named("NE by landmark, visible", "landmark", "per_landmark", rows)
    yield _named("NE by garment type, visible", "garment type", "per_type", rows)
    yield statements([row.entry for row in rows])


def by_board(record: Record) -> Iterator[tuple[Board, Iterator[Sheet]]]:
    """Each board with its tables, scored ones first; the first table is the board itself."""
    known = {season.facts.split: season for season in record.seasons}
    for board in (*record.boards, *record.sealed):
        season = known.get(board.split)
        ranked = record.boards.get(board)
        own = of_board(board, ranked) if ranked else of_sealed(record.sealed[board], board, season)
        yield board, chain(islice(own, 1), [of_season(season)] if season else [], own)


def of_sealed(entries: Sequence[Entry], board: Board, season: Season) -> Iterator[Sheet]:
    """The tables of a board before its season ends: who takes part, and what they state."""
    rows = []
    for entry in entries:
        one = entry.submission
        hashes = ", ".join(file.sha256 for file in one.predictions)
        rows.append(
            (one.method, entry.folder.name, one.kind, one.date, len(one.seeds), one.parameters,
             one.latency_ms, trained_on(one), State.SEALED, hashes)
        )  # fmt: skip
    head = (
        "method", "entry", "kind", "date", "seeds", "parameters", "ms an image", "training data",
        "state", "SHA-256 of the predictions",
    )  # fmt: skip
    yield Sheet(board.title, head, rows, f"{season.status.capitalize()}. {SEALED}")
    yield statements(entries)


def of_season(season: Season) -> Sheet:
    """What a season's record says, so that readers can check it."""
    facts, key = season.facts, season.revealed.key if season.revealed else "secret"
    rows = [
        ("name", season.name),
        ("status", season.status),
        ("samples", f"{facts.samples:,}"),
        ("opened", facts.opens),
        ("entries until", facts.closes),
        ("images, SHA-256 of their manifest.json", facts.images),
        (f"samples, SHA-256 of {season.name}.parquet", facts.sheet),
        ("labels, HMAC-SHA256 under the key", facts.labels),
        ("commitment", season.commitment),
        ("key", key),
    ]
    return Sheet("The season", ("fact", "value"), rows, SEASON)


def of_rest(record: Record) -> Iterator[Sheet]:
    """The tables of what is not ranked: seasons, claims, withdrawals, numbers from papers."""
    if record.seasons:
        rows = [
            (one.name, one.status, one.facts.samples, one.facts.opens, one.commitment)
            for one in record.seasons
        ]
        yield Sheet("Seasons", ("season", "status", "samples", "opened", "commitment"), rows)
    if record.claimed:
        rows = [
            (one.folder.name, one.submission.method, one.submission.claimed.get("ne"), "claimed")
            for one in record.claimed
        ]
        note = "Their predictions are not here, so that nothing of it is recomputed or ranked."
        yield Sheet("Claimed", ("entry", "method", "NE claimed", "state"), rows, note)
    if record.withdrawn:
        rows = [
            (one.folder.name, one.submission.method, *_withdrawal(one)) for one in record.withdrawn
        ]
        yield Sheet("Withdrawn", ("entry", "method", "date", "reason"), rows)
    if papers := reported(record.dataset):
        rows = [(one.method, str(one.year), one.ne, one.source, one.url) for one in papers]
        head = ("method", "year", "NE as printed", "source", "where")
        note = CAVEAT
        if record.dataset == "ffld":
            note += " The authors' FFLD was never published; this is another set of images."
        yield Sheet("Reported in papers", head, rows, note)


def ranks(board: Board, rows: Sequence[Row]) -> Sheet:
    """The ranking itself."""
    head = (
        "rank", "method", "NE", "95 % interval", "seeds", "±", "NE all", "PCK@0.1", "AUC", "swap",
        "rival", "order", "parameters", "ms an image", "training data", "state", "kind", "entry",
    )  # fmt: skip
    spread = shared_spread([list(row.seeds.values()) for row in rows])
    note = f"{RANKED} Seeds are taken to scatter by {100 * spread:.1f} % of NE (docs/rules.md)."
    return Sheet(board.title, head, [_ranked(row) for row in rows], note)


def statements(entries: Sequence[Entry]) -> Sheet:
    """What each entry says of itself."""
    head = (
        "entry", "method", "authors", "contact", "date", "paper", "code", "commit", "command",
        "weights", "training data", "test-time augmentation", "input", "hardware",
    )  # fmt: skip
    rows = []
    for entry in entries:
        one = entry.submission
        size = "unknown" if one.input_size is None else "x".join(map(str, one.input_size))
        rows.append(
            (
                entry.folder.name,
                one.method,
                ", ".join(one.authors),
                one.contact,
                one.date,
                one.paper,
                one.code.url,
                one.code.commit,
                one.code.command,
                one.weights,
                trained_on(one),
                one.test_time_augmentation,
                size,
                one.hardware,
            )  # fmt: skip
        )
    return Sheet("What the entries state", head, rows)


def trained_on(one: Submission) -> str:
    """Training data, and the entry whose weights were trained on, as a cell."""
    names = one.training_data
    data = "unknown" if names is None else ", ".join(names) or "none"
    return f"{data}; from {one.trained_from}" if one.trained_from else data


def _ranked(row: Row) -> tuple[Cell, ...]:
    one, scores, place = row.entry.submission, row.result.scores, row.place
    ne = scores["ne"]["visible"]
    open_ranks = "" if place.first == place.last else f" ({place.first}–{place.last})"

    def visible(metric: str) -> float:
        return scores[metric]["visible"].value

    return (
        f"{place.rank}{open_ranks}", one.method, ne.value, f"{ne.low:.4f}–{ne.high:.4f}",
        len(row.seeds), row.spread, scores["ne"]["all"].value, visible("pck@0.1"), visible("auc"),
        visible("swap"), visible("rival"), visible("order"), one.parameters, one.latency_ms,
        trained_on(one), str(row.state), one.kind, row.entry.folder.name,
    )  # fmt: skip


def _groups(rows: Sequence[Row]) -> Iterator[Sheet]:
    for group, parts in rows[0].parts.items():
        head = ("method", "entry", *(f"{name} ({part.count:,})" for name, part in parts.items()))
        cells = [
            (
                row.entry.submission.method,
                row.entry.folder.name,
                *(part.value for part in row.parts[group].values()),
            )
            for row in rows
        ]
        yield Sheet(f"NE by {group}", head, cells, "In brackets, the points that are counted.")


def _confidences(rows: Sequence[Row]) -> Iterator[Sheet]:
    cells = [
        (row.entry.submission.method, row.entry.folder.name, one.discrimination, one.error)
        for row in rows
        if (one := row.calibration) is not None
    ]
    head = ("method", "entry", "surer of right points", "calibration error")
    note = (
        f"How often a point within {CORRECT:g} is surer than one that is not (.5 by chance, 1 at "
        "best), and how far confidences from 0 to 1 are from the share of such points, in ten "
        "bins. Of the first seed."
    )
    if cells:
        yield Sheet("Confidences", head, cells, note)


def _named(title: str, what: str, field: str, rows: Sequence[Row]) -> Sheet:
    """One line a landmark or type, one column an entry."""

    def scores(result: Result) -> dict:
        return getattr(result, field)["ne"]["visible"]

    first = scores(rows[0].result)
    head = (what, "points", *(row.entry.folder.name for row in rows))
    cells = [
        (name, score.count, *(scores(row.result)[name].value for row in rows))
        for name, score in first.items()
        if score.count
    ]
    return Sheet(title, head, cells)


def _withdrawal(entry: Entry) -> tuple[str, str]:
    withdrawn = entry.submission.withdrawn
    return withdrawn.date, withdrawn.reason
