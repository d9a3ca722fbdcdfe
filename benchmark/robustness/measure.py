"""Predictions of every model under every condition, each a small file that appears whole.

    OUT/config.json                     what the shown images depend on
    OUT/MODEL-12345678/blur-0.5.parquet     predictions, in pixels of the original images

A file that is there is kept, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from joblib import delayed
from tqdm import tqdm

from benchmark import Predictions
from benchmark.checkpoint import CheckpointError
from benchmark.crops import Crops, Source, cores
from benchmark.detector import Detector
from benchmark.eight import Eight
from benchmark.evaluate import counted
from benchmark.feeding import predict
from benchmark.folder import CONFIG
from benchmark.plan import RunError
from benchmark.robustness import corruptions
from benchmark.robustness.conditions import Condition
from ffld.atomic import replacing
from ffld.sample import Split
from ffld.schema import FFLD, FLD8, LandmarkSchema
from ffld.transforms import crop, warp
from ffld.workers import workers

_CHUNK = 64  # samples whose crops are in memory at a time
_FEW = 64  # samples below which starting workers costs more than it saves


@dataclass(frozen=True)
class Model:
    """A checkpoint that is measured.

    Attributes:
        label: what it is called in tables.
        folder: the name of the folder of its predictions: its model's, and a hash of its weights.
    """

    label: str
    detector: Detector
    folder: str

    @classmethod
    def of(cls, label: str, detector: Detector, schema: LandmarkSchema) -> Model:
        """A loaded checkpoint, for a dataset's landmarks.

        Raises:
            CheckpointError: it predicts others.
        """
        detector = _answering(detector, schema)
        about = detector.about
        name = re.sub(r"[^\w-]+", "-", about.model)
        return cls(label, detector, f"{name}-{_digest(detector)[:8]}")


@dataclass(frozen=True)
class Study:
    """What is measured, and where it is kept."""

    split: Split
    source: Source
    seed: int
    models: Sequence[Model]
    conditions: Sequence[Condition]
    out: Path

    def path(self, model: Model, condition: Condition) -> Path:
        """Where the predictions of a model under a condition are."""
        return self.out / model.folder / f"{condition.name}.parquet"


def measure(study: Study, batch_size: int) -> int:
    """Make the predictions that are not there yet; how many files were.

    Raises:
        RunError: the folder holds a study of other samples or another seed.
        DataError: an image that cannot be read.
    """
    _begin(study)
    pending = []
    for condition in study.conditions:
        lacking = [one for one in study.models if not study.path(one, condition).is_file()]
        pending += [(condition, lacking)] if lacking else []
    missing = sum(len(lacking) for _, lacking in pending)
    if not missing:
        return 0
    with tempfile.TemporaryFile() as file:
        shelf = _Shelf(study, file)
        steps = len(study.split) * missing
        with tqdm(total=steps, desc="predicting", unit=" images", smoothing=0.05) as progress:
            for condition, lacking in pending:
                progress.set_postfix_str(condition.name)
                found = _predicted(study, shelf, condition, lacking, batch_size, progress)
                for model, predictions in zip(lacking, found, strict=True):
                    predictions.save(study.path(model, condition))
    return missing


def _begin(study: Study) -> None:
    """Make the folder, or see that what it holds was shown the same."""
    made, path, out = _configuration(study), study.out / CONFIG, str(study.out)
    try:
        if not path.exists():
            if study.out.exists() and any(one.name[0] != "." for one in study.out.iterdir()):
                raise RunError(f"{out!r} is not empty and no such study; pass another --out")
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
            return
    except OSError as error:
        raise RunError(f"cannot write in {out!r} ({error.strerror}); pass another --out") from error
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        kept = None
    if kept != made:
        kept = kept if isinstance(kept, dict) else {}
        differing = ", ".join(key for key in made if kept.get(key) != made[key])
        raise RunError(
            f"{out!r} holds another study ({differing or 'its keys'} differ); pass another --out"
        )


def _configuration(study: Study) -> dict[str, Any]:
    """All that decides what the models are shown, besides the conditions themselves."""
    targets = study.split.targets
    samples = hashlib.sha256("\n".join(targets.ids.tolist()).encode())
    samples.update(np.ascontiguousarray(targets.box).tobytes())
    return {
        "dataset": targets.dataset,
        "split": targets.split,
        "revision": targets.revision,
        "samples": len(targets),
        "samples_sha256": samples.hexdigest(),
        "source": study.source.source,
        "seed": study.seed,
        "corruptions_sha256": hashlib.sha256(Path(corruptions.__file__).read_bytes()).hexdigest(),
        "opencv": cv2.__version__,
        "numpy": np.__version__,
    }


def _predicted(
    study: Study,
    shelf: _Shelf,
    condition: Condition,
    models: Sequence[Model],
    batch_size: int,
    progress: tqdm,
) -> list[Predictions]:
    """What each model says of all samples; slots that are never counted are left out."""
    parts: list[list[np.ndarray]] = [[] for _ in models]
    targets = study.split.targets
    for start in range(0, len(targets), _CHUNK):
        rows = range(start, min(start + _CHUNK, len(targets)))
        crops: dict[tuple[int, float], Crops] = {}
        views = [
            condition.view(shelf[row], targets.box[row], str(targets.ids[row]), study.seed)
            for row in rows
        ]
        for model, part in zip(models, parts, strict=True):
            about = model.detector.about
            size, padding = about.input_size, about.padding
            if (size, padding) not in crops:
                matrices = np.stack([crop(view.box, size, padding) @ view.turn for view in views])
                shown = [warp(v.image, m, size) for v, m in zip(views, matrices, strict=True)]
                chosen = targets.select(rows)
                crops[size, padding] = Crops(np.stack(shown), chosen, matrices, size, 0)
            detector = model.detector
            found = predict(
                detector.model, crops[size, padding], device=detector.device, batch_size=batch_size
            )
            part.append(found.xy)
            progress.update(len(rows))
    every = counted(targets, "all")[..., None]
    return [
        Predictions(
            dataset=targets.dataset,
            split=targets.split,
            ids=targets.ids,
            xy=np.where(every, np.concatenate(part), np.nan),
            revision=targets.revision,
            schema_fingerprint=targets.schema.fingerprint,
        )
        for part in parts
    ]


class _Shelf:
    """The images of a split, read once and kept as they are in a temporary file."""

    def __init__(self, study: Study, file: Any) -> None:
        self._file = file
        self._ends = [0]
        images = _encoded_images(study.split, study.source)
        for data in tqdm(images, desc="reading", total=len(study.split), unit=" images"):
            self._ends.append(self._ends[-1] + file.write(data))

    def __getitem__(self, row: int) -> np.ndarray:
        start, end = self._ends[row : row + 2]
        self._file.seek(start)
        data = np.frombuffer(self._file.read(end - start), np.uint8)
        return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _encoded_images(split: Split, source: Source) -> Iterator[bytes]:
    if len(split) < _FEW or cores() < 2:
        return (_encoded(split.image(row)) for row in range(len(split)))
    tasks = (delayed(_encoded_in_worker)(source, row) for row in range(len(split)))
    return workers(cores())(tasks)


def _encoded(image: np.ndarray) -> bytes:
    _, data = cv2.imencode(".png", image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()


_opened: tuple[Source, Split] | None = None  # in a worker process


def _encoded_in_worker(source: Source, row: int) -> bytes:
    global _opened
    if _opened is None or _opened[0] != source:
        _opened = source, source.open()
    return _encoded(_opened[1].image(row))


def _answering(detector: Detector, schema: LandmarkSchema) -> Detector:
    """The detector, if need be reading FFLD's landmarks as FLD's, as `Checkpoint.build` does."""
    about = detector.about
    if detector.schema.fingerprint == schema.fingerprint:
        return detector
    theirs = (detector.schema.fingerprint, schema.fingerprint)
    if theirs == (FFLD.fingerprint, FLD8.fingerprint) and not detector.model.uses_type:
        return replace(detector, model=Eight(detector.model), schema=schema)
    raise CheckpointError(
        f"a checkpoint of model {about.model!r} predicts landmarks of schema "
        f"{detector.schema.name!r}; the dataset has schema {schema.name!r}: choose a dataset or a "
        "checkpoint of the same schema"
    )


def _digest(detector: Detector) -> str:
    """What tells a model's predictions from another's: its weights and how its inputs are cut."""
    about = detector.about.content
    told = ("model", "config", "input_size", "padding", "others")
    named = {key: about[key] for key in told if key in about}
    digest = hashlib.sha256(json.dumps([named, detector.schema.name], sort_keys=True).encode())
    for name, tensor in sorted(detector.model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()
