"""python -m benchmark.ship: a finished run's weights as files that come with the model.

The folder that it makes holds the checkpoint with matrices in half precision, `training.json` (how
the weights came about), `scores.json` (what they scored) and the model card, which is written from
these files alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.command import Parser, carried_out

CARD, TRAINING, SCORES = "README.md", "training.json", "scores.json"

_EPILOG = """\
examples:
  python -m benchmark.ship runs/lgr-ffld-1234abcd --out lgr/weights/lgr-ffld
      round the weights to half precision and write them with their card
  python -m benchmark.run --model lgr --checkpoint lgr/weights/lgr-ffld --out runs/scored
  python -m benchmark.ship runs/lgr-ffld-1234abcd --out lgr/weights/lgr-ffld --scores runs/scored
      the same weights, and their scores on the card; runs of other weights are refused
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    about = "Make a run's weights files that come with the model."
    parser = Parser("benchmark.ship", about, _EPILOG)
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="folder of a finished training")
    add("--out", type=Path, required=True, metavar="DIR", help="such as lgr/weights/lgr-ffld")
    add("--scores", type=Path, nargs="*", default=[], metavar="RUN", help="runs that scored them")
    arguments = parser.parse_args(argv)
    return carried_out(lambda: _ship(arguments), "interrupted")


def _ship(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    from benchmark import checkpoint, folder

    run, out = arguments.run, arguments.out
    history = _history(run)
    found = checkpoint.find(run)
    about = checkpoint.read(found)
    model, floor = about.build(found, _schema(about.dataset))
    about.save(out, model, floor, half=True)
    content = folder.saved(run)
    training = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "commit": commit(),
        "seconds": round(sum(record["seconds"] for record in history), 1),
        "epochs": len(history),
        **content,
    }
    scores = dict(_score(scored, out) for scored in arguments.scores)
    _write(out / TRAINING, json.dumps(training, indent=2) + "\n")
    _write(out / SCORES, json.dumps(scores, indent=2) + "\n")
    _write(out / CARD, card(out))
    print(f"{out}: {sum(file.stat().st_size for file in out.iterdir()) / 1e6:.1f} MB")


def card(path: Path) -> str:
    """The model card of a folder of shipped weights, written from its other files."""
    from benchmark import checkpoint

    about = checkpoint.read(path)
    training = json.loads((path / TRAINING).read_text(encoding="utf-8"))
    scores = json.loads((path / SCORES).read_text(encoding="utf-8"))
    settings = training["configuration"]["settings"]
    environment = training["environment"]
    rows = "\n".join(_rows(scores))
    return f"""\
# {about.model}, trained on {about.revision}

| | |
|---|---|
| model | `{about.model}`, {training["parameters"]:,} parameters; input {about.input_size} x \
{about.input_size}, width {about.config.get("width", 1)} |
| data | {about.samples:,} rendered training images of `{about.revision}`, landmarks of schema \
`{about.schema}`; no photograph, no one else's weights |
| selection | the best of {training["epochs"]} epochs by NE on {settings["val_limit"]} validation \
images ({about.val_ne:.4f}) |
| recipe | {_listing(settings)} |
| model settings | {_listing(about.config)} |
| seed | {about.seed} |
| code | commit {training["commit"]} |
| hardware | {training["configuration"]["device"]}, {environment["threads"]} threads, \
{environment["machine"]}, torch {environment["torch"]}; {training["seconds"] / 60:.0f} minutes |

Matrices are stored in half precision; the scores below are those of the stored weights.

| dataset | samples | NE visible | 95 % interval | NE all | PCK@0.1 | mean-shape NE |
|---|---|---|---|---|---|---|
{rows}

NE is the distance over the box's sides, averaged by NE-1; `mean-shape` is the floor fitted on the
same training images. Scores on photographs are of weights that never saw one.

**Limits.** Trained on drawings: on photographs they err more than on rendered images, above all for
people who sit, are seen from the side or from behind, or hold a phone before a mirror. A point's
confidence says how sure it is if the garment has that landmark, not whether it has it. The box of
the garment must be given. Not for judging people.
"""


def _rows(scores: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, one in scores.items():
        visible = one["ne"]["visible"]
        floor = one["floor"]
        yield (
            f"| {name} | {one['samples']:,} | {visible['value']:.4f} | {visible['low']:.4f}–"
            f"{visible['high']:.4f} | {one['ne']['all']['value']:.4f} | "
            f"{one['pck@0.1']['visible']['value']:.3f} | {floor:.4f} |"
        )


def _listing(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _score(run: Path, shipped: Path) -> tuple[str, dict[str, Any]]:
    """Dataset and scores of a run; refused if it scored other weights."""
    from benchmark import folder
    from benchmark.plan import RunError, sha256
    from benchmark.result import Result

    configuration = folder.saved(run)["configuration"]
    if configuration.get("checkpoint") != sha256(shipped / "model.safetensors"):
        raise RunError(
            f"{str(run)!r} scored other weights than those in {str(shipped)!r}; score these: "
            f"python -m benchmark.run --checkpoint {shipped} --dataset … --out …"
        )
    result = Result.load(run / folder.RESULT).to_json()
    floor = Result.load(run / folder.FLOOR).scores["ne"]["visible"].value
    data, revision = result["dataset"], result["revision"]
    version = revision if revision.startswith(data) else f"{data} {revision}"
    name = f"`{version}` {result['split']}"
    kept = {metric: result["scores"][metric] for metric in ("ne", "pck@0.1")}
    digest = result["predictions_sha256"]
    return name, {
        "samples": result["samples"], "predictions_sha256": digest, "floor": floor, **kept
    }  # fmt: skip


def _schema(dataset: str) -> Any:
    import ffld

    return ffld.spec(dataset).schema


def _history(run: Path) -> list[dict[str, float]]:
    from benchmark import folder
    from benchmark.plan import RunError

    path = run / folder.METRICS
    if not (path.is_file() and (run / folder.RESULT).is_file()):
        raise RunError(f"{str(run)!r} is not the folder of a finished training")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def commit() -> str:
    """The commit of this code, marked where files differ from it; "unknown" outside of git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()


def _write(path: Path, text: str) -> None:
    from ffld.atomic import replacing

    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
