"""The page of findings counts what the tables count."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_orders_that_hold_are_counted_as_the_tables_count_them():
    tables = (DOCS / "paper_tables.md").read_text(encoding="utf-8")
    found = {}
    for part in tables.split("\n## Table ")[1:]:
        counts = re.search(
            r"between two of these rows: (\d+)\. Hold beyond the noise: (\d+); "
            r"reversed beyond it: (\d+); not told apart: (\d+)\.",
            part,
        )
        if counts:
            found[part[0], re.search(r"profile ([\w-]+)\)", part)[1]] = counts.groups()
    page = (DOCS / "findings.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\d), [^|]*`([\w-]+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.M
    )
    assert {row[:2]: row[2:] for row in rows} == found
    assert {table for table, _ in found} == {"1", "2", "3"}
