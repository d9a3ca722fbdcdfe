"""The page of findings counts what the tables count."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_orders_that_hold_are_counted_as_the_tables_count_them():
    tables = (DOCS / "paper_tables.md").read_text(encoding="utf-8")
    found = {}
    for part in tables.split("\n## Table ")[1:]:
        counts = re.search(
            r"(\d+) orders between two of these rows, (\d+) hold beyond the noise, (\d+) are "
            r"reversed beyond it, (\d+) are not told apart",
            part,
        )
        if counts:
            found[part[0]] = counts.groups()
    page = (DOCS / "findings.md").read_text(encoding="utf-8")
    said = {
        row[0]: row[1:]
        for row in re.findall(r"^\| (\d), [^|]*\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.M)
    }
    assert said == found
    assert set(said) == {"1", "2", "3"}
