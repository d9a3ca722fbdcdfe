"""python -m benchmark.suite: the paper's tables, run as far as time allows, and reported."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.command import Parser, carried_out, count

_EPILOG = """\
examples:
  python -m benchmark.suite --table 3 --seeds 2
      run what is missing of table 3 on the CPU's budget; killed, it goes on where it stopped
  python -m benchmark.suite --table 3 --seeds 2 --dry-run
      which runs those are, how far each one is, how long the rest will take
  python -m benchmark.suite --table 2 --core --time-budget 9m
      the rows that table 2's claims rest on; stops in time, and goes on when it is called again
  python -m benchmark.suite --table 3 --profile gpu --shard 2/4 --pack part-2.parquet
      the second of four machines' part, its finished runs in one file
  python -m benchmark.suite --table 3 --latency latency-cpu-ffld.json
      time every model of the table against the others, in one go
  python -m benchmark.suite --report --runs runs --table 3
      the table of what there is, beside the paper's own figures
  python -m benchmark.suite --report --out docs/paper_tables.md
      the page of the results that come with the project; --check says whether it is up to date
  python -m benchmark.suite --unpack part-2.parquet --out runs
      folders of its runs, without weights, such as `python -m leaderboard new` takes
  python -m benchmark.suite --figure 5 --runs runs --out figure5.png
      the same samples under each model of table 3

Runs are ordinary folders as benchmark.run makes them, under --out (runs); one of the same
configuration that was made by hand counts. Within a profile every row sees equally many training
images and has equally many trials on validation.
"""
_TIME = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    arguments = _parser().parse_args(argv)

    def work() -> None:
        # Imported here, so that --help and a mistyped option do not wait for torch.
        from benchmark.suite.actions import act

        act(arguments)

    return carried_out(work, "interrupted; the same command goes on where it stopped")


def seconds(text: str) -> float:
    """A length of time such as 90s, 9m or 1.5h."""
    if not (found := _TIME.fullmatch(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time, such as 90s, 9m, 1.5h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def shard(text: str) -> tuple[int, int]:
    """A part of a whole, i/n."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no part i/n with 1 <= i <= n")
    return int(found[1]), int(found[2])


def _parser() -> argparse.ArgumentParser:
    parser = Parser("benchmark.suite", "The LGR paper's tables as one resumable plan.", _EPILOG)
    what = parser.add_argument_group("which rows")
    what.add_argument("--table", action="append", metavar="NAME", help="1, 2, 3, repairs; all")
    what.add_argument("--dataset", action="append", default=[], metavar="NAME",
                      help="in place of the table's own; may be repeated")  # fmt: skip
    what.add_argument(
        "--profile", metavar="NAME", help="budget: cpu (default), cpu-single, cpu-224, gpu"
    )
    what.add_argument("--seeds", type=count, default=1, metavar="N", help="runs of a row (1)")
    what.add_argument("--core", action="store_true", help="rows that the claims rest on alone")
    what.add_argument("--root", type=Path, metavar="DIR", help="your copy of photographs")
    how = parser.add_argument_group("running")
    how.add_argument("--time-budget", type=seconds, metavar="TIME", help="stop after 9m, 1.5h, …")
    how.add_argument("--shard", type=shard, metavar="i/n", help="the i-th of n machines' part")
    how.add_argument("--out", type=Path, metavar="PATH",
                     help="folder of the runs (runs); file of a report or a figure")  # fmt: skip
    how.add_argument("--runs", type=Path, action="append", default=[], metavar="PATH",
                     help="finished runs: a folder or a pack; may be repeated")  # fmt: skip
    how.add_argument("--pack", type=Path, metavar="FILE",
                     help="then write the finished runs of these rows to one file")  # fmt: skip
    acts = parser.add_argument_group("instead of running").add_mutually_exclusive_group()
    acts.add_argument("--list", action="store_true", help="print the tables' rows")
    acts.add_argument("--dry-run", action="store_true", help="print what would run, and how long")
    acts.add_argument("--report", action="store_true", help="print the tables of the results")
    acts.add_argument("--check", action="store_true", help="is the page --out up to date?")
    acts.add_argument("--figure", choices=["5"], help="draw the same samples under each model")
    acts.add_argument("--latency", type=Path, metavar="FILE", help="time the models")
    acts.add_argument("--unpack", type=Path, metavar="FILE", help="make run folders of a pack")
    return parser


if __name__ == "__main__":
    sys.exit(main())
