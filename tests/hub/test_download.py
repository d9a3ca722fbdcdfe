"""A dataset repository becomes the folder that was published, or nothing of it is believed."""

import json
import os
from types import SimpleNamespace

import datasets
import huggingface_hub.constants
import pytest
from filelock import FileLock

import ffld
from ffld.__main__ import main
from ffld.hub import client, transfer
from ffld.hub.client import Repository
from ffld.hub.download import download
from ffld.hub.publish import publish
from tests.hub.conftest import READER, REVISION, files
from tests.hub.server import Blob

DOCUMENTS = {"README.md", "croissant.json"}
SHARD = "data/test-00001-of-00002.parquet"


def served(hub):
    return hub.repositories["dataset", "org/set"]


def head(hub):
    return served(hub).commits[served(hub).refs["main"]]


def replace(hub, **contents):
    """Commit some files that are other ones."""
    changed = {path: Blob(data, path.endswith(".parquet")) for path, data in contents.items()}
    served(hub).commit(head(hub) | changed)


def data(out):
    return {path: content for path, content in files(out).items() if path not in DOCUMENTS}


def refused(repository, out, match, **options):
    with pytest.raises(ffld.DataError, match=match) as error:
        download(repository, out, **options)
    assert "\n" not in str(error.value)
    assert not (out / "manifest.json").exists()
    assert not list(out.glob(".download/files"))
    return str(error.value)


def test_the_folder_is_the_one_that_was_built(hub, whole, published, tmp_path):
    repository, commit = published
    hub.page = 3  # as listings of many files come
    done = download(repository, tmp_path / "got")
    assert done.commit == commit
    assert data(tmp_path / "got") == files(whole)
    assert set(files(tmp_path / "got")) - set(files(whole)) == DOCUMENTS
    assert (done.fetched, done.kept) == (len(files(whole)) + 1, 0)
    again = download(repository, tmp_path / "got")
    assert (again.fetched, again.kept) == (0, done.fetched)
    assert len(ffld.load("ffld", "test", source=tmp_path / "got", limit=7)) == 7


def test_splits_can_be_fetched_one_after_another(published, whole, tmp_path):
    repository, _ = published
    download(repository, tmp_path, splits=["test"])
    assert not list(tmp_path.glob("data/train*"))
    assert len(ffld.load("ffld", "test", source=tmp_path, limit=7)) == 7
    download(repository, tmp_path, splits=["train"])
    assert data(tmp_path) == files(whole)
    refused(repository, tmp_path / "b", "has no val; it has train, test", splits=["val"])


def test_load_dataset_reads_a_folder_with_some_of_the_splits(published, tmp_path):
    repository, commit = published
    out = tmp_path / "got"
    for splits in (["test"], ["train", "test"]):
        download(repository, out, revision=commit, splits=splits)
        read = datasets.load_dataset(str(out), cache_dir=str(tmp_path / f"cache{len(splits)}"))
        assert set(read) == set(splits)
        expected = ffld.load("ffld", "test", source=out, limit=7)
        assert read["test"]["id"][:] == expected.targets.ids.tolist()
        (out / ".DS_Store").write_bytes(b"of a file manager")
        (out / ".README.md.4711").write_text("half, of one that was killed")
    assert (
        files(out)["README.md"] == transfer.text(client.look_up(repository), "README.md").encode()
    )


def test_sets_that_state_no_opencv_are_published_and_downloaded(hub, built, tmp_path):
    path = built / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["opencv"]
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    repository = Repository("org/set")
    commit = publish(built, repository).commit
    download(repository, tmp_path / "got")
    assert data(tmp_path / "got") == files(built)
    address = f"hf://org/set@{commit}"
    assert len(ffld.load("ffld", "test", source=address, limit=7)) == 7


def test_an_interrupted_download_goes_on(hub, published, whole, tmp_path, monkeypatch):
    repository, _ = published
    replacing, moved = os.replace, []

    def interrupted(source, target):
        if ".download" not in str(target):
            if len(moved) == 2:
                raise KeyboardInterrupt
            moved.append(target)
        replacing(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        download(repository, tmp_path)
    monkeypatch.setattr(os, "replace", replacing)
    there = data(tmp_path)
    assert "manifest.json" not in there
    (tmp_path / ".manifest.json.4711").write_text("half, of one that was killed")
    hub.requests.clear()
    done = download(repository, tmp_path)
    assert done.kept >= 1
    assert data(tmp_path) == files(whole)
    assert len(hub.asked("GET .*/resolve/.*parquet")) < len(list(whole.glob("data/*")))


def test_damaged_shards_of_a_folder_are_mended(hub, published, whole, tmp_path):
    repository, _ = published
    download(repository, tmp_path)
    sound = (tmp_path / SHARD).read_bytes()
    (tmp_path / SHARD).write_bytes(sound[:-1] + b"x")
    assert download(repository, tmp_path).fetched == 1
    assert data(tmp_path) == files(whole)


def test_a_broken_transfer_goes_on_from_its_byte(hub, published, whole, tmp_path, monkeypatch):
    repository, _ = published
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 4096)
    fault = hub.fault(rf"GET .*/resolve/.*{SHARD}", cut=10_000)
    download(repository, tmp_path)
    assert fault.times == 0
    assert [line.split()[-1] for line in hub.asked(rf"GET .*{SHARD} bytes")] == ["bytes=8192-"]
    assert data(tmp_path) == files(whole)


