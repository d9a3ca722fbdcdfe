"""python -m ffld: look at datasets, measure them."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import NoReturn

from ffld.commands import (
    bench,
    build,
    cache,
    duplicates,
    export,
    hub,
    import_,
    show,
    stats,
    validate,
)
from ffld.console import carried_out

_COMMANDS = (show, stats, duplicates, bench, build, validate, export, import_, hub, cache)

EXAMPLES = """examples:
  python -m ffld list
  python -m ffld show --dataset ffld --n 24 --out sheet.png
  python -m ffld show --dataset fld --root ~/data/FLD --split test --out fld.png
  python -m ffld stats --dataset ffld --limit 5000 --out stats/
  python -m ffld stats --dataset ffld --limit 8000 --compare ~/FashionAI/Annotations/train.csv
  python -m ffld duplicates --dataset ffld --splits train test --limit 2000 --out pairs.jpg
  python -m ffld bench --dataset ffld
  python -m ffld build --dataset ffld --out ffld-built
  python -m ffld validate ffld-built
  python -m ffld validate --dataset fld --root ~/data/FLD --images decode
  python -m ffld publish ffld-built --repo ORG/NAME
  python -m ffld download --repo ORG/NAME --revision COMMIT --out ffld-built
  python -m ffld export --dataset ffld --split test --limit 500 --images --out coco/
  python -m ffld import coco/annotations/ffld_test.json --images coco/images --out imported
  python -m ffld cache --remove crops --unused 30
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = _parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help()  # what there is to choose from, before the error says to choose
    arguments = parser.parse_args(argv)
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    return carried_out(lambda: arguments.run(arguments), _errors)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m ffld",
        description="The datasets of the suite.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the datasets there are, and where they come from")
    listing.set_defaults(run=_list)
    for command in _COMMANDS:
        command.add(commands)
    return parser


def _errors() -> tuple[type[Exception], ...]:
    from ffld.sample import DataError

    return DataError, OSError


def _list(arguments: argparse.Namespace) -> None:
    import ffld

    for name in ffld.available():
        spec = ffld.spec(name)
        known = any(spec.splits.values())
        counts = (
            " / ".join(f"{n:,}" if n else "?" for n in spec.splits.values())
            if known
            else "as imported"
        )
        kind = "rendered on demand" if spec.procedural else "your copy, --root"
        print(f"{name:24} {len(spec.schema):2} landmarks  {counts:27} {kind:19} {spec.title}")


if __name__ == "__main__":
    sys.exit(main())
