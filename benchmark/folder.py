"""A run's folder: its files, whether it may be used, and how far the run in it has come."""

from __future__ import annotations

import enum
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from benchmark import checkpoint
from benchmark.code import UNKNOWN
from benchmark.plan import RunError
from ffld.atomic import leftovers, replacing, unwritable
from ffld.cache import cache_folder

CONFIG = "config.json"
METRICS = "metrics.jsonl"
CURVE = "curve.png"
TRAINING = "training.safetensors"  # state of an unfinished training
CHECKPOINT = "checkpoint"
PREDICTIONS = "predictions.parquet"
FLOOR = "floor.json"  # result of the mean shape on the same samples
SHEET = "sheet.png"
RESULT = "result.json"  # written last: with it, the run is finished


class State(enum.Enum):
    """How far the run in a folder has come."""

    NEW = enum.auto()
    UNFINISHED = enum.auto()
    FINISHED = enum.auto()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other process on this machine away from a run's folder, which need not exist.

    The lock lies in the cache, so that a run's folder holds nothing but the run. It ends with the
    process, however that does.

    Raises:
        RunError: another process is at the run, or there is no place for the lock.
    """
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    file = cache_folder() / "locks" / f"{name}.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file)
        lock.acquire(timeout=1)  # a process that was killed may take a moment to be gone
    except Timeout as error:
        raise RunError(
            f"another process is at the run in {str(path)!r}: wait for it, or pass another --out"
        ) from error
    except OSError as error:
        raise RunError(
            f"cannot write in {str(file.parent)!r} ({error.strerror}); set FFLD_CACHE to another "
            "folder"
        ) from error
    try:
        yield
    finally:
        lock.release()


def state(path: Path, configuration: Mapping[str, Any], *, afresh: bool) -> State:
    """What a folder holds of this run; nothing if it is to be done afresh.

    Raises:
        RunError: the folder cannot be written, is no run's, or is that of another run.
    """
    check_folder(path)
    if not path.exists() or all(entry.name.startswith(".") for entry in path.iterdir()):
        return State.NEW
    if not (path / CONFIG).is_file():
        raise RunError(f"{str(path)!r} is not empty and no run's folder; pass another --out")
    if afresh:
        return State.NEW
    if found := _differences(saved(path)["configuration"], configuration):
        raise RunError(
            f"{str(path)!r} holds a run of another configuration ({found}); pass another --out, "
            "or --afresh to replace it"
        )
    return State.FINISHED if (path / RESULT).is_file() else State.UNFINISHED


def begin(
    path: Path,
    configuration: Mapping[str, Any],
    environment: Mapping[str, Any],
    parameters: int | None,
    annotations: Mapping[str, str],
) -> None:
    """Remove an earlier run's files and write this one's configuration.

    Args:
        parameters: learned numbers of its model.
        annotations: digests of those that may change (`benchmark.annotations`), by what they serve.

    Raises:
        RunError: the folder cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make {str(path)!r} ({error.strerror})") from error
    for name in (RESULT, METRICS, CURVE, PREDICTIONS, FLOOR, SHEET):
        (path / name).unlink(missing_ok=True)
    shutil.rmtree(path / CHECKPOINT, ignore_errors=True)
    forget_training(path)
    write_config(path, configuration, environment, parameters, annotations)


def write_config(
    path: Path,
    configuration: Mapping[str, Any],
    environment: Mapping[str, Any],
    parameters: int | None,
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Write config.json: what was asked for, on what machine, and the size of the model."""
    content = {
        "configuration": configuration,
        "environment": environment,
        "parameters": parameters,
        **({"annotations": annotations} if annotations else {}),
    }
    with replacing(path / CONFIG) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def threads(path: Path) -> int | None:
    """Threads that the unfinished run in a folder was begun with."""
    return saved(path).get("environment", {}).get("threads")


def other_code(path: Path, environment: Mapping[str, Any]) -> str:
    """What tells the code of a folder's run from this environment's; empty where nothing does."""
    before, found = saved(path).get("environment", {}), []
    for key, what in (("commit", "commit"), ("model_code", "the model's file, SHA-256")):
        then, now = before.get(key, UNKNOWN), environment.get(key, UNKNOWN)
        if then != now and UNKNOWN not in (then, now):
            found.append(f"{what}: {then[:12]} there, {now[:12]} today")
    return "; ".join(found)


def log(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write the metrics log, one line an epoch."""
    with replacing(path / METRICS) as temporary:
        lines = (json.dumps(record) + "\n" for record in history)
        temporary.write_text("".join(lines), encoding="utf-8")


def forget_training(path: Path) -> None:
    """Remove the state of the training, and what kills in the middle of saving have left."""
    ours = (CONFIG, METRICS, CURVE, TRAINING, PREDICTIONS, FLOOR, SHEET, RESULT)
    left = [file for name in ours for file in leftovers(path, name)]
    left += [file for name in checkpoint.FILES for file in leftovers(path / CHECKPOINT, name)]
    for file in (path / TRAINING, *left):
        file.unlink(missing_ok=True)


def saved(path: Path) -> dict[str, Any]:
    """The content of config.json."""
    file = path / CONFIG
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if not path.is_dir():
            raise RunError(f"{path}: there is no such folder") from error
        raise RunError(f"{path} is no run's folder: it has no {CONFIG}") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{file} is not readable JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("configuration"), dict):
        raise RunError(f"{file} holds no configuration; pass another --out")
    return content


def check_folder(path: Path) -> None:
    """Refuse a folder that can't be made or written in, which need not exist (RunError)."""
    if why := unwritable(path):
        raise RunError(f"{why}; pass another --out")


def _differences(saved: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """The keys in which two configurations differ, with both values."""
    old, new = flat(saved), flat(asked)
    return ", ".join(
        f"{key}: {old.get(key)} there, {new.get(key)} asked"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    )


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A configuration without nesting: the keys of inner mappings joined by dots."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        inner = isinstance(value, Mapping)
        found |= flat(value, f"{prefix}{key}.") if inner else {prefix + key: value}
    return found
