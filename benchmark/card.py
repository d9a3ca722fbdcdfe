"""The model card of weights, written from the files beside them and from nothing else.

training.json says how the weights came about, scores.json what they scored: numbers of the
`result.json` of runs. With a repository's name the card gets the header and the lines that a hub's
visitors need.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from safetensors import safe_open

import ffld
from benchmark import checkpoint
from benchmark.checkpoint import Checkpoint, CheckpointError
from benchmark.origin import TRAINING, never_saw_a_photograph, seen
from benchmark.settings import PREDICTION, views
from ffld.render.named import NAMED

CARD, SCORES = "README.md", "scores.json"
LIBRARY = "ffld-benchmark"

_TASK = "keypoint-detection"
_METRICS = (("ne", "visible"), ("ne", "all"), ("pck@0.1", "visible"))
_PRECISION = {
    True: "Matrices are stored in half precision; the scores below are those of the stored "
    "weights.",
    False: "Stored in single precision, as trained.",
}
_DRAWINGS = """\
Trained on drawings: on photographs they err more than on rendered images, above all for
people who sit, are seen from the side or from behind, or hold a phone before a mirror. """
_BODY = """\
# {title}

{use}| | |
|---|---|
| model | `{model}`, {several}{parameters:,} parameters; {networks} |
| data | {data} |{before}
| selection | {selection} |
| recipe | {recipe} |
| model settings | {config} |
| test-time augmentation | {views} |
| seed | {seed} |
| code | commit {commit} |
| hardware | {hardware} |{others}

{precision}

| dataset | samples | NE visible | 95 % interval | NE all | PCK@0.1 | mean-shape NE |
|---|---|---|---|---|---|---|
{rows}

NE is the distance over the box's sides, averaged by NE-1; `mean-shape` is the floor fitted on the
same training images.{unseen}

**Limits.** {domain}A point's
confidence says how sure it is if the garment has that landmark, not whether it has it. The box of
the garment must be given. Not for judging people.
"""
_USE = """\
```python
from benchmark.detector import Detector  # of {library}

detector = Detector.load("hf://{repository}@COMMIT"{model})
xy, confidence = detector([image], [(x1, y1, x2, y2)])  # the box of the garment in the image
```

