"""A run, from a plan to a table: train or load, predict, score, write the folder."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

import ffld
from benchmark import checkpoint, folder, models, pictures, world
from benchmark.annotations import SCORED, TRAINED, VALIDATED, check_annotations, fingerprint
from benchmark.augment import margin
from benchmark.checkpoint import FLOOR, Checkpoint
from benchmark.crops import Crops, Source, cut
from benchmark.evaluate import evaluate
from benchmark.feeding import predict
from benchmark.folder import State
from benchmark.plan import Plan, RunError, environment
from benchmark.result import Result
from benchmark.step import choose_algorithms
from benchmark.train import History, Task, best_ne, train
from ffld.catalog import DatasetSpec
from ffld.ids import image_of
from ffld.sample import DataError, Split
from ffld.transforms import BOX_PADDING, apply


@dataclass(frozen=True)
class _Ready:
    """A model with the floor of the same training samples, if any, and what to say of both."""

    model: nn.Module
    floor: nn.Module | None
    about: Checkpoint


def run(plan: Plan) -> str:
    """Carry a plan out as far as it is not done already; the table of its result.

    Raises:
        DataError, ModelError, CheckpointError, SettingsError, RunError, TrainingError, LostProcess.
    """
    alone = nullcontext() if world.rank() else folder.alone(plan.folder)
    with world.joined(plan.device), alone:
        state = world.from_first(lambda: _state(plan))
        if state is not State.FINISHED:
            _carry_out(plan, state)
        return world.from_first(lambda: _table(plan))


def _state(plan: Plan) -> State:
    state = folder.state(plan.folder, plan.configuration, afresh=plan.afresh)
    today = environment(plan.model)
    if state is not State.NEW and (other := folder.other_code(plan.folder, today)):
        _say(f"warning: this run was begun by other code ({other}); --afresh begins it anew")
    if state is not State.NEW:
        _check_annotations(plan)
    if state is State.FINISHED:
        folder.forget_training(plan.folder)  # if it was killed right after its result
        _say(f"this run is finished; --afresh would begin it anew. folder: {plan.folder}")
    return state


def _check_annotations(plan: Plan) -> None:
    limits = plan.settings
    sources = {
        SCORED: _source(plan, plan.split, limits.test_limit),
        TRAINED: _source(plan, "train", limits.train_limit),
        VALIDATED: _source(plan, "val", limits.val_limit),
    }
    check_annotations(plan.folder, sources)


def _carry_out(plan: Plan, state: State) -> None:
    _say(plan.note())
    _be_repeatable(plan, state)
    if plan.about is not None:
        _score_checkpoint(plan)
    else:
        _train_and_score(plan, state)
    _say(f"folder: {plan.folder}")


def _score_checkpoint(plan: Plan) -> None:
    model, floor = plan.about.build(plan.weights.folder, plan.spec.schema)
    scored, crops = _scored_samples(plan, plan.about.input_size, plan.about.padding)
    _begin(plan, model, {SCORED: crops})
    _score(plan, _Ready(model, floor, plan.about), scored, crops)


def _begin(plan: Plan, model: nn.Module, used: Mapping[str, Crops | None]) -> None:
    with world.first_alone():
        if world.rank() == 0:
            about = environment(plan.model) | plan.settings.execution
            noted = {k: fingerprint(one.targets) for k, one in used.items() if plan.root and one}
            learned = checkpoint.learned(model)
            folder.begin(plan.folder, plan.configuration, about, learned, noted)


def _train_and_score(plan: Plan, state: State) -> None:
    model = models.build(plan.model, plan.spec.schema, **plan.overrides)
    models.check_parts(plan.model, model)
    # All images are read before the folder is made: one that is broken shows here.
    scored, crops = _scored_samples(plan, model.input_size, BOX_PADDING)
    samples = _crops(plan, model, "train", plan.settings.train_limit)
    val = None if model.fitted else _crops(plan, model, "val", plan.settings.val_limit)
    _check_apart(plan, samples, crops)
    floor = _fitted(models.build(FLOOR, plan.spec.schema, input_size=model.input_size), samples)
    _start(plan, model)
    if state is State.NEW:
        _begin(plan, model, {SCORED: crops, TRAINED: samples, VALIDATED: val})
    history: History = []
    if model.fitted:
        _fitted(model, samples)
    else:
        history = _trained(plan, model, floor, samples, val)
    about = Checkpoint(
        model=plan.model,
        config=_whole_config(plan, model),
        schema=plan.spec.schema.name,
        schema_fingerprint=plan.spec.schema.fingerprint,
        input_size=model.input_size,
        padding=BOX_PADDING,
        dataset=plan.spec.name,
        revision=samples.targets.revision,
        samples=len(samples),
        seed=plan.seed,
        val_ne=best_ne(history) if history else None,
        recipe=plan.recipe,
    )
    if world.rank() == 0:
        about.save(plan.folder / folder.CHECKPOINT, model, floor)
    _score(plan, _Ready(model, floor, about), scored, crops)
    if world.rank() == 0:
        folder.forget_training(plan.folder)


def _whole_config(plan: Plan, model: nn.Module) -> Mapping[str, Any]:
    """Every setting of the model, so that its checkpoint outlives a change of defaults."""
    config = getattr(model, "config", None)
    known = isinstance(config, models.config_class(plan.model))
    return dataclasses.asdict(config) if known else plan.overrides


def _scored_samples(plan: Plan, size: int, padding: float) -> tuple[Split, Crops]:
    """The samples that the table is about, with their crops."""
    limit = plan.settings.test_limit
    source = _source(plan, plan.split, limit)
    split = source.open()
    if limit is not None and len(split) == limit:
        _say(f"scoring {limit} samples of {plan.split}; --limit sets how many")
    with world.first_alone():
        return split, cut(source, split, size, padding=padding)


def _source(plan: Plan, split: str, limit: int | None) -> Source:
    return Source(
        plan.spec.name, split, limit, plan.root, plan.approximate, plan.dials, plan.source
    )


def _crops(plan: Plan, model: nn.Module, name: str, limit: int | None) -> Crops:
    """Crops of the training or the validation samples."""
    source = _source(plan, name, limit)
    try:
        split = source.open()
    except DataError as error:
        if plan.spec.procedural:
            raise
        raise RunError(f"{error}; {_advice(plan)}") from error
    kept = margin(plan.settings, model.input_size) if name == "train" else 0
    with world.first_alone():
        return cut(source, split, model.input_size, margin=kept)


def _check_apart(plan: Plan, samples: Crops, scored: Crops) -> None:
    """Refuse to score images that were trained on, unless the training split was asked for."""
    trained = {image_of(name) for name in samples.targets.ids.tolist()}
    seen = sum(image_of(name) in trained for name in scored.targets.ids.tolist())
    if seen and plan.split != "train":
        raise RunError(
            f"{seen} of the {len(scored)} samples to score are of images to train on; "
            f"{_advice(plan)}"
        )


def _advice(plan: Plan) -> str:
    """What to do where a copy holds nothing to train on."""
    stand_in = _stand_in(plan.spec)
    if stand_in is None:
        return "training needs the train and val splits; pass --checkpoint to score without"
    out = f"runs/{stand_in}"
    return (
        f"without a train and a val split, train on its stand-in: python -m benchmark.run --model "
        f"{plan.model} --dataset {stand_in} --out {out}, then score with --checkpoint {out}"
    )


def _stand_in(spec: DatasetSpec) -> str | None:
    """A procedural dataset with the same landmarks; the one named after it, if there is."""
    others = [ffld.spec(name) for name in ffld.available()]
    same = [
        other.name
        for other in others
        if other.procedural and other.schema.fingerprint == spec.schema.fingerprint
    ]
    named = f"{spec.name}-procedural"
    return named if named in same else next(iter(same), None)


def _fitted(model: nn.Module, samples: Crops) -> nn.Module:
    """Fit a model without gradients to all training targets."""
    targets = samples.targets
    fractions = apply(samples.matrices, targets.xy) / samples.size
    model.fit(fractions, targets.visibility, targets.type_index)
    return model


def _start(plan: Plan, model: nn.Module) -> None:
    """Replace the random weights that a model is built with, where that was asked for."""
    if plan.start is not None:
        if others := plan.start.about.others:
            _say(f"{plan.start.name} holds {1 + len(others)} networks; the first is trained on")
        kept = checkpoint.start_from(plan.start.folder, model, plan.spec.schema)
        if kept:
            _say(f"{plan.start.name} is of another schema; not taken from it: {', '.join(kept)}")
    if not plan.settings.pretrained:
        return
    load = getattr(model, "load_imagenet", None)
    if load is None:
        raise RunError(
            f"model {plan.model!r} has no ImageNet weights to start from; pretrained=false"
        )
    load()
    _say("VGG16 starts from torchvision's ImageNet weights")


def _trained(plan: Plan, model: nn.Module, floor: nn.Module, samples: Crops, val: Crops) -> History:
    predicted = predict(floor, val, device=torch.device("cpu"), batch_size=256)
    level = evaluate(predicted, val.targets, resamples=0).scores["ne"]["visible"].value
    _say(f"training; the floor to beat, mean-shape, has validation NE {level:.4f}")

    task = Task(
        train=samples,
        val=val,
        settings=plan.settings,
        seed=plan.seed,
        device=plan.device,
        state=plan.folder / folder.TRAINING,
        log=lambda history: folder.log(plan.folder, history) if world.rank() == 0 else None,
    )
    history = train(model, task)
    if world.rank() == 0:
        title = f"{plan.model} on {plan.spec.name}"
        pictures.curve(history, level, title, plan.folder / folder.CURVE)
    return history


def _score(plan: Plan, ready: _Ready, split: Split, crops: Crops) -> None:
    """Predict, score and draw; the result is the last file to be written."""
    path, size = plan.folder, plan.settings.batch_size
    model = ready.model.to(plan.device)
    predicted = predict(model, crops, device=plan.device, batch_size=size, title="predicting")
    mean = None
    if ready.floor is not None and ready.about.model != FLOOR:
        mean = predict(ready.floor, crops, device=torch.device("cpu"), batch_size=size)
    if world.rank():
        return
    result = evaluate(predicted, crops.targets)
    predicted.save(path / folder.PREDICTIONS)
    if mean is not None:
        evaluate(mean, crops.targets).save(path / folder.FLOOR)
    pictures.contact_sheet(split, predicted, path / folder.SHEET)
    result.save(path / folder.RESULT)


def _table(plan: Plan) -> str:
    result = Result.load(plan.folder / folder.RESULT)
    floor = plan.folder / folder.FLOOR
    return result.table(beside={FLOOR: Result.load(floor)} if floor.is_file() else None)


def _be_repeatable(plan: Plan, state: State) -> None:
    if state is State.UNFINISHED and (count := folder.threads(plan.folder)):
        torch.set_num_threads(count)  # sums depend on it in their last digits
    torch.manual_seed(plan.seed)
    choose_algorithms(plan.settings.deterministic)


def _say(text: str) -> None:
    if world.rank() == 0:
        print(text, file=sys.stderr, flush=True)
