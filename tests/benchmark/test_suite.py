"""The plan of the paper's tables: its rows, its runs, and the time that they get."""

import math
import os
import signal

import numpy as np
import pytest
import torch
from torch import nn

from benchmark import folder, models
from benchmark.plan import resolve
from benchmark.result import Result
from benchmark.run import main as run_by_hand
from benchmark.suite import actions, jobs, records, report, work
from benchmark.suite.__main__ import main, seconds
from benchmark.suite.profiles import PROFILES, Profile
from benchmark.suite.tables import TABLES, Group, Row, Table
from tests.benchmark.tiny_model import TINY

CPU = torch.device("cpu")
BY_NAME = {table.name: table for table in TABLES}
REFERENCE = Row("Tiny", TINY)
SMALL = Table(
    "small", "Tiny models", ("dots",),
    (
        Group(
            "sizes",
            (
                Row("Wide", TINY, ("channels=24",), {"FLD": 0.02}),
                Row("Tiny", TINY, (), {"FLD": 0.03}),
                Row("Narrow", TINY, ("channels=4",), {"FLD": 0.09}, core=False),
                Row("Abroad", "", (), {"FLD": 0.05}, remark="not built here"),
            ),
        ),
        Group("controls", (Row("Future", "to-come"), Row("mean", "mean-shape", seeded=False))),
    ),
    REFERENCE,
)  # fmt: skip
QUICK = Profile(
    "cpu", "cpu", 48, 0.0625, train=48, val=12, test=16, epochs=2, flops=1e9, overhead=0
)


@pytest.fixture
def suite(run, monkeypatch, capsys):
    """The command with one table of tiny models: (exit code, stdout, stderr)."""
    for module in (actions, report):
        monkeypatch.setattr(module, "TABLES", (SMALL,))
    monkeypatch.setattr(actions, "PROFILES", {"cpu": QUICK})
    monkeypatch.setattr(records, "HELD", records.Path("held"))

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def overrides(name, group):
    rows = next(g.rows for g in BY_NAME[name].groups if group in g.title)
    plans = [resolve(PROFILES["cpu"].request(row, "fld-procedural", 0), CPU) for row in rows]
    return [(plan.model, models.config_class(plan.model)(**plan.overrides)) for plan in plans]


def test_the_ablations_are_those_of_the_paper():
    stacks = overrides("2", "stack numbers")
    assert stacks[0][0] == "vgg16"
    assert [config.stacks for _, config in stacks[1:]] == [1, 2, 3, 4, 5]
    layers = [config.plain_layers for _, config in overrides("2", "graph layers")]
    assert layers == [1, 2, 4, 6, 8, 8]  # the last with residuals
    assert [config.clusterings for _, config in overrides("2", "clustering")] == [1, 2, 3]
    assert [config.inject for _, config in overrides("2", "injected")] == [1, 3, 5]


def test_table_3_has_the_paper_s_rows_and_the_controls():
    methods, controls = BY_NAME["3"].groups
    assert [row.model for row in methods.rows] == ["fashionnet", "pyranet", "gcn", "bcrnn", "lgr"]
    values = [row.reported["FFLD"] for row in methods.rows]
    assert values == [0.2031, 0.1423, 0.1272, 0.1226, 0.1180]
    assert {row.model for row in controls.rows} >= {"vgg16", "global-context", "mean-shape"}


def test_reported_rows_are_the_paper_s():
    """Averages of its own rows where it is consistent; the three places where it is not stay."""
    off = set()
    for row in BY_NAME["1"].groups[0].rows:
        for name, values in row.landmarks.items():
            assert len(values) == 8
            mean = np.nanmean(values)
            if abs(mean - row.reported[name]) > 0.002:
                off.add((row.label, name))
    assert off == {("PyraNet", "FLD"), ("PyraNet", "DeepFashion"), ("LGR (ours)", "DeepFashion")}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_row_has_the_same_budget(profile):
    for entry in jobs.entries(TABLES, profile):
        if not entry.problem:
            settings = entry.plan().settings
            seen = (settings.train_limit, settings.epochs, settings.val_limit, settings.test_limit)
            assert seen == (profile.train, profile.epochs, profile.val, profile.test)
            assert settings.patience >= settings.epochs  # none stops early
            assert (settings.input_size, settings.width) == (profile.size, profile.width)
            assert entry.plan().device.type == profile.device


