"""What is asked for decides whether weights are scored or trained, and by which settings."""

import pytest

from benchmark.plan import resolve
from benchmark.request import Request, RunError
from benchmark.settings import LOSS, PREDICTION

SIZES = ["input_size=48", "width=0.0625"]


def _asked(*assignments, **others):
    return resolve(Request(dataset="ffld", device="cpu", assignments=assignments, **others))


def test_how_maps_become_points_is_no_training():
    """The weights that come with the model are scored so, as they are when named."""
    plan = _asked("turns=0", "decoder=argmax")
    assert plan.weights.shipped
    assert (plan.overrides["turns"], plan.overrides["decoder"]) == ((0.0,), "argmax")
    named = _asked("turns=0", "decoder=argmax", checkpoint="shipped")
    assert plan.configuration == named.configuration
    assert plan.configuration != _asked().configuration
    assert "--train trains your own" in plan.note()


def test_without_weights_they_are_settings_of_the_training():
    plan = _asked("turns=0,15", model="vgg16")
    assert plan.weights is None
    assert plan.overrides["turns"] == (0.0, 15.0)
    assert "training, since" not in plan.note()


@pytest.mark.parametrize(
    ("assignments", "options", "said"),
    [
        (["lr=1e-3", "turns=0"], {}, "training, since --set lr says how"),
        (["lr=1e-3"], {"seed": 0}, "training, since --seed, --set lr says how"),
        ([], {"epochs": 2}, "training, since --epochs says how"),
    ],
)
def test_a_training_in_place_of_weights_is_explained(assignments, options, said):
    plan = _asked(*assignments, **options)
    assert plan.weights is None
    assert said in plan.note()
    assert "training, since" not in _asked(*assignments, train=True, **options).note()


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Checkpoints of small models, untrained, by name and setting."""
    from benchmark import checkpoint, models
    from benchmark.experiment import _whole_config
    from ffld.schema import FFLD

    def make(model, *settings):
        folder = tmp_path_factory.mktemp("begun")
        plan = _asked(*SIZES, *settings, model=model, train=True)
        module = models.build(model, FFLD, **plan.overrides)
        about = checkpoint.Checkpoint(
            model=model, config=_whole_config(plan, module), schema=FFLD.name,
            schema_fingerprint=FFLD.fingerprint, input_size=48, padding=0.1, dataset="ffld",
            revision="ffld-1.0", samples=1, seed=0, val_ne=None,
        )  # fmt: skip
        about.save(folder, module, models.build(checkpoint.FLOOR, FFLD, input_size=48))
        return folder

    return make


@pytest.mark.parametrize(
    ("model", "settings", "said"),
    [
        ("lgr", ["variant=paper"], "variant is repaired and not paper"),
        ("lgr", ["vote=nodes", "stacks=2"], "stacks is 4 and not 2, vote is cells and not nodes"),
        ("vgg16", ["width=0.125"], "width is 0.0625 and not 0.125"),
        ("pyranet", ["head=shared"], "head is native and not shared"),
    ],
)
def test_weights_to_start_from_bring_their_network(begun, model, settings, said):
    with pytest.raises(RunError, match="train without --init") as caught:
        _asked(*settings, init=begun(model))
    assert said in str(caught.value)


def test_what_weights_leave_open_takes_effect_when_they_are_trained_on(begun):
    start = begun("lgr", "variant=paper")
    plan = _asked("input_size=64", "sigma=3", "turns=0,15", "variant=paper", init=start)
    assert plan.settings.input_size == plan.overrides["input_size"] == 64
    assert (plan.overrides["sigma"], plan.overrides["turns"]) == (3.0, (0.0, 15.0))
    assert plan.overrides["vote"] == "nodes"
    assert _asked(init=start, recipe="paper").overrides["reduction"] == "mean"


def test_what_is_left_open_are_settings_of_models():
    from dataclasses import fields

    from benchmark import models

    classes = map(models.config_class, models.available())
    known = {field.name for config in classes for field in fields(config)}
    assert {*LOSS, *PREDICTION} <= known
