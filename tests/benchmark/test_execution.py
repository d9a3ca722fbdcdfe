"""How the work is done is noted beside a run; it does not make another run of it."""

import json
from dataclasses import replace

import torch

from benchmark.settings import CPU, CUDA, EXECUTION
from benchmark.suite import records
from tests.benchmark.tiny_model import SHORT


def test_a_run_is_the_same_however_it_is_carried_out(run, tmp_path):
    out = tmp_path / "run"
    chosen = {"resident": "true", "deterministic": "false"}
    texts = [word for pair in chosen.items() for word in ("--set", "=".join(pair))]
    code, table, notes = run(*SHORT, *texts, "--out", out)
    assert code == 0
    assert "goes to the device's memory; resident=false leaves it" in notes
    assert not torch.are_deterministic_algorithms_enabled()
    content = json.loads((out / "config.json").read_text())
    assert not set(EXECUTION) & set(content["configuration"]["settings"])
    found = {name: content["environment"][name] for name in EXECUTION}
    assert found == {"resident": "true", "compile": "false", "deterministic": False}

    code, again, notes = run(*SHORT, "--out", out)
    assert (code, again) == (0, table)
    assert "this run is finished" in notes
    assert run(*SHORT, "--afresh", "--out", out)[0] == 0
    assert torch.are_deterministic_algorithms_enabled()


def test_results_of_before_are_found():
    """The settings that a run is named after are those that the kept results were named after."""
    runs = [run for pack in records.HELD.glob(f"*{records.PACK}") for run in records.load(pack)]
    assert runs
    for run in runs:
        assert run.configuration["settings"].keys() == CPU.content.keys()
    assert CUDA.content | CUDA.execution | {"ema": 0.0} == vars(CUDA)  # at which it does nothing
    averaged = replace(CUDA, ema=0.9)
    assert averaged.content | averaged.execution == vars(averaged)
