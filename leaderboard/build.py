"""Write all tables and pages of the record: whole or not at all, and never less than before."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from ffld.atomic import leftovers, replacing
from leaderboard import boards, tables
from leaderboard.boards import Record
from leaderboard.entry import SUBMISSIONS, Answers, entries
from leaderboard.lasting import listed, vanished
from leaderboard.page import MARK, pages
from leaderboard.reported import reported
from leaderboard.seasons import seasons
from leaderboard.sheets import RANKED

TABLES = Path(__file__).parent / "tables"
README = Path(__file__).parent.parent / "README.md"
_NONE = "No entry is ranked yet."
_BLOCK = re.compile(r"(<!-- leaderboard -->\n).*?(<!-- /leaderboard -->)", re.DOTALL)


class BuildError(ValueError):
    """Tables that cannot be made; the message lists every reason."""


@dataclass(frozen=True)
class Built:
    """What a build makes.

    Attributes:
        files: name -> content, of everything in the folder of tables.
        summary: the block of the README.
        left: datasets of photographs whose tables stay as they are, for want of a root.
    """

    files: Mapping[str, str]
    summary: str
    left: Sequence[str]


def made(answers: Answers, submissions: Path = SUBMISSIONS, out: Path = TABLES) -> Built:
    """All tables and pages, as texts.

    Args:
        out: the tables as they are, for the summary of datasets that are left.

    Raises:
        SubmissionError, EntryError, SeasonError: entries or seasons that cannot be used.
    """
    files, blocks, left = {}, [], []
    for dataset, found in _by_dataset(submissions, answers).items():
        if not answers.has(dataset) and any(entry.ranked for entry in found):
            left.append(dataset)
            blocks += _boards_in_short(listed(out / f"{dataset}.json"))
            continue
        record = boards.record(dataset, found, answers)
        files |= {
            f"{dataset}.md": tables.markdown(record),
            f"{dataset}.csv": tables.csv_table(record),
            f"{dataset}.json": tables.as_json(record),
            f"{dataset}.tex": tables.tex(record),
        }
        files |= {f"{board.slug}.html": page for board, page in pages(record)}
        blocks += _boards_in_short(json.loads(files[f"{dataset}.json"])) + _sealed_in_short(record)
    note = RANKED.partition(";")[0] + "."
    return Built(files, "\n\n".join([*blocks, note] if blocks else [_NONE]), left)


def build(
    answers: Answers,
    out: Path = TABLES,
    submissions: Path = SUBMISSIONS,
    readme: Path | None = None,
) -> Built:
    """Make all tables and write them into a folder.

    All content is made and staged before the first file is replaced, each file is replaced as a
    whole, and one build at a time writes to a folder. Files of boards that are gone are removed.

    Raises:
        BuildError: an entry that the present tables list is gone, or no place in the README.
        SubmissionError, EntryError, SeasonError: entries or seasons that cannot be used.
    """
    with FileLock(_lock(out)):
        built = made(answers, submissions, out)
        problems = vanished(out, built.files, built.left)
        if readme is not None and not _BLOCK.search(readme.read_text(encoding="utf-8")):
            problems.append(f"{readme}: there is no <!-- leaderboard --> block to fill")
        if problems:
            raise BuildError("; ".join(problems))
        with ExitStack() as staged:
            for name, content in built.files.items():
                for left in leftovers(out, name):  # of builds that were killed
                    left.unlink()
                staged.enter_context(replacing(out / name)).write_text(content, encoding="utf-8")
            if readme is not None:
                text = in_readme(readme, built)
                staged.enter_context(replacing(readme)).write_text(text, encoding="utf-8")
        for page_of_old in _old(out, built):
            page_of_old.unlink()
    return built


def stale(answers: Answers, out: Path, submissions: Path, readme: Path) -> list[str]:
    """Every way in which the files of a folder are not what `build` would write."""
    built = made(answers, submissions, out)
    found = vanished(out, built.files, built.left)
    for name, content in built.files.items():
        if not (out / name).is_file() or (out / name).read_text(encoding="utf-8") != content:
            found.append(f"{out / name} is stale: run `python -m leaderboard build`")
    found += [
        f"{path} is of no board: run `python -m leaderboard build`" for path in _old(out, built)
    ]
    found += _unlike(built.left, out, submissions)
    if readme.read_text(encoding="utf-8") != in_readme(readme, built):
        found.append(f"{readme}: its leaderboard block is stale: run `python -m leaderboard build`")
    return found


def _unlike(left: Sequence[str], out: Path, submissions: Path) -> Iterator[str]:
    """Tables that can't be made here and are of other entries than there are."""
    for dataset in left:
        stated = {
            entry.name: entry.submission.stated
            for entry in entries(submissions)
            if entry.submission.dataset == dataset
        }
        if listed(path := out / f"{dataset}.json").get(tables.STATED) != stated:
            yield (
                f"{path} is not of the entries that there are: run `python -m leaderboard build "
                f"--root {dataset}=DIR`"
            )


def in_readme(readme: Path, built: Built) -> str:
    """The README with the block of this build."""
    text = readme.read_text(encoding="utf-8")
    return _BLOCK.sub(lambda match: f"{match[1]}{built.summary}\n{match[2]}", text)


def _by_dataset(submissions: Path, answers: Answers) -> dict[str, list]:
    grouped: dict[str, list] = {row.dataset: [] for row in reported()}
    grouped |= {season.facts.dataset: [] for season in seasons(answers.seasons)}
    for entry in entries(submissions):
        grouped.setdefault(entry.submission.dataset, []).append(entry)
    return dict(sorted(grouped.items()))


def _boards_in_short(table: Mapping[str, Any]) -> list[str]:
    """The boards of a dataset's table as JSON, best entries first; without trials."""
    blocks = []
    for board in table.get("boards", []):
        if board.get("trial"):  # which tables of earlier versions do not say
            continue
        cells = []
        for row in board["rows"]:
            ne = row["scores"]["ne"]["visible"]
            value, interval = f"{ne['value']:.4f}", f"{ne['low']:.4f}–{ne['high']:.4f}"
            method, rank = row["submission"]["method"], str(row["place"]["rank"])
            cells.append((rank, method, value, interval, str(len(row["seeds"]))))
        head = ("rank", "method", "NE", "95 % interval", "seeds")
        link = f"**[{board['title']}](leaderboard/tables/{board['dataset']}.md)**"
        blocks += [link, tables.markdown_table(head, cells)]
    return blocks


def _sealed_in_short(record: Record) -> list[str]:
    blocks, status = [], {season.facts.split: season.status for season in record.seasons}
    for board, sealed in record.sealed.items():
        cells = [(one.submission.method, one.submission.date) for one in sealed]
        link = f"**[{board.title}](leaderboard/tables/{board.dataset}.md)**"
        link += f" ({status[board.split]})"
        blocks += [link, tables.markdown_table(("method", "date"), cells)]
    return blocks


def _old(out: Path, built: Built) -> list[Path]:
    """Pages that an earlier build made of boards that are no longer."""
    if not out.is_dir():
        return []
    return [
        path
        for path in sorted(out.glob("*.html"))
        if path.name not in built.files
        and not any(path.name.startswith(f"{name}-") for name in built.left)
        and MARK in path.read_text(encoding="utf-8", errors="replace")
    ]


def _lock(out: Path) -> Path:
    """A lock for a folder, outside of it."""
    name = hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"leaderboard-{name}.lock"
