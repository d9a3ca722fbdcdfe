"""A built folder becomes a dataset repository."""

import json
import re

import huggingface_hub.constants
import pytest

import ffld
from ffld.__main__ import main
from ffld.hub.client import Repository
from ffld.hub.download import download
from ffld.hub.publish import publish
from tests.hub.conftest import READER, REVISION, files
from tests.hub.server import Blob
from tests.hub.server import Repository as Served

DOCUMENTS = {"README.md", "croissant.json"}


def head(hub, name="org/set"):
    repository = hub.repositories["dataset", name]
    return {path: blob.data for path, blob in repository.commits[repository.refs["main"]].items()}


def test_what_was_built_is_in_one_commit(hub, whole):
    done = publish(whole, Repository("org/set"))
    assert (done.sent, done.kept, done.removed) == (len(files(whole)) + 2, 0, 0)
    sent = head(hub)
    assert {path: sent[path] for path in files(whole)} == files(whole)
    assert set(sent) - set(files(whole)) == {*DOCUMENTS, ".gitattributes"}
    assert hub.repositories["dataset", "org/set"].refs["main"] == done.commit
    assert len(hub.repositories["dataset", "org/set"].commits) == 2
    assert not hub.repositories["dataset", "org/set"].private
    assert hub.asked("validate-yaml")


def test_what_is_there_is_not_sent_again(hub, whole, published):
    repository, commit = published
    hub.requests.clear()
    done = publish(whole, repository)
    assert (done.commit, done.sent) == (commit, 0)
    assert not hub.asked("PUT|/commit/")
    served = hub.repositories["dataset", "org/set"]
    changed = dict(served.commits[commit]) | {"README.md": Blob(b"other", False)}
    served.commit(changed)
    done = publish(whole, repository)
    assert (done.sent, done.kept) == (1, len(files(whole)) + 1)
    assert not hub.asked("PUT")


def test_documents_keep_their_date(hub, whole, published):
    repository, commit = published
    served = hub.repositories["dataset", "org/set"]
    old = json.loads(served.commits[commit]["croissant.json"].data) | {
        "datePublished": "2020-02-02"
    }
    text = (json.dumps(old, indent=2) + "\n").encode()
    served.commit(served.commits[commit] | {"croissant.json": Blob(text, False)})
    assert publish(whole, repository).sent == 0
    text = text.replace(b'"ffld"', b'"dlff"', 1)
    served.commit(served.commits[commit] | {"croissant.json": Blob(text, False)})
    assert publish(whole, repository).sent == 1
    assert b"2020-02-02" not in head(hub)["croissant.json"]


def test_shards_of_an_older_edition_go_and_other_repositories_are_refused(hub, whole, published):
    repository, commit = published
    served = hub.repositories["dataset", "org/set"]
    stale = Blob(b"PAR1", True)
    served.commit(served.commits[commit] | {"data/train-00000-of-00009.parquet": stale})
    assert publish(whole, repository).removed == 1
    assert set(head(hub)) == {*files(whole), *DOCUMENTS, ".gitattributes"}
    for found in (None, b"{}", b"[", b'{"dataset": "fld-procedural"}'):
        hub.repositories["dataset", "org/other"] = Served()
        content = {"data/photos.parquet": stale}
        if found:
            content["manifest.json"] = Blob(found, False)
        hub.repositories["dataset", "org/other"].commit(content)
        with pytest.raises(ffld.DataError, match=r"holds data/photos\.parquet and is not a repo"):
            publish(whole, Repository("org/other"))
        assert set(head(hub, "org/other")) == set(content)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda out: (out / "manifest.json").unlink(), "no finished build; finish it with python"),
        (lambda out: next(out.glob("data/test-*")).unlink(), "is missing. Mend it with python -m"),
        (lambda out: next(out.glob("data/test-*")).write_bytes(b"PAR1"), "is damaged: its SHA-256"),
        (lambda out: (out / "manifest.json").write_text("{"), "is not the manifest of a build"),
        (lambda out: edit(out, revision="ffld-0.0"), "is of revision ffld-0.0, and this version"),
        (lambda out: edit(out, schema="0"), "is of schema 0"),
        (lambda out: edit(out, dataset="fldd"), "is of dataset 'fldd'; published are"),
        (lambda out: edit(out, dataset="fld-procedural"), f"is of revision {REVISION}"),
        (lambda out: edit(out, dataset="fld"), "'fld'; published are procedural ones alone: deepf"),
        (lambda out: swap(out), "isn't what manifest.json says of it"),
    ],
)
def test_unfinished_and_unsound_builds_are_refused(hub, built, change, match):
    change(built)
    with pytest.raises(ffld.DataError, match=match):
        publish(built, Repository("org/set"))
    assert not hub.repositories


