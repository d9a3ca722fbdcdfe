"""The project's own record: every entry sound, every number recomputed, every table fresh."""

import subprocess
from pathlib import Path

import pytest

from leaderboard.entry import SUBMISSIONS, Answers
from leaderboard.gate import record_problems

ROOT = Path(__file__).parents[2]


def test_the_record_is_sound():
    assert record_problems(Answers()) == []


def test_no_entry_and_no_season_was_ever_removed():
    """The tables list what there was; the history, what somebody took out of both."""
    log = ["log", "--diff-filter=D", "--no-renames", "--name-only", "--format="]
    done = subprocess.run(
        ["git", *log, "--", "leaderboard/submissions/**/submission.json", "leaderboard/seasons/*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("no history here")
    removed = {name for name in done.stdout.split() if not (ROOT / name).exists()}
    assert removed == set()


def test_only_entries_lie_among_the_submissions():
    strays = [
        path for path in SUBMISSIONS.glob("*") if not path.is_dir() and path.name != "README.md"
    ]
    assert strays == []
