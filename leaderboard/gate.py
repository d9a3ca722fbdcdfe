"""What the test suite asks of the record: that every entry is sound and every table fresh."""

from __future__ import annotations

from pathlib import Path

from leaderboard.build import README, TABLES, BuildError, stale
from leaderboard.check import Others, problems
from leaderboard.entry import SUBMISSIONS, Answers, EntryError, folders, sound_entries
from leaderboard.season_record import SeasonError
from leaderboard.seasons import seasons
from leaderboard.submission import SubmissionError


def record_problems(
    answers: Answers,
    submissions: Path = SUBMISSIONS,
    tables: Path = TABLES,
    readme: Path = README,
) -> list[str]:
    """Everything that is wrong with the record, each with the entry or file that it is about.

    Numbers on photographs whose dataset has no root in `answers` are left to those who have them.
    """
    found = []
    entries = sound_entries(submissions)
    others = Others(entries, answers)
    unseen = {entry.folder for entry in entries if not answers.has(entry.submission.dataset)}
    for folder in folders(submissions):
        name, hidden = f"{folder.parent.name}/{folder.name}", folder in unseen
        found += [f"{name}: {one}" for one in problems(folder, answers, others, unseen=hidden)]
    try:
        found += [one for season in seasons(answers.seasons) for one in season.sheet_problems()]
        found += stale(answers, tables, submissions, readme)
    except (SubmissionError, EntryError, SeasonError, BuildError) as error:
        found.append(str(error))
    return found
