"""One board as one HTML file that needs nothing else: sortable, filterable, read from disk too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from leaderboard import sheets
from leaderboard.boards import Board, Record, Row
from leaderboard.sheets import Cell, Sheet, written
from leaderboard.tables import MADE

MARK = escape(MADE.replace("`", ""))  # by which our own pages are known

_TEMPLATE = Path(__file__).with_name("page.html")
_WIDTH, _HEIGHT, _MARGIN = 460, 260, 48  # of a chart, in pixels
_LONG = 40  # characters, beyond which a cell's text is broken into lines


def page(board: Board, rows: Sequence[Row], record: Record) -> str:
    """The HTML of a board. Every text in it is escaped, and its scripts are ours alone."""
    first, *others = sheets.of_board(board, rows)
    blocks = [_table(first), *_charts(rows)]
    for sheet in [*others, *sheets.of_rest(record)]:
        blocks += [f"<h2>{escape(sheet.title)}</h2>", _table(sheet)]
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(title=escape(board.title), made=MARK, content="\n".join(blocks))


def _table(sheet: Sheet) -> str:
    head = "".join(f'<th scope="col"><button>{escape(name)}</button></th>' for name in sheet.head)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in sheet.rows)
    note = f'<p class="note">{escape(sheet.note)}</p>' if sheet.note else ""
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    return f'<div class="scroll">{table}</div>\n{note}'


def _cell(cell: Cell) -> str:
    text, kind = written(cell), ""
    if not isinstance(cell, str):
        kind = ' class="number"'
    elif len(text) > _LONG:
        kind = ' class="long"'
    return f"<td{kind}>{escape(text)}</td>"


def _charts(rows: Sequence[Row]) -> Iterator[str]:
    """NE against size and against time, where at least two entries state them."""
    for what, unit in (("parameters", "learned numbers"), ("latency_ms", "ms an image")):
        points = [
            (row.entry.submission.method, float(value), row.ne)
            for row in rows
            if (value := getattr(row.entry.submission, what))
        ]
        if len(points) > 1:
            yield _chart(points, unit)


def _chart(points: Sequence[tuple[str, float, float]], unit: str) -> str:
    """A scatter of (label, x, NE), x on a logarithmic axis."""
    x_of = _scale([math.log10(x) for _, x, _ in points], _MARGIN, _WIDTH - _MARGIN)
    y_of = _scale([ne for *_, ne in points], _HEIGHT - _MARGIN, _MARGIN / 2)
    marks = []
    for label, x, ne in points:
        at_x, at_y = x_of(math.log10(x)), y_of(ne)
        title = escape(f"{label}: {x:g} {unit}, NE {ne:.4f}")
        anchor = "end" if at_x > _WIDTH / 2 else "start"  # so that no label leaves the chart
        marks.append(
            f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="4"><title>{title}</title></circle>'
            f'<text x="{at_x:.1f}" y="{at_y - 7:.1f}" text-anchor="{anchor}">{escape(label)}</text>'
        )
    low, high = min(x for _, x, _ in points), max(x for _, x, _ in points)
    best, worst = min(ne for *_, ne in points), max(ne for *_, ne in points)
    foot, right = _HEIGHT - _MARGIN / 2, _WIDTH - _MARGIN
    axes = (
        f'<path d="M{_MARGIN} {_MARGIN / 2}V{_HEIGHT - _MARGIN}H{right}"/>'
        f'<text x="{_MARGIN}" y="{foot}">{written(low)}</text>'
        f'<text x="{right}" y="{foot}" text-anchor="end">{written(high)}</text>'
        f'<text x="2" y="{y_of(best):.1f}">{best:.4f}</text>'
        f'<text x="2" y="{y_of(worst):.1f}">{worst:.4f}</text>'
    )
    caption = f"<figcaption>NE against {escape(unit)} (logarithmic)</figcaption>"
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<figure><svg {size} role="img">{axes}{"".join(marks)}</svg>{caption}</figure>'


def _scale(values: Sequence[float], start: float, end: float):
    """Map the range of values to that from start to end."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)
