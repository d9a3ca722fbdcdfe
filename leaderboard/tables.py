"""The record of a dataset as Markdown, CSV, JSON and TeX: functions of the entries alone."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from leaderboard import sheets, text
from leaderboard.boards import Board, Record, Row, State
from leaderboard.entry import Entry
from leaderboard.reported import reported
from leaderboard.sheets import Cell, Sheet, written

STATED = "stated"  # of the JSON: entry -> what of it stays, `Submission.stated`
MADE = "Made by `python -m leaderboard build` from the entries' predictions; not to be edited."


def markdown(record: Record) -> str:
    """A page of Markdown tables."""
    blocks = [f"# {text.for_markdown(record.dataset)}", MADE]
    for _, (first, *others) in sheets.by_board(record):
        blocks += [f"## {text.for_markdown(first.title)}", *_markdown(first)]
        for sheet in others:
            blocks += [f"### {text.for_markdown(sheet.title)}", *_markdown(sheet)]
    if not record.boards:
        blocks.append("No entry is ranked yet; docs/submitting.md says how to make one.")
    for sheet in sheets.of_rest(record):
        blocks += [f"## {text.for_markdown(sheet.title)}", *_markdown(sheet)]
    return "\n\n".join(blocks) + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A Markdown table of cells, escaped."""
    lines = [head, ["---"] * len(head)]
    lines += [[text.for_markdown(written(cell)) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def csv_table(record: Record) -> str:
    """One line an entry of any state, and one a reported number."""
    columns = (
        "state", "dataset", "split", "revision", "samples", "box", "garment_type", "extra_data",
        "entry", "method", "kind", "rank", "rank_first", "rank_last", "ne", "ne_low", "ne_high",
        "points", "seeds", "ne_spread", "ne_all", "pck@0.1", "auc", "swap", "rival", "order",
        "parameters", "latency_ms", "training_data", "source",
    )  # fmt: skip
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for line in _lines(record):
        writer.writerow({name: _csv(value) for name, value in line.items() if value is not None})
    return file.getvalue()


def tex(record: Record) -> str:
    """One tabular a board, to be pasted into a paper; needs the package booktabs."""
    blocks = [f"% {MADE.replace('`', '')}"]
    for board, rows in record.boards.items():
        sheet = sheets.ranks(board, rows)
        kept = [at for at, name in enumerate(sheet.head) if name in _TEX_COLUMNS]
        lines = [f"% {text.for_tex(sheet.title)}"]
        lines += [rf"\begin{{tabular}}{{ll{'r' * (len(kept) - 2)}}}", r"\toprule"]
        lines += [_tex(sheet.head[at] for at in kept), r"\midrule"]
        lines += [_tex(written(row[at]) for at in kept) for row in sheet.rows]
        blocks.append("\n".join([*lines, r"\bottomrule", r"\end{tabular}"]))
    return "\n\n".join(blocks) + "\n"


def as_json(record: Record) -> str:
    """Everything: boards with their rows in full precision, states, reported numbers."""
    content = {
        "dataset": record.dataset,
        "entries": dict(standing(record)),
        STATED: {entry.name: entry.submission.stated for entry in _every(record)},
        "boards": [
            {**asdict(board), **_about(board), "rows": [_json_row(row) for row in rows]}
            for board, rows in record.boards.items()
        ],
        "seasons": [season.content for season in record.seasons],
        "reported": [asdict(row) for row in reported(record.dataset)],
    }
    return json.dumps(_null_for_nan(content), indent=1, allow_nan=False) + "\n"


def aligned(sheet: Sheet) -> str:
    """A table as text for a terminal, whose control characters are left out."""
    rows = [list(sheet.head), *([written(cell) for cell in row] for row in sheet.rows)]
    rows = [["".join(filter(str.isprintable, cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join([sheet.title, *lines])


def standing(record: Record) -> Iterator[tuple[str, str]]:
    """Each entry with the board that it stands on, or that it is sealed, claimed or withdrawn."""
    for board, rows in record.boards.items():
        yield from ((row.entry.name, f"{board.slug} {board.revision}") for row in rows)
    yield from ((entry.name, str(state)) for state, entry in _unscored(record))


_TEX_COLUMNS = (
    "rank", "method", "NE", "95 % interval", "±", "NE all", "PCK@0.1", "swap", "order",
    "parameters",
)  # fmt: skip


def _markdown(sheet: Sheet) -> list[str]:
    head = [text.for_markdown(name) for name in sheet.head]
    notes = [text.for_markdown(sheet.note)] if sheet.note else []
    return [markdown_table(head, sheet.rows), *notes]


def _tex(cells: Iterable[str]) -> str:
    return " & ".join(map(text.for_tex, cells)) + r" \\"


def _csv(value: Any) -> Any:
    return text.for_csv(value) if isinstance(value, str) else value


def _lines(record: Record) -> Iterator[dict[str, Any]]:
    for board, rows in record.boards.items():
        yield from (_line(board, row) for row in rows)
    for state, entry in _unscored(record):
        one = entry.submission
        yield {
            "state": str(state),
            "dataset": one.dataset,
            "entry": entry.folder.name,
            "method": one.method,
            "kind": one.kind,
            "ne": one.claimed.get("ne") if state is State.CLAIMED else None,
        }
    for row in reported(record.dataset):
        yield {
            "state": "reported",
            "dataset": row.dataset,
            "method": row.method,
            "ne": row.ne,
            "source": row.source,
        }


def _every(record: Record) -> Iterator[Entry]:
    for rows in record.boards.values():
        yield from (row.entry for row in rows)
    yield from (entry for _, entry in _unscored(record))


def _unscored(record: Record) -> Iterator[tuple[State, Entry]]:
    for entries in record.sealed.values():
        yield from ((State.SEALED, entry) for entry in entries)
    yield from ((State.CLAIMED, entry) for entry in record.claimed)
    yield from ((State.WITHDRAWN, entry) for entry in record.withdrawn)


def _line(board: Board, row: Row) -> dict[str, Any]:
    one, scores = row.entry.submission, row.result.scores
    ne = scores["ne"]["visible"]
    others = {name: scores[name]["visible"].value for name in _METRICS}
    return {
        "state": str(row.state),
        **asdict(board),
        "samples": row.result.samples,
        "entry": row.entry.folder.name,
        "method": one.method,
        "kind": one.kind,
        "rank": row.place.rank,
        "rank_first": row.place.first,
        "rank_last": row.place.last,
        "ne": ne.value,
        "ne_low": ne.low,
        "ne_high": ne.high,
        "points": ne.count,
        "seeds": len(row.seeds),
        "ne_spread": row.spread,
        "ne_all": scores["ne"]["all"].value,
        **{name: None if math.isnan(value) else value for name, value in others.items()},
        "parameters": one.parameters,
        "latency_ms": one.latency_ms,
        "training_data": sheets.trained_on(one),
    }


_METRICS = ("pck@0.1", "auc", "swap", "rival", "order")


def _about(board: Board) -> dict[str, Any]:
    return {"title": board.title, "trial": board.trial}


def _json_row(row: Row) -> dict[str, Any]:
    return {
        "entry": row.entry.name,
        "state": str(row.state),
        "place": asdict(row.place),
        "seeds": {str(seed): value for seed, value in row.seeds.items()},
        "spread": row.spread,
        "scores": {
            name: {s: asdict(v) for s, v in of.items()} for name, of in row.result.scores.items()
        },
        "parts": {
            group: {name: asdict(part) for name, part in parts.items()}
            for group, parts in row.parts.items()
        },
        "calibration": None if row.calibration is None else asdict(row.calibration),
        "submission": asdict(row.entry.submission),
    }


def _null_for_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _null_for_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_null_for_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
