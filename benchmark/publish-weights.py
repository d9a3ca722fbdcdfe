"""python -m benchmark.publish-weights: a run's weights into a repository of a Hugging Face hub."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmark.command import Parser, carried_out

_EPILOG = """\
examples:
  python -m benchmark.publish-weights runs/lgr-ffld-1234abcd --repo ORG/NAME --dry-run
      what would be sent, and the card with the run's own scores
  python -m benchmark.publish-weights runs/lgr-ffld-1234abcd --repo ORG/NAME --scores runs/on-fld
      send it, with what another run scored with these weights: --checkpoint runs/lgr-ffld-1234abcd
  python -m benchmark.publish-weights lgr/weights/lgr-ffld --repo ORG/NAME
      weights that `python -m benchmark.ship` made, in half precision, with the scores it was given

Log in first: hf auth login. Everything is one commit, which is printed with the name to use:
--checkpoint hf://ORG/NAME@COMMIT. What is there already is not sent; a run that was killed goes on,
if started again.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    return carried_out(lambda: _publish(arguments), "interrupted; the same command goes on")


def _parser() -> argparse.ArgumentParser:
    about = "Put trained weights and their model card into a Hugging Face model repository."
    parser = Parser("benchmark.publish-weights", about, _EPILOG)
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="folder of a finished training, or one of `ship`")
    add("--repo", metavar="ORG/NAME", required=True, help="made if there is none")
    add("--scores", type=Path, nargs="*", default=[], metavar="RUN", help="runs that scored them")
    add("--before", nargs="*", default=[], metavar="WEIGHTS",
        help="those that it went on from (--init), the latest first")  # fmt: skip
    add("--half", action="store_true", help="matrices in half precision; needs --scores of these")
    add("--licence", metavar="NAME", help="such as cc-by-nc-4.0; a must after photographs")
    add("--private", action="store_true", help="if it is made: not for everybody")
    add("--dry-run", action="store_true", help="print the card, send nothing")
    return parser


def _publish(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    from benchmark.card import card
    from benchmark.publish import licence_of, prepare, publish
    from ffld.hub.client import Repository

    repository = Repository(arguments.repo, "model")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        before, half = arguments.before, arguments.half
        prepare(arguments.run, folder, arguments.scores, half=half, before=before)
        licence = licence_of(folder, arguments.licence)
        if arguments.dry_run:
            for file in sorted(folder.iterdir()):
                print(f"{file.name}: {file.stat().st_size:,} bytes", file=sys.stderr)
            print(card(folder, repository.name, licence), end="")
            return
        done = publish(folder, repository, licence, private=arguments.private)
    if done.sent:
        print(
            f"commit {done.commit} of {repository.address}: {done.sent} files sent, {done.kept} "
            "were there"
        )
    else:
        print(f"commit {done.commit} of {repository.address} holds these already: nothing sent")
    print(f"--checkpoint hf://{repository.name}@{done.commit}")


if __name__ == "__main__":
    sys.exit(main())
