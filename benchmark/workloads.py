"""What `benchmark.speed` measures: models in prediction and training, and what feeds them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torchvision.models import vgg

from benchmark import models, timing
from benchmark.augment import margin
from benchmark.backbone import BLOCKS, scaled
from benchmark.cost import cost
from benchmark.crops import Crops, Source, cut
from benchmark.feeding import batches
from benchmark.frozen import frozen
from benchmark.models import Batch, Inputs
from benchmark.resident import Resident, placed
from benchmark.settings import Settings, apart
from benchmark.step import Step, choose_algorithms
from benchmark.typed import field_types
from ffld.schema import FFLD


@dataclass(frozen=True)
class Bench:
    """What is measured, and how.

    Attributes:
        rounds: turns that each piece of work takes; largest: batch to try.
        overrides: of every model's Config, besides the sizes that the settings give.
    """

    device: torch.device
    settings: Settings
    rounds: int
    largest: int
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def model(self, name: str) -> nn.Module:
        """An untrained model of this size on the device, for 32 landmarks.

        Raises:
            ModelError: it has not all of the settings that `overrides` names, or parts.
        """
        torch.manual_seed(0)
        sizes = {"input_size": self.settings.input_size, "width": self.settings.width}
        config = models.config_class(name)
        known = field_types(config).keys() - apart(self.settings, config)
        given = {
            key: value
            for key, value in {**sizes, **self.overrides}.items()
            if key in known or key not in sizes
        }
        model = models.build(name, FFLD, **given)
        models.check_parts(name, model)
        return model.to(self.device, memory_format=torch.channels_last)

    def inputs(self, size: int) -> Inputs:
        """Noise on the device."""
        side = self.settings.input_size
        images = torch.rand(size, 3, side, side).to(memory_format=torch.channels_last)
        return Inputs(images, torch.zeros(size, dtype=torch.int64)).to(self.device)

    def batch(self, size: int) -> Batch:
        """Noise with all landmarks visible."""
        xy = torch.rand(size, len(FFLD), 2) * self.settings.input_size
        visible = torch.full((size, len(FFLD)), 2, dtype=torch.uint8)
        return Batch(self.inputs(size), xy.to(self.device), visible.to(self.device))


def step(model: nn.Module, bench: Bench, **settings: Any) -> Step:
    """One step of training as `benchmark.train` takes it, and hardly any learning.

    Args:
        settings: that differ from the bench's.
    """
    made = Step.of(model, replace(bench.settings, lr=1e-5, **settings), bench.device)
    made.loss_of.train()
    return made


def predictions(names: Sequence[str], bench: Bench) -> dict[str, dict[str, Any]]:
    """Each model's prediction: milliseconds at batch 1, images a second at its best batch.

    Models are frozen, as `benchmark.detector` has them.
    """
    ready = {name: frozen(bench.model(name)) for name in names}
    one = bench.inputs(1)
    before = timing.floor(bench.device)
    single = {name: (lambda m=m: m.predict(one)) for name, m in ready.items()}
    latency = timing.in_turns(single, bench.device, bench.rounds)
    best, many = {}, {}
    for name, model in ready.items():
        of = _prediction_of(model, bench)
        best[name] = timing.best_batch(of, bench.device, bench.largest)
        many[name] = of(best[name])
    times = timing.in_turns(many, bench.device, bench.rounds)
    each = {name: times[name] / best[name] for name in names}
    floor = before.or_better(timing.floor(bench.device))
    found = {}
    for name, model in ready.items():
        flops = cost(model.cpu()).flops
        model.to(bench.device)
        least = floor.seconds(flops, timing.traffic(model, single[name]))
        found[name] = {
            "gflops": flops / 1e9,
            "latency_ms": 1000 * float(np.median(latency[name])),
            "latency / vgg16's": timing.ratio(latency[name], latency["vgg16"]),
            "floor_ms": 1000 * least,
            "batch": best[name],
            "images_per_second": 1 / float(np.median(each[name])),
            "time / vgg16's": timing.ratio(each[name], each["vgg16"]),
        }
    return found


def trainings(names: Sequence[str], bench: Bench) -> dict[str, dict[str, Any]]:
    """Each model's training: images a second at its best batch, and memory on CUDA."""
    works, best, peak = {}, {}, {}
    for name in names:
        of = _of_batches(step(bench.model(name), bench, compile="false"), bench)
        if bench.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(bench.device)
        # Of one sample's 1 x 1 map, as small inputs have it, there is no batch to normalise over.
        best[name] = timing.best_batch(of, bench.device, max(2, bench.largest), least=2)
        works[name] = of(best[name])
        if bench.device.type == "cuda":
            peak[name] = torch.cuda.max_memory_allocated(bench.device) / 1e6
    times = timing.in_turns(works, bench.device, bench.rounds)
    each = {name: times[name] / best[name] for name in names}
    return {
        name: {
            "training_batch": best[name],
            "training_images_per_second": 1 / float(np.median(each[name])),
            "training time / vgg16's": timing.ratio(each[name], each["vgg16"]),
            "peak_mb": peak.get(name),
        }
        for name in names
    }


