"""Interleaved times, the floor, and the command at a size that takes seconds."""

import errno
import json
import os
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from benchmark import speed, timing, workloads
from benchmark.network import HeatmapNet
from benchmark.output import writing_out
from benchmark.plan import RunError
from benchmark.settings import profile
from benchmark.step import choose_algorithms
from tests.benchmark.tiny_model import TINY

CPU = torch.device("cpu")


def test_a_disturbance_hits_both_sides_of_a_ratio():
    """Every work takes its turn in every round, so a slow round is slow for all."""
    order = []
    works = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    found = timing.in_turns(works, CPU, rounds=3, least=0.0)
    assert order == ["a", "a", "b", "b"] + ["a", "b"] * 3  # a warm-up, a trial, then turns
    assert {name: values.shape for name, values in found.items()} == {"a": (3,), "b": (3,)}
    assert timing.ratio(np.array([2.0, 20, 2]), np.array([1.0, 10, 1])) == 2


def test_seconds_are_those_of_one_call():
    found = timing.in_turns({"nap": lambda: time.sleep(0.004)}, CPU, rounds=2, least=0.02)
    assert (found["nap"] >= 0.004).all()
    assert timing.seconds(lambda: time.sleep(0.03), CPU) >= 0.03


def test_the_best_batch_takes_the_least_time_a_sample_and_fits(monkeypatch):
    clock, runs = 0.0, []

    def seconds(task, device):
        before = clock
        task()
        return clock - before

    def work(size):
        def run():
            nonlocal clock
            runs.append(size)
            clock += (4 + 4 * max(0, size - 4)) / 1000

        if size > 8:
            raise torch.OutOfMemoryError
        return run

    monkeypatch.setattr(timing, "seconds", seconds)
    assert timing.best_batch(work, CPU, 64) == 4
    # Short ones for as long as long ones, lest they slip through where those are interrupted.
    assert {size: runs.count(size) for size in (1, 8)} == {1: 2 + 3 * 12, 8: 2 + 3 * 2}
    assert timing.best_batch(work, CPU, 2) == 2


def test_the_least_time_is_that_of_the_narrower_way():
    floor = timing.Floor(flops=100.0, bytes=10.0)
    assert floor.seconds(200, 1) == 2
    assert floor.seconds(200, 50) == 5
    assert floor.or_better(timing.Floor(50.0, 20.0)) == timing.Floor(100.0, 20.0)
    measured = timing.floor(CPU, side=64, rounds=1)
    assert measured.flops > 0
    assert measured.bytes > 0


def test_traffic_counts_weights_once_and_outputs_twice():
    model = nn.Sequential(nn.Linear(3, 5, bias=False), nn.ReLU())
    found = timing.traffic(model, lambda: model(torch.zeros(2, 3)))
    assert found == 4 * (3 * 5) + 2 * 4 * (10 + 10)


