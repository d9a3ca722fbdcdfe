"""Weights by name: those that come with a model, of a run's folder, or of a hub's repository.

    $FFLD_CACHE/weights/ORG/NAME/COMMIT/    what was fetched, whole and verified

Whoever published weights is a stranger: the three files of a checkpoint are fetched, training.json
where there is one, and no others, none above a size; what they describe must be a model of this
project and fit it, and no code is imported for a name that came with them.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from tqdm import tqdm

import ffld
from benchmark import checkpoint, models, origin, world
from benchmark.checkpoint import Checkpoint, CheckpointError
from benchmark.settings import PREDICTION, SettingsError, parse, profile
from ffld.cache import cache_folder, mark_used
from ffld.sample import DataError

if TYPE_CHECKING:
    from ffld.hub.client import Snapshot

DEFAULT_MODEL = "lgr"
SHIPPED = "shipped"  # the weights that come with the model, trained on FFLD
LARGEST = {  # bytes of what is fetched; the largest model here has 1.0 GB
    checkpoint.ABOUT: 1 << 20,
    checkpoint.WEIGHTS: 4 << 30,
    checkpoint.FLOOR_WEIGHTS: 16 << 20,
}

_FETCHING = ".fetching"
_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")


@dataclass(frozen=True)
class Weights:
    """Weights that a name stands for.

    Attributes:
        folder: of the checkpoint, with `about` its description.
        address: hf://ORG/NAME@COMMIT where they were published, otherwise None.
        shipped: whether they come with the model.
    """

    folder: Path
    about: Checkpoint
    address: str | None = None
    shipped: bool = False

    @property
    def name(self) -> str:
        """Where they are from, for messages."""
        return self.address or str(self.folder)

    def predicting(self, assignments: Sequence[str]) -> Weights:
        """The same weights, whose maps become points by other settings: `key=value` texts.

        Raises:
            SettingsError: a setting that is none of `PREDICTION`, or has no such value.
        """
        keys = [text.partition("=")[0].strip() for text in assignments]
        open_ = f"trained weights leave open {', '.join(PREDICTION)}"
        if trained := [key for key in keys if key not in PREDICTION]:
            raise SettingsError(f"--set {trained[0]}: {open_}")
        try:
            _, asked = parse(assignments, profile("cpu"), models.config_class(self.about.model))
        except SettingsError as error:
            problem, _, _ = str(error).partition(" | valid: ")  # of all that training has
            raise SettingsError(f"{problem}; {open_}") from error
        changed = {key: asked[key] for key in keys}
        return replace(self, about=replace(self.about, config={**self.about.config, **changed}))


def find_weights(name: str | Path, model: str | None = None) -> Weights:
    """Find weights, fetched into the cache where they are published and not there yet.

    Args:
        name: hf://ORG/NAME, also with @ and a branch, a tag or a commit; `shipped`; or the folder
            of a run or of a checkpoint.
        model: which one they must be of, if that was said. A model from outside of this project is
            taken from published weights only if it was.

    Raises:
        CheckpointError: there are none, they can't be used, or they are of another model.
        DataError: they can't be fetched.
    """
    if str(name).startswith("hf:"):
        found = _published(str(name), model)
    elif str(name) == SHIPPED:
        found = _shipped(model or DEFAULT_MODEL)
    else:
        folder = checkpoint.find(Path(name))
        found = Weights(folder, checkpoint.read(folder))
    if model not in (None, found.about.model):
        raise CheckpointError(
            f"checkpoint {str(name)!r} is of model {found.about.model!r}, not {model!r}"
        )
    return found


def shipped_weights(model: str, dataset: str = "ffld") -> Weights | None:
    """The weights that come with a model, trained on a dataset; None if there are none."""
    folder = models.shipped(model, dataset)
    return folder and Weights(folder, checkpoint.read(folder), shipped=True)


def _shipped(model: str) -> Weights:
    if (found := shipped_weights(model)) is None:
        raise CheckpointError(
            f"no weights come with {model!r}; train them: python -m benchmark.run --model {model} "
            f"--dataset ffld --out runs/{model}, then pass --checkpoint runs/{model}"
        )
    return found


def _published(name: str, model: str | None) -> Weights:
    from ffld.hub import client  # the hub's client isn't needed otherwise

    repository, revision = client.parse(name, "model")
    root = cache_folder() / "weights" / repository.name
    commit = revision
    if not (client.is_commit(revision) and (root / revision).is_dir()):
        commit = _arrived(_looked_up(name, root), root, model)
    address = f"hf://{repository.name}@{commit}"
    if commit != revision and world.rank() == 0:
        print(f"{name} is {address}", file=sys.stderr, flush=True)
    about = checkpoint.read(root / commit, address)
    _refuse_outside(about, address, model)
    mark_used(root / commit)
    return Weights(root / commit, about, address)


def _looked_up(name: str, root: Path) -> Snapshot:
    """What a revision is now; where nobody can say, the error names the commits that are here."""
    from ffld.hub import client
    from ffld.hub.errors import HubError

    repository, revision = client.parse(name, "model")
    try:
        if client.is_offline():
            raise HubError(f"{name} needs the hub, but HF_HUB_OFFLINE is set: unset it")
        return client.look_up(repository, revision)
    except HubError as error:
        kept = sorted(path.name for path in root.glob("[!.]*")) if root.is_dir() else []
        if not kept:
            raise
        here = ", ".join(f"hf://{repository.name}@{commit}" for commit in kept)
        raise HubError(f"{error}. Fetched earlier, and used without asking: {here}") from error


def _arrived(snapshot: Snapshot, root: Path, model: str | None) -> str:
    """The commit of a snapshot, whose files are in the cache from now on."""
    _refuse_listing(snapshot)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".lock"):  # another process may be fetching the same
            shutil.rmtree(root / _FETCHING, ignore_errors=True)  # of one that was killed
            if not (root / snapshot.commit).is_dir():
                try:
                    os.rename(_fetched(snapshot, root / _FETCHING, model), root / snapshot.commit)
                finally:
                    shutil.rmtree(root / _FETCHING, ignore_errors=True)
    except OSError as error:
        raise DataError(
            f"{snapshot} can't be kept in {root} ({error.strerror}); set FFLD_CACHE to a folder "
            "with room"
        ) from error
    return snapshot.commit


def _refuse_listing(snapshot: Snapshot) -> None:
    """Judge a repository by the names and sizes of its files."""
    missing = [file for file in checkpoint.FILES if file not in snapshot.hashes]
    if missing:
        pickles = [file for file in snapshot.hashes if file.endswith(_PICKLES)]
        never = f"; it has {pickles[0]}, and pickles are never read" if pickles else ""
        raise CheckpointError(
            f"{snapshot} has no {', '.join(missing)}, so it holds no weights of this project{never}"
        )
    for file, largest in LARGEST.items():
        if (size := snapshot.sizes[file]) > largest:
            raise CheckpointError(
                f"{file} of {snapshot} has {size:,} bytes, and at most {largest:,} are fetched; if "
                f"you trust it: hf download {snapshot.repository.name} --revision "
                f"{snapshot.commit} --local-dir DIR, then pass --checkpoint DIR"
            )


def _fetched(snapshot: Snapshot, folder: Path, model: str | None) -> Path:
    """Fetch and judge, the description before the rest; the folder that holds just the files."""
    from ffld.hub import transfer

    complete = folder / "complete"
    complete.mkdir(parents=True)
    title = f"fetching {snapshot.repository.name}"
    options = {"unit": "B", "unit_scale": True, "file": sys.stderr, "leave": False}
    total = sum(snapshot.sizes[file] for file in checkpoint.FILES)

    def fetch(files: tuple[str, ...]) -> None:
        hashes = {file: snapshot.hashes[file] for file in files}
        repository, commit = snapshot.repository, snapshot.commit
        for file, path in transfer.fetch(repository, commit, hashes, folder, bar):
            os.replace(path, complete / file)

    with tqdm(total=total, desc=title, **options) as bar:
        fetch(checkpoint.FILES[:1])
        about = checkpoint.read(complete, str(snapshot))
        _refuse_outside(about, str(snapshot), model)
        shapes = _shapes(about, snapshot)
        fetch(checkpoint.FILES[1:])
        if snapshot.sizes.get(origin.TRAINING, math.inf) <= origin.LARGEST:
            fetch((origin.TRAINING,))
    for file, expected in shapes.items():
        _refuse_misfit(complete / file, expected, snapshot)
    _drop_misshapen(complete / origin.TRAINING, snapshot)
    return complete


def _drop_misshapen(told: Path, snapshot: Snapshot) -> None:
    """Weights are of use without their training.json; what can't be trusted isn't kept."""
    try:
        if told.is_file():
            origin.read(told)
    except CheckpointError as error:
        told.unlink()
        warnings.warn(f"{snapshot}: left out, {error}", stacklevel=2)


def _refuse_outside(about: Checkpoint, place: str, model: str | None) -> None:
    """A name that somebody else wrote must not choose which code is imported."""
    if about.model in (model, *models.available()):
        return
    if not re.fullmatch(r"[\w.]+:\w+", about.model):
        raise CheckpointError(
            f"{place} is of model {about.model!r}; there are {', '.join(models.available())}"
        )
    raise CheckpointError(
        f"{place} is of model {about.model!r}, code outside of this project, which a downloaded "
        f"name must not choose; if you have that code and trust it, pass --model {about.model} too"
    )


def _shapes(about: Checkpoint, snapshot: Snapshot) -> dict[str, dict[str, list[int]]]:
    """File -> tensor -> the shape that the description asks for; no tensor is allocated."""
    schema = ffld.spec(about.dataset).schema
    if about.schema_fingerprint != schema.fingerprint:
        raise CheckpointError(
            f"{snapshot} predicts landmarks of schema {about.schema!r} "
            f"({about.schema_fingerprint}), and {about.dataset} has schema {schema.name!r} "
            f"({schema.fingerprint}) in this version of the project"
        )
    if ":" in about.model:
        return {}  # code from outside, which need not work without memory; loading will tell
    try:
        with torch.device("meta"):
            modules = about.untrained(schema)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{snapshot} has settings of no model: {str(error)[:500]}") from error
    return {
        file: {name: list(tensor.shape) for name, tensor in module.state_dict().items()}
        for file, module in zip(checkpoint.FILES[1:], modules, strict=True)
    }


def _refuse_misfit(path: Path, expected: dict[str, list[int]], snapshot: Snapshot) -> None:
    try:
        with safe_open(path, "pt") as tensors:
            names = tensors.keys()
            found = {name: tensors.get_slice(name).get_shape() for name in names}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path.name} of {snapshot} is not a readable safetensors file: {error}"
        ) from error
    others = [name for name in expected | found if expected.get(name) != found.get(name)]
    if others:
        first = min(others)
        raise CheckpointError(
            f"{len(others)} tensors of {path.name} of {snapshot} don't fit the model that it "
            f"describes, such as {first[:100]!r}: {found.get(first, 'none')} there, "
            f"{expected.get(first, 'none')} expected"
        )