def test_imported_photographs_are_not_passed_on(hub, tmp_path, capsys):
    about = {"dataset": "coco", "revision": "imported", "schema": "0", "limit": None}
    manifest = {**about, "row_group": 16, "splits": {"test": {"count": 1, "shards": []}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert main(["publish", str(tmp_path), "--repo", "org/set"]) == 2
    error = capsys.readouterr().err
    assert "is of imported photographs, and published are rendered sets alone" in error
    assert "hf upload ORG/NAME DIR --repo-type dataset" in error
    assert not hub.repositories


def edit(out, **changes):
    path = out / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def swap(out):
    """Two shards for each other, the manifest in agreement."""
    path = out / "manifest.json"
    manifest = json.loads(path.read_text())
    first, second = manifest["splits"]["train"]["shards"]
    names = first["file"], second["file"]
    first["file"], second["file"] = names[::-1]
    manifest["splits"]["train"]["shards"] = [second, first]
    path.write_text(json.dumps(manifest))
    (out / names[0]).rename(out / "aside")
    (out / names[1]).rename(out / names[0])
    (out / "aside").rename(out / names[1])


@pytest.mark.parametrize(
    ("token", "match"),
    [
        ("", r"hf auth login"),
        ("hf_unknown", r"was refused \(401\): the token isn't valid; log in with `hf auth login`"),
        (READER, r"was refused \(403\): the token may not do this; log in with .* write access"),
    ],
)
def test_who_may_not_write_is_told_what_to_do(hub, whole, monkeypatch, token, match):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ffld.DataError, match=match) as refusal:
        publish(whole, Repository("org/set"))
    assert "\n" not in str(refusal.value)
    assert not hub.repositories


def test_a_repository_of_others_can_not_be_written(hub, whole, published, monkeypatch):
    repository, commit = published
    served = hub.repositories["dataset", "org/set"]
    served.commit(served.commits[commit] | {"README.md": Blob(b"other", False)})
    monkeypatch.setenv("HF_TOKEN", READER)
    with pytest.raises(ffld.DataError, match="write access"):
        publish(whole, repository)


def test_a_repository_that_changes_meanwhile_is_left_alone(hub, whole, published):
    repository, commit = published
    served = hub.repositories["dataset", "org/set"]
    first = served.commit(served.commits[commit] | {"README.md": Blob(b"a", False)})
    other = served.commits[first] | {"LICENSE": Blob(b"b", False)}
    hub.on(r"POST .*/commit/", lambda: served.commit(other))
    with pytest.raises(ffld.DataError, match="has changed in the meantime: run the same command"):
        publish(whole, repository)
    assert head(hub)["LICENSE"] == b"b"


def test_a_private_repository_can_be_made(hub, whole):
    publish(whole, Repository("org/set"), private=True)
    assert hub.repositories["dataset", "org/set"].private


def test_names_of_repositories(hub, whole):
    for name in ("set", "a/b/c", "org/", "../../x", "org/s t"):
        with pytest.raises(ffld.DataError, match=r"isn't the name of a repository: write ORG/NAME"):
            Repository(name)


def test_an_upload_goes_on_where_it_was_broken_off(hub, whole, tmp_path):
    hub.fault(r"POST .*/commit/", status=503, times=9)
    with pytest.raises(ffld.DataError, match="answered with 503 again and again.*try later"):
        publish(whole, Repository("org/set"))
    sent = len(hub.asked("PUT"))
    assert sent == len(list(whole.glob("data/*")))
    hub.faults.clear()
    publish(whole, Repository("org/set"))
    assert len(hub.asked("PUT")) == sent
    download(Repository("org/set"), tmp_path / "got")
    assert {k: v for k, v in files(tmp_path / "got").items() if k not in DOCUMENTS} == files(whole)
    assert re.search("synthetic", (tmp_path / "got" / "README.md").read_text())


def test_uploads_that_a_hub_cannot_take(hub, whole, monkeypatch):
    hub.fault(r"POST .*/objects/batch", status=400)
    with pytest.raises(ffld.DataError, match=r"to org/set was refused \(400\): out of order"):
        publish(whole, Repository("org/set"))
    hub.requests.clear()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    with pytest.raises(ffld.DataError, match="takes no Xet uploads; set HF_HUB_DISABLE_XET=1"):
        publish(whole, Repository("org/set"))
    assert len(hub.asked("xet-write-token")) == 1


def test_shards_that_a_hub_keeps_as_small_files(hub, whole, published, tmp_path):
    repository, commit = published
    served = hub.repositories["dataset", "org/set"]
    served.commit({path: Blob(blob.data, False) for path, blob in served.commits[commit].items()})
    assert publish(whole, repository).sent == 0
    download(repository, tmp_path)
    assert {k: v for k, v in files(tmp_path).items() if k not in DOCUMENTS} == files(whole)