@pytest.mark.parametrize("where", ["manifest.json", SHARD, "/api/datasets/org/set$"])
def test_server_errors_are_waited_out(hub, published, whole, tmp_path, where, capsys):
    repository, _ = published
    fault = hub.fault(f"GET .*{where}", status=503, times=3)
    download(repository, tmp_path)
    assert fault.times == 0
    assert data(tmp_path) == files(whole)
    assert "failed; trying again in 0.01 s" in capsys.readouterr().err


def test_a_hub_that_stays_broken_is_named(hub, published, tmp_path):
    repository, _ = published
    hub.fault(f"GET .*{SHARD}", status=500, times=99)
    refused(repository, tmp_path, "answered with 500 again and again: the hub has a problem")
    hub.faults.clear()
    assert len(files(tmp_path)) > 0  # others are kept
    hub.stop()
    refused(repository, tmp_path, "can't be reached.*check the network")


def test_what_arrives_damaged_is_fetched_again(hub, published, whole, tmp_path):
    repository, _ = published
    faults = [hub.fault(f"GET .*{name}", damage=True) for name in (SHARD, "manifest", "README")]
    download(repository, tmp_path)
    assert [fault.times for fault in faults] == [0, 0, 0]
    assert data(tmp_path) == files(whole)


def test_a_shard_that_is_damaged_on_the_hub_is_refused(hub, published, tmp_path):
    repository, _ = published
    blob = head(hub)[SHARD]
    hub.objects[blob.sha256] = blob.data[:500] + b"?" + blob.data[501:]
    refused(repository, tmp_path, f"{SHARD} of org/set@.* arrived damaged 4 times: its hash")
    assert not (tmp_path / SHARD).exists()


def test_a_damaged_copy_in_the_cache_is_not_passed_on(hub, published, whole, tmp_path):
    repository, commit = published
    ffld.load("ffld", "test", source="hf://org/set", limit=7)
    damaged = transfer.cached(repository, commit, SHARD)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    download(repository, tmp_path / "got")
    assert data(tmp_path / "got") == files(whole)


@pytest.mark.parametrize(
    ("token", "match"),
    [
        ("", "is open to those who accepted its terms: accept them at http.*/datasets/org/set, th"),
        (READER, "is open to those who accepted its terms.*then log in with `hf auth login`"),
        ("hf_unknown", r"\(401\): the token isn't valid; log in with `hf auth login`"),
    ],
)
def test_gated_repositories(hub, published, whole, tmp_path, monkeypatch, token, match):
    repository, _ = published
    served(hub).gated = True
    download(repository, tmp_path / "may")
    assert data(tmp_path / "may") == files(whole)
    monkeypatch.setenv("HF_TOKEN", token)
    refused(repository, tmp_path / "may-not", match)


def test_repositories_and_revisions_that_are_not_there(hub, published, tmp_path, monkeypatch):
    repository, _ = published
    refused(Repository("org/none"), tmp_path, "org/none doesn't exist, or is private: check the n")
    refused(repository, tmp_path, "org/set@v9 isn't a revision that is there", revision="v9")
    served(hub).private = True
    monkeypatch.setenv("HF_TOKEN", "")
    refused(repository, tmp_path, "org/set doesn't exist, or is private.*`hf auth login`")


def test_a_commit_stays_what_it_was(hub, whole, published, tmp_path):
    repository, commit = published
    replace(hub, **{"README.md": b"new"})
    assert download(repository, tmp_path / "new").commit != commit
    served(hub).refs["v1"] = commit
    for revision in (commit, "v1"):
        out = tmp_path / revision
        assert download(repository, out, revision=revision).commit == commit
        assert files(out)["README.md"] == served(hub).commits[commit]["README.md"].data


@pytest.mark.parametrize("name", ["../evil.parquet", "/etc/evil", "data/../../evil", "c:\\evil"])
def test_listings_with_hostile_names_are_refused(hub, published, tmp_path, name):
    repository, _ = published
    replace(hub, **{name: b"evil"})
    refused(repository, tmp_path / "deep" / "out", "which would be written outside of its folder")
    assert not [path for path in tmp_path.rglob("*evil*") if path.is_file()]


