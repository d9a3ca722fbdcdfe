"""python -m benchmark.campaign: the paper's experiments in full, inside a time budget."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from benchmark.command import Parser, carried_out
from benchmark.suite.__main__ import seconds
from ffld.console import out_folder

_CLOSING = (0.2, 240.0)  # of the budget, and at most so many seconds, are kept for the closing
_EPILOG = """\
examples:
  python -m benchmark.campaign --time-budget 9m --out runs/campaign
      what nine minutes of a GPU allow; called again, it goes on where it stopped
  python -m benchmark.campaign --out runs/campaign --photographs deepfashion2=~/DeepFashion2
      all of it; every model is then scored on these photographs, too
  python -m benchmark.campaign --profile rehearsal --time-budget 5m --out runs/rehearsal
      the whole way with tiny models on a CPU, to see that it works
  python -m benchmark.campaign --dry-run
      the stages in their order, their runs, and how far these are

OUT/runs holds the runs, as benchmark.run makes them. OUT/brought holds what to take home:
runs.parquet (configurations, histories and predictions of all finished runs, of which
`benchmark.suite --report --runs FILE` makes tables, and `benchmark.suite --unpack FILE --out DIR`
folders for `leaderboard new`), transfer.json, speed.json, campaign.json, and LGR's weights in half
precision, if large in pieces that `cat model.safetensors.* > model.safetensors` joins again.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    parser = Parser("benchmark.campaign", "The paper's experiments inside a time budget.", _EPILOG)
    add = parser.add_argument
    add("--profile", default="gpu", help="budget of a run: gpu (default), cpu, rehearsal")
    add("--time-budget", type=seconds, metavar="TIME", help="stop after 9m, 1.5h, …")
    add(
        "--out", type=out_folder, default=Path("runs/campaign"), metavar="DIR", help="runs/campaign"
    )
    add(
        "--photographs", action="append", default=[], metavar="NAME=DIR", type=_photographs,
        help="score on your copy of a dataset, too; may be repeated",
    )  # fmt: skip
    add("--dry-run", action="store_true", help="print what would run")
    arguments = parser.parse_args(argv)
    work = _dry_run if arguments.dry_run else _carry_out
    return carried_out(
        lambda: work(arguments), "interrupted; the same command goes on where it stopped"
    )


def _photographs(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not (name and path):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=DIR, such as deepfashion2=~/DeepFashion2"
        )
    return name, Path(path).expanduser()


def _carry_out(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    import ffld
    from benchmark.campaign.closing import Closing
    from benchmark.campaign.stages import STAGES, all_runs, profile_of, runs
    from benchmark.plan import RunError
    from benchmark.suite.work import carry_out

    started, budget = time.monotonic(), arguments.time_budget
    profile, out = profile_of(arguments.profile), arguments.out / "runs"
    for name, root in arguments.photographs:  # what is wrong with them must not show at the end
        ffld.load(name, "test", root=str(root))
    training = None if budget is None else budget - min(_CLOSING[0] * budget, _CLOSING[1])
    failures: dict[tuple[str, int], str] = {}

    def closing() -> Closing:
        finished = [job for job in all_runs(profile, out) if job.finished]
        if not finished:
            why = _failed(failures.values()) if failures else "no run was finished in this time"
            raise RunError(f"{why}; the same command goes on")
        end = None if budget is None else started + budget
        return Closing(arguments.out, profile, finished, arguments.photographs, end)

    try:
        for number, stage in enumerate(STAGES, start=1):
            left = None if training is None else training - (time.monotonic() - started)
            planned = [job for job in runs(stage, profile, out) if job.key not in failures]
            if all(job.finished for job in planned) or (left is not None and left <= 0):
                continue
            print(f"stage {number} of {len(STAGES)}: {stage.title}", file=sys.stderr, flush=True)
            failures |= carry_out(planned, left)
    except BaseException:  # an interruption, too: what is there already is brought back
        with suppress(RunError):  # no run was finished
            closing().keep(failures.values())
        raise
    last = closing()
    said = [*failures.values(), *last.carry_out(failures.values())]
    finished, every = len(last.finished), len(all_runs(profile, out))
    print(f"{last.into}: {finished} of {every} runs finished")
    if said:
        raise RunError(_failed(said))


def _failed(said: Collection[str]) -> str:
    return f"{len(said)} runs failed: {'; '.join(said)}"


def _dry_run(arguments: argparse.Namespace) -> None:
    from benchmark.campaign.stages import STAGES, profile_of, runs
    from benchmark.suite.estimate import Estimator

    profile = profile_of(arguments.profile)
    for number, stage in enumerate(STAGES, start=1):
        planned = runs(stage, profile, arguments.out / "runs")
        if not planned:
            print(
                f"stage {number}: {stage.title}: its rows are known after the first seeds",
                flush=True,
            )
            continue
        done, minutes = sum(job.finished for job in planned), Estimator(planned).total(planned) / 60
        print(
            f"stage {number}: {stage.title}: {done} of {len(planned)} runs finished; the others "
            f"take about {minutes:.0f} min",
            flush=True,
        )
        for job in planned:
            print(f"  {job.title}: {'finished' if job.finished else 'missing'}")


if __name__ == "__main__":
    sys.exit(main())
