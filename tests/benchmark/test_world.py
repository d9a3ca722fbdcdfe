"""Two processes over gloo, as torchrun starts them, against one with the same batches."""

import contextlib
import io
import os
import random
import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from benchmark import world
from benchmark.predictions import Predictions
from benchmark.result import Result
from benchmark.run import main
from tests.benchmark.tiny_model import SHORT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

STREAMS = ("out0", "err0", "out1", "err1")
ALIKE = [*SHORT, "--set", "dropout=0", "--set", "batch_norm=false"]


def _start(arguments, number, port, arrange):
    """One process of two; its streams go to files named after its number."""
    child = os.fork()
    if child:
        return child
    try:
        os.environ |= {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        arrange(number)
        code = main(arguments)
        Path(f"out{number}").write_text(sys.stdout.getvalue())
        Path(f"err{number}").write_text(sys.stderr.getvalue())
        os._exit(code)
    finally:
        os._exit(70)


def _free_port():
    """One that no outgoing connection of other tests is given meanwhile, as from 32768 on."""
    while True:
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", random.randrange(15_000, 32_000)))
            return free.getsockname()[1]


def _two(arguments, arrange=lambda number: None):
    """Exit statuses of both (negative: the signal), and what they wrote to stdout and stderr."""
    port = _free_port()
    arguments = [str(argument) for argument in arguments]
    for name in STREAMS:
        Path(name).unlink(missing_ok=True)
    children = [_start(arguments, number, port, arrange) for number in (0, 1)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return codes, {path.name: path.read_text() for path in map(Path, STREAMS) if path.exists()}


def test_two_processes_train_as_one_with_the_same_batches(run, dots, tmp_path):
    assert run(*ALIKE, "--out", tmp_path / "one")[0] == 0
    codes, written = _two([*ALIKE, "--out", tmp_path / "two"])
    assert codes == [0, 0], written
    assert "epoch 3/3" in written["err0"]
    assert "mean-shape" in written["out0"]
    assert written["out1"] == written["err1"] == ""

    one, two = (load_file(tmp_path / n / "checkpoint/model.safetensors") for n in ("one", "two"))
    for name, value in one.items():
        if name != "layers.4.bias":  # the softmax takes it away again: its gradient is rounding
            assert torch.allclose(value, two[name], rtol=1e-2, atol=1e-3), name
    assert any(not torch.equal(value, two[name]) for name, value in one.items())
    results = [Result.load(tmp_path / n / "result.json").scores["ne"]["visible"] for n in
               ("one", "two")]  # fmt: skip
    assert results[0].value == pytest.approx(results[1].value, rel=1e-2)
    assert results[0].count == results[1].count
    first, second = (Predictions.load(tmp_path / n / "predictions.parquet") for n in ("one", "two"))
    np.testing.assert_array_equal(first.ids, second.ids)
    np.testing.assert_allclose(first.xy, second.xy, atol=0.2)
    files = [{p.name for p in (tmp_path / n).rglob("*")} for n in ("one", "two")]
    assert files[0] == files[1]


def test_every_sample_is_predicted_once_however_few_there_are(run, dots, tmp_path):
    """Of 5 samples one process has 3 and the other 2; of 1 the other has none."""
    assert run(*SHORT, "--out", tmp_path / "run")[0] == 0
    for count in (5, 1):
        scored = ["--dataset", "dots", "--device", "cpu", "--checkpoint", tmp_path / "run"]
        scored += ["--limit", count, "--out"]
        assert run(*scored, tmp_path / f"one{count}")[0] == 0
        codes, written = _two([*scored, tmp_path / f"two{count}"])
        assert codes == [0, 0], written
        one, two = (
            Predictions.load(tmp_path / f"{n}{count}" / "predictions.parquet")
            for n in ("one", "two")
        )
        np.testing.assert_array_equal(one.ids, two.ids)
        np.testing.assert_allclose(one.xy, two.xy, atol=1e-3)


def test_a_killed_process_ends_the_job_and_the_job_resumes(run, dots, tmp_path):
    arguments = [*SHORT, "--set", "ema=0.9", "--out"]
    assert _two([*arguments, tmp_path / "whole"])[0] == [0, 0]

    def die_in_the_second_epoch(number):
        clip, calls = nn.utils.clip_grad_norm_, iter(range(1, 1000))

        def clip_or_die(*given):
            if number == 1 and next(calls) == 5:  # an epoch has three batches
                os.kill(os.getpid(), signal.SIGKILL)
            return clip(*given)

        nn.utils.clip_grad_norm_ = clip_or_die

    codes, written = _two([*arguments, tmp_path / "killed"], die_in_the_second_epoch)
    assert codes == [2, -signal.SIGKILL], written
    (line,) = [line for line in written["err0"].splitlines() if line.startswith("error")]
    assert line == (
        "error: another process of the job has ended; the same command goes on where it stopped"
    )
    assert "Traceback" not in written["err0"]
    assert _two([*arguments, tmp_path / "killed"])[0] == [0, 0]
    for file in ("result.json", "predictions.parquet", "checkpoint/model.safetensors"):
        whole, killed = (tmp_path / name / file for name in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes(), file


def test_bad_input_is_said_once(run, dots, tmp_path):
    codes, written = _two([*SHORT, "--set", "batch_size=15", "--out", tmp_path / "run"])
    assert codes == [2, 2], written
    assert written["err0"].count("a batch of 15 samples cannot be shared by 2 processes") == 1
    assert written["err1"] == ""


def test_parts_come_together_in_the_order_of_the_rows(monkeypatch):
    for name, value in {
        "RANK": "1",
        "WORLD_SIZE": "3",
        "MASTER_ADDR": "",
        "MASTER_PORT": "",
    }.items():
        monkeypatch.setenv(name, value)
    assert (world.rank(), world.size(), world.part([0, 1, 2, 3, 4])) == (1, 3, [1, 4])
    monkeypatch.delenv("MASTER_ADDR")  # a variable of another system says nothing
    assert (world.rank(), world.size(), world.part([0, 1])) == (0, 1, [0, 1])
