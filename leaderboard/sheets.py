"""What the tables and pages of a dataset show, before it is Markdown, CSV, TeX or HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmark import Result
from leaderboard.boards import Board, Record, Row
from leaderboard.calibration import CORRECT
from leaderboard.entry import Entry
from leaderboard.reported import CAVEAT, reported

Cell = str | float | int | None

RANKED = (
    "Ranks are shared where the paired difference is not beyond noise (max-T over all pairs of the "
    "board, 95 %); in brackets, the ranks that noise leaves open. ± is the spread over seeds. "
    "swap, rival and order are the layout errors of docs/metrics.md; smaller is better but for PCK "
    "and AUC."
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


def of_rest(record: Record) -> Iterator[Sheet]:
    """The tables of what is not ranked: claims, withdrawals, numbers from papers."""
    if record.claimed:
        rows = [
            (one.folder.name, one.submission.method, one.submission.claimed["ne"], "claimed")
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
        "rank", "method", "entry", "kind", "NE", "95 % interval", "seeds", "±", "NE all",
        "PCK@0.1", "AUC", "swap", "rival", "order", "parameters", "ms an image", "training data",
        "state",
    )  # fmt: skip
    return Sheet(board.title, head, [_ranked(row) for row in rows], RANKED)


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
                trained_on(one.training_data),
                one.test_time_augmentation,
                size,
                one.hardware,
            )  # fmt: skip
        )
    return Sheet("What the entries state", head, rows)


def trained_on(names: Sequence[str] | None) -> str:
    """Training data as a cell."""
    return "unknown" if names is None else ", ".join(names) or "none"


def _ranked(row: Row) -> tuple[Cell, ...]:
    one, scores, place = row.entry.submission, row.result.scores, row.place
    ne = scores["ne"]["visible"]
    open_ranks = "" if place.first == place.last else f" ({place.first}–{place.last})"

    def visible(metric: str) -> float:
        return scores[metric]["visible"].value

    return (
        f"{place.rank}{open_ranks}", one.method, row.entry.folder.name, one.kind, ne.value,
        f"{ne.low:.4f}–{ne.high:.4f}", len(row.seeds), row.spread, scores["ne"]["all"].value,
        visible("pck@0.1"), visible("auc"), visible("swap"), visible("rival"), visible("order"),
        one.parameters, one.latency_ms,
        trained_on(one.training_data), str(row.state),
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
