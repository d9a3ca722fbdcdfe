"""Exported models: run by onnxruntime and by torch alone, they answer as they do here."""

import dataclasses
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

import ffld
from benchmark import export, models
from benchmark.checkpoint import Checkpoint
from benchmark.detector import Detector
from benchmark.ensemble import Ensemble
from ffld.schema import FLD8

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export.md"
SIZE = 48
TINY = {"input_size": SIZE, "width": 0.125, "stacks": 1, "pyramid": "none"}
SWITCHES = {"vote": "nodes_mean", "score": "votes", "clusters": "orthogonal", "edges": "trained"}
VARIANTS = {
    **{name: (name, {}) for name in models.available()},
    "vgg16": ("vgg16", {"flip_average": True, "turns": (-15.0, 0.0, 20.0)}),
    "fashionnet": ("fashionnet", {"flip_average": True, "turns": (10.0, 0.0)}),
    "vgg16-pyramid": ("vgg16-pyramid", {"pyramid": "prm"}),
    "lgr as printed": ("lgr", {"variant": "paper", "pyramid": "branch"}),
    "lgr by other switches": ("lgr", {**SWITCHES, "clusterings": 1}),
}


def _detector(name, overrides):
    """A model that nobody trained, its maps as uneven as a trained one's."""
    torch.manual_seed(0)
    fields = {field.name for field in dataclasses.fields(models.config_class(name))}
    given = {**TINY, **overrides}
    model = models.build(name, FLD8, **{k: v for k, v in given.items() if k in fields})
    for parameter in model.parameters():
        if parameter.ndim == 4 and len(parameter) == len(FLD8):  # the convolution before the maps
            torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
    if model.fitted:
        rng = np.random.default_rng(0)
        model.fit(rng.random((9, 8, 2)), np.full((9, 8), 2, np.uint8), np.arange(9) % 3)
    else:
        for module in model.modules():
            module.momentum = 1.0  # of batch normalisation, which one look at images sets
        model.train()(_inputs(_crops(8, model.input_size)))
    about = Checkpoint(name, {}, "fld8", "", model.input_size, 0.1, "fld", "fld", 9, 0, None)
    return Detector(model.eval(), about, FLD8, torch.device("cpu"))


def _crops(count, size=SIZE):
    """Smooth noise: (count, size, size, 3) uint8."""
    rng = np.random.default_rng(count)
    coarse = rng.integers(0, 256, (count, 6, 6, 3), np.uint8)
    return np.stack([cv2.resize(one, (size, size)) for one in coarse])


def _inputs(images):
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255)
    return models.Inputs(pixels, torch.arange(len(images)) % len(FLD8.garment_types))


def _clear(model, inputs):
    """(B, K) bool: the peak that is read off a map stands out, so that no rounding moves it."""
    if getattr(model, "stride", None) is None:  # it has no maps
        return np.ones((len(inputs.images), len(FLD8)), bool)
    with torch.no_grad():
        first, second = model.looks(inputs, (0.0,), False).flatten(2).topk(2).values.unbind(-1)
    return (first - second > 1e-4).numpy()


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_model_answers_the_same_in_both_formats(variant, tmp_path):
    _check_both_formats(_detector(*VARIANTS[variant]), tmp_path)


def test_several_networks_are_one_file(tmp_path):
    views = {"flip_average": True, "turns": (-15.0, 15.0)}
    large = _detector("vgg16", {"input_size": 64, **views})
    members = [large.model, _detector("lgr", {}).model]
    both = replace(large, model=Ensemble(FLD8, members).eval())
    _check_both_formats(both, tmp_path)


def _check_both_formats(detector, tmp_path):
    program, about = export.capture(detector), export.describe(detector)
    for form, suffix in export.SUFFIXES.items():
        export.write(program, about, tmp_path / f"model{suffix}", form)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert json.loads(session.get_modelmeta().custom_metadata_map[export.ABOUT]) == about
    kept = {export.ABOUT: ""}
    loaded = torch.export.load(tmp_path / "model.pt2", extra_files=kept).module()
    assert json.loads(kept[export.ABOUT]) == about
    for count in (1, 3):
        images = _crops(count, detector.about.input_size)
        inputs = _inputs(images)
        xy, sure = detector.model.predict(inputs)
        clear = _clear(detector.model, inputs)
        assert clear.mean() > 0.7
        given = {"images": images, "garment_type": inputs.garment_type.numpy()}
        given = {name: given[name] for name in about["inputs"]}
        for found in (
            session.run(["xy", "confidence"], given),
            loaded(*map(torch.from_numpy, given.values())),
        ):
            np.testing.assert_allclose(found[0][clear], xy[clear], atol=1e-2)
            np.testing.assert_allclose(found[1], sure, atol=1e-4)


def test_the_page_finds_on_a_photograph_what_the_detector_finds(tmp_path, monkeypatch, capsys):
    """The command and the example of docs/export.md, as they stand there."""
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8")
    detector = Detector.load()
    detector.model.config = replace(detector.model.config, flip_average=False)  # half the time
    monkeypatch.setattr(Detector, "load", lambda *_, **__: detector)
    (command,) = re.findall(r"^python -m benchmark.export (.*?)(?: +#.*)?$", page, re.MULTILINE)
    assert export.main(command.split()) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["landmarks"] == list(ffld.spec("ffld").schema.landmarks)

    sample = ffld.load("ffld", split="test")[3]
    cv2.imwrite("photo.png", sample.image[..., ::-1])
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(example.splitlines()) <= 22
    given = example.replace("40, 30, 410, 620", ", ".join(map(str, sample.box.round().tolist())))
    assert given != example
    there: dict = {}
    exec(compile(given, "docs/export.md", "exec"), there)
    assert capsys.readouterr().out.count("\n") == len(about["landmarks"])

    points, confidence = detector([sample.image], [sample.box.round()])
    sure = confidence[0] > 0.5
    assert sure.sum() >= 5
    apart = np.abs(there["points"] - points[0])[sure] / (sample.box[2:] - sample.box[:2])
    assert np.median(apart) < 0.005  # the example cuts at whole pixels


def test_what_cannot_be_exported_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert export.main(["--model", "vgg16"]) == 2
    assert "no weights come with 'vgg16'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    detector = _detector("vgg16", {})
    with pytest.raises(ValueError, match="pip install 'ffld-benchmark\\[export\\]'"):
        export.write(None, export.describe(detector), tmp_path / "x.onnx", "onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_format_is_refused_before_the_work(monkeypatch, capsys):
    monkeypatch.setattr(Detector, "load", lambda *_, **__: pytest.fail("work has begun"))
    for words, suffix in (([], ".onnx"), (["--format", "torch"], ".pt2")):
        assert export.main([*words, "--out", "model.png"]) == 2
        said = f"--out: 'model.png' would not be a .png file; name it {suffix}\n"
        assert capsys.readouterr().err == f"error: {said}"