@pytest.mark.parametrize("name", ["../../evil.parquet", "/tmp/evil", "README.md", "data/x.parquet"])
def test_manifests_with_hostile_names_are_refused(hub, published, tmp_path, name):
    repository, _ = published
    manifest = json.loads(head(hub)["manifest.json"].data)
    manifest["splits"]["test"]["shards"][1]["file"] = name
    replace(hub, **{"manifest.json": json.dumps(manifest).encode()})
    refused(repository, tmp_path / "deep" / "out", "a shard of test has the name")
    assert not [path for path in tmp_path.rglob("*evil*") if path.is_file()]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"revision": "ffld-0.1"}, r"org/set@\w+ is of revision ffld-0.1, and this version of the"),
        ({"schema": "0" * 16}, "is of schema 0000000000000000, and this version"),
        ({"dataset": "flickr"}, "is of dataset 'flickr'; published are .*ffld"),
        ({"row_group": 0}, "is not the manifest of a build"),
        ({"splits": []}, "is not the manifest of a build"),
        ({"splits": {"dev": {}}}, "it has a split 'dev'"),
        ({"limit": "7"}, "limit is '7'"),
    ],
)
def test_other_editions_and_malformed_manifests_are_refused(
    hub, published, tmp_path, changes, match
):
    repository, _ = published
    manifest = json.loads(head(hub)["manifest.json"].data) | changes
    replace(hub, **{"manifest.json": json.dumps(manifest).encode()})
    hub.requests.clear()
    refused(repository, tmp_path / "out", match)
    assert not hub.asked("parquet")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"sha256": "0"}, "has the SHA-256 '0'"),
        ({"count": -1}, "has -1 samples"),
        ({"count": 9}, "don't add up to 7"),
        ({"sha256": "0" * 64}, "isn't whole: .*, which its manifest names, is another one"),
    ],
)
def test_entries_that_cannot_be_are_refused(hub, published, tmp_path, change, match):
    repository, _ = published
    manifest = json.loads(head(hub)["manifest.json"].data)
    manifest["splits"]["test"]["shards"][0].update(change)
    replace(hub, **{"manifest.json": json.dumps(manifest).encode()})
    refused(repository, tmp_path, match)


def test_repositories_without_a_dataset_of_ours(hub, published, tmp_path):
    repository, _ = published
    kept = {path: blob for path, blob in head(hub).items() if path != SHARD}
    served(hub).commit(kept)
    refused(repository, tmp_path, f"isn't whole: {SHARD}, which its manifest names, isn't there")
    for data in (b"\xff", b"[" * 9999, b"{}"):
        served(hub).commit(kept | {"manifest.json": Blob(data, False)})
        refused(
            repository, tmp_path, r"manifest\.json of org/set@\w+ is not the manifest of a build"
        )
    del kept["manifest.json"]
    served(hub).commit(kept)
    refused(repository, tmp_path, r"has no manifest\.json, so it isn't a dataset of this project")


def test_folders_that_hold_something_else_are_left_alone(hub, published, whole, built, tmp_path):
    repository, _ = published
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    refused(repository, foreign, r"holds letter\.txt, which isn't of this dataset")
    with pytest.raises(ffld.DataError, match="is a file; give a folder"):
        download(repository, foreign / "letter.txt")
    text = (built / "manifest.json").read_text()
    (built / "manifest.json").write_text(text.replace('"limit": 7', '"limit": 8'))
    with pytest.raises(ffld.DataError, match="is of another build; choose a folder that is new"):
        download(repository, built)
    (built / "manifest.json").write_text(text)
    assert download(repository, built).fetched == len(DOCUMENTS)


def test_offline_and_full_disks(published, whole, tmp_path, monkeypatch):
    repository, _ = published
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**9))
    download(repository, tmp_path, splits=["test"])
    (tmp_path / "manifest.json").unlink()
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**5))
    there = {*files(tmp_path), "manifest.json"}  # which isn't reckoned: it says what is needed
    needed = sum(len(file) for path, file in files(whole).items() if path not in there) / 1e6
    assert needed > 0.2
    refused(repository, tmp_path, f"has room for 0.1 MB; {needed:.1f} MB are needed")
    monkeypatch.undo()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    refused(repository, tmp_path, "org/set needs the hub, but HF_HUB_OFFLINE is set: unset it")


def test_without_a_repository_the_command_says_how_to_render(tmp_path, capsys):
    assert main(["download", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: no repository of FFLD is public yet: give one that you know")
    assert f"python -m ffld build --dataset ffld --out {tmp_path / 'out'}" in error


def test_commands(hub, whole, tmp_path, capsys):
    assert main(["publish", str(whole), "--repo", "org/set"]) == 0
    commit = served(hub).refs["main"]
    assert f"commit {commit} of {hub.url}/datasets/org/set: 7 files sent" in capsys.readouterr().out
    out = str(tmp_path / "got")
    assert main(["download", "--repo", "org/set", "--revision", commit, "--out", out]) == 0
    assert f"14 samples of {REVISION}" in capsys.readouterr().out
    assert main(["download", "--repo", "org/none", "--out", out]) == 2
    assert capsys.readouterr().err.startswith("error: org/none doesn't exist")
    assert publish(whole, Repository("org/set")).commit == commit


def test_two_downloads_into_one_folder(published, whole, tmp_path):
    repository, _ = published
    (tmp_path / ".download").mkdir()
    with FileLock(tmp_path / ".download" / "lock"):
        refused(repository, tmp_path, "another download into .* is running; wait for it")
    download(repository, tmp_path)
    assert data(tmp_path) == files(whole)
