"""The command line of `python -m ffld build`."""

from __future__ import annotations

import argparse

from ffld.commands.options import add_dataset
from ffld.console import out_folder
from ffld.dials import add_dials, turned


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    build = commands.add_parser(
        "build",
        help="write a procedural dataset as Parquet",
        description="Render a procedural dataset into Parquet shards, DIR/data/<split>-*.parquet, "
        "and DIR/manifest.json. What is read from there with ffld.load(..., source=DIR) has the "
        "same labels as what is rendered; images are JPEG files of quality 95. A build that was "
        "killed goes on where it was, if started again. What is built with --dial is read with the "
        "same --dial beside --source (dials=... beside source=...).",
    )
    add_dataset(build, kind="a procedural one")
    build.add_argument(
        "--out",
        type=out_folder,
        metavar="DIR",
        required=True,
        help="a folder, new or of the same build",
    )
    build.add_argument(
        "--splits",
        nargs="+",
        default=("train", "val", "test"),
        metavar="SPLIT",
        help="those to write (default: train val test)",
    )
    build.add_argument(
        "--limit", type=int, help="samples of each split, a fixed subset (default: all)"
    )
    add_dials(build)
    build.add_argument(
        "--shard",
        type=_part,
        default=(1, 1),
        metavar="i/n",
        help="write the i-th of n parts, for n jobs that share DIR: 1/n to n/n (default: 1/1)",
    )
    build.add_argument(
        "--processes", type=int, default=-1, metavar="N", help="that render (default: all cores)"
    )
    build.set_defaults(run=_run)


def _part(text: str) -> tuple[int, int]:
    turn, _, parts = text.partition("/")
    if not (turn.isdecimal() and parts.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 1/8")
    return int(turn), int(parts)


def _run(arguments: argparse.Namespace) -> None:
    from ffld.build import build

    done = build(
        arguments.dataset,
        arguments.out,
        splits=arguments.splits,
        limit=arguments.limit,
        dials=turned(arguments.dials),
        part=arguments.shard,
        processes=arguments.processes,
    )
    if done.missing:
        print(
            f"this part is in {arguments.out}; {len(done.missing)} shards of other parts are still "
            "to come, the last job completes the folder"
        )
    else:
        print(
            f"{done.samples:,} samples of {done.revision}, {done.size / 1e6:,.1f} MB, in "
            f"{arguments.out} (shards: {done.shards})"
        )