def _prediction_of(model: nn.Module, bench: Bench) -> Callable[[int], Callable[[], object]]:
    """From a number of samples to their prediction."""

    def of(size: int) -> Callable[[], object]:
        given = bench.inputs(size)
        return lambda: model.predict(given)

    return of


def _of_batches(run: Step, bench: Bench) -> Callable[[int], Callable[[], object]]:
    """From a number of samples to a step on them."""

    def of(size: int) -> Callable[[], object]:
        batch = bench.batch(size)
        return lambda: run(batch)

    return of


def bare(bench: Bench) -> dict[str, float]:
    """Ours in the time of torchvision's VGG16 features of the same width, on one batch of 8."""
    layers: list[int | str] = []
    for full, depth in BLOCKS:
        layers += [*[scaled(full, bench.settings.width)] * depth, "M"]
    model, inputs = bench.model("vgg16").eval(), bench.inputs(8)
    theirs = vgg.make_layers(layers[:-1], batch_norm=model.config.batch_norm)
    theirs = theirs.to(bench.device, memory_format=torch.channels_last).eval()

    def no_gradient(run: Callable[[], object]) -> Callable[[], object]:
        return torch.inference_mode()(run)

    works = {
        "theirs": no_gradient(lambda: theirs(inputs.images)),
        "features": no_gradient(lambda: model.backbone(inputs.images)),
        "whole": lambda: model.predict(inputs),
    }
    times = timing.in_turns(works, bench.device, bench.rounds)
    return {
        "our VGG16 features / torchvision's": timing.ratio(times["features"], times["theirs"]),
        "vgg16 with head and decoding / torchvision's features": timing.ratio(
            times["whole"], times["theirs"]
        ),
    }


def pipeline(bench: Bench, samples: int) -> dict[str, float]:
    """Training from crops against the step alone, and the loader against decoding JPEG.

    Both ways of reading crops take part: from the host's memory, and from the device's. Goals are
    those of the way that training takes here.
    """
    source = Source("ffld", "val", samples)
    split, settings, device = source.open(), bench.settings, bench.device
    kept = cut(source, split, settings.input_size, margin=margin(settings, settings.input_size))
    images = [split.image(row) for row in range(min(samples, 32))]
    encoded = [cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, 95])[1] for one in images]
    size = min(settings.batch_size, len(kept))
    run, batch = step(bench.model("lgr"), bench), bench.batch(size)
    works = {
        "step": lambda: run(batch),
        "decoding": lambda: [cv2.imdecode(one, cv2.IMREAD_COLOR_RGB) for one in encoded],
    }
    for way, held in (("host", kept), ("device", Resident.of(kept, device))):
        fed, loaded = _endless(held, bench), _endless(held, bench)
        works[f"end to end, {way}"] = lambda fed=fed: run(next(fed))
        works[f"loader, {way}"] = lambda loaded=loaded: next(loaded)
    times = timing.in_turns(works, device, bench.rounds, least=0.2)
    own = "device" if isinstance(placed(kept, settings, device), Resident) else "host"
    loader, decoding = times[f"loader, {own}"] / size, times["decoding"] / len(encoded)
    return {
        "end to end / step alone": timing.ratio(times["step"], times[f"end to end, {own}"]),
        "loader / JPEG decoding": timing.ratio(decoding, loader),
        "loader, images a second": 1 / statistics.median(loader),
        "JPEG decoding, images a second": 1 / statistics.median(decoding),
        "loader, device / host, in images a second": timing.ratio(
            times["loader, host"], times["loader, device"]
        ),
        "end to end, device / host, in images a second": timing.ratio(
            times["end to end, host"], times["end to end, device"]
        ),
    }


def variants(bench: Bench) -> dict[str, float]:
    """LGR's step with deterministic algorithms and without, and compiled if settings say so."""
    batch, chosen = bench.batch(bench.settings.batch_size), bench.settings.deterministic
    plain = step(bench.model("lgr"), bench, compile="false")

    def with_algorithms(deterministic: bool) -> None:
        choose_algorithms(deterministic)
        plain(batch)
        choose_algorithms(chosen)

    works = {
        "eager": lambda: plain(batch),
        "exact": lambda: with_algorithms(True),
        "free": lambda: with_algorithms(False),
    }
    if compiles := bench.settings.compile != "false":
        compiled = step(bench.model("lgr"), bench)
        works["compiled"] = lambda: compiled(batch)
    times = timing.in_turns(works, bench.device, bench.rounds, least=0.2)
    found = {
        "step, deterministic / not, in images a second": timing.ratio(times["free"], times["exact"])
    }
    if compiles:
        found["step, compiled / eager, in images a second"] = timing.ratio(
            times["eager"], times["compiled"]
        )
    return found


def _endless(samples: Crops | Resident, bench: Bench) -> Iterator[Batch]:
    for epoch in count():
        yield from batches(samples, bench.settings, seed=0, epoch=epoch, device=bench.device)
