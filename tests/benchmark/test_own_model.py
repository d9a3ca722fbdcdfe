"""docs/models.md followed to the letter, in a folder of one's own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark import models
from benchmark.models import Inputs
from ffld.schema import FFLD

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
FILE = re.compile(r"This is all of `(\w+\.py)`.*?```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the page's files lie."""
    path = tmp_path_factory.mktemp("own")
    for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        (path / name).write_text(text, encoding="utf-8")
    return path


def test_its_commands_train_score_and_compare_models(folder):
    assert sorted(file.name for file in folder.iterdir()) == [
        "loop.py",
        "regression.py",
        "resnet.py",
    ]
    commands = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=folder,
        env=os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(PAGE.parents[1]),
            "FFLD_CACHE": str(folder / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "| resnet:build | 1 |" in done.stdout
    assert re.search(r"value=0\.[23]\d+, low=", done.stdout.splitlines()[-1])
    assert (folder / "worst.png").is_file()


def test_its_lines_on_the_layer_append_a_layer_that_learns(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    model = models.build("resnet:build", FFLD, dim=16, input_size=64)
    lines = next(
        text
        for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        if "LGRLayer(" in text
    )
    before = sum(p.numel() for p in model.parameters())
    exec(lines, {"self": model, "schema": FFLD})
    assert sum(p.numel() for p in model.parameters()) > before
    inputs = Inputs(torch.rand(2, 3, 64, 64), torch.zeros(2, dtype=torch.int64))
    maps = model(inputs)
    assert maps.shape == (2, len(FFLD), 16, 16)
    maps.square().mean().backward()
    layer = model.blocks[-1][-1]
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in layer.parameters())