`COMMIT` is one of this repository's; `python -m benchmark.run --checkpoint hf://{repository}@COMMIT
--dataset {dataset}{option}` scores them.

**Licence.** The weights: {licence}. What they were trained on: {terms}.

"""


def card(folder: Path, repository: str | None = None, licence: str | None = None) -> str:
    """The text of README.md.

    Args:
        folder: of a checkpoint, with training.json and scores.json.
        repository: ORG/NAME where the weights are published; without, there is no header.
        licence: of published weights, a name that the hub knows.
    """
    about = checkpoint.read(folder)
    training, scores = (_json(folder / name) for name in (TRAINING, SCORES))
    if repository is None:
        return _body(folder, about, training, scores)
    outside = ":" in about.model
    use = _USE.format(
        library=LIBRARY,
        repository=repository,
        dataset=about.dataset,
        model=f', model="{about.model}"' if outside else "",
        option=f" --model {about.model}" if outside else "",
        licence=licence,
        terms="; ".join(f"{one.name}, {one.licence}" for one in seen(training)),
    )
    header = ModelCardData(
        license=licence,
        library_name=LIBRARY,
        pipeline_tag=_TASK,
        tags=["fashion", "fashion-landmark-detection", "landmarks", about.model.partition(":")[0]],
        datasets=[one.name for one in seen(training)],
        model_name=repository.partition("/")[2],
        eval_results=list(_results(scores)),
    )
    body = _body(folder, about, training, scores, use)
    text = f"---\n{header.to_yaml()}\n---\n\n{body}"
    ModelCard(text)  # reads the header as a hub will
    return text


def _results(scores: Mapping[str, Mapping[str, Any]]) -> Iterator[EvalResult]:
    for one in scores.values():
        for metric, subset in _METRICS:
            if (value := one[metric][subset]["value"]) is None:
                continue
            yield EvalResult(
                task_type=_TASK,
                task_name="fashion landmark detection",
                dataset_type=one["dataset"],
                dataset_name=ffld.spec(one["dataset"]).title,
                dataset_split=one["split"],
                dataset_revision=one["revision"],
                dataset_args={
                    "samples": one["samples"], "predictions_sha256": one["predictions_sha256"]
                },
                metric_type=metric,
                metric_value=value,
                metric_name=f"{metric.upper()} {subset}",
            )  # fmt: skip


def _body(
    folder: Path,
    about: Checkpoint,
    training: Mapping[str, Any],
    scores: Mapping[str, Mapping[str, Any]],
    use: str = "",
) -> str:
    made, environment = training["configuration"], training["environment"]
    rendered = never_saw_a_photograph(training)
    unseen = rendered and not all(ffld.spec(one["dataset"]).procedural for one in scores.values())
    return _BODY.format(
        title=f"{about.model}, trained on {about.revision}",
        use=use,
        model=about.model,
        several=f"the mean heat map of {len(about.sizes)} networks trained apart, "
        if about.others
        else "",
        parameters=training["parameters"],
        networks=_networks(about),
        data=_data(about, made, never_saw_a_photograph({**training, "others": ()})),
        before="".join(_before("trained before", training.get("before", ()))),
        selection=_selection(about, training),
        recipe=_listing(made["settings"]),
        config=_listing(about.config),
        views=views(about.config, len(about.sizes)),
        seed=about.seed,
        commit=training["commit"],
        hardware=f"{made['device']}, {environment['threads']} threads, {environment['machine']}, "
        f"torch {environment['torch']}; {training['seconds'] / 60:.0f} minutes",
        precision=_PRECISION[_is_half(folder / checkpoint.WEIGHTS)],
        others="".join(_others(about, training)),
        rows="\n".join(_rows(scores)),
        unseen=" Scores on photographs are of weights that never saw one." if unseen else "",
        domain=_DRAWINGS if rendered else "",
    )


def _selection(about: Checkpoint, training: Mapping[str, Any]) -> str:
    """By what an epoch was chosen, where there was a choice."""
    limit, epochs = training["configuration"]["settings"]["val_limit"], training["epochs"]
    ne = math.nan if about.val_ne is None else about.val_ne
    measured = f"NE on {limit or 'all'} validation images ({ne:.4f})"
    return f"the best of {epochs} epochs by {measured}" if epochs > 1 else f"one epoch; {measured}"


def _data(about: Checkpoint, made: Mapping[str, Any], unseen: bool) -> str:
    """What the weights have seen, themselves and before; no photograph where those are `unseen`."""
    rendered = ffld.spec(about.dataset).procedural
    text = f"{about.samples:,} {'rendered training images' if rendered else 'training samples'} of "
    text += f"`{about.revision}`"
    text += f"{_dials(made)}, landmarks of schema `{about.schema}`"
    if begun := _begun(made):
        return f"{text}{begun}; no photograph before either" if unseen else text + begun
    photograph = "no photograph, no one" if rendered else "no one"
    return f"{text}; {photograph} else's weights"


def _begun(made: Mapping[str, Any]) -> str:
    """The weights that a training went on from, if it did."""
    if start := made.get("init"):
        return f"; begun with weights of {start['model']} trained on `{start['revision']}`"
    pretrained = made["settings"]["pretrained"]
    return "; begun with torchvision's ImageNet weights" if pretrained else ""


def _dials(made: Mapping[str, Any]) -> str:
    """The dials that were turned, by their name where they have one."""
    if not made["dials"]:
        return ""
    names = [name for name, dials in NAMED.items() if dials == made["dials"]]
    return f" with the dials `{names[0]}`" if names else f" with {_listing(made['dials'])}"


def _networks(about: Checkpoint) -> str:
    """Input and width of each."""
    first, *others = [
        f"input {side} x {side}, width {config.get('width', 1)}"
        for side, config in zip(about.sizes, (about.config, *about.others), strict=True)
    ]
    return " and ".join([f"{first}, of which these rows tell,", *others]) if others else first


def _others(about: Checkpoint, training: Mapping[str, Any]) -> Iterator[str]:
    """Rows for each network but the first, of which all others tell."""
    told = training.get("others", ())
    if len(told) != len(about.others):
        raise CheckpointError(
            f"{checkpoint.ABOUT} has {len(about.others)} other networks, and {TRAINING} tells of "
            f"{len(told)}: make the files anew with benchmark.ship"
        )
    for number, (config, record) in enumerate(zip(about.others, told, strict=True), 2):
        differing = {
            key: value
            for key, value in config.items()
            if key not in PREDICTION and about.config.get(key) != value
        }
        yield f"\n| network {number}: settings | {_listing(differing) or 'the same'} |"
        yield from _before(f"network {number}: trained", [record], begun=True)
        yield from _before(f"network {number}: trained before", record.get("before", ()))


def _before(
    title: str, records: Sequence[Mapping[str, Any]], *, begun: bool = False
) -> Iterator[str]:
    """A row for each training of some, the latest first; with `begun`, from what it went on."""
    for record in records:
        made, where = record["configuration"], record["environment"]
        limit, count = made["settings"]["train_limit"], record["epochs"]
        epochs = "one epoch" if count == 1 else f"{count} epochs"
        commit = record.get("commit", where.get("commit"))
        code = f"; commit {commit}" if commit else ""
        yield (
            f"\n| {title} | {epochs} of "
            f"{'all' if limit is None else f'{limit:,}'} images of `{made['revision']}`"
            f"{_dials(made)}{_begun(made) if begun else ''}; {_listing(made['settings'])}; "
            f"seed {made['seed']}{code}; "
            f"{where['threads']} threads, torch {where['torch']}; "
            f"{record['seconds'] / 60:.0f} minutes |"
        )


def _is_half(weights: Path) -> bool:
    with safe_open(weights, "pt") as tensors:
        names = tensors.keys()
        return any(tensors.get_slice(name).get_dtype() == "F16" for name in names)


def _rows(scores: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, one in scores.items():
        visible = one["ne"]["visible"]
        interval = f"{_number(visible['low'])}–{_number(visible['high'])}"
        yield (
            f"| {name} | {one['samples']:,} | {_number(visible['value'])} | {interval} | "
            f"{_number(one['ne']['all']['value'])} | "
            f"{_number(one['pck@0.1']['visible']['value'], 3)} | {_number(one['floor'])} |"
        )


def _number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _listing(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
