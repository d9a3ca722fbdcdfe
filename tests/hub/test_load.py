"""Splits of a published dataset: ffld.load(..., source="hf://...") and the datasets library."""

import warnings

import datasets
import huggingface_hub.constants
import numpy as np
import pytest

import ffld
from benchmark.plan import Request, resolve
from ffld.hub import transfer
from ffld.hub.publish import publish
from tests.ffld.test_build import same_labels
from tests.hub.conftest import LIMIT, REVISION
from tests.hub.server import Blob

SHARD = "data/test-00001-of-00002.parquet"


def load(source, split="test", **options):
    return ffld.load("ffld", split, source=source, **({"limit": LIMIT} | options))


@pytest.mark.parametrize("address", ["hf://org/set@{}", "hf://datasets/org/set@{}", "hf://org/set"])
def test_it_is_what_was_built(hub, published, whole, address):
    _, commit = published
    hub.requests.clear()
    for split in ("train", "test"):
        found, expected = load(address.format(commit), split), load(whole, split)
        assert len(found) == LIMIT
        same_labels(found.targets, expected.targets)
        for position in range(LIMIT):
            np.testing.assert_array_equal(found.image(position), expected.image(position))
        assert not hub.asked(f"GET .*/{'test' if split == 'train' else 'none'}-")


def test_a_pinned_commit_needs_no_hub_again(hub, published):
    _, commit = published
    load(f"hf://org/set@{commit}")
    hub.requests.clear()
    load(f"hf://org/set@{commit}")
    assert not hub.requests
    hub.stop()
    assert load(f"hf://org/set@{commit}", limit=3)[0].id


def test_a_run_is_of_one_commit_and_the_same_as_on_the_folder(hub, published, whole):
    _, commit = published
    plans = [
        resolve(Request(model="mean-shape", source=str(source), limit=LIMIT, train=True))
        for source in ("hf://org/set", f"hf://org/set@{commit}", whole)
    ]
    assert plans[0].source == plans[1].source == f"hf://org/set@{commit}"
    assert plans[0].configuration == plans[2].configuration
    assert plans[0].folder == plans[2].folder


def test_what_is_in_the_cache_is_never_taken_for_the_newest(hub, published, whole):
    repository, commit = published
    load("hf://org/set")
    served = hub.repositories["dataset", "org/set"]
    manifest = Blob(served.commits[commit]["manifest.json"].data + b"\n", False)
    newer = served.commit(served.commits[commit] | {"manifest.json": manifest})
    load("hf://org/set@main")
    assert transfer.cached(repository, "main", "manifest.json").parent.name == newer
    served.refs["main"] = commit
    # the client by itself gives the newer one, which it has, where the hub fails now
    hub.fault("HEAD .*/resolve/main/manifest", status=401, times=99)
    with pytest.raises(ffld.DataError, match="has changed in the meantime: start again"):
        load("hf://org/set@main")
    del hub.repositories["dataset", "org/set"]
    with pytest.raises(ffld.DataError, match="org/set@main doesn't exist, or is private"):
        load("hf://org/set")
    hub.stop()
    with pytest.raises(ffld.DataError, match="org/set@main can't be reached.*check the network"):
        load("hf://org/set")
    assert len(load(f"hf://org/set@{commit}")) == LIMIT


def test_offline(hub, published, monkeypatch):
    _, commit = published
    load("hf://org/set")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert len(load(f"hf://org/set@{commit}")) == LIMIT
    with pytest.warns(UserWarning, match=f"is taken from the cache as commit {commit}, whatever"):
        assert len(load("hf://org/set")) == LIMIT
    for address in ("hf://org/none", "hf://org/set@v1", f"hf://org/set@{'0' * 40}"):
        with pytest.raises(ffld.DataError, match="isn't in the cache, and HF_HUB_OFFLINE is set"):
            load(address)
    with pytest.raises(ffld.DataError, match=r"train-.* needs the hub, but HF_HUB_OFFLINE is set"):
        load(f"hf://org/set@{commit}", "train")
    assert not hub.requests


