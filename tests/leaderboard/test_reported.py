"""Numbers from papers: with their sources, apart from ours, and the inconsistencies computed."""

import math
from pathlib import Path

import pytest

from leaderboard.build import TABLES
from leaderboard.reported import averages, reported

PAGE = Path(__file__).parents[2] / "docs" / "inconsistencies.md"


def row(dataset, method):
    (found,) = [one for one in reported(dataset) if (one.method, one.source[:3]) == (method, "LGR")]
    return found


def test_every_row_has_its_source():
    assert len(reported()) == 28
    assert all(one.url.startswith("https://") and one.source for one in reported())
    assert [len(reported(name)) for name in ("fld", "deepfashion", "ffld")] == [12, 11, 5]


@pytest.mark.parametrize(
    ("dataset", "method", "mean", "gap"),
    [
        ("deepfashion", "LGR", 0.0260, 0.0076),
        ("deepfashion", "PyraNet", 0.0544, 0.0175),
        ("fld", "PyraNet", 0.0545, 0.0178),
        ("fld", "BCRNN", 0.0583, 0.0),
        ("deepfashion", "DLAN", 0.0643, 0.0),
    ],
)
def test_means_of_rows_against_the_printed_averages(dataset, method, mean, gap):
    one = row(dataset, method)
    assert one.mean == pytest.approx(mean, abs=1e-4)
    assert one.ne - one.mean == pytest.approx(gap, abs=2e-4)


def test_an_average_over_six_landmarks_says_so():
    assert sum(map(math.isnan, row("fld", "DFA").landmarks)) == 2
    assert "beyond rounding (6 landmarks)" in averages()


def test_the_page_holds_the_computed_table():
    text = PAGE.read_text(encoding="utf-8")
    assert averages() in text
    assert averages().count("| beyond rounding") == 8


def test_the_bound_on_weighted_averages_that_the_page_names():
    """Hems weighted at least as much as sleeves and waistlines, and as collars."""

    def largest(one):
        pairs = [sum(one.landmarks[at : at + 2]) / 2 for at in (0, 2, 4, 6)]
        collar, sleeve, waist, hem = pairs
        steps = [i / 40 for i in range(41)]
        return max(
            (c * collar + s * sleeve + w * waist + hem) / (c + s + w + 1)
            for c in steps
            for s in steps
            for w in steps
        )

    assert largest(row("deepfashion", "LGR")) < 0.0283 + 1e-4
    assert largest(row("deepfashion", "PyraNet")) < 0.0613 + 1e-4


def test_the_time_that_the_page_calls_unphysical():
    operations = 2 * 15.3e9  # of VGG16 at 224 x 224
    assert operations / 0.65e-3 / 1e12 == pytest.approx(47, abs=0.5)


def test_reported_numbers_stand_apart_from_ranks():
    text = (TABLES / "ffld.md").read_text(encoding="utf-8")
    ranked, _, papers = text.partition("## Reported in papers")
    assert "0.1180" in papers
    assert "LGR, Table 3" not in ranked
