"""Tables in documents are those of the results that the project holds."""

from pathlib import Path

import pytest

from benchmark.compare import Comparison

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("file", sorted((DOCS / "studies").glob("*.json")), ids=lambda p: p.stem)
def test_tables_of_studies_are_those_of_their_files(file):
    assert Comparison.load(file).markdown() in (DOCS / "lgr.md").read_text(encoding="utf-8")
