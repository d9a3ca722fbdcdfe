"""`python -m leaderboard season`: open, list, verify and close sealed test sets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_PLACES = {
    "submissions": "folder of all submissions",
    "seasons": "folder of the seasons' records",
}


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to a parser's."""
    season = commands.add_parser(
        "season",
        help="test sets under a secret key, revealed at the end",
        description="A season is a test set rendered under a key that is secret until it ends, "
        "and committed to before it begins: docs/rules.md.",
    )
    actions = season.add_subparsers(required=True, metavar="action")
    _add_open(actions)
    _add_list(actions)
    _add_verify(actions)
    _add_close(actions)


def add_places(command: argparse.ArgumentParser, *names: str) -> None:
    """Add options for where submissions or records are, if not in the project."""
    for name in names:
        command.add_argument(f"--{name}", type=Path, metavar="DIR", help=_PLACES[name])


def _add_open(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser(
        "open",
        help="draw a key, render the images, write the record",
        description="Draws a key into a new file, renders the images under it into a folder for "
        "the participants, without labels, and writes the record, which commits to all of it. The "
        "same call completes one that was killed.",
    )
    command.add_argument("name", metavar="NAME", help="such as 2027_spring")
    command.add_argument("--dataset", default="ffld", help="a procedural one (ffld)")
    command.add_argument("--samples", type=int, default=2000, metavar="N", help="(2000)")
    command.add_argument("--closes", required=True, metavar="DATE", help="last UTC day of entries")
    command.add_argument(
        "--key-file", type=Path, required=True, metavar="PATH", help="new file, seen by nobody"
    )
    command.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="new folder, for participants"
    )
    command.add_argument(
        "--processes", type=int, default=-1, metavar="N", help="that render; all cores if not told"
    )
    add_places(command, "seasons")
    command.set_defaults(carry_out=_open)


def _add_list(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser("list", help="all seasons", description="Prints all seasons.")
    add_places(command, "seasons")
    command.set_defaults(carry_out=_list)


def _add_verify(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser(
        "verify",
        help="check a record, an image set, and once it is revealed, the key",
        description="Checks a season by all that is known of it: the record; the image set, if one "
        "is given; once the key is revealed, the commitment, all labels, and pictures against what "
        "the key gives.",
    )
    command.add_argument("name", metavar="NAME", help="of the season")
    command.add_argument("--images", type=Path, metavar="DIR", help="the participants' image set")
    _add_all(command)
    add_places(command, "seasons")
    command.set_defaults(carry_out=_verify)


def _add_close(actions: argparse._SubParsersAction) -> None:
    command = actions.add_parser(
        "close",
        help="reveal the key, and score the entries",
        description="Verifies key, record and images, writes the key into the record with the "
        "hashes of all entries that are in, then the result of every entry. `build` ranks them.",
    )
    command.add_argument("name", metavar="NAME", help="of the season")
    command.add_argument(
        "--key-file", type=Path, required=True, metavar="PATH", help="what `open` wrote"
    )
    command.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="the participants' image set"
    )
    _add_all(command)
    add_places(command, "submissions", "seasons")
    command.set_defaults(carry_out=_close)


def _add_all(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--all", action="store_true", help="compare every picture, not a sample of them"
    )


def _open(options: argparse.Namespace) -> int:
    from leaderboard.sealing import Opening, open_season
    from leaderboard.seasons import SEASONS, record_path

    opening = Opening(
        name=options.name,
        dataset=options.dataset,
        samples=options.samples,
        closes=options.closes,
        key_file=options.key_file,
        images=options.images,
    )
    folder = options.seasons or SEASONS
    season = open_season(opening, folder, processes=options.processes)
    print(
        f"season {season.name}: {season.facts.samples:,} samples of {season.facts.revision}, "
        f"{season.status}\nrecord, to be published: {record_path(season.name, folder)} and the "
        f".parquet beside it\nimages, to be published: {options.images}\n"
        f"key, to be kept and shown to nobody: {options.key_file}\n"
        f"commitment: {season.commitment}"
    )
    return 0


def _list(options: argparse.Namespace) -> int:
    from leaderboard.seasons import SEASONS, seasons

    found = seasons(options.seasons or SEASONS)
    for season in found:
        facts = season.facts
        print(f"{season.name}: {facts.dataset}, {facts.samples:,} samples, {season.status}")
    if not found:
        print("there is no season")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from leaderboard.sealing import verify_season
    from leaderboard.seasons import SEASONS, Season

    season = Season.load(options.name, options.seasons or SEASONS)
    verify_season(season, options.images, every=options.all)
    what = "record" if options.images is None else "record and images"
    key = "; the key gives them" if season.revealed else "; its key is still secret"
    print(f"season {season.name}: {what} sound ({season.status}){key}")
    return 0


def _close(options: argparse.Namespace) -> int:
    from leaderboard.entry import SUBMISSIONS
    from leaderboard.sealing import close_season
    from leaderboard.seasons import SEASONS

    done = close_season(
        options.name,
        options.key_file,
        options.images,
        options.seasons or SEASONS,
        options.submissions or SUBMISSIONS,
        every=options.all,
    )
    for problem in done.left:
        print(f"warning: not scored: {' '.join(problem.split())}", file=sys.stderr)
    season = done.season
    print(
        f"season {season.name}: {season.status}; entries in time: {len(season.revealed.entries)}, "
        f"results written: {len(done.results)}. Rank them with `python -m leaderboard build`"
    )
    return 0
