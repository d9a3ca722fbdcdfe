"""What a run reads a procedural dataset from, in place of rendering it: a folder, or hf://…"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ffld.shards import MANIFEST


def settled(source: str | None) -> str | None:
    """The source, at one commit where it is a published one: a branch may move during a run.

    Raises:
        DataError: a published one that can't be had.
    """
    return _published(source)[0] if source is not None and _is_published(source) else source


def identity(source: str) -> str:
    """What tells one build from another, wherever it lies: the SHA-256 of its manifest.

    Without a manifest, which whoever reads the samples will complain of, it is the source itself.
    """
    manifest = _published(source)[1] if _is_published(source) else Path(source) / MANIFEST
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else source


def _is_published(source: str) -> bool:
    return source.startswith("hf:")


def _published(source: str) -> tuple[str, Path]:
    from ffld.hub.download import pinned  # the hub's client isn't needed otherwise

    return pinned(source)
