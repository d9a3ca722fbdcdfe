"""SIGKILL at every moment that matters: the run resumes to what it would have been."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save
from torch import nn

from benchmark import checkpoint
from benchmark.run import main
from tests.benchmark.tiny_model import SHORT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

FILES = ("result.json", "predictions.parquet", "floor.json", "checkpoint/model.safetensors")


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def _before_writing(moment):
    """Die when the file of the moment-th write lies half-written beside its final name."""
    replace, calls = os.replace, iter(range(1, 1000))

    def replace_or_die(source, target):
        if next(calls) == moment:
            os.truncate(source, Path(source).stat().st_size // 2)
            _die()
        replace(source, target)

    os.replace = replace_or_die


def _after_writing(moment):
    replace, calls = os.replace, iter(range(1, 1000))

    def replace_and_die(source, target):
        replace(source, target)
        if next(calls) == moment:
            _die()

    os.replace = replace_and_die


def _in_a_step(moment):
    clip, calls = nn.utils.clip_grad_norm_, iter(range(1, 1000))

    def clip_or_die(*arguments):
        if next(calls) == moment:
            _die()
        return clip(*arguments)

    nn.utils.clip_grad_norm_ = clip_or_die


def _write_slowly(moment):
    """Spread the moment-th write of tensors over a quarter of a second."""
    save_file, calls = checkpoint.save_file, iter(range(1, 1000))

    def save_slowly(tensors, path, metadata=None):
        if next(calls) != moment:
            save_file(tensors, path, metadata=metadata)
            return
        data = save(tensors, metadata=metadata)
        with Path(path).open("wb") as file:
            for start in range(0, len(data), len(data) // 50):
                file.write(data[start : start + len(data) // 50])
                file.flush()
                time.sleep(0.005)

    checkpoint.save_file = save_slowly


def _attempt(arguments, arrange, moment, kill=None):
    """Run the command in a process of its own; whether it was killed, by itself or by `kill`."""
    child = os.fork()
    if child == 0:
        try:
            arrange(moment)
            code = main(arguments)
            os._exit(code)
        finally:
            os._exit(70)
    if kill:
        kill(child)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        assert os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("arrange", [_before_writing, _after_writing, _in_a_step])
def test_a_run_killed_over_and_over_ends_as_one_that_was_not(run, dots, tmp_path, arrange):
    """The first attempt dies at its first moment, the second at its second, and so on."""
    assert run(*SHORT, "--out", tmp_path / "whole")[0] == 0
    arguments = [*map(str, SHORT), "--out", str(tmp_path / "killed")]
    kills = 0
    while _attempt(arguments, arrange, kills + 1):
        kills += 1
        assert kills < 60
    assert kills >= 3
    _check_same(tmp_path)
    sys.stderr.write(f"{arrange.__name__}: {kills} kills\n")


def test_a_run_killed_from_outside_at_any_time_ends_as_one_that_was_not(run, dots, tmp_path):
    """Moments are drawn over the time that the whole run takes."""
    assert run(*SHORT, "--out", tmp_path / "whole")[0] == 0  # reads images, imports
    started = time.monotonic()
    assert not _attempt([*map(str, SHORT), "--out", str(tmp_path / "timed")], lambda _: None, 0)
    seconds, rng = time.monotonic() - started, np.random.default_rng()
    arguments = [*map(str, SHORT), "--out", str(tmp_path / "killed")]

    def kill(child):
        time.sleep(rng.uniform(0, 0.6 * seconds))
        os.kill(child, signal.SIGKILL)

    kills = sum(_attempt(arguments, lambda _: None, 0, kill) for _ in range(5))
    assert kills >= 1
    assert not _attempt(arguments, lambda _: None, 0)
    _check_same(tmp_path)


def test_a_run_killed_from_outside_in_a_write_ends_as_one_that_was_not(run, dots, tmp_path):
    """Four attempts die in their second write of tensors: of the state, then of the checkpoint."""
    assert run(*SHORT, "--out", tmp_path / "whole")[0] == 0
    killed, rng, torn = tmp_path / "killed", np.random.default_rng(), 0

    def kill(child):
        nonlocal torn
        while not (begun := list(killed.rglob(f".*.safetensors.{child}"))):
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.2))
        os.kill(child, signal.SIGKILL)
        torn += begun[0].exists()

    arguments = [*map(str, SHORT), "--out", str(killed)]
    for _ in range(4):
        _attempt(arguments, _write_slowly, 2, kill)
    assert torn >= 1
    assert not _attempt(arguments, _write_slowly, 0)
    _check_same(tmp_path)


def _check_same(folder):
    """The killed run left the files of the whole one, and nothing else."""
    for file in FILES:
        whole, killed = (folder / name / file for name in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes(), file
    left = {path.name for path in (folder / "killed").rglob("*")}
    assert left == {path.name for path in (folder / "whole").rglob("*")}
