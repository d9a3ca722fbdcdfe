"""A step does not wait for the device, and compiling does not change what it computes.

Tensors on the "meta" device have no values: whatever asks for one fails there, as would an
operator whose result's shape depends on values.
"""

from dataclasses import fields, replace

import pytest
import torch
from tqdm import tqdm

from benchmark import feeding, models, train
from benchmark.crops import Source, cut
from benchmark.models import Batch, Inputs
from benchmark.resident import Resident
from benchmark.settings import CPU
from benchmark.step import Gauge, Step
from ffld.schema import FFLD, FLD8

NOWHERE = torch.device("meta")
TRAINED = [name for name in models.available() if name != "mean-shape"]
SMALL = {"input_size": 48, "width": 0.05, "stacks": 1}


@pytest.fixture(autouse=True)
def _adam_without_kernels(monkeypatch):
    """The fused step has kernels for devices with values alone."""
    adam = torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda *given, fused, **kept: adam(*given, **kept))


def _model(name, schema=FFLD):
    known = {field.name for field in fields(models.config_class(name))}
    torch.manual_seed(0)
    return models.build(name, schema, **{k: v for k, v in SMALL.items() if k in known})


def _batch(device="cpu"):
    draw = torch.Generator().manual_seed(1)
    images = torch.rand(4, 3, 48, 48, generator=draw).to(memory_format=torch.channels_last)
    xy = 48 * torch.rand(4, len(FFLD), 2, generator=draw)
    visibility = torch.arange(4 * len(FFLD)).view(4, -1).remainder(3).to(torch.uint8)
    inputs = Inputs(images, torch.zeros(4, dtype=torch.int64))
    return Batch(inputs, xy, visibility).to(device)


@pytest.mark.parametrize(("name", "ema"), [*((name, 0.0) for name in TRAINED), ("lgr", 0.9)])
def test_a_step_and_a_prediction_ask_for_no_value(name, ema):
    step = Step.of(_model(name), replace(CPU, ema=ema), NOWHERE)
    step(_batch(NOWHERE))
    batch = _batch(NOWHERE)
    assert step(batch).shape == ()
    xy, confidence = step.loss_of.model.predict(batch.inputs)
    assert (xy.shape, confidence.shape) == ((4, len(FFLD), 2), (4, len(FFLD)))


def test_the_average_of_a_model_is_a_model():
    """Indices among its buffers stay as they are, and it mirrors as well as the model does."""
    model = _model("lgr")
    step = Step.of(model, replace(CPU, ema=0.9), torch.device("cpu"))
    for _ in range(3):
        step(_batch())
    for (name, mean), value in zip(step.learnt.named_buffers(), model.buffers(), strict=True):
        assert mean.is_floating_point() or torch.equal(mean, value), name
    assert torch.equal(step.learnt.flip_index, torch.tensor(FFLD.flip_index))


@pytest.fixture
def samples(dots):
    return cut(Source("dots", "train"), dots["train"].open(), 48, margin=6)


def test_an_epoch_waits_at_its_end_alone(samples, monkeypatch):
    settings = replace(CPU, batch_size=4, cast=0.1, noise=0.1, erase=0.5, mixed_precision=False)
    seen = []
    monkeypatch.setattr(Gauge, "read", lambda self, number: seen.append(number) or 0.0)
    held = Resident.of(samples, NOWHERE)
    step = Step.of(_model("vgg16", FLD8), settings, NOWHERE)
    task = train.Task(samples, samples, settings, 0, NOWHERE, None, print)
    source = feeding.batches(held, settings, seed=0, epoch=0, device=NOWHERE)
    with tqdm(total=12, disable=True) as progress:
        taken = []
        counted = (taken.append(batch) or batch for batch in source)
        with pytest.raises(RuntimeError, match="meta"):
            train._train_epoch(step, counted, task, 0, progress)
    assert len(taken) == 12
    assert len(seen) == 1


def test_a_split_is_predicted_before_the_host_waits(samples):
    calls, model = [], _model("vgg16", FLD8).to(NOWHERE)
    predict = model.predict
    model.predict = lambda inputs: calls.append(len(inputs.images)) or predict(inputs)
    plain = replace(samples, images=samples.images[:, 6:-6, 6:-6], margin=0)
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        feeding.predict(model, plain, device=NOWHERE, batch_size=20)
    assert calls == [20, 20, 8]


def test_what_is_shown_is_what_has_arrived(monkeypatch):
    class Event:
        arrived = False

        def record(self):
            pass

        def query(self):
            return Event.arrived

    class Far:
        is_cuda = True

        def __init__(self, value):
            self.value = torch.tensor(value)

        def to(self, device, non_blocking):
            assert (device, non_blocking) == ("cpu", True)
            return self.value

    monkeypatch.setattr(torch.cuda, "Event", Event)
    gauge = Gauge()
    assert str(gauge.read(Far(1.0))) == str(gauge.read(Far(2.0))) == "nan"  # 1 is on its way
    Event.arrived = True
    assert gauge.read(Far(3.0)) == 1
    assert gauge.read(Far(4.0)) == 3
    assert gauge.read(torch.tensor(5.0)) == 5


@pytest.mark.parametrize(
    ("name", "choice", "mode"), [("vgg16", "true", None), ("lgr", "graphs", "reduce-overhead")]
)
def test_a_compiled_step_is_the_eager_one(monkeypatch, name, choice, mode):
    """Traced as one graph, by torch's compiler without its code generator, which takes minutes."""
    compile, modes = torch.compile, []

    def traced(module, *, mode):
        modes.append(mode)
        return compile(module, backend="eager", fullgraph=True)

    monkeypatch.setattr(torch, "compile", traced)
    eager, compiled = (
        Step.of(_model(name), replace(CPU, compile=which), torch.device("cpu"))
        for which in ("false", choice)
    )
    assert modes == [mode]
    for _ in range(2):
        assert torch.allclose(eager(_batch()), compiled(_batch()), rtol=1e-5)
    for one, other in zip(*(s.loss_of.parameters() for s in (eager, compiled)), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
