"""FLD's eight landmarks, read off a model of FFLD's thirty-two."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from benchmark import models
from benchmark.checkpoint import FLOOR, CheckpointError
from benchmark.eight import Eight
from benchmark.models import Inputs
from ffld.schema import FFLD, FLD8
from tests.benchmark.test_checkpoint import ABOUT


class _Known(nn.Module):
    """Puts landmark k at (k, 100 + k), as sure as k percent, and remembers the types it saw."""

    input_size = 64

    def predict(self, inputs):
        self.seen = inputs.garment_type
        k = torch.arange(32.0).expand(len(inputs.images), 32)
        return torch.stack([k, 100 + k], -1), k / 100


def _slot(name):
    return FFLD.landmarks.index(name)


def _read(garment_type, model=None):
    model = model or _Known()
    index = torch.tensor([list(FLD8.garment_types).index(garment_type)])
    xy, confidence = Eight(model).predict(Inputs(torch.zeros(1, 3, 64, 64), index))
    assert torch.equal(xy[..., 1], 100 + xy[..., 0])
    assert torch.allclose(confidence, xy[..., 0] / 100)
    return dict(zip(FLD8.landmarks, xy[0, :, 0].tolist(), strict=True))


def test_upper():
    found = _read("upper")
    assert found["left_collar"] == _slot("left_collar")
    assert found["left_sleeve"] == (_slot("left_cuff_in") + _slot("left_cuff_out")) / 2
    assert found["right_hem"] == _slot("right_top_hem")


def test_lower_takes_the_surer_hem():
    found = _read("lower")
    assert found["right_waistline"] == _slot("right_waistband")
    assert found["left_hem"] == _slot("left_bottom_out")  # a later slot: surer by _Known


def test_full_takes_hemlines_where_they_are_surer():
    class Skirted(_Known):
        def predict(self, inputs):
            xy, confidence = super().predict(inputs)
            confidence[:, _slot("left_bottom_out")] = 0
            return xy, confidence

    index = torch.tensor([2, 2])
    xy, _ = Eight(Skirted()).predict(Inputs(torch.zeros(2, 3, 64, 64), index))
    names = list(FLD8.landmarks)
    assert xy[0, names.index("left_hem"), 0] == _slot("left_hemline")
    assert xy[0, names.index("right_hem"), 0] == _slot("right_bottom_out")
    assert xy[1, names.index("left_waistline"), 0] == _slot("left_waistline")


def test_the_model_sees_no_type_of_fld():
    model = _Known()
    _read("full", model)
    assert model.seen.tolist() == [0]


def test_a_checkpoint_of_32_answers_in_8(tmp_path):
    model = models.build(ABOUT.model, FFLD, **ABOUT.config)
    floor = models.build(FLOOR, FFLD, input_size=32)
    about = replace(ABOUT, schema="ffld", schema_fingerprint=FFLD.fingerprint)
    about.save(tmp_path, model, floor)
    read, none = about.build(tmp_path, FLD8)
    xy, confidence = read.predict(Inputs(torch.rand(3, 3, 32, 32), torch.tensor([0, 1, 2])))
    assert none is None
    assert xy.shape == (3, 8, 2)
    assert xy.isfinite().all()
    assert confidence.shape == (3, 8)


def test_one_that_asks_for_the_type_does_not(tmp_path):
    floor = models.build(FLOOR, FFLD, input_size=32)
    about = replace(
        ABOUT, model=FLOOR, config={"input_size": 32}, schema_fingerprint=FFLD.fingerprint
    )
    about.save(tmp_path, floor, floor)
    with pytest.raises(CheckpointError, match="choose a dataset or a checkpoint of the same"):
        about.build(tmp_path, FLD8)
