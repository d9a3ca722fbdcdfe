"""Loading by name, and the errors that say what to do."""

import importlib
import re
from importlib import metadata

import numpy as np
import pytest

import ffld
from ffld.__main__ import main
from ffld.build import build
from tests.ffld import miniature

PHOTOGRAPHS = ["deepfashion", "deepfashion2", "fashionai", "fld"]


def test_every_dataset_describes_itself():
    for name in ffld.available():
        spec = ffld.spec(name)
        assert spec.name == name
        assert list(spec.splits) == ["train", "val", "test"]
        assert spec.licence
        assert spec.citation
        assert spec.obtain


def test_unknown_names_say_what_there_is_and_what_was_meant():
    with pytest.raises(ffld.DataError, match="did you mean 'fld-procedural'.*there are.*ffld"):
        ffld.load("fld-procedual")
    with pytest.raises(ffld.DataError, match="no split 'validation'; it has train, val, test"):
        ffld.load("ffld", "validation")


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_need_a_root_and_say_where_they_come_from(name, tmp_path):
    with pytest.raises(ffld.DataError, match="your own copy.*--root"):
        ffld.load(name)
    with pytest.raises(ffld.DataError, match="not a folder"):
        ffld.load(name, root=tmp_path / "nowhere")


def test_procedural_sets_refuse_a_root(tmp_path):
    with pytest.raises(ffld.DataError, match="rendered on demand"):
        ffld.load("ffld", root=tmp_path)


def test_limits_below_one_are_refused():
    with pytest.raises(ffld.DataError, match="at least 1"):
        ffld.load("ffld", limit=0)


@pytest.mark.parametrize("limit", [1.5, "5", True, np.True_, [3]])
def test_limits_that_are_no_whole_numbers_are_refused(limit, tmp_path):
    message = re.escape(f"limit is {limit!r}; it must be a whole number, at least 1")
    split = ffld.load("fld-procedural", limit=3)
    for call in (
        lambda: ffld.load("fld-procedural", limit=limit),
        lambda: ffld.load("ffld", source=tmp_path, limit=limit),
        lambda: split.limit(limit),
        lambda: build("ffld", tmp_path, limit=limit),
    ):
        with pytest.raises(ffld.DataError, match=message):
            call()


def test_a_limit_is_a_whole_number_of_any_kind():
    assert len(ffld.load("fld-procedural", limit=np.int64(3))) == 3
    assert len(ffld.load("fld-procedural", limit=None)) > 3


@pytest.mark.parametrize("name", [None, 3, ["ffld"]])
def test_a_name_that_is_no_text_is_refused(name):
    message = re.escape(f"dataset is {name!r}; give a name as text: there are ")
    for call in (ffld.load, ffld.spec):
        with pytest.raises(ffld.DataError, match=message):
            call(name)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_what_a_dataset_has_not_is_refused_not_ignored(name, tmp_path):
    with pytest.raises(ffld.DataError, match="photographs, which have no sealed test set: leave"):
        ffld.load(name, root=tmp_path, key="secret")
    if name != "deepfashion2":
        with pytest.raises(ffld.DataError, match=f"no landmark of dataset '{name}' is approximate"):
            ffld.load(name, root=tmp_path, approximate=True)
    with pytest.raises(ffld.DataError, match="no landmark of dataset 'ffld' is approximate"):
        ffld.load("ffld", approximate=True)


def test_a_tilde_is_the_user_s_home(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    miniature.write_fld(tmp_path / "FLD")
    with pytest.warns(UserWarning, match="found 3 of"):
        assert len(ffld.load("fld", "test", root="~/FLD")) == 3
    with pytest.raises(ffld.DataError, match=r"tilde/manifest\.json: no such file"):
        ffld.load("ffld", source="~/tilde")
    export = ["export", "--dataset", "fld", "--root=~/FLD", "--out", str(tmp_path / "coco")]
    assert main(export) == 0
    assert main(["validate", "--dataset", "fld", "--root=~/FLD"]) == 0
    with pytest.raises(ffld.DataError, match="root '~/DF' is not a folder"):
        ffld.load("fld", "test", root="~/DF")


def test_the_version_is_that_of_what_is_installed(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(metadata, "version", lambda name: {"ffld-benchmark": "1.2.3"}[name])
        assert importlib.reload(ffld).__version__ == "1.2.3"
        patch.setattr(metadata, "version", _not_installed)
        assert importlib.reload(ffld).__version__ == "unknown"
    importlib.reload(ffld)


def _not_installed(name):
    raise metadata.PackageNotFoundError(name)
