"""The command that times the record: every figure is there, and entries are sound ones."""

import json

import pytest

from leaderboard.speed import main


def test_everything_is_timed_and_bad_numbers_refused(tmp_path, capsys):
    few = ["--verify", "40", "20", "--entries", "2", "--samples", "20"]
    assert main([*few, "--out", str(tmp_path / "costs.json")]) == 0
    lines = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines == ["evaluate", "verify", "evaluate", "verify", "rank", "build"]
    found = json.loads((tmp_path / "costs.json").read_text())
    assert [one["of"] for one in found[1:4:2]] == ["20 samples", "40 samples"]
    assert all(0 < one["seconds"] < 600 for one in found)
    assert all(10 < one["peak_mb"] < 10_000 for one in found)
    evaluate, verify = found[:2]
    assert evaluate["seconds"] < verify["seconds"]  # which does that, and starts a process


@pytest.mark.parametrize("words", [["--verify", "0"], ["--verify", "50000"], ["--entries", "0"]])
def test_numbers_that_cannot_be(words, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("error: there are 1 to 40,000 samples")
