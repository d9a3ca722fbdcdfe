"""What a model says of one split of one dataset, and the border where it is checked."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmark.evaluate import counted
from ffld.atomic import replacing
from ffld.sample import Targets

METADATA_KEY = b"ffld"  # in the Parquet schema; holds the fields below as JSON
METADATA_FIELDS = ("dataset", "split", "revision", "schema_fingerprint")

LONGEST_ID = 1000  # letters; in an array, all ids take the room of the longest
FARTHEST = 1e9  # pixels; a coordinate beyond this is as bad as infinity, since sums would overflow


class PredictionsError(ValueError):
    """Predictions that cannot be scored; the message lists every reason."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """One point for every landmark slot of every sample of a split.

    Attributes:
        ids: (N,) str.
        xy: (N, K, 2) float64, pixels of the original image as in `Targets`; slots that are never
            counted may hold NaN.
        confidence: (N, K) float32, larger is surer; its scale is the model's own.
        revision: of the dataset that was predicted; "" when unknown.
        schema_fingerprint: of the schema that orders the slots; "" when unknown.

    Raises:
        PredictionsError: when the arguments cannot be made into arrays of these kinds.
    """

    dataset: str
    split: str
    ids: np.ndarray
    xy: np.ndarray
    confidence: np.ndarray | None = None
    revision: str = ""
    schema_fingerprint: str = ""

    def __post_init__(self) -> None:
        kinds = {"ids": np.str_, "xy": np.float64, "confidence": np.float32}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if name == "confidence" and value is None:
                continue
            try:
                array = np.asarray(value, dtype=kind)
            except (TypeError, ValueError, RuntimeError) as error:
                if getattr(value, "requires_grad", False):  # a tensor that is still being trained
                    raise PredictionsError(
                        f"{name} is a tensor that requires grad; pass {name}.detach().cpu()"
                    ) from error
                raise PredictionsError(
                    f"{name} cannot be an array of {kind.__name__}: {error}"
                ) from error
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def sha256(self) -> str:
        """Digest of ids and points, the same in whatever order the samples stand."""
        order = np.argsort(self.ids, kind="stable")
        names = "\n".join(self.ids[order].tolist())
        points = np.ascontiguousarray(self.xy[order], "<f8")
        return hashlib.sha256(names.encode() + b"\0" + points.tobytes()).hexdigest()

    def align(self, targets: Targets) -> Predictions:
        """The same predictions in the order of `targets.ids`.

        Raises:
            PredictionsError: lists all that keeps them from being scored on these targets.
        """
        _refuse(_problems(self, targets))
        row = {name: number for number, name in enumerate(self.ids.tolist())}
        rows = np.array([row[name] for name in targets.ids.tolist()], np.int64)
        confidence = None if self.confidence is None else self.confidence[rows]
        return replace(self, ids=self.ids[rows], xy=self.xy[rows], confidence=confidence)

    def save(self, path: str | Path) -> None:
        """Write a Parquet file: `id`, `xy` (x and y of each landmark in turn), `confidence`.

        The same predictions give the same bytes, and the points come back exactly.
        """
        _refuse(_shape_problems(self))
        columns = {
            "id": pa.array(self.ids.tolist(), pa.string()),
            "xy": _lists(self.xy.reshape(len(self), 2 * self.xy.shape[1])),
        }
        if self.confidence is not None:
            columns["confidence"] = _lists(self.confidence)
        stated = {name: getattr(self, name) for name in METADATA_FIELDS}
        metadata = {METADATA_KEY: json.dumps(stated).encode()}
        with replacing(path) as temporary:
            table = pa.table(columns).replace_schema_metadata(metadata)
            pq.write_table(
                table,
                temporary,
                compression="zstd",
                use_dictionary=False,
                column_encoding={"id": "DELTA_BYTE_ARRAY"}
                | dict.fromkeys(
                    (f"{name}.list.element" for name in columns if name != "id"),
                    "BYTE_STREAM_SPLIT",
                ),
            )

    @classmethod
    def load(cls, path: str | Path) -> Predictions:
        """Read what `save` wrote.

        Raises:
            PredictionsError: no such file, not Parquet, or not laid out as `save` does.
        """
        try:
            table = pq.ParquetFile(path).read(use_threads=False)  # which would hold more
            table.validate(full=True)  # texts, too
        except FileNotFoundError as error:
            raise PredictionsError(f"{path}: no such file") from error
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise PredictionsError(f"{path} is not a readable Parquet file: {reason}") from error
        _refuse(_layout_problems(table), str(path))
        stated = json.loads(table.schema.metadata[METADATA_KEY])
        points = _array(table, "xy", np.float64)
        samples, width = points.shape
        known = "confidence" in table.column_names
        found = cls(
            ids=np.array(table["id"].to_pylist(), np.str_),
            xy=points.reshape(samples, width // 2, 2),
            confidence=_array(table, "confidence", np.float32) if known else None,
            **{name: stated[name] for name in METADATA_FIELDS},
        )
        del table
        pa.default_memory_pool().release_unused()  # it would keep five times what was read
        return found


def _refuse(problems: Iterable[str], what: str = "predictions") -> None:
    if found := list(problems):
        raise PredictionsError(f"{what}: " + "; ".join(found))


def _problems(predictions: Predictions, targets: Targets) -> Iterator[str]:
    """All that keeps predictions from being scored on these targets."""
    pairs = {
        "dataset": (predictions.dataset, targets.dataset),
        "split": (predictions.split, targets.split),
        "revision": (predictions.revision, targets.revision),
        "schema fingerprint": (predictions.schema_fingerprint, targets.schema.fingerprint),
    }
    for what, (found, expected) in pairs.items():
        unstated = what in ("revision", "schema fingerprint") and not (found and expected)
        if found != expected and not unstated:
            yield f"they are for {what} {found!r}, expected {expected!r}"
    shapes = list(_shape_problems(predictions, landmarks=len(targets.schema)))
    yield from shapes
    yield from _id_problems(predictions.ids.ravel().tolist(), targets.ids.tolist())
    if not shapes:
        yield from _point_problems(predictions, targets)


def _shape_problems(predictions: Predictions, landmarks: int | None = None) -> Iterator[str]:
    ids, xy, confidence = predictions.ids, predictions.xy, predictions.confidence
    if ids.ndim != 1:
        yield f"ids has shape {ids.shape}, expected one id a sample"
    if landmarks is None:
        landmarks = xy.shape[1] if xy.ndim == 3 else "K"
    if xy.shape != (ids.size, landmarks, 2):
        yield f"xy has shape {xy.shape}, expected ({ids.size}, {landmarks}, 2)"
    if confidence is not None and confidence.shape != (ids.size, landmarks):
        yield f"confidence has shape {confidence.shape}, expected ({ids.size}, {landmarks})"


def _id_problems(found: list[str], expected: list[str]) -> Iterator[str]:
    known, predicted = set(expected), set(found)
    if repeated := [name for name, times in Counter(found).items() if times > 1]:
        yield f"ids listed more than once: {listed(repeated)}"
    if missing := [name for name in expected if name not in predicted]:
        yield f"samples without a prediction (each needs one): {listed(missing)}"
    if foreign := [name for name in dict.fromkeys(found) if name not in known]:
        yield f"ids that are not in the split: {listed(foreign)}"


def _point_problems(predictions: Predictions, targets: Targets) -> Iterator[str]:
    position = {name: row for row, name in enumerate(targets.ids.tolist())}
    rows = [row for row, name in enumerate(predictions.ids.tolist()) if name in position]
    at = [position[name] for name in predictions.ids.tolist() if name in position]
    usable = (np.abs(predictions.xy[rows]) <= FARTHEST).all(axis=-1)  # False for NaN
    needed = counted(targets, "all")[at]
    names = [
        f"{predictions.ids[rows[row]]} {targets.schema.landmarks[k]}"
        for row, k in np.argwhere(needed & ~usable)
    ]
    if names:
        yield f"points that are counted but not finite (NaN, infinite or absurd): {listed(names)}"


def listed(names: Sequence[str]) -> str:
    """The first five names and how many there are, as errors state them."""
    shown = ", ".join(names[:5])
    return f"{shown}, … ({len(names)} in all)" if len(names) > 5 else f"{shown} ({len(names)})"


def _lists(rows: np.ndarray) -> pa.Array:
    """Rows of numbers, in float32 where that loses nothing."""
    with np.errstate(over="ignore"):
        narrow = rows.astype(np.float32)
    rows = narrow if np.array_equal(narrow, rows, equal_nan=True) else rows
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])


def _array(table: pa.Table, name: str, kind: type) -> np.ndarray:
    """A column as an array that needs the table no more."""
    width = table.schema.field(name).type.list_size
    values = table[name].combine_chunks().flatten()
    return np.array(values.to_numpy(zero_copy_only=False), kind).reshape(-1, width)


def _layout_problems(table: pa.Table) -> Iterator[str]:
    """All in which a table differs from what `Predictions.save` writes."""
    names = table.column_names
    for name in ("id", "xy", "confidence"):
        if names.count(name) == 1:
            yield from _column_problems(table, name)
        elif name in names:
            yield f"there are {names.count(name)} columns {name!r}"
        elif name != "confidence":
            yield f"there is no column {name!r} (found: {', '.join(names)})"
    yield from _metadata_problems((table.schema.metadata or {}).get(METADATA_KEY))


def _column_problems(table: pa.Table, name: str) -> Iterator[str]:
    kind = table.schema.field(name).type
    if empty := table[name].null_count:
        yield f"column {name!r} is empty in {empty} rows"
    if name == "id":
        if not pa.types.is_string(kind):
            yield f"column 'id' is {kind}, expected string"
        elif (longest := pc.max(pc.utf8_length(table[name])).as_py() or 0) > LONGEST_ID:
            yield f"column 'id' holds one of {longest} letters, expected at most {LONGEST_ID}"
    elif not _holds_floats(kind):
        yield f"column {name!r} is {kind}, expected a fixed-size list of floats"
    elif kind.list_size < 1:
        yield f"column {name!r} lists no numbers"
    elif name == "xy" and kind.list_size % 2:
        yield f"column 'xy' lists {kind.list_size} numbers, expected x and y in turn"


def _holds_floats(kind: pa.DataType) -> bool:
    return pa.types.is_fixed_size_list(kind) and pa.types.is_floating(kind.value_type)


def _metadata_problems(text: bytes | None) -> Iterator[str]:
    advice = "write the file with Predictions.save"
    if text is None:
        yield f"it does not say its dataset and split; {advice}"
        return
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError):
        yield f"its metadata is not JSON; {advice}"
        return
    if not isinstance(stated, dict):
        yield f"its metadata is not a JSON object; {advice}"
        return
    for name in METADATA_FIELDS:
        if not isinstance(stated.get(name), str):
            yield f"its metadata gives no {name} as text; {advice}"