def test_damaged_shards(hub, published):
    repository, commit = published
    address = f"hf://org/set@{commit}"
    hub.fault(f"GET .*{SHARD}", damage=True)
    expected = load(address).targets
    path = transfer.cached(repository, commit, SHARD)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ffld.DataError, match=r"is damaged: .*\. Delete it, and it will be fetched"):
        load(address)
    path.unlink()  # the link, as a user would
    same_labels(load(address).targets, expected)
    blob = hub.repositories["dataset", "org/set"].commits[commit][SHARD]
    hub.objects[blob.sha256] = blob.data[:-1] + b"x"
    path.resolve().unlink()
    with pytest.raises(ffld.DataError, match="arrived damaged 4 times"):
        load(address)
    assert not path.exists()


def test_what_cannot_be_loaded(hub, published, built):
    with pytest.raises(ffld.DataError, match=r"has no val; it has train, test"):
        load("hf://org/set", "val")
    with pytest.raises(ffld.DataError, match=r"is of dataset ffld, not fld-procedural"):
        ffld.load("fld-procedural", source="hf://org/set")
    with pytest.raises(ffld.DataError, match="built with --limit 7, so limit=8"):
        load("hf://org/set", limit=8)
    for address in ("hf:/org/set", "hf://org", "hf://@main", "hf://a/b/c"):
        with pytest.raises(ffld.DataError, match="write (hf://)?ORG/NAME"):
            load(address)
    with pytest.raises(ffld.DataError, match="edition itself: leave out dials"):
        load("hf://org/set", dials={"company": 0})
    served = hub.repositories["dataset", "org/set"]
    files = served.commits[served.refs["main"]]
    old = files["manifest.json"].data.replace(REVISION.encode(), b"ffld-0.1")
    served.commit(files | {"manifest.json": Blob(old, False)})
    with pytest.raises(
        ffld.DataError, match=r"is of revision ffld-0.1, and this version of the pr"
    ):
        load("hf://org/set")


@pytest.mark.parametrize("streaming", [False, True])
def test_the_datasets_library_reads_it(hub, published, whole, tmp_path, streaming):
    _, commit = published
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # such as that the card is malformed
        read = datasets.load_dataset(
            "org/set", revision=commit, streaming=streaming, cache_dir=str(tmp_path / "read")
        )
    assert list(read) == ["train", "test"]
    assert read["test"].info.splits["train"].num_examples == LIMIT
    assert read["test"].features["garment_type"].names == list(ffld.spec("ffld").schema.type_names)
    for row, sample in zip(read["test"], load(whole), strict=True):
        assert row["id"] == sample.id
        assert row["image"].size == sample.image.shape[1::-1]
        np.testing.assert_array_equal(np.array(row["xy"], float), sample.xy)
    assert bool(hub.asked("resolve/.*bytes=")) == streaming


def test_the_datasets_library_works_offline(hub, published, tmp_path, monkeypatch):
    _, commit = published
    options = {"revision": commit, "split": "test", "cache_dir": str(tmp_path / "read")}
    expected = datasets.load_dataset("org/set", **options)["id"]
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert datasets.load_dataset("org/set", **options)["id"][:] == expected[:]
    assert not hub.requests


def test_a_card_with_other_numbers_is_refused_by_the_library(hub, published, whole, tmp_path):
    repository, commit = published
    served = hub.repositories["dataset", "org/set"]
    text = served.commits[commit]["README.md"].data.replace(b"num_examples: 7", b"num_examples: 8")
    newer = served.commit(served.commits[commit] | {"README.md": Blob(text, False)})
    with pytest.raises(datasets.exceptions.NonMatchingSplitsSizesError):
        datasets.load_dataset("org/set", revision=newer, cache_dir=str(tmp_path / "read"))
    assert publish(whole, repository).sent == 1
