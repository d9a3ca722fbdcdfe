"""python -m benchmark.speed: how fast this machine predicts, trains and reads, in one run.

Every model at batch 1 and at its best batch, in prediction and in training, beside what the
machine could do at best; LGR against VGG16 with the same head, VGG16 against torchvision's bare
features, end-to-end training against the step alone, the loader against decoding alone, and the
ways of training (`resident`, `deterministic`, `compile` in `benchmark.settings`) with each other.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.command import Parser, carried_out, check_writable, count

_EPILOG = """\
examples:
  python -m benchmark.speed
      every model in the sizes of this device's profile
  python -m benchmark.speed --models lgr --set input_size=224 --set width=1 --out speed.json
      LGR and VGG16 in full size, with all figures as JSON
  python -m benchmark.speed --models lgr --set compile=true
      LGR's compiled step beside its eager one, too
  python -m benchmark.speed --set turns=-15,15
      predictions that look at every image twice

The table and the goals go to stdout. vgg16 is always measured, since others are compared with it.
Times are medians over rounds in which all that is compared takes its turn, prediction in float32,
training in the precision that the settings say; ratios are medians of those within a round. Floors
are the larger of operations over those of a large matrix product, and bytes moved over those of a
copy, both measured in this run.
"""
GOALS = {
    "lgr prediction / vgg16's": ("at most", 1.5),
    "end to end / step alone": ("at least", 0.9),
    "loader / JPEG decoding": ("at least", 0.8),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    parser = Parser("benchmark.speed", "Measure speed on this machine.", _EPILOG)
    add = parser.add_argument
    add("--models", nargs="+", metavar="NAME", help="all that are trained (default)")
    add("--device", default="auto", help="auto (default), cpu, cuda or cuda:N; picks the profile")
    add("--rounds", type=count, default=7, metavar="N", help="turns that each takes (7)")
    add("--largest", type=count, metavar="N", help="batch to try (64; 512 on cuda)")
    add("--samples", type=count, default=128, metavar="N", help="rendered to be read (128)")
    add("--out", type=Path, metavar="FILE", help="all figures as JSON")
    add(
        "--set", dest="assignments", action="append", default=[], metavar="KEY=VALUE",
        help="a setting of profile or models, such as width=1 or head=native; may be repeated",
    )  # fmt: skip
    arguments = parser.parse_args(argv)
    return carried_out(lambda: _measure(arguments), "interrupted")


def table(rows: Mapping[str, Mapping[str, Any]], ratios: Mapping[str, float]) -> str:
    """The figures as text: one line a model, then one a ratio, with its goal if it has one."""
    lines = [
        f"{'model':16}{'ms at 1':>9}{'x vgg16':>9}{'floor':>9}{'images/s':>10}{'batch':>7}"
        f"{'x vgg16':>9}{'trains/s':>10}{'batch':>7}{'x vgg16':>9}{'GFLOP':>8}"
    ]
    for name, row in rows.items():
        lines.append(
            f"{name:16}{row['latency_ms']:9.2f}{_times(row, 'latency'):>9}{row['floor_ms']:9.2f}"
            f"{row['images_per_second']:10.1f}{row['batch']:7}{_times(row, 'time'):>9}"
            f"{row['training_images_per_second']:10.1f}{row['training_batch']:7}"
            f"{_times(row, 'training time'):>9}{row['gflops']:8.2f}"
        )
    lines.append("")
    for name, exact in ratios.items():
        goal, value = "", float(f"{exact:.3g}")
        if name in GOALS:
            # Judged as it is printed: nobody should read "0.9, at least 0.9, missed".
            bound, limit = GOALS[name]
            met = value <= limit if bound == "at most" else value >= limit
            goal = f"  goal: {bound} {limit:g}, {'met' if met else 'missed'}"
        lines.append(f"{name:56}{value:10.3g}{goal}")
    return "\n".join(lines)


def _times(row: Mapping[str, Any], what: str) -> str:
    value = row[f"{what} / vgg16's"]
    return f"{value:.2f}"


def _measure(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    import resource

    import torch

    from benchmark import models, workloads
    from benchmark.device import device_of
    from benchmark.output import writing_out
    from benchmark.settings import parse, profile
    from benchmark.step import choose_algorithms

    check_writable(arguments.out, suffixes=[".json"])
    device, why = device_of(arguments.device)
    shared = models.config_class("vgg16")  # whose settings all models of this project have
    settings, overrides = parse(arguments.assignments, profile(device.type), shared)
    trained = [name for name in models.available() if name != "mean-shape"]
    for name in arguments.models or ():
        if name not in trained and ":" not in name:
            raise models.ModelError(f"no model {name!r} to time; there are {', '.join(trained)}")
    names = list(dict.fromkeys(["vgg16", *(arguments.models or trained)]))
    largest = arguments.largest or (512 if device.type == "cuda" else 64)
    choose_algorithms(settings.deterministic)
    bench = workloads.Bench(device, settings, arguments.rounds, largest, overrides)
    threads = torch.get_num_threads()
    _say(f"{why}: input {settings.input_size}, width {settings.width:g}, {threads} threads")
    _say("prediction")
    rows = workloads.predictions(names, bench)
    _say("training")
    trainings = workloads.trainings(names, bench)
    rows = {name: row | trainings[name] for name, row in rows.items()}
    _say("torchvision's features; reading")
    ratios = workloads.bare(bench) | workloads.pipeline(bench, arguments.samples)
    ratios |= workloads.variants(bench)
    if "lgr" in rows:
        ratios = {"lgr prediction / vgg16's": rows["lgr"]["time / vgg16's"], **ratios}
    print(table(rows, ratios))
    if arguments.out:
        content = {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "machine": platform.machine(),
            "threads": threads,
            "torch": torch.__version__,
            **overrides,
            **settings.execution,
            "rounds": arguments.rounds,
            "process_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
            "models": rows,
            "ratios": ratios,
        }
        with writing_out(arguments.out) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
