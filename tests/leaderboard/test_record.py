"""The project's own record: every entry sound, every number recomputed, every table fresh."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmark import metrics
from leaderboard.__main__ import main
from leaderboard.entry import SUBMISSIONS, Answers
from leaderboard.gate import record_problems
from leaderboard.lasting import differences

ROOT = Path(__file__).parents[2]


def test_the_record_is_sound():
    assert record_problems(Answers()) == []


def test_no_entry_and_no_season_was_ever_removed():
    """The tables list what there was; the history, what somebody took out of both."""
    removed = _git(
        *("log", "--diff-filter=D", "--no-renames", "--name-only", "--format=", "--"),
        *("leaderboard/submissions/**/submission.json", "leaderboard/seasons/*"),
    ).split()
    assert [name for name in removed if not (ROOT / name).exists()] == []


def test_no_entry_ever_said_or_predicted_something_else():
    """The tables of the day say what they hold; the history, what they held."""
    log = _git("log", "--format=commit %H", "--name-only", "--", "leaderboard/tables/*.json")
    problems, commit = [], ""
    for line in filter(None, log.split("\n")):
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif (table := ROOT / line).exists():
            before = json.loads(_git("show", f"{commit}:{line}"))
            found = differences(before, json.loads(table.read_text()))
            problems += [f"{commit[:9]}: {one}" for one in found]
    assert problems == []


def _git(*words):
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no history here")
    return done.stdout


def test_only_entries_lie_among_the_submissions():
    strays = [
        path for path in SUBMISSIONS.glob("*") if not path.is_dir() and path.name != "README.md"
    ]
    assert strays == []


def test_a_metric_that_is_newer_than_an_entry_has_its_figure(board, capsys, monkeypatch):
    """The entry stays sound, and boards show the metric's figure from its predictions."""
    folder = board.new("one")
    (before,) = next(iter(board.rows().values()))
    known = metrics.available
    monkeypatch.setattr(metrics, "available", lambda: {**known(), "another": known()["ne"]})
    assert board.check(folder, capsys) == []
    (row,) = next(iter(board.rows().values()))
    assert row.result.scores["another"] == row.result.scores["ne"] == before.result.scores["ne"]
    content = json.loads((folder / "result.json").read_text())
    content["scores"]["auc"]["all"]["value"] = 0.5
    (folder / "result.json").write_text(json.dumps(content))
    assert main(["rank", "--submissions", str(board.submissions)]) == 2
    assert "result.json differs from its predictions: scores.auc.all.value" in (
        capsys.readouterr().err
    )
