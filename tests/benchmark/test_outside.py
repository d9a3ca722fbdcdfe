"""A model of one's own that lacks a part is told which, where, and what it is."""

import json
import sys

import pytest

from tests.benchmark.tiny_model import QUICK

BEGIN = """
import torch
from torch import nn
from tests.benchmark.tiny_model import Config, Tiny

class Mine(Tiny):
    pass

def build(schema, **overrides):
    return Mine(schema, Config(**overrides))

"""


@pytest.fixture
def train(run, tmp_path, monkeypatch):
    """Train the model of a file: (exit code, stderr), and the file."""
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "own_model.py"

    def call(text, *more):
        sys.modules.pop("own_model", None)
        path.write_text(BEGIN + text)
        code, table, notes = run(*QUICK, "--model", "own_model:build", "--epochs", 1, *more)
        assert table == ""
        assert "Traceback" not in notes
        assert notes.count("error: ") == 1
        return code, notes, path

    yield call
    sys.modules.pop("own_model", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mine.loss = None", "has no method loss: write loss(batch) -> a scalar to minimise"),
        ("Mine.predict = None", "has no method predict: write predict(inputs) -> points (B, K, 2)"),
        ("Mine.uses_type = None", "has no uses_type: set it, whether predictions depend on"),
        ("Mine.fitted = None", "has no fitted: set it, whether it has fit in place of loss"),
        ("Mine.fitted = True", "has no method fit: write fit(xy, visibility, garment_type)"),
        ("Mine.fitted = 0", "has fitted 0: it must be bool"),
        ("Mine.input_size = property(lambda self: None, lambda self, _: None)",
         "has no input_size: set it, the side of its square input in pixels"),
        ("Mine.loss = Mine.uses_type = None", "garment type; has no method loss"),
    ],
)  # fmt: skip
def test_a_part_that_is_missing(train, text, said):
    code, notes, path = train(text)
    assert code == 2
    assert f"error: model 'own_model:build': Mine ({path}) has " in notes
    assert said in notes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "def build(schema, **overrides): return 3",
            "build returned int; return a torch.nn.Module",
        ),
        ("def build(schema, **overrides): pass", "build returned NoneType"),
        ("def build(schema): return Mine(schema, Config())", "write build(schema, **overrides)"),
        ("class Config: width = 3", "Config is no dataclass; write @dataclass(frozen=True)"),
    ],
)
def test_a_build_that_builds_no_model(train, text, said):
    code, notes, path = train(text)
    assert code == 2
    assert str(path) in notes
    assert said in notes


def test_without_a_config_a_model_has_no_settings(train):
    text = "del Config\nfrom tests.benchmark import tiny_model\n"
    text += "def build(schema): return Mine(schema, tiny_model.Config(input_size=32))"
    assert "unknown setting 'channels'" in train(text, "--set", "channels=3")[1]


ANSWERS = "Mine.predict = lambda self, inputs: "
POINTS = "torch.zeros(len(inputs.images), 8, 2)"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (POINTS, "found (12, 8, 2)"),
        (f"({POINTS}, None)", "found (12, 8, 2), NoneType"),
        (f"({POINTS}[..., 0], {POINTS}[..., 0])", "found (12, 8), (12, 8)"),
        (f"({POINTS}.numpy(), {POINTS}[..., 0])", "found ndarray, (12, 8)"),
    ],
)
def test_predictions_of_another_shape(train, answer, said):
    code, notes, path = train(ANSWERS + answer)
    assert code == 2
    assert f"error: Mine ({path}): predict must return two tensors, points (12, 8, 2) and" in notes
    assert said in notes


def test_points_that_are_not_finite(train):
    code, notes, path = train(ANSWERS + f"({POINTS} / 0, {POINTS}[..., 0])")
    assert code == 2
    assert f"error: Mine ({path}): predict gives points that are not finite in 12 of 12" in notes


def test_a_width_of_its_own_kind_keeps_its_default(run, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "wide_model.py").write_text(
        "from dataclasses import dataclass\n"
        "from tests.benchmark import tiny_model\n\n"
        "@dataclass(frozen=True)\n"
        "class Config:\n    input_size: int = 224\n    width: int = 12\n\n"
        "def build(schema, input_size=224, width=12):\n"
        "    return tiny_model.Tiny(schema, tiny_model.Config(input_size, channels=width))\n"
    )
    out = tmp_path / "run"
    words = [*QUICK, "--model", "wide_model:build", "--epochs", 1]
    code, _, notes = run(*words, "--out", out)
    assert code == 0
    assert "width is the model's own, of type int: the profile's 0.25 is not applied" in notes
    made = json.loads((out / "config.json").read_text())["configuration"]
    assert made["overrides"] == {"input_size": 32}
    assert run(*words, "--set", "width=0.5")[2].count("width is int, not '0.5'") == 1
