"""The plan of the paper's tables: its rows, its runs, and the time that they get."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmark import folder, models
from benchmark.checkpoint import CheckpointError
from benchmark.models import ModelError
from benchmark.plan import resolve
from benchmark.result import Result
from benchmark.run import main as run_by_hand
from benchmark.settings import SettingsError
from benchmark.suite import actions, jobs, records, report, work
from benchmark.suite.__main__ import main, seconds
from benchmark.suite.profiles import PROFILES
from benchmark.suite.tables import TABLES
from benchmark.train import TrainingError
from ffld.sample import DataError
from tests.benchmark.tiny_suite import QUICK, SMALL

CPU = torch.device("cpu")
BY_NAME = {table.name: table for table in TABLES}


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
    methods, controls, _ = BY_NAME["3"].groups
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
            assert settings.mixed_precision == profile.mixed_precision
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

    def slow(*arguments):
        calls.append(arguments[-1])  # the epoch's number
        if len(calls) == 2:
            signal.setitimer(signal.ITIMER_REAL, 0.05)  # the minute is over
            while True:
                pass
        return epoch(*arguments)

    monkeypatch.setattr(train, "_epoch", slow)
    code, out, notes = suite("--time-budget", "1m", "--out", tmp_path)
    assert code == 0
    assert "time is up in" in notes
    assert "1 of 2 epochs" in out
    assert calls == [0, 1]
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0  # no alarm is left behind
    code, out, notes = suite("--out", tmp_path)
    assert "4 of 4 runs finished" in out
    assert calls[2] == 1  # not from the start


def test_the_alarm_rings_in_time_and_again_if_it_was_not_heard(monkeypatch):
    monkeypatch.setattr(work, "_AGAIN", 0.05)
    heard = []

    def deaf():
        while len(heard) < 2:
            try:
                while True:
                    pass
            except work._OutOfTime:
                heard.append(time.monotonic())
        raise work._OutOfTime

    started = time.monotonic()
    with pytest.raises(work._OutOfTime), work._alarm(0.1):
        deaf()
    assert 0.1 <= heard[0] - started < heard[1] - started < 5


def test_the_device_of_a_profile_must_be_here_to_run_but_not_to_plan(tmp_path, capsys):
    gpu = ["--table", "3", "--core", "--profile", "gpu", "--out", str(tmp_path)]
    code = main([*gpu, "--time-budget", "0s"])
    assert code == (0 if torch.cuda.is_available() else 2)
    assert code == 0 or "device 'cuda' is not there" in capsys.readouterr().err
    planned = jobs.jobs(jobs.entries([BY_NAME["3"]], PROFILES["gpu"]), 1)
    assert {job.plan.configuration["device"] for job in planned} == {"cuda"}


def test_nothing_is_begun_that_cannot_end_an_epoch(suite, tmp_path):
    code, out, _ = suite("--time-budget", "0s", "--out", tmp_path)
    assert code == 0
    assert "0 of 4 runs finished" in out
    assert not list(tmp_path.glob("*/*.json"))


def failing(monkeypatch, error):
    """Let the widest model's runs raise an error; what is run."""
    from benchmark import experiment

    carry, tried = experiment.run, []

    def run_or_fail(plan):
        tried.append((plan.overrides.get("channels"), plan.seed))
        if plan.overrides.get("channels") == 24:
            raise error
        return carry(plan)

    monkeypatch.setattr(work.experiment, "run", run_or_fail)
    return tried


