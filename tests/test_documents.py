"""Tables in documents are those of the results that the project holds."""

from pathlib import Path

import pytest

from benchmark.compare import Comparison

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("file", sorted((DOCS / "studies").glob("*.json")), ids=lambda p: p.stem)
def test_tables_of_studies_are_those_of_their_files(file):
    page = DOCS / "studies" / "edition-0.1.md"
    assert Comparison.load(file).markdown() in page.read_text(encoding="utf-8")
