"""The command lines of `python -m ffld publish` and `python -m ffld download`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ffld.console import out_folder

# the repository that holds the public edition; there is none yet
PUBLIC: str | None = None


def add(commands: argparse._SubParsersAction) -> None:
    """Add the commands to those of `python -m ffld`."""
    _add_publish(commands)
    _add_download(commands)


def _add_publish(commands: argparse._SubParsersAction) -> None:
    publish = commands.add_parser(
        "publish",
        help="put what was built into a Hugging Face dataset repository",
        description="Sends the shards and the manifest of a finished build, a card (README.md) "
        "and croissant.json, as one commit, and prints it. Files that are there already are not "
        "sent; a run that was killed goes on, if started again. Log in first: hf auth login.",
    )
    publish.add_argument("folder", type=Path, metavar="DIR", help="what `build` wrote")
    publish.add_argument("--repo", metavar="ORG/NAME", required=True, help="made if there is none")
    publish.add_argument("--private", action="store_true", help="if it is made: not for everybody")
    publish.set_defaults(run=_publish)


def _add_download(commands: argparse._SubParsersAction) -> None:
    download = commands.add_parser(
        "download",
        help="fetch a published dataset into a folder",
        description="Fetches what `publish` sent, compares every file with the SHA-256 in its "
        "manifest, and leaves DIR as `build` does. A run that was killed goes on, if started "
        "again. With ffld.load(..., source='hf://ORG/NAME@COMMIT') nothing needs to be fetched "
        "beforehand.",
    )
    download.add_argument("--repo", metavar="ORG/NAME", help="a Hugging Face dataset repository")
    download.add_argument(
        "--revision", metavar="REV", help="a commit, tag or branch (default: the newest)"
    )
    download.add_argument(
        "--out",
        type=out_folder,
        metavar="DIR",
        required=True,
        help="a folder, new or of the same set",
    )
    download.add_argument(
        "--splits", nargs="+", metavar="SPLIT", help="those to fetch (default: all there are)"
    )
    download.set_defaults(run=_download)


def _publish(arguments: argparse.Namespace) -> None:
    from ffld.hub.client import Repository
    from ffld.hub.publish import publish

    repository = Repository(arguments.repo)
    done = publish(arguments.folder, repository, private=arguments.private)
    print(
        f"commit {done.commit} of {repository.address}: {done.sent} files sent, {done.kept} were "
        f"there, {done.removed} removed\n"
        f'source="hf://{repository.name}@{done.commit}"'
    )


def _download(arguments: argparse.Namespace) -> None:
    from ffld.sample import DataError

    name = arguments.repo or PUBLIC
    if name is None:
        raise DataError(
            "no repository of FFLD is public yet: give one that you know with --repo ORG/NAME, or "
            f"render it with python -m ffld build --dataset ffld --out {arguments.out}"
        )
    from ffld.hub.client import Repository
    from ffld.hub.download import download

    done = download(
        Repository(name), arguments.out, revision=arguments.revision, splits=arguments.splits
    )
    manifest = done.manifest
    samples = sum(map(manifest.count, manifest.splits))
    print(
        f"{samples:,} samples of {manifest.revision} in {arguments.out}, verified: {done.fetched} "
        f"files fetched, {done.kept} were there\n"
        f"commit {done.commit} of {name}"
    )
