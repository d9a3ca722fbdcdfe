"""Datasets by name: the file `ffld/datasets/<name>.py` is the registration of `<name>`.

Such a module holds `SPEC`, a DatasetSpec, and `read(split, options) -> Split`.
"""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import ffld.datasets
from ffld.render.named import named
from ffld.sample import DataError, Split, checked_limit
from ffld.schema import LandmarkSchema

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DatasetSpec:
    """Everything there is to say of a dataset before any of it is read.

    Attributes:
        splits: split name -> official number of samples; for deepfashion2, of images; 0 where
            nobody can know it before.
        revision: stamped on predictions and results; changes when labels change.
        procedural: rendered here, so it needs no files; otherwise `root` is needed.
        obtain: for photographs, where they come from and how they must lie under `root`.
        approximate: whether there are landmarks that are mapped approximately, on request.
    """

    name: str
    title: str
    schema: LandmarkSchema
    splits: Mapping[str, int]
    revision: str
    procedural: bool
    licence: str
    citation: str
    obtain: str
    approximate: bool = False


@dataclass(frozen=True)
class LoadOptions:
    """How to read a dataset.

    Attributes:
        root: folder of the user's copy, for datasets of photographs.
        key: secret of a sealed procedural test set; empty for the public editions.
        approximate: also map DeepFashion2 points whose FFLD counterpart is only approximate.
        dials: fields of a procedural edition's `Mix` that are to differ.
    """

    root: Path | None = None
    key: str = ""
    approximate: bool = False
    dials: Mapping[str, Any] = field(default_factory=dict)


def available() -> list[str]:
    """Names that `load` takes, sorted."""
    modules = pkgutil.iter_modules(ffld.datasets.__path__)
    return sorted(m.name.replace("_", "-") for m in modules if not m.name.startswith("_"))


def spec(name: str) -> DatasetSpec:
    """The description of a dataset."""
    return _module(name).SPEC


def load(
    name: str,
    split: str = "test",
    *,
    root: str | Path | None = None,
    limit: int | None = None,
    key: str = "",
    approximate: bool = False,
    dials: Mapping[str, Any] | str | None = None,
    source: str | Path | None = None,
) -> Split:
    """Open one split of a dataset.

    Args:
        name: one of `available()`.
        split: "train", "val" or "test".
        root: folder that holds the official archive, ~ being yours; needed for datasets of
            photographs.
        limit: a fixed seeded subset of this many samples (see `Split.limit`).
        key: secret of a sealed procedural test set.
        approximate: see `LoadOptions`.
        dials: how difficult a procedural dataset is to be, where that differs from the edition:
            fields of `ffld.render.mix.Mix`, such as {"company": 0, "blur": 0}, or a name of
            `ffld.render.named`, such as "photographs". Sample i shows the same subject as without,
            so that a study can be paired.
        source: folder that `python -m ffld build` or `download` wrote, or a published one's
            address, hf://ORG/NAME@COMMIT: a procedural dataset is read from there in place of
            rendering it. Labels are equal; images went through JPEG once more. What was built
            with dials is opened with the same ones.

    Raises:
        DataError: unknown name or split, impossible limit, missing root, unreadable or malformed
            files.
    """
    module, limit = _module(name), checked_limit(limit)
    description: DatasetSpec = module.SPEC
    if split not in description.splits:
        raise DataError(
            f"dataset {name!r} has no split {split!r}; it has {', '.join(description.splits)}"
        )
    if approximate and not description.approximate:
        raise DataError(f"no landmark of dataset {name!r} is approximate: leave out approximate")
    if description.procedural:
        if root is not None:
            raise DataError(f"dataset {name!r} is rendered on demand: leave out root={str(root)!r}")
        if source is not None:
            if key:
                raise DataError(f"source {str(source)!r} holds no sealed test set: leave out key")
            return _built(description, split, str(source), limit, dials or {})
    else:
        for given, what in (
            (dials, "dials"),
            (key, "sealed test set: leave out key"),
            (source is not None, "source; pass the folder of your copy as root"),
        ):
            if given:
                raise DataError(f"dataset {name!r} is made of photographs, which have no {what}")
        root = _existing_root(description, root)
    options = LoadOptions(root, key, approximate, settled(dials))
    return module.read(split, options).limit(limit)


def settled(dials: Mapping[str, Any] | str | None) -> Mapping[str, Any]:
    """Dials as `load` takes them, by their own names.

    Raises:
        DataError: none are called so.
    """
    return named(dials) if isinstance(dials, str) else dials or {}


def revision(name: str, dials: Mapping[str, Any] | str | None = None) -> str:
    """What is stamped on the labels of a dataset, of a procedural one with these dials turned.

    Raises:
        DataError: unknown name or dial, an impossible value.
    """
    if not dials:
        return spec(name).revision
    from ffld.datasets._dials import turned

    return turned(_module(name).EDITION, settled(dials)).revision


def _built(
    description: DatasetSpec,
    split: str,
    source: str,
    limit: int | None,
    dials: Mapping[str, Any] | str,
) -> Split:
    if source.startswith("hf:"):
        if dials:
            raise DataError(f"source {source!r} holds the edition itself: leave out dials")
        from ffld.hub.download import open_published

        return open_published(source, split, description, limit).limit(limit)
    from ffld.built import open_built

    opened = open_built(
        _folder(source),
        split,
        dataset=description.name,
        revision=revision(description.name, dials),
        schema=description.schema,
        limit=limit,
        whole=description.splits[split],
        dials=settled(dials),
    )
    return opened.limit(limit)


def _folder(path: str | Path) -> Path:
    """A folder as the user wrote it, ~ expanded as a shell does."""
    return Path(os.path.expanduser(path))


def _existing_root(description: DatasetSpec, root: str | Path | None) -> Path:
    if root is None:
        raise DataError(
            f"dataset {description.name!r} is read from your own copy: pass its folder as root "
            f"(--root). {description.obtain}"
        )
    if not _folder(root).is_dir():
        raise DataError(f"root {str(root)!r} is not a folder. {description.obtain}")
    return _folder(root)


def _module(name: str) -> ModuleType:
    names = available()
    if not isinstance(name, str):
        raise DataError(f"dataset is {name!r}; give a name as text: there are {', '.join(names)}")
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise DataError(f"unknown dataset {name!r}; {hint}there are {', '.join(names)}")
    return importlib.import_module(f"ffld.datasets.{name.replace('-', '_')}")
