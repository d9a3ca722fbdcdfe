"""One board as one HTML file that needs nothing else: sortable, filterable, read from disk too."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import combinations
from pathlib import Path
from string import Template

from leaderboard import sheets
from leaderboard.boards import Board, Record, Row
from leaderboard.sheets import Cell, Sheet, written
from leaderboard.tables import MADE

MARK = escape(MADE.replace("`", ""))  # by which our own pages are known

_TEMPLATE = Path(__file__).with_name("page.html")
_WIDTH, _HEIGHT, _MARGIN = 320, 260, 48  # of a chart, in pixels where there is room
_NAMES, _LINE, _NAMED = 220, 15, 24  # of its names: their width, a line's height, how many
_ABOVE = 10  # pixels from the axis to the best dot, so that its line is seen
_LONG = 40  # characters, beyond which a cell's text is broken into lines
_SHORT = 30  # characters, beyond which a name is cut

_Map = Callable[[float], float]


def pages(record: Record) -> Iterator[tuple[Board, str]]:
    """The HTML of each board. Every text in it is escaped, and its scripts are ours alone."""
    for board, (first, *others) in sheets.by_board(record):
        yield board, _page(board, first, others, record)


def _page(board: Board, first: Sheet, others: Sequence[Sheet], record: Record) -> str:
    blocks = [_table(first), *_charts(record.boards.get(board, ()))]
    for sheet in [*others, *sheets.of_rest(record)]:
        blocks += [f"<h2>{escape(sheet.title)}</h2>", _table(sheet)]
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(title=escape(board.title), made=MARK, content="\n".join(blocks))


def _table(sheet: Sheet) -> str:
    head = "".join(f'<th scope="col"><button>{escape(name)}</button></th>' for name in sheet.head)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in sheet.rows)
    note = f'<p class="note">{escape(sheet.note)}</p>' if sheet.note else ""
    kind = ' class="methods"' if "method" in sheet.head else ""
    table = f"<table{kind}><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
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
    """A scatter of (label, x, NE), x on a logarithmic axis, best first.

    Names stand in a column beside it, each joined to its dot, so that none lies on another.
    """
    named = points[:_NAMED]
    height = max(_HEIGHT, _LINE * len(named) + 2 * _MARGIN)
    x_of = _scale([math.log10(x) for _, x, _ in points], _MARGIN, _WIDTH - _MARGIN)
    foot = height - _MARGIN - _ABOVE
    y_of = _scale([ne for *_, ne in points], foot, _MARGIN / 2)
    dots = [(x_of(math.log10(x)), y_of(ne)) for _, x, ne in points]
    beside = _beside(dots[: len(named)], foot)
    marks = [
        f'<path class="lead" d="M{x:.1f} {y:.1f}L{_WIDTH - _MARGIN / 2:.0f} {at:.1f}h6"/>'
        f'<text class="name" x="{_WIDTH - _MARGIN / 2 + 10:.0f}" y="{at + 4:.1f}">'
        f"{escape(_short(label))}</text>"
        for (label, *_), (x, y), at in zip(named, dots, beside, strict=False)
    ]
    for (label, value, ne), (x, y) in zip(points, dots, strict=True):
        title = escape(f"{label}: {value:g} {unit}, NE {ne:.4f}")
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{title}</title></circle>')
    caption = f"NE against {unit} (logarithmic)"
    if len(points) > len(named):
        caption += f"; the {len(named)} best of {len(points)} are named"
    size = f'width="{_WIDTH + _NAMES}" height="{height}" viewBox="0 0 {_WIDTH + _NAMES} {height}"'
    return (
        f'<figure><svg {size} role="img">{_axes(points, y_of, height)}'
        f"{''.join(marks)}</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )


def _axes(points: Sequence[tuple[str, float, float]], y_of: _Map, height: float) -> str:
    low, high = min(x for _, x, _ in points), max(x for _, x, _ in points)
    best, worst = min(ne for *_, ne in points), max(ne for *_, ne in points)
    foot, right = height - _MARGIN / 2, _WIDTH - _MARGIN
    return (
        f'<path d="M{_MARGIN} {_MARGIN / 2}V{height - _MARGIN}H{right}"/>'
        f'<text x="{_MARGIN}" y="{foot}">{written(low)}</text>'
        f'<text x="{right}" y="{foot}" text-anchor="end">{written(high)}</text>'
        f'<text x="2" y="{y_of(best):.1f}">{best:.4f}</text>'
        f'<text x="2" y="{y_of(worst):.1f}">{worst:.4f}</text>'
    )


def _beside(dots: Sequence[tuple[float, float]], most: float) -> list[float]:
    """The height of each dot's name: in the order of the dots, but where lines to them cross."""
    places = _apart([y for _, y in dots], most)
    while pair := next(_crossing(dots, places), None):
        one, other = pair  # uncrossed, both lines together are shorter: this comes to an end
        places[one], places[other] = places[other], places[one]
    return places


def _crossing(
    dots: Sequence[tuple[float, float]], places: Sequence[float]
) -> Iterator[tuple[int, int]]:
    """Pairs whose lines, from their dots to the column of names, cross."""
    end = _WIDTH - _MARGIN / 2
    for (one, (x1, y1)), (other, (x2, y2)) in combinations(enumerate(dots), 2):
        at = max(x1, x2)
        first = y1 + (places[one] - y1) * (at - x1) / (end - x1)
        second = y2 + (places[other] - y2) * (at - x2) / (end - x2)
        if (first - second) * (places[one] - places[other]) < -1e-9:
            yield one, other


def _apart(heights: Sequence[float], most: float) -> list[float]:
    """Where names stand: near these heights, in their order, a line apart, none below `most`."""
    order = sorted(range(len(heights)), key=lambda number: (heights[number], number))
    places = [0.0] * len(heights)
    above = -math.inf
    for number in order:
        places[number] = above = max(heights[number], above + _LINE)
    below = most + _LINE
    for number in reversed(order):
        places[number] = below = min(places[number], below - _LINE)
    return places


def _short(label: str) -> str:
    return label if len(label) <= _SHORT else label[: _SHORT - 1].rstrip() + "…"


def _scale(values: Sequence[float], start: float, end: float) -> _Map:
    """Map the range of values to that from start to end."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)
