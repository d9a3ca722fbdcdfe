"""`--set key=value` is typed, and says all that is wrong at once."""

from dataclasses import dataclass, replace
from typing import Literal

import pytest

from benchmark.models import available, config_class
from benchmark.settings import (
    CPU,
    CUDA,
    Settings,
    SettingsError,
    apart,
    parse,
    profile,
    recipe,
    understood,
)


@dataclass(frozen=True)
class Config:
    input_size: int = 224
    width: float = 1.0
    stacks: int = 4
    decoder: Literal["argmax", "subpixel"] = "subpixel"
    uses_type: bool = False
    channels: tuple[int, ...] = (64, 128)
    taps: tuple[int, float] = (1, 0.5)
    penalty: float | None = None


def test_profiles_follow_the_device():
    assert profile("cuda") is CUDA
    assert profile("cpu") is CPU
    assert (CUDA.input_size, CUDA.width, CUDA.train_limit, CUDA.mixed_precision) == (
        224, 1.0, None, True,
    )  # fmt: skip
    assert CUDA.batch_size >= 16


def test_values_are_typed_by_their_field():
    texts = [
        "epochs=3", "lr=5e-4", "milestones=0.5,0.75", "train_limit=none", "mixed_precision=True",
        "stacks=2", "decoder=argmax", "uses_type=true", "channels=8, 16,32", "taps=(2,0.25)",
        "penalty=0.1",
    ]  # fmt: skip
    settings, overrides = parse(texts, CPU, Config)
    assert settings.epochs == 3
    assert settings.lr == 5e-4
    assert settings.milestones == (0.5, 0.75)
    assert settings.train_limit is None
    assert settings.mixed_precision is True
    assert overrides == {
        "input_size": CPU.input_size, "width": CPU.width, "stacks": 2, "decoder": "argmax",
        "uses_type": True, "channels": (8, 16, 32), "taps": (2, 0.25), "penalty": 0.1,
    }  # fmt: skip
    assert type(overrides["penalty"]) is float


def test_a_field_of_both_goes_to_both():
    settings, overrides = parse(["input_size=64", "width=0.125"], CPU, Config)
    assert (settings.input_size, settings.width) == (64, 0.125)
    assert overrides == {"input_size": 64, "width": 0.125}


def test_a_model_without_the_field_gets_no_override():
    @dataclass(frozen=True)
    class Bare:
        depth: int = 1

    _, overrides = parse(["width=0.5"], CPU, Bare)
    assert overrides == {}


def test_the_last_assignment_holds():
    assert parse(["epochs=3", "epochs=4"], CPU, Config)[0].epochs == 4


def test_every_problem_is_listed_with_what_is_valid():
    with pytest.raises(SettingsError) as caught:
        parse(["epoch=3", "stacks=two", "lr", "uses_type=yes", "decoder=max"], CPU, Config)
    message = str(caught.value)
    assert "unknown setting 'epoch', did you mean 'epochs'?" in message
    assert "stacks is int, not 'two'" in message
    assert "--set takes key=value, not 'lr'" in message
    assert "uses_type is bool, not 'yes'" in message
    assert "decoder is one of argmax|subpixel, not 'max'" in message
    assert f"input_size={CPU.input_size} (int)" in message
    assert "stacks=4 (int)" in message
    assert "milestones=0.6,0.85 (float,…)" in message
    assert "uses_type=false (bool)" in message
    assert "penalty=none (float or none)" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    [
        "epochs=1.5", "epochs=", "taps=1", "channels=1,x", "train_limit=many", "penalty=high",
        "width=1,5", "mixed_precision=1", "resident=maybe", "compile=always", "deterministic=auto",
    ],
)  # fmt: skip
def test_a_wrong_type_is_refused(text):
    with pytest.raises(SettingsError, match=f"{text.partition('=')[0]} is "):
        parse([text], CPU, Config)


def test_impossible_values_are_listed_together():
    with pytest.raises(SettingsError) as caught:
        Settings(epochs=0, lr=float("nan"), flip=1.5, rotation=-1, milestones=(2.0,), val_limit=0)
    for name in ("epochs", "lr", "flip", "rotation", "milestones", "val_limit"):
        assert name in str(caught.value)


@pytest.mark.parametrize(("dataset", "period"), [("ffld", 10), ("fld", 20), ("fld-procedural", 20)])
def test_the_paper_s_recipe_is_section_4_1(dataset, period):
    settings, overrides = parse(recipe("paper", dataset), CUDA, config_class("lgr"))
    assert (settings.batch_size, settings.lr, settings.input_size) == (16, 1e-3, 224)
    assert (settings.schedule, settings.period) == ("steps", period)
    assert min(settings.scale, settings.rotation, settings.flip) > 0
    assert overrides["reduction"] == "mean"
    assert not settings.pretrained


def test_our_recipe_is_the_profile_and_others_are_unknown():
    assert recipe("ours", "ffld") == ()
    with pytest.raises(SettingsError, match="unknown recipe 'papers'; there are ours, paper"):
        recipe("papers", "ffld")


@pytest.mark.parametrize("name", available())
def test_a_recipe_fits_every_model(name):
    config = config_class(name)
    assignments = understood(recipe("paper", "ffld"), config)
    settings, overrides = parse(assignments, CPU, config)
    assert settings.batch_size == 16
    assert ("reduction" in overrides) == hasattr(config, "reduction")


def test_a_setting_that_does_nothing_leaves_runs_what_they_were():
    """Runs are told apart by their settings; those that are kept know of none that came later."""
    assert {"lr", "erase"} < set(CPU.content)
    assert "ema" not in CPU.content
    assert replace(CPU, ema=0.9).content["ema"] == 0.9


@dataclass(frozen=True)
class Channels:
    width: int = 64


def test_a_field_of_another_type_than_the_setting_is_the_model_s_own():
    settings, overrides = parse([], CPU, Channels)
    assert (settings.width, overrides) == (0.25, {})
    assert apart(CPU, Channels) == {"width": int}
    settings, overrides = parse(["width=32"], CPU, Channels)
    assert (settings.width, overrides) == (0.25, {"width": 32})
    with pytest.raises(SettingsError, match=r"width is int, not '0\.5' .*width=64 \(int\)"):
        parse(["width=0.5"], CPU, Channels)
    assert apart(CPU, Config) == {}
