"""A board's page: its tables and charts as text, and its script in a browser where there is one."""

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest

from leaderboard.page import _NAMED, _chart

PAGE = "made-up-test-80-annotated-notype-own.html"
METHODS = {"one": 0.10, "two": 0.2, "three": 0.15, "four": 0.30}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Tables(HTMLParser):
    """The tables of a page: (head, rows), as texts."""

    def __init__(self):
        super().__init__()
        self.tables, self.kinds, self.open, self.labelled = [], [], None, 0

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "table":
            self.tables.append(([], []))
            self.kinds.append(given.get("class"))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("th", "td"):
            self.open = self.tables[-1][0] if tag == "th" else self.tables[-1][1][-1]
            self.open.append("")
            self.labelled += given.get("scope") == "col"

    def handle_endtag(self, tag):
        self.open = None if tag in ("th", "td") else self.open

    def handle_data(self, data):
        if self.open is not None:
            self.open[-1] += data


def parsed(page):
    tables = Tables()
    tables.feed(page)
    return tables


@pytest.fixture
def made(board):
    """The page of a board of four entries, which differ in size and time, and its tables."""
    for number, (name, error) in enumerate(METHODS.items()):
        latency = "unknown" if name == "four" else f"{10 - number}"
        board.new(name, error, 1 + number % 2, "--parameters", str(10 ** (number + 3)),
                  "--latency-ms", latency)  # fmt: skip
        if name == "two":
            board.edit(name, lambda content: content.update(date="2026-01-15"))
        if name == "three":
            board.edit(name, lambda content: content.update(date="2026-01-02"))
    page = board.build().files[PAGE]
    (board.folder / "page.html").write_text(page)
    return page, board.folder / "page.html"


def test_every_row_has_the_cells_of_its_head(made):
    found = parsed(made[0])
    assert len(found.tables) > 6
    for head, rows in found.tables:
        body = [row for row in rows if row]
        assert body
        assert {len(row) for row in body} == {len(head)}
    assert found.labelled == sum(len(head) for head, _ in found.tables)
    assert [kind == "methods" for kind in found.kinds] == [
        "method" in head for head, _ in found.tables
    ]
    head, rows = found.tables[0]
    assert [row[head.index("entry")] for row in rows if row] == ["one", "three", "two", "four"]


