"""Runs on built sets: read instead of rendered, and kept apart by what the manifest says."""

import json
import shutil

import numpy as np
import pytest

import ffld
from benchmark.crops import Source, cut
from benchmark.plan import Request, resolve
from benchmark.run import main
from ffld.build import build

NAME = "fld-procedural"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("source") / "set"
    build(NAME, out, splits=["train", "test"], limit=6, processes=1)
    return out


def plan(**options):
    return resolve(Request(model="mean-shape", dataset=NAME, **options))


def test_a_build_is_recorded_by_its_content_and_not_by_its_place(built, tmp_path):
    here = plan(source=str(built)).configuration
    moved = shutil.copytree(built, tmp_path / "moved")
    assert plan(source=str(moved)).configuration == here
    assert len(here["source"]) == 64
    assert here["revision"] == plan().configuration["revision"]
    manifest = moved / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "renderer": "another"}))
    assert plan(source=str(moved)).configuration != here


def test_rendered_runs_keep_their_names():
    assert "source" not in plan().configuration


def test_crops_of_a_build_are_not_those_of_rendering(built):
    read = Source(NAME, "test", 6, source=str(built))
    rendered = Source(NAME, "test", 6)
    a, b = (cut(source, source.open(), 32) for source in (read, rendered))
    np.testing.assert_array_equal(a.matrices, b.matrices)
    assert not np.array_equal(a.images, b.images)  # JPEG once more
    assert np.abs(a.images.astype(int) - b.images).mean() < 4


def test_a_run_reads_the_build(built, tmp_path, monkeypatch, capsys):
    def never(*arguments):
        raise AssertionError("nothing is to be rendered")

    monkeypatch.setattr("ffld.render.edition.render", never)
    command = ["--model", "mean-shape", "--dataset", NAME, "--source", str(built), "--limit", "6"]
    command += ["--set", "train_limit=6", "--out", str(tmp_path / "run")]
    assert main(command) == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["revision"] == ffld.spec(NAME).revision
    assert main([*command[:-1], str(tmp_path / "other"), "--source", str(tmp_path)]) == 2
    assert "no finished build" in capsys.readouterr().err
