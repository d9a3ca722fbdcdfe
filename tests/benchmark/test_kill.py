"""SIGKILL at every moment that matters: the run resumes to what it would have been."""

import os
import signal
import sys
from pathlib import Path

import pytest
from torch import nn

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


def _attempt(arguments, arrange, moment):
    """Run the command in a process of its own; whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            arrange(moment)
            code = main(arguments)
            os._exit(code)
        finally:
            os._exit(70)
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
    for file in FILES:
        whole, killed = (tmp_path / name / file for name in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes(), file
    left = {path.name for path in (tmp_path / "killed").rglob("*")}
    assert left == {path.name for path in (tmp_path / "whole").rglob("*")}
    sys.stderr.write(f"{arrange.__name__}: {kills} kills\n")