@pytest.mark.parametrize("count", [2, 9, _NAMED, 60])
def test_no_name_in_a_chart_lies_on_another(count):
    """Not even where all dots lie at one place, and with names of any length."""
    points = [(f"Method {n} " + "w" * n, 1e6 + n % 3, 0.1 + 1e-5 * (n // 2)) for n in range(count)]
    chart = _chart(points, "learned numbers")
    height = float(re.search(r'viewBox="0 0 \d+ (\d+)"', chart)[1])
    names = re.findall(r'class="name" x="(\d+)" y="([\d.]+)">([^<]*)<', chart)
    assert len(names) == min(count, _NAMED)
    assert len({x for x, *_ in names}) == 1
    places = sorted(float(y) for _, y, _ in names)
    assert all(b - a >= 14.9 for a, b in zip(places, places[1:], strict=False))
    assert places[0] > 11
    assert places[-1] < height
    assert all(len(text) <= 30 for *_, text in names)
    axis = float(re.search(r'<path d="M48 24.0V([\d.]+)H', chart)[1])
    leads = re.findall(r'class="lead" d="M[\d.]+ ([\d.]+)L\d+ ([\d.]+)h6', chart)
    assert all(float(y) <= axis for pair in leads for y in pair)  # numbers stand below it
    assert len(re.findall("<circle", chart)) == count
    assert "Method 1 w: 1e+06 learned numbers, NE 0.1000" in unescape(chart)
    assert (f"the {_NAMED} best of {count} are named" in chart) == (count > _NAMED)


def test_names_stand_in_the_order_of_their_dots_and_are_joined_to_them():
    points = [("best", 10.0, 0.1), ("middle", 100.0, 0.101), ("worst", 1000.0, 0.3)]
    chart = _chart(points, "ms an image")
    heights = dict(re.findall(r'y="([\d.]+)">(best|middle|worst)<', chart))
    heights = {name: float(y) for y, name in heights.items()}
    assert heights["worst"] < heights["middle"] < heights["best"]
    ends = re.findall(r'class="lead" d="M([\d.]+) ([\d.]+)L', chart)
    assert set(ends) == set(re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart))


def test_lines_to_names_do_not_cross():
    times = np.random.default_rng(0).uniform(2, 9, 20)
    points = [(f"m{n}", float(time), 0.158 + n / 4000) for n, time in enumerate(times)]
    chart = _chart([*points, ("far", 5.0, 0.21)], "ms an image")
    found = re.findall(r'class="lead" d="M([\d.]+) ([\d.]+)L(\d+) ([\d.]+)h6', chart)
    leads = [tuple(map(float, lead)) for lead in found]
    assert len(leads) == 21
    for one, other in combinations(leads, 2):
        at = np.linspace(max(one[0], other[0]), one[2], 400)
        lines = (y + (place - y) * (at - x) / (end - x) for x, y, end, place in (one, other))
        apart = np.subtract(*lines)
        assert (apart > -0.1).all() or (apart < 0.1).all()


DRIVER = """
<script>
  const shown = table => [...table.tBodies[0].rows].filter(row => !row.hidden);
  const column = (table, at) => [...table.tBodies[0].rows].map(row => row.cells[at].textContent);
  const found = { sorted: [], filtered: {} };
  for (const table of document.querySelectorAll("table")) {
    for (const button of table.querySelectorAll("th button")) {
      const head = button.parentElement, of = { name: button.textContent };
      button.click();
      of.up = column(table, head.cellIndex); of.saysUp = head.getAttribute("aria-sort");
      of.marks = table.querySelectorAll("[aria-sort]").length;
      button.click();
      of.down = column(table, head.cellIndex); of.saysDown = head.getAttribute("aria-sort");
      found.sorted.push(of);
    }
  }
  const filter = document.getElementById("filter");
  for (const text of ["METHOD three", "three four", "baseline 2026-01-02", "left_hem", ""]) {
    filter.value = text;
    filter.dispatchEvent(new Event("input"));
    found.filtered[text] = [...document.querySelectorAll("table")].map(
      table => [table.className, table.tBodies[0].rows.length, shown(table).length]);
  }
  const result = document.createElement("pre");
  result.id = "found"; result.textContent = JSON.stringify(found);
  document.body.append(result);
</script>
"""


@pytest.fixture
def driven(made, tmp_path):
    """What the page's own script does when its buttons are pressed and its filter is filled in."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium here; the page's text is tested all the same")
    page, path = made
    path.write_text(page.replace("</html>", DRIVER + "</html>"))
    command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(unescape(re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)[1]))


def key(text):
    """How a cell is sorted: as a number if it begins with one, otherwise as a text."""
    number = re.match(r"[-+]?[\d,]*\.?\d+(?=$|[ –%])", text)
    return (0, float(number[0].replace(",", "")), "") if number else (1, 0.0, text.lower())


def natural(text):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def test_columns_are_sorted_and_rows_are_filtered(driven):
    for of in driven["sorted"]:
        assert (of["saysUp"], of["saysDown"], of["marks"]) == ("ascending", "descending", 1)
        assert sorted(of["up"]) == sorted(of["down"])
        for texts, sign in ((of["up"], 1), (of["down"], -1)):
            numbers = [key(text)[1] for text in texts if key(text)[0] == 0]
            assert numbers == sorted(numbers, reverse=sign < 0), of
            assert [key(text)[0] for text in texts] == sorted(key(text)[0] for text in texts)
            words = [t for t in texts if key(t)[0] == 1 and t != "-"]
            expected = sorted(words, key=lambda text: natural(text.lower()), reverse=sign < 0)
            assert words == expected, of
    by_name = {of["name"]: of for of in driven["sorted"]}
    assert by_name["date"]["up"][:2] == ["2026-01-02", "2026-01-15"]
    assert by_name["parameters"]["down"] == ["1,000,000", "100,000", "10,000", "1,000"]
    assert by_name["ms an image"]["up"][-1] == by_name["ms an image"]["down"][-1] == "-"
    filtered = driven["filtered"]
    for kind, rows, shown in filtered["METHOD three"]:
        assert shown == (1 if kind == "methods" else rows)
    assert all(shown == 0 for kind, _, shown in filtered["three four"] if kind == "methods")
    assert sum(shown for kind, _, shown in filtered["baseline 2026-01-02"] if kind) == 0
    assert all(shown == rows for kind, rows, shown in filtered["left_hem"] if not kind)
    assert all(shown == rows for _, rows, shown in filtered[""])
