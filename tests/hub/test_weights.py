"""Weights by name: hf://ORG/NAME@REV in place of a folder, from repositories of strangers."""

import json
import os
import random
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import huggingface_hub.constants
import numpy as np
import pytest

import ffld
from benchmark import checkpoint, models, predict
from benchmark.checkpoint import FLOOR, Checkpoint, CheckpointError
from benchmark.detector import Detector
from benchmark.plan import Request, resolve
from benchmark.weights import LARGEST, find_weights
from ffld.schema import FLD8
from tests.benchmark.tiny_model import TINY
from tests.hub.conftest import READER, files
from tests.hub.server import Blob
from tests.hub.server import Repository as Served

ADDRESS = "hf://org/vgg"
ABOUT = Checkpoint(
    model="vgg16",
    config={"input_size": 48, "width": 0.0625},
    schema="fld8",
    schema_fingerprint=FLD8.fingerprint,
    input_size=48,
    padding=0.1,
    dataset="fld-procedural",
    revision="fld-procedural-1.1",
    samples=8,
    seed=0,
    val_ne=0.05,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A checkpoint's folder; don't change it."""
    path = tmp_path_factory.mktemp("weights")
    floor = models.build(FLOOR, FLD8, input_size=48)
    floor.points.uniform_()
    ABOUT.save(path, models.build(ABOUT.model, FLD8, **ABOUT.config), floor)
    return path


@pytest.fixture
def put(hub, folder, monkeypatch, tmp_path):
    """Make org/vgg hold the checkpoint, but for some files; the commit. The cache is empty."""
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    served = hub.repositories["model", "org/vgg"] = Served()

    def call(**changes):
        content = files(folder) | {
            "README.md": b"# weights",
            "pytorch_model.bin": b"\x80\x04cos\nsystem\n.",
        }
        content |= {name.replace("__", "."): data for name, data in changes.items()}
        blobs = {
            k: Blob(v, k.endswith(".safetensors")) for k, v in content.items() if v is not None
        }
        hub.objects |= {blob.sha256: blob.data for blob in blobs.values() if blob.lfs}
        return served.commit(blobs)

    return call


def kept(tmp_path):
    """What the cache holds for org/vgg, by its path; not the lock."""
    found = files(tmp_path / "cache" / "weights" / "org" / "vgg")
    return {path: data for path, data in found.items() if path != ".lock"}


def described(**changes):
    return json.dumps(json.loads(json.dumps(vars(ABOUT))) | changes).encode()


def refused(call, match):
    with pytest.raises((CheckpointError, ffld.DataError, models.ModelError), match=match) as error:
        call()
    assert "\n" not in str(error.value)


def test_every_form_of_a_name_gives_the_same_model(hub, put, folder, capsys):
    commit = put()
    hub.repositories["model", "org/vgg"].refs["v1"] = commit
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), np.uint8)
    expected = Detector.load(folder)([image], [(5, 5, 60, 80)])
    capsys.readouterr()
    for name in (ADDRESS, f"{ADDRESS}@main", f"{ADDRESS}@v1", "hf://models/org/vgg"):
        found = Detector.load(name)([image], [(5, 5, 60, 80)])
        np.testing.assert_array_equal(found[0], expected[0])
        assert capsys.readouterr().err.endswith(f"{name} is {ADDRESS}@{commit}\n")
    find_weights(f"{ADDRESS}@{commit}")
    assert capsys.readouterr().err == ""


def test_three_files_are_fetched_once(hub, put, folder, tmp_path):
    commit = put()
    found = find_weights(ADDRESS)
    assert (found.about, found.address, found.shipped) == (ABOUT, f"{ADDRESS}@{commit}", False)
    assert kept(tmp_path) == {f"{commit}/{name}": data for name, data in files(folder).items()}
    assert not hub.asked("README|pytorch_model")
    hub.requests.clear()
    assert find_weights(ADDRESS) == found
    assert not hub.asked("resolve")
    hub.requests.clear()
    assert find_weights(f"{ADDRESS}@{commit}") == found
    assert not hub.requests


def test_without_a_hub_a_commit_is_enough(hub, put, monkeypatch):
    commit = put()
    refused(lambda: find_weights(f"{ADDRESS}@{'0' * 40}"), "isn't a revision that is there")
    found = find_weights(ADDRESS)
    earlier = rf"\. Fetched earlier, and used without asking: {ADDRESS}@{commit}$"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    assert find_weights(f"{ADDRESS}@{commit}") == found
    refused(lambda: find_weights(ADDRESS), f"HF_HUB_OFFLINE is set: unset it{earlier}")
    refused(lambda: find_weights("hf://org/other"), "HF_HUB_OFFLINE is set: unset it$")
    assert not hub.requests
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    hub.stop()
    assert find_weights(f"{ADDRESS}@{commit}") == found
    refused(lambda: find_weights(ADDRESS), f"can't be reached.*check the network.*{earlier}")


def test_a_run_names_the_commit_and_keeps_to_it(hub, put, folder):
    commit = put()
    options = {"dataset": "fld-procedural", "device": "cpu"}
    plan = resolve(Request(checkpoint=ADDRESS, **options))
    put(README__md=b"newer")
    assert plan.configuration["weights"] == f"{ADDRESS}@{commit}"
    assert f"scoring vgg16 of {ADDRESS}@{commit}, trained on 8 samples" in plan.note()
    local = resolve(Request(checkpoint=folder, **options)).configuration
    assert plan.configuration == local | {"weights": f"{ADDRESS}@{commit}"}
    pinned = resolve(Request(checkpoint=f"{ADDRESS}@{commit}", **options))
    assert pinned.folder == plan.folder
    assert resolve(Request(checkpoint=ADDRESS, **options)).folder != plan.folder


def test_training_starts_from_a_name_and_says_its_commit(hub, put):
    commit = put()
    plan = resolve(Request(init=ADDRESS, dataset="fld-procedural", device="cpu"))
    assert plan.configuration["init"]["address"] == f"{ADDRESS}@{commit}"
    assert f"starting from the weights in {ADDRESS}@{commit}" in plan.note()
    assert plan.model == "vgg16"


def test_damage_and_broken_transfers(hub, put, folder, tmp_path):
    commit = put()
    hub.fault("GET .*model.safetensors", damage=True)
    hub.fault("GET .*floor.safetensors", cut=99)
    find_weights(ADDRESS)
    assert kept(tmp_path) == {f"{commit}/{name}": data for name, data in files(folder).items()}
    put(README__md=b"newer")
    hub.fault("GET .*model.safetensors", damage=True, times=9)
    refused(lambda: find_weights(ADDRESS), "model.safetensors of org/vgg@.* arrived damaged")
    assert {path.split("/")[0] for path in kept(tmp_path)} == {commit}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_leaves_nothing_half(hub, put, folder, tmp_path):
    commit = put()
    size = sum(map(len, files(folder).values()))
    signals = []
    for seed in range(3):
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            find_weights(ADDRESS)
            os._exit(0)
        moment = random.Random(seed).randrange(size)
        hub.at_byte(moment, lambda child=child: os.kill(child, signal.SIGKILL))
        signals.append(os.WTERMSIG(os.waitpid(child, 0)[1]))
        hub.at_byte(1 << 60, lambda: None)
        assert not {path for path in kept(tmp_path) if not path.startswith(".fetching/")}
    assert signals == [signal.SIGKILL] * 3
    find_weights(ADDRESS)
    assert kept(tmp_path) == {f"{commit}/{name}": data for name, data in files(folder).items()}


def test_two_at_once_fetch_once(hub, put):
    commit = put()
    hub.on("GET .*checkpoint.json", lambda: time.sleep(0.3))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(find_weights, [ADDRESS, f"{ADDRESS}@{commit}"]))
    assert found[0] == found[1]
    assert len(hub.asked("GET .*resolve.*model.safetensors")) == 1


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"model__safetensors": None}, r"has no model.safetensors, so it holds no weights of this "
         r"project; it has pytorch_model.bin, and pickles are never read"),
        ({"checkpoint__json": None, "floor__safetensors": None, "pytorch_model__bin": None},
         r"has no checkpoint.json, floor.safetensors, so it holds no weights of this project$"),
        ({"model__safetensors": b"\x80\x04cos\nsystem\n."}, "of org/vgg.* is not a readable"),
        ({"checkpoint__json": b"{"}, r"checkpoint.json of org/vgg@\w+ is not readable JSON"),
        ({"checkpoint__json": b"[" * 100_000}, "is not readable JSON"),
        ({"checkpoint__json": b"\xff\xfe"}, "is not readable JSON"),
        ({"checkpoint__json": b'{"model_type": "bert"}'}, "holds model_type; expected model, conf"),
        ({"checkpoint__json": described(samples="8", input_size=True, config=[])},
         r'config must be an object, not \[\]; input_size must be a whole number, not true; '
         r'samples must be a whole number, not "8"'),
        ({"checkpoint__json": described(padding=float("nan"))}, "padding must be a number of at"),
        ({"checkpoint__json": described(input_size=10**9)}, "input_size must be at most 4096"),
        ({"checkpoint__json": described(revision="1\x1b[2J")}, "revision must be one line of text"),
        ({"checkpoint__json": described(schema_fingerprint="0")},
         r"predicts landmarks of schema 'fld8' \(0\), and fld-procedural has schema 'fld8'"),
        ({"checkpoint__json": described(dataset="other")}, "unknown dataset 'other'"),
        ({"checkpoint__json": described(model="vgg19")}, "is of model 'vgg19'; there are bcrnn"),
        ({"checkpoint__json": described(model="os:system; rm")}, "is of model .*; there are bcrnn"),
        ({"checkpoint__json": described(config={"width": "1"})}, "width must be float, not '1'"),
        ({"checkpoint__json": described(config={"depth": 3})}, "no setting 'depth'"),
        ({"checkpoint__json": described(config={"input_size": 48, "width": 0.125})},
         r"tensors of model.safetensors of org/vgg@\w+ don't fit .*: \[8\] there, \[16\] expected"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_repositories_that_hold_something_else(hub, put, tmp_path, changes, match):
    put(**changes)
    refused(lambda: find_weights(ADDRESS), match)
    assert kept(tmp_path) == {}
    if "checkpoint__json" in changes and "fit" not in match:
        assert not hub.asked("GET .*resolve.*safetensors")


def test_what_is_too_large_is_not_fetched(hub, put, monkeypatch):
    commit = put()
    monkeypatch.setitem(LARGEST, checkpoint.WEIGHTS, 1000)
    refused(
        lambda: find_weights(ADDRESS),
        rf"model.safetensors of org/vgg@\w+ has .* bytes, and at most 1,000 are fetched; .* "
        rf"hf download org/vgg --revision {commit} --local-dir DIR, then pass --checkpoint DIR",
    )
    assert not hub.asked("resolve")


def test_several_networks_arrive_as_one_and_must_fit(put, tmp_path):
    config = dict(ABOUT.config)
    about = Checkpoint(**vars(ABOUT) | {"others": [config]})
    about.save(tmp_path / "pair", *about.untrained(FLD8))
    sent = {name.replace(".", "__"): data for name, data in files(tmp_path / "pair").items()}
    commit = put(**sent)
    assert find_weights(ADDRESS).about == about
    image = np.random.default_rng(0).integers(0, 255, (90, 70, 3), np.uint8)
    places = (tmp_path / "pair", ADDRESS)
    here, there = (Detector.load(place)([image], [(5, 5, 60, 80)]) for place in places)
    np.testing.assert_array_equal(here[0], there[0])
    assert set(kept(tmp_path)) == {f"{commit}/{name}" for name in files(tmp_path / "pair")}
    for others in ([], [config] * 2, [config | {"width": 0.25}], [config | {"width": 1e9}]):
        put(**sent | {"checkpoint__json": described(others=others)})
        refused(lambda: find_weights(ADDRESS), "don't fit the model|has settings of no model")


def test_code_from_outside_runs_only_for_those_who_named_it(put, tmp_path):
    put(checkpoint__json=described(model="a_stranger.module:build"))
    refused(lambda: find_weights(ADDRESS), "is of model 'a_stranger.module:build', code outside")
    assert kept(tmp_path) == {}
    floor = models.build(FLOOR, FLD8, input_size=48)
    about = Checkpoint(**vars(ABOUT) | {"model": TINY, "config": {"input_size": 48}})
    about.save(tmp_path / "own", models.build(TINY, FLD8, input_size=48), floor)
    put(**{name.replace(".", "__"): data for name, data in files(tmp_path / "own").items()})
    for _ in range(2):
        refused(lambda: find_weights(ADDRESS), f"pass --model {TINY} too")
        refused(lambda: find_weights(ADDRESS, "lgr"), f"(is of model '{TINY}')")
        assert Detector.load(ADDRESS, model=TINY).about == about


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("hf://org/none", "org/none doesn't exist, or is private"),
        ("hf://org/vgg@v9", "org/vgg@v9 isn't a revision that is there"),
        ("hf://vgg", "'vgg' isn't the name of a repository: write ORG/NAME"),
        ("hf:/org/vgg", "isn't an address: write hf://ORG/NAME"),
        ("hf://datasets/org/vgg", "isn't the name of a repository"),
        ("hf://../..", "isn't the name of a repository"),
    ],
)
def test_names_of_nothing(run, put, name, match):
    put()
    code, table, notes = run("--dataset", "dots", "--device", "cpu", "--checkpoint", name)
    assert (code, table) == (2, "")
    assert re.fullmatch(f"error: .*{match}.*\n", notes)


def test_private_and_gated(hub, put, monkeypatch):
    put()
    served = hub.repositories["model", "org/vgg"]
    served.private = True
    monkeypatch.setenv("HF_TOKEN", "")
    refused(lambda: find_weights(ADDRESS), "is private: check the name, or log in with `hf auth lo")
    served.private, served.gated = False, True
    monkeypatch.setenv("HF_TOKEN", READER)
    refused(lambda: find_weights(ADDRESS), f"accept them at {hub.url}/org/vgg, then log in")


def test_a_cache_that_cannot_be_written(put, monkeypatch, tmp_path):
    put()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "file"))
    refused(lambda: find_weights(ADDRESS), "can't be kept in .*; set FFLD_CACHE to a folder with")


def test_errors_of_commands_are_one_line(put, tmp_path, capsys):
    put(model__safetensors=None)
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"")
    for name, said in ((ADDRESS, "has no model.safetensors"), ("hf://org/none", "doesn't exist")):
        assert predict.main([str(photo), "--checkpoint", name]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert said in line
