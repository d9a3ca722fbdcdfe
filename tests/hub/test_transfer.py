"""Repositories of models go through the same client."""

import pytest

import ffld
from ffld.hub import client, transfer
from ffld.hub.client import Repository

WEIGHTS, CONFIG = bytes(range(256)) * 400, b'{"name": "lgr"}\n'


@pytest.fixture
def model(hub):
    repository = Repository("org/lgr", "model")
    client.create(repository)
    files = {"model.safetensors": WEIGHTS, "config.json": CONFIG}
    transfer.send(client.look_up(repository), files, (), "Weights")
    return repository


def test_what_was_sent_is_fetched(hub, model, tmp_path):
    assert model.address == f"{hub.url}/org/lgr"
    snapshot = client.look_up(model, "main")
    assert {snapshot.hashes[name] for name in ("model.safetensors", "config.json")} == {
        transfer.digest_of(WEIGHTS, "0" * 64),
        transfer.digest_of(CONFIG, "0" * 40),
    }
    assert snapshot.sizes["model.safetensors"] == len(WEIGHTS)
    wanted = {name: snapshot.hashes[name] for name in ("model.safetensors", "config.json")}
    for folder in (None, tmp_path / "out"):
        found = dict(transfer.fetch(model, snapshot.commit, wanted, folder))
        assert found["model.safetensors"].read_bytes() == WEIGHTS
        assert found["config.json"].read_bytes() == CONFIG
        assert (tmp_path / "out" in found["config.json"].parents) == (folder is not None)
    hub.stop()
    assert dict(transfer.fetch(model, snapshot.commit, wanted))["config.json"].is_file()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_damage_is_found(hub, model, name):
    snapshot = client.look_up(model)
    fault = hub.fault(f"GET .*{name}", damage=True)
    ((_, path),) = transfer.fetch(model, snapshot.commit, {name: snapshot.hashes[name]})
    assert fault.times == 0
    path.write_bytes(b"x")
    hub.fault(f"GET .*{name}", damage=True, times=9)
    with pytest.raises(ffld.DataError, match=f"{name} of org/lgr@.* arrived damaged 4 times"):
        list(transfer.fetch(model, snapshot.commit, {name: snapshot.hashes[name]}))
    assert transfer.cached(model, snapshot.commit, name) is None


def test_a_file_that_is_not_there(model):
    commit = client.look_up(model).commit
    with pytest.raises(ffld.DataError, match=r"none\.txt of org/lgr@.*isn't there; its files are"):
        list(transfer.fetch(model, commit, {"none.txt": "0" * 40}))


def test_files_can_be_taken_out(model):
    before = client.look_up(model)
    commit = transfer.send(before, {}, ["config.json"], "Without")
    assert "config.json" not in client.look_up(model, commit).hashes
    assert "config.json" in client.look_up(model, before.commit).hashes


def test_what_cannot_be_translated_is_raised_as_it_is(hub, model, tmp_path):
    (tmp_path / "file").write_text("")
    snapshot = client.look_up(model)
    wanted = {"config.json": snapshot.hashes["config.json"]}
    with pytest.raises(OSError, match=r"file"):
        list(transfer.fetch(model, snapshot.commit, wanted, tmp_path / "file"))
