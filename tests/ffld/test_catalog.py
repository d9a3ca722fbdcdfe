"""Loading by name, and the errors that say what to do."""

import pytest

import ffld

PHOTOGRAPHS = ["deepfashion", "deepfashion2", "fld"]


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