def test_the_command_prints_models_and_goals(tmp_path, capsys):
    small = ["--set", "input_size=48", "--set", "width=0.05", "--set", "batch_size=4"]
    few = ["--rounds", "1", "--largest", "2", "--samples", "4", "--device", "cpu"]
    assert speed.main(["--models", "lgr", *small, *few, "--out", str(tmp_path / "speed.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["vgg16", "lgr"]
    for goal, (bound, limit) in speed.GOALS.items():
        (line,) = [line for line in lines if line.startswith(goal)]
        value = float(line.removeprefix(goal).split()[0])
        met = value <= limit if bound == "at most" else value >= limit
        assert line.endswith("met" if met else "missed")
    content = json.loads((tmp_path / "speed.json").read_text())
    assert content["models"]["vgg16"]["latency / vgg16's"] == 1
    assert content["models"]["lgr"]["gflops"] > content["models"]["vgg16"]["gflops"] > 0
    assert content["process_peak_mb"] > 0
    assert set(speed.GOALS) <= set(content["ratios"])
    both = [name for name in content["ratios"] if "device / host" in name]
    assert len(both) == 2
    assert content["resident"] == "auto"
    assert (content["input_size"], content["width"]) == (48, 0.05)


@pytest.mark.parametrize(("value", "verdict"), [(0.8996, "met"), (0.8994, "missed"), (0.9, "met")])
def test_goals_are_judged_by_what_is_printed(value, verdict):
    line = speed.table({}, {"end to end / step alone": value}).splitlines()[-1]
    assert line.endswith(f"{value:.3g}  goal: at least 0.9, {verdict}")


def test_a_compiled_step_takes_its_turn_and_algorithms_are_as_before(monkeypatch):
    seen, loss = set(), HeatmapNet.loss

    def note(kind):
        seen.add((kind, torch.are_deterministic_algorithms_enabled()))

    def watched(module, mode):
        module.register_forward_hook(lambda *_: note("compiled"))
        return module

    monkeypatch.setattr(torch, "compile", watched)
    monkeypatch.setattr(HeatmapNet, "loss", lambda *given: note("any") or loss(*given))
    settings = replace(profile("cpu"), input_size=48, width=0.05, batch_size=2, compile="true")
    choose_algorithms(True)
    found = workloads.variants(workloads.Bench(CPU, settings, rounds=1, largest=1))
    assert [name.split(",")[1] for name in found] == [" deterministic / not", " compiled / eager"]
    assert all(value > 0 for value in found.values())
    assert seen == {("compiled", True), ("any", True), ("any", False)}
    assert torch.are_deterministic_algorithms_enabled()


def test_settings_of_models_take_effect(monkeypatch, tmp_path):
    seen = {}

    def measure(names, bench):
        seen.update({name: bench.model(name) for name in names})
        raise RunError("seen enough")

    monkeypatch.setattr(workloads, "predictions", measure)
    asked = {"head": "native", "decoder": "argmax", "turns": (-15.0, 15.0), "batch_norm": False}
    words = ["head=native", "decoder=argmax", "turns=-15,15", "batch_norm=false", "width=0.05"]
    sets = [word for text in (*words, "input_size=48") for word in ("--set", text)]
    assert speed.main(["--device", "cpu", *sets]) == 2
    assert len(seen) >= 8
    for name, model in seen.items():
        found = {key: getattr(model.config, key) for key in asked}
        assert found == asked, name
        assert (model.input_size, model.config.width) == (48, 0.05), name


def test_a_model_from_outside_without_such_a_setting_is_said(capsys):
    sets = ["--set", "head=native", "--set", "input_size=48", "--set", "width=0.05"]
    assert speed.main(["--device", "cpu", "--models", TINY, *sets]) == 2
    assert "no setting 'head'" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("    loss = None", "has no method loss: write loss(batch)"),
        ("    def loss(self, batch): return super().loss(batch).expand(4)", "shape (4,); it must"),
        ("    def loss(self, batch): return 1.0", "loss(batch) gave float; it must give a scalar"),
    ],
)
def test_a_model_that_cannot_be_trained_is_one_line(tmp_path, monkeypatch, capsys, part, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"broken_{abs(hash(part))}"
    (tmp_path / f"{name}.py").write_text(
        "from tests.benchmark.tiny_model import Config, Tiny\n\n\n"
        f"class Broken(Tiny):\n{part}\n\n\n"
        "def build(schema, **given):\n    return Broken(schema, Config(**given))\n"
    )
    few = ["--device", "cpu", "--rounds", "1", "--largest", "2"]
    sets = ["--set", "input_size=48", "--set", "width=0.05"]
    assert speed.main(["--models", f"{name}:build", *few, *sets]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert said in line


def test_a_place_where_nothing_can_be_written_is_said_before_the_work(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(workloads, "predictions", lambda *_: pytest.fail("work has begun"))
    (tmp_path / "file").write_text("")
    for out, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "file" / "x.json", "is a file"),
        (tmp_path / "x.png", "name it .json"),
    ):
        assert speed.main(["--device", "cpu", "--out", str(out)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert said in line


def test_a_file_that_cannot_be_written_in_the_end_is_one_line(tmp_path):
    with (
        pytest.raises(RunError, match="--out: cannot write .*No space"),
        writing_out(tmp_path / "x"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("model", ["lgrr", "mean-shape"])
def test_a_model_that_cannot_be_timed_is_said(capsys, model):
    assert speed.main(["--models", model, "--device", "cpu"]) == 2
    assert model in capsys.readouterr().err


def test_a_training_s_batch_never_has_one_sample_alone():
    """A model whose map is 1 x 1 has nothing to normalise over then."""
    tried = []

    def work(size):
        return lambda: tried.append(size)

    device = torch.device("cpu")
    assert timing.best_batch(work, device, 1, least=2) == 2
    assert timing.best_batch(work, device, 4, least=2) in (2, 4)
    assert set(tried) <= {2, 4}