def test_settings_that_are_defaults_are_not_stated_twice():
    """Rows of one configuration are one run, whichever table they stand in."""
    entries = jobs.entries(TABLES, PROFILES["cpu"], ["ffld"])
    default = next(job for job in jobs.jobs(entries, 1) if job.title == "lgr seed 0")
    assert {name.partition(", ")[2] for name in default.names} >= {
        "LGR (ours)", "LGR", "four stacks", "three-clustering", "VGG16 ConvBlock5",
    }  # fmt: skip


def test_unknown_models_wait_without_stopping_the_plan(suite, monkeypatch):
    code, out, _ = suite("--dry-run")
    assert code == 0
    assert "not to be run: table small, Future: there is no model 'to-come' yet" in out
    assert "not to be run: table small, Abroad: not built here" in out
    assert out.count("missing") == 4


def test_first_seeds_come_first_and_the_reference_before_all():
    planned = jobs.jobs(jobs.entries([BY_NAME["3"]], PROFILES["cpu"]), 3)
    seeds = [job.seed for job in planned]
    assert seeds == sorted(seeds)
    assert planned[0].title == "lgr seed 0"
    assert sum(job.entry.row.model == "mean-shape" for job in planned) == 1  # no seed in it
    assert len({(job.entry.identity, job.seed) for job in planned}) == len(planned)


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_shards_are_apart_and_together_whole(parts):
    planned = jobs.jobs(jobs.entries(TABLES, PROFILES["cpu"]), 2)
    shards = [jobs.shared(planned, part, parts) for part in range(1, parts + 1)]
    assert sorted(job.command for shard in shards for job in shard) == sorted(
        job.command for job in planned
    )
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_a_run_by_hand_counts_and_is_the_suite_s_own(suite, run, tmp_path):
    planned = jobs.located(jobs.jobs(jobs.entries([SMALL], QUICK), 1), tmp_path / "hand", [])
    job = next(one for one in planned if "channels=24" in one.title)
    words = QUICK.words(job.entry.row, "dots", 0)
    assert run_by_hand([*words, "--out", str(tmp_path / "hand" / "anything")]) == 0
    assert suite("--out", tmp_path / "suite")[0] == 0
    for file in (folder.PREDICTIONS, folder.RESULT, folder.CONFIG):
        by_hand = tmp_path / "hand" / "anything" / file
        assert (
            by_hand.read_bytes() == (tmp_path / "suite" / job.plan.folder.name / file).read_bytes()
        )
    code, out, _ = suite("--dry-run", "--out", tmp_path / "hand")
    assert code == 0
    assert "channels=24 seed 0 on dots: finished" in out
    assert "1 of 4 runs finished" in out


def test_core_rows_and_seeds(suite):
    out = suite("--dry-run", "--core", "--seeds", 2)[1]
    assert "channels=4" not in out
    assert "0 of 5 runs finished" in out  # two models twice, the mean once


def _die_in_step(moment):
    clip, calls = nn.utils.clip_grad_norm_, iter(range(1, 1000))

    def clip_or_die(*arguments):
        if next(calls) == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return clip(*arguments)

    nn.utils.clip_grad_norm_ = clip_or_die


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_killed_suite_goes_on_to_the_same_results(suite, tmp_path):
    assert suite("--out", tmp_path / "whole")[0] == 0
    for moment in (2, 3, 3):  # steps, one an epoch: always in the second epoch of a run
        child = os.fork()
        if child == 0:
            _die_in_step(moment)
            main(["--out", str(tmp_path / "killed")])
            os._exit(0)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    begun = list((tmp_path / "killed").glob(f"*/{folder.TRAINING}"))
    assert begun
    assert suite("--out", tmp_path / "killed")[0] == 0
    wholes = sorted((tmp_path / "whole").iterdir())
    assert len(wholes) == 4
    for whole in wholes:
        killed = tmp_path / "killed" / whole.name
        assert (killed / folder.RESULT).read_bytes() == (whole / folder.RESULT).read_bytes()


def test_time_is_kept_and_what_was_begun_goes_on(suite, tmp_path, monkeypatch):
    """Epochs that never end are cut off; the epoch before them is kept."""
    from benchmark import train

    epoch, calls = train._epoch, []

    def slow(model, optimizer, task, number):
        calls.append(number)
        if len(calls) == 2:
            while True:  # an alarm is all that ends it
                pass
        return epoch(model, optimizer, task, number)

    monkeypatch.setattr(train, "_epoch", slow)
    code, out, notes = suite("--time-budget", "4s", "--out", tmp_path)
    assert code == 0
    assert "time is up in" in notes
    assert "1 of 2 epochs" in out
    assert calls == [0, 1]
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0  # no alarm is left behind
    code, out, notes = suite("--out", tmp_path)
    assert "4 of 4 runs finished" in out
    assert calls[2] == 1  # not from the start


