"""The whole way, by the commands that a user types: build, publish, download, load, evaluate."""

import re

import numpy as np

import benchmark
import ffld
from tests.hub.conftest import WRITER, files
from tests.hub.server import Account


def mean_shape(train, targets):
    """(N, K, 2): every landmark at its mean place in the boxes of the training samples."""
    low, high = train.box[:, None, :2], train.box[:, None, 2:]
    place = (train.xy - low) / (high - low)
    count = np.isfinite(place).sum(0)
    mean = np.where(count > 0, np.nansum(place, 0) / np.maximum(count, 1), 0.5)
    low, high = targets.box[:, None, :2], targets.box[:, None, 2:]
    return low + mean * (high - low)


def score(source, limit):
    train, test = (ffld.load("ffld", s, source=source, limit=limit) for s in ("train", "test"))
    predictions = benchmark.Predictions(
        dataset="ffld",
        split="test",
        ids=test.targets.ids,
        xy=mean_shape(train.targets, test.targets),
    )
    return benchmark.evaluate(predictions, test.targets).scores["ne"]["visible"]


def test_from_build_to_evaluate(hub, ffld_command, tmp_path):
    limit = 4
    here, there = tmp_path / "built", tmp_path / "fetched"
    options = ("--limit", limit, "--splits", "train", "test", "--processes", 1)
    built = ffld_command("-m", "ffld", "build", "--out", here, *options)
    assert built.returncode == 0, built.stderr
    sound = ffld_command("-m", "ffld", "validate", here, "--images", "duplicates")
    assert sound.returncode == 0, sound.stdout
    sent = ffld_command("-m", "ffld", "publish", here, "--repo", "org/walk")
    assert sent.returncode == 0, sent.stderr
    address = re.search(r'source="(hf://org/walk@([0-9a-f]{40}))"', sent.stdout)
    hub.tokens.clear()
    revision = ("--revision", address[2], "--out", there)
    refused = ffld_command("-m", "ffld", "download", "--repo", "org/walk", *revision)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith("error: org/walk@")
    hub.tokens[WRITER] = Account("anybody")
    fetched = ffld_command("-m", "ffld", "download", "--repo", "org/walk", *revision)
    assert fetched.returncode == 0, fetched.stderr
    assert f"{2 * limit} samples of {ffld.spec('ffld').revision}" in fetched.stdout
    got = {k: v for k, v in files(there).items() if k not in ("README.md", "croissant.json")}
    assert got == files(here)
    rendered = score(None, limit)
    assert rendered.value > 0
    assert score(there, limit) == score(address[1], limit) == rendered
