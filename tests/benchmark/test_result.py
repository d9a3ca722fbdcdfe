"""Results as JSON and as a table."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import benchmark
from benchmark import Result
from benchmark.result import ResultError
from ffld.schema import FFLD, FLD8
from tests.benchmark.targets import predict, random_predictions, random_targets


def result(seed: int = 0, samples: int = 30) -> Result:
    """A result in which some landmarks have no count."""
    rng = np.random.default_rng(seed)
    made = random_targets(rng, samples, FFLD, types=8)
    return benchmark.evaluate(random_predictions(rng, made), made, resamples=50)


def test_a_file_gives_back_exactly_what_was_saved(tmp_path: Path):
    first = result()
    first.save(tmp_path / "new" / "r.json")
    again = Result.load(tmp_path / "new" / "r.json")
    assert again.to_json() == first.to_json()
    assert again.scores["ne"]["visible"] == first.scores["ne"]["visible"]
    assert math.isnan(again.per_landmark["ne"]["all"]["left_bottom_in"].value)
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "new/r.json").read_bytes()


def test_the_file_holds_the_contract(tmp_path: Path):
    result().save(tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    content = json.loads(text)
    assert content["protocol"] == "NE-1"
    assert content["samples"] == 30
    assert content["schema_fingerprint"] == FFLD.fingerprint
    assert len(content["predictions_sha256"]) == 64
    assert content["metrics"]["ne"] == {
        "unit": "box widths and heights",
        "higher_is_better": False,
    }
    fields = ["value", "low", "high", "count", "pooled"]
    for metric in ("ne", "ne_isotropic", "pck@0.05", "pck@0.1", "pck@0.2", "auc", "swap"):
        for subset in ("visible", "all"):
            assert list(content["scores"][metric][subset]) == fields
            assert list(content["per_landmark"][metric][subset]) == list(FFLD.landmarks)
            assert list(content["per_type"][metric][subset]) == list(FFLD.type_names)
    absent = content["per_landmark"]["ne"]["visible"]["left_bottom_in"]
    assert absent == {"value": None, "low": None, "high": None, "count": 0, "pooled": None}


def test_the_same_predictions_give_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        result().save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def broken(path: Path, **changes: object) -> str:
    result(samples=2).save(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))
    with pytest.raises(ResultError) as caught:
        Result.load(path)
    return str(caught.value)


def test_files_that_are_no_result(tmp_path: Path):
    path = tmp_path / "r.json"
    with pytest.raises(ResultError, match="no such file"):
        Result.load(path)
    for text, message in (("{", "not readable JSON"), ("[]", "not a JSON object")):
        path.write_text(text)
        with pytest.raises(ResultError, match=message):
            Result.load(path)
    path.write_text('{"scores": 3, "note": ""}')
    with pytest.raises(ResultError) as caught:
        Result.load(path)
    assert "fields are missing: dataset, split, revision" in str(caught.value)
    assert "fields are unknown: note" in str(caught.value)
    assert "scores is not a JSON object" in str(caught.value)
    score = {"value": "0.1", "low": None, "high": True, "count": 1, "pooled": 0.5}
    message = broken(path, scores={"ne": {"visible": score, "all": {"value": 1}}})
    assert "scores ne visible value is not a number: '0.1'" in message
    assert "scores ne visible high is not a number: True" in message
    assert "scores ne all has fields value" in message


def test_the_table_is_aligned_and_narrow():
    first, floor = result(), result(1)
    text = first.table(beside={"mean-shape": floor})
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    title, rows, summary = (block.splitlines() for block in text.split("\n\n"))
    assert title[0] == "made-up test, revision 1, 30 samples"
    assert title[1].startswith("NE-1: NE in box widths")
    for block in (rows, summary):
        assert len({len(line) for line in block}) == 1
    assert [line.split()[0] for line in rows[1:]] == [*FFLD.landmarks, "mean"]
    assert [line.split()[0] for line in summary[1:]] == list(first.scores)
    ne, other = first.scores["ne"]["visible"], floor.scores["ne"]["visible"]
    assert rows[-1].split() == [
        "mean",
        f"{ne.value:.4f}",
        f"{ne.low:.4f}–{ne.high:.4f}",
        str(ne.count),
        f"{first.scores['ne']['all'].value:.4f}",
        f"{first.scores['pck@0.1']['visible'].value:.4f}",
        f"{other.value:.4f}",
        f"{other.low:.4f}–{other.high:.4f}",
    ]
    without = next(line for line in rows if line.startswith("left_bottom_in"))
    assert without.split() == ["left_bottom_in", "-", "-", "0", "-", "-", "-", "-"]


def test_several_results_stand_beside_without_intervals():
    first = result()
    others = {"mean-shape": result(1), "vgg16": result(2)}
    head = first.table(beside=others).split("\n\n")[1].splitlines()[0]
    assert head.split("  ")[-2].strip() == "mean-shape"
    assert head.split()[-1] == "vgg16"
    assert head.count("95 % interval") == 1
    assert first.table().split("\n\n")[1].splitlines()[0].endswith("PCK@0.1")


def test_a_result_beside_needs_the_same_landmarks():
    made = random_targets(np.random.default_rng(0), 4, FLD8)
    other = benchmark.evaluate(predict(made, made.xy), made, resamples=2)
    with pytest.raises(ValueError, match="fld8"):
        result().table(beside={"fld8": replace(other, dataset="fld8")})


def test_a_result_prints_in_a_line():
    one = result()
    value = one.scores["ne"]["visible"].value
    assert repr(one) == f"Result of made-up test, 1, NE-1: 30 samples, NE {value:.4f}"
    assert repr(replace(one, samples=1, scores={})) == "Result of made-up test, 1, NE-1: 1 sample"