def test_nothing_is_begun_that_cannot_end_an_epoch(suite, tmp_path):
    code, out, _ = suite("--time-budget", "0s", "--out", tmp_path)
    assert code == 0
    assert "0 of 4 runs finished" in out
    assert not list(tmp_path.glob("*/*.json"))


def test_a_training_that_fails_does_not_keep_the_others_from_being_done(
    suite, tmp_path, monkeypatch
):
    from benchmark import experiment
    from benchmark.train import TrainingError

    carry = experiment.run

    def run_or_fail(plan):
        if plan.overrides.get("channels") == 24:
            raise TrainingError("the loss became nan")
        return carry(plan)

    monkeypatch.setattr(work.experiment, "run", run_or_fail)
    code, out, notes = suite("--out", tmp_path)
    assert code == 2
    assert notes.strip().splitlines()[-1].startswith("error: 1 runs failed")
    assert "3 of 4 runs finished" in out


def test_a_pack_holds_the_runs_and_counts_as_them(suite, dots, tmp_path):
    assert suite("--seeds", 2, "--out", tmp_path / "runs", "--pack", tmp_path / "p.parquet")[0] == 0
    packed = records.load(tmp_path / "p.parquet")
    assert len(packed) == 7
    targets = dots["test"].open().targets
    for run in packed:
        key = records.identity(run.configuration)
        path = next(
            path
            for path, configuration in records.folders(tmp_path / "runs")
            if records.identity(configuration) == key
        )
        result = Result.load(path / folder.RESULT)
        ne = report.Scores({"a": {0: run}}, "a", targets).row("a")["values"]
        for subset in ("visible", "all"):
            assert ne[subset][0] == pytest.approx(result.scores["ne"][subset].value, abs=1e-4)
        assert run.predictions_sha256 == result.predictions_sha256
    again = records.gather([tmp_path / "p.parquet", tmp_path / "runs"])
    assert len(again) == 7
    records.save(again, tmp_path / "q.parquet")
    assert (tmp_path / "q.parquet").read_bytes() == (tmp_path / "p.parquet").read_bytes()
    out = suite(
        "--seeds", 2, "--dry-run", "--out", tmp_path / "n", "--runs", tmp_path / "p.parquet"
    )[1]
    assert "7 of 7 runs finished" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--table", "4"], "unknown table '4'; there are small"),
        (["--profile", "tpu"], "unknown profile 'tpu'; there are cpu"),
        (["--dataset", "dotz", "--dry-run"], "unknown dataset 'dotz'"),
        (["--runs", "nowhere"], "nowhere: no such file or folder"),
        (["--figure", "5", "--table", "small"], "no run of these rows is there"),
        (["--check"], "cannot be read"),
    ],
)
def test_bad_input_is_one_error_line(suite, arguments, said):
    code, out, notes = suite(*arguments)
    assert (code, out) == (2, "")
    assert notes.count("error: ") == 1
    assert said in notes


@pytest.mark.parametrize(
    "arguments", [["--shard", "3/2"], ["--time-budget", "9"], ["--seeds", "0"]]
)
def test_mistyped_options_are_one_error_line(suite, arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        suite(*arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_lengths_of_time():
    assert [seconds(text) for text in ("90s", "9m", "1.5h")] == [90, 540, 5400]


def test_estimates_come_from_timed_runs(suite, tmp_path):
    """A second seed is estimated by the pace of the first."""
    assert suite("--out", tmp_path)[0] == 0
    planned = jobs.located(jobs.jobs(jobs.entries([SMALL], QUICK), 2), tmp_path, [])
    estimator = work.Estimator(planned)
    second = next(job for job in planned if job.seed == 1)
    first = next(job for job in planned if job.entry.identity == second.entry.identity)
    assert estimator.left(first) == 0
    rates = [record["images_per_second"] for record in records.history(first.plan.folder)]
    images = QUICK.epochs * (QUICK.train + 0.4 * QUICK.val) + 0.4 * QUICK.test
    assert estimator.left(second) == pytest.approx(images / np.median(rates))
    assert math.isfinite(estimator.total(planned))