@pytest.mark.parametrize(
    "error",
    [
        TrainingError("the loss became nan"),
        torch.OutOfMemoryError("CUDA out of memory"),
        DataError("image 7 is cut off"),
        ModelError("it has no such layer"),
        SettingsError("a setting is wrong"),
        CheckpointError("it is not there"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_run_that_fails_does_not_keep_the_others_from_being_done(
    suite, tmp_path, monkeypatch, error
):
    failing(monkeypatch, error)
    code, out, notes = suite("--out", tmp_path)
    assert code == 2
    last = notes.strip().splitlines()[-1]
    assert last.startswith("error: 1 runs failed")
    assert str(error) in last
    assert "3 of 4 runs finished" in out


def test_a_run_that_failed_is_tried_again_after_all_others(suite, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        tried = failing(patch, TrainingError("the loss became nan"))
        assert suite("--core", "--out", tmp_path)[0] == 2
        planned = suite("--dry-run", "--core", "--out", tmp_path)[1]
        assert "s, failed when it was tried last" in planned
        tried.clear()
        assert suite("--seeds", 2, "--core", "--out", tmp_path)[0] == 2
        assert [one for one in tried if one[1] == 0] == [(24, 0)]
        assert tried[-1] == (24, 0)
    assert suite("--seeds", 2, "--core", "--out", tmp_path)[0] == 0
    assert not list(tmp_path.glob("*/.failure"))


def test_folders_of_other_commands_and_unreadable_ones_are_passed_over(done, tmp_path):
    """What benchmark.robustness leaves in runs/, and a run whose configuration is torn."""
    suite, out = done
    shutil.copytree(out, tmp_path / "runs")
    study, torn = tmp_path / "runs" / "robustness-ffld", tmp_path / "runs" / "torn"
    for path, text in ((study, '{"dataset": "ffld", "seed": 0}'), (torn, "{")):
        path.mkdir()
        (path / folder.CONFIG).write_text(text)
    rest = ["--core", "--seeds", 2, "--out", tmp_path / "runs"]
    code, said, notes = suite("--dry-run", *rest)
    assert code == 0
    assert "5 of 5 runs finished" in said
    assert "torn was passed over" in notes
    assert "or begin its run anew with --afresh" in notes
    assert "robustness-ffld" not in notes
    assert suite("--report", "--runs", tmp_path / "runs")[0] == 0
    assert len(records.gather([tmp_path / "runs"])) == 5


def test_all_tables_are_all(suite):
    assert suite("--list", "--table", "all") == suite("--list")
    assert suite("--list", "--table", "small", "--table", "all")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--report", "--out", "file/page.md"],
        ["--report", "--out", "folder.md"],
        ["--report", "--out", "page.json"],
        ["--report", "--out", "page.png"],
        ["--latency", "times.csv"],
        ["--pack", "runs.json", "--out", "new"],
        ["--figure", "5", "--out", "f.md"],
        ["--latency", "file/times.json"],
        ["--pack", "file/runs.parquet", "--out", "new"],
        ["--figure", "5", "--out", "file/f.png"],
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_written_is_one_line_before_the_work(suite, monkeypatch, words):
    Path("file").touch()
    Path("folder.md").mkdir()
    for module, name in ((records, "gather"), (work.experiment, "run"), (actions, "latencies")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("work was done"))
    code, out, notes = suite(*words)
    assert (code, out) == (2, "")
    assert notes.startswith("error: --")
    assert notes.count("\n") == 1


def test_a_pack_holds_the_runs_and_counts_as_them(done, dots, tmp_path):
    suite, out = done
    pack, rest = tmp_path / "p.parquet", ["--core", "--seeds", 2, "--time-budget", "0s"]
    assert suite(*rest, "--out", out, "--pack", pack)[0] == 0
    packed = records.load(pack)
    assert len(packed) == 5
    targets = dots["test"].open().targets
    folders = {records.identity(content): path for path, content in records.folders(out)}
    for run in packed:
        result = Result.load(folders[records.identity(run.configuration)] / folder.RESULT)
        ne = report.Scores({"a": {0: run}}, "a", targets).row("a")["values"]
        for subset in ("visible", "all"):
            assert ne[subset][0] == pytest.approx(result.scores["ne"][subset].value, abs=5e-4)
        assert run.predictions_sha256 == result.predictions_sha256
    again = records.gather([pack, out])
    assert len(again) == 5
    records.save(again, tmp_path / "q.parquet")
    assert (tmp_path / "q.parquet").read_bytes() == pack.read_bytes()
    assert "5 of 5 runs finished" in suite(*rest, "--out", tmp_path / "new", "--runs", pack)[1]


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


def test_estimates_come_from_timed_runs(done):
    """A third seed is estimated by the pace of the others."""
    _, out = done
    planned = jobs.located(jobs.jobs(jobs.entries([SMALL], QUICK), 3), out, [])
    estimator = work.Estimator(planned)
    first, third = (job for job in planned if job.entry.is_reference and job.seed != 1)
    assert estimator.left(first) == 0
    paces = [
        record["images_per_second"]
        for job in planned
        if job.entry.is_reference
        for record in records.history(job.plan.folder)
    ]
    images = QUICK.epochs * (QUICK.train + 0.4 * QUICK.val) + 0.4 * QUICK.test
    low, high = images / max(paces), images / min(paces)
    assert low <= estimator.left(third) <= high
    narrow = next(job for job in planned if "channels=4" in job.title)
    assert 0 < estimator.left(narrow) < estimator.left(third)  # by its operations
    assert estimator.total([narrow, third]) == estimator.left(narrow) + estimator.left(third)
