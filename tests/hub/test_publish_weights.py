"""A finished run becomes a model repository; what its card says is what its result files say."""

import importlib
import json
import re
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, hf_hub_download

import benchmark.ship
from benchmark import checkpoint, models, predict
from benchmark.card import CARD, SCORES, card
from benchmark.origin import TRAINING, seen
from benchmark.publish import prepare
from tests.hub.conftest import files
from tests.hub.server import Blob
from tests.hub.server import Repository as Served

VGG = [
    "--dataset", "dots", "--device", "cpu", "--model", "vgg16", "--epochs", 1,
    "--set", "input_size=48", "--set", "width=0.0625",
]  # fmt: skip
SCORE = ["--dataset", "dots", "--device", "cpu", "--checkpoint"]
FILES = {*checkpoint.FILES, TRAINING, SCORES, CARD}


@pytest.fixture(scope="session")
def _finished(tmp_path_factory):
    return tmp_path_factory.mktemp("finished")


@pytest.fixture
def trained(run, _finished):
    """The folder of a finished run, in the working directory."""
    if not any(_finished.iterdir()):
        assert run(*VGG, "--out", _finished)[0] == 0
    return shutil.copytree(_finished, "trained")


@pytest.fixture
def publish(hub, capsys):
    """Run the command: (exit code, stdout, stderr)."""
    main = importlib.import_module("benchmark.publish-weights").main

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def refused(outcome, said):
    code, answer, notes = outcome
    assert (code, answer) == (2, "")
    assert notes.splitlines()[-1].startswith("error: ")
    assert said in notes.splitlines()[-1]


def values(result):
    """What the header states of a result."""
    scores = result["scores"]
    return [
        ("ne", "NE visible", scores["ne"]["visible"]["value"]),
        ("ne", "NE all", scores["ne"]["all"]["value"]),
        ("pck@0.1", "PCK@0.1 visible", scores["pck@0.1"]["visible"]["value"]),
    ]


def test_what_is_published_is_scored_by_its_name_like_the_run(hub, publish, run, trained):
    code, answer, _ = publish(trained, "--repo", "org/vgg")
    assert code == 0
    served = hub.repositories["model", "org/vgg"]
    commit = served.refs["main"]
    assert answer.splitlines() == [
        f"commit {commit} of {hub.url}/org/vgg: 6 files sent, 0 were there",
        f"--checkpoint hf://org/vgg@{commit}",
    ]
    assert len(served.commits) == 2
    assert set(served.commits[commit]) == {".gitattributes", *FILES}
    for file in checkpoint.FILES:
        assert served.commits[commit][file].data == Path(trained, "checkpoint", file).read_bytes()

    code, _, notes = run(*SCORE, f"hf://org/vgg@{commit}", "--out", "by-name")
    assert code == 0
    assert f"scoring vgg16 of hf://org/vgg@{commit}, trained on 48 samples" in notes
    assert run(*SCORE, trained, "--out", "by-path")[0] == 0
    names = ("trained", "by-name", "by-path")
    results = [Path(name, "result.json").read_bytes() for name in names]
    assert results[0] == results[1] == results[2]
    configuration = json.loads(Path("by-name/config.json").read_text())["configuration"]
    assert configuration["weights"] == f"hf://org/vgg@{commit}"


def test_the_card_is_a_card_of_the_result(hub, publish, trained):
    assert publish(trained, "--repo", "org/vgg")[0] == 0
    assert hub.asked("POST /api/validate-yaml")
    found = ModelCard.load(hf_hub_download("org/vgg", CARD))
    found.validate()
    data, result = found.data, json.loads(Path(trained, "result.json").read_text())
    header = data.to_dict()
    assert (header["license"], header["datasets"]) == ("apache-2.0", ["dots"])
    assert header["library_name"] == "ffld-benchmark"
    assert (data.pipeline_tag, data.model_name) == ("keypoint-detection", "vgg")
    stated = [(e.metric_type, e.metric_name, e.metric_value) for e in data.eval_results]
    assert stated == values(result)
    for one in data.eval_results:
        about = (one.dataset_type, one.dataset_revision, one.dataset_split, one.dataset_args)
        digest = result["predictions_sha256"]
        held = {"samples": 16, "predictions_sha256": digest}
        assert about == ("dots", "1", "test", held)
    ne = result["scores"]["ne"]["visible"]
    assert (f"| `dots 1` test | 16 | {ne['value']:.4f} | {ne['low']:.4f}–{ne['high']:.4f} |"
            in found.content)  # fmt: skip
    assert f"| code | commit {benchmark.ship.commit()} |" in found.content
    assert "| hardware | cpu, " in found.content
    assert "Stored in single precision" in found.content
    found.data.license = "Apache License"
    with pytest.raises(ValueError, match="license"):
        found.validate()


def test_a_card_that_the_hub_refuses(hub, publish, trained, monkeypatch):
    monkeypatch.setattr("tests.hub.server._header_errors", lambda header: ["no such licence"])
    refused(publish(trained, "--repo", "org/vgg"), "was refused (400)")
    assert len(hub.repositories["model", "org/vgg"].commits) == 1
    assert not hub.asked("PUT")


def test_the_same_again_makes_no_commit(hub, publish, trained, monkeypatch):
    assert publish(trained, "--repo", "org/vgg")[0] == 0
    served = hub.repositories["model", "org/vgg"]
    commit = served.refs["main"]
    monkeypatch.setattr(benchmark.ship, "commit", lambda: "a later one")
    hub.requests.clear()
    code, answer, _ = publish(trained, "--repo", "org/vgg")
    assert code == 0
    assert answer.startswith(f"commit {commit} of {hub.url}/org/vgg holds these already: nothing")
    assert not hub.asked("PUT|/commit/")
    code, answer, _ = publish(trained, "--repo", "org/vgg", "--licence", "mit")
    assert "1 files sent, 5 were there" in answer
    assert len(served.commits) == 3


def test_what_was_sent_before_a_failure_is_not_sent_again(hub, publish, trained):
    hub.fault(r"POST .*/commit/", status=503, times=9)
    refused(publish(trained, "--repo", "org/vgg"), "answered with 503 again and again")
    sent = hub.asked("PUT")
    assert len(sent) == 2
    assert len(hub.repositories["model", "org/vgg"].commits) == 1
    hub.faults.clear()
    assert publish(trained, "--repo", "org/vgg")[0] == 0
    assert hub.asked("PUT") == sent


def test_half_precision_needs_scores_of_its_own(hub, publish, run, trained, capsys):
    bare = publish(trained, "--repo", "org/vgg", "--half")
    refused(bare, "nobody has scored these weights in half precision")
    assert benchmark.ship.main([trained, "--out", "half"]) == 0
    capsys.readouterr()
    refused(publish("half", "--repo", "org/vgg"), "nobody has scored these weights")
    shutil.copytree("half", "old")
    Path("old", SCORES).write_text('{"`dots 1` test": {"samples": 16}}')
    refused(publish("old", "--repo", "org/vgg"), "is of an earlier version")
    Path("old", SCORES).unlink()
    refused(publish("old", "--repo", "org/vgg"), "has no scores.json; make it anew")
    assert run(*SCORE, "half", "--out", "scored")[0] == 0
    ask = (trained, "--repo", "org/vgg", "--half", "--scores")
    refused(publish(*ask, trained), "scored other weights than those")
    assert not hub.requests
    assert publish(*ask, "scored", "--private")[0] == 0
    served = hub.repositories["model", "org/vgg"]
    assert served.private
    weights = served.commits[served.refs["main"]]["model.safetensors"].data
    assert weights == Path("half/model.safetensors").read_bytes()
    found = ModelCard.load(hf_hub_download("org/vgg", CARD))
    result = json.loads(Path("scored/result.json").read_text())
    assert [e.metric_value for e in found.data.eval_results] == [v for _, _, v in values(result)]
    assert "Matrices are stored in half precision" in found.content
    assert publish("half", "--repo", "org/vgg", "--scores", "scored")[1].count("nothing sent") == 1
    assert run(*SCORE, "hf://org/vgg", "--out", "by-name")[0] == 0
    assert Path("by-name/result.json").read_bytes() == Path("scored/result.json").read_bytes()


def test_a_dry_run_asks_nobody(hub, publish, trained):
    code, answer, notes = publish(trained, "--repo", "org/vgg", "--dry-run")
    assert code == 0
    assert ModelCard(answer).data.model_name == "vgg"
    assert re.search(r"^model\.safetensors: [\d,]+ bytes$", notes, re.MULTILINE)
    assert not hub.requests


def test_runs_and_scores_that_are_refused(hub, publish, run, trained):
    repo = ("--repo", "org/vgg")
    assert run(*SCORE, trained, "--split", "val", "--out", "val")[0] == 0
    assert run(*SCORE, trained, "--out", "test")[0] == 0
    refused(publish(trained, *repo, "--scores", "test"), "two runs scored the same")
    code, answer, _ = publish(trained, *repo, "--scores", "val", "--dry-run")
    assert code == 0
    assert {e.dataset_split for e in ModelCard(answer).data.eval_results} == {"val", "test"}
    Path("val/result.json").unlink()
    refused(publish(trained, *repo, "--scores", "val"), "result.json: no such file")
    refused(publish("test", *repo), "is not the folder of a finished training")
    refused(publish("nowhere", *repo), "is not the folder of a finished training")
    refused(publish(trained, "--repo", "vgg"), "isn't the name of a repository: write ORG/NAME")
    refused(publish(trained, *repo, "--licence", "CC BY"), "takes a name of the hub's")
    Path("trained/result.json").unlink()
    refused(publish(trained, *repo), "is not the folder of a finished training")
    assert not hub.requests


def test_photographs_need_a_licence_that_somebody_chose(hub, publish, trained, tmp_path):
    for file in ("config.json", "checkpoint/checkpoint.json"):
        path = Path(trained, file)
        path.write_text(path.read_text().replace('"dataset": "dots"', '"dataset": "fld"'))
    path = Path(trained, "config.json")
    path.write_text(path.read_text().replace('"root": null', '"root": "/mine/FLD"'))
    refused(
        publish(trained, "--repo", "org/vgg"),
        "trained on photographs under terms of their own (fld: non-commercial research and",
    )
    assert not hub.requests
    code, answer, _ = publish(
        trained, "--repo", "org/vgg", "--licence", "cc-by-nc-4.0", "--dry-run"
    )
    assert code == 0
    assert ModelCard(answer).data.license == "cc-by-nc-4.0"
    assert "48 training samples of `1`" in answer
    assert "no photograph" not in answer
    assert "Trained on drawings" not in answer
    prepare(Path(trained), tmp_path / "all", [])
    assert not [f for f, data in files(tmp_path / "all").items() if b"mine" in data]
    begun = {"configuration": {"dataset": "ffld", "init": {"dataset": "deepfashion2"}}}
    assert [one.name for one in seen(begun)] == ["ffld", "deepfashion2"]


def test_what_weights_went_on_from_must_be_told(run, publish, trained):
    """Photographs two trainings ago count; who tells nothing of them must say a licence."""
    on = ["--dataset", "dots", "--device", "cpu", "--epochs", 1]
    assert run(*on, "--init", trained, "--out", "second")[0] == 0
    assert run(*on, "--init", "second", "--out", "third")[0] == 0
    for told in ([], ["second"]):
        options = ["--before", *told] if told else []
        refused(
            publish("third", "--repo", "org/vgg", *options, "--dry-run"),
            "nothing says what those had seen: name their runs with --before",
        )
    code, answer, _ = publish(
        "third", "--repo", "org/vgg", "--before", "second", trained, "--dry-run"
    )
    assert code == 0
    assert answer.count("| trained before |") == 2
    assert "Trained on drawings" in answer
    config = Path(trained, "config.json")
    config.write_text(config.read_text().replace('"dataset": "dots"', '"dataset": "fld"'))
    refused(
        publish("third", "--repo", "org/vgg", "--before", "second", trained, "--dry-run"),
        "trained on photographs under terms of their own (fld: non-commercial research and",
    )


def test_what_published_weights_have_seen_is_told_by_their_name(run, publish, trained):
    assert publish(trained, "--repo", "org/first")[0] == 0
    on = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--out", "second"]
    assert run(*on, "--init", "hf://org/first")[0] == 0
    configuration = json.loads(Path("second/config.json").read_text())["configuration"]
    name = configuration["init"]["address"]
    ask = ("second", "--repo", "org/second", "--dry-run")
    refused(publish(*ask), f"nothing says what those had seen: name {name} with --before")
    code, answer, _ = publish(*ask, "--before", name)
    assert code == 0
    assert answer.count("| trained before |") == 1
    assert "Trained on drawings" in answer


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace('"seed": 0', '"note": "<script>"'), "text that is not plain"),
        (lambda text: text.replace('"dots"', '"nowhere"'), "unknown dataset 'nowhere'"),
        (lambda text: text.replace('"threads"', '"strands"'), "environment.threads is missing"),
        (lambda text: text + " " * (1 << 20), None),
        (lambda text: "[" * 5000, "no record of a training"),
        (lambda text: "[]", "configuration is missing"),
    ],
)
def test_what_a_stranger_tells_of_weights_is_not_trusted(hub, run, publish, trained, damage, said):
    assert publish(trained, "--repo", "org/first")[0] == 0
    served = hub.repositories["model", "org/first"]
    content = dict(served.commits[served.refs["main"]])
    text = damage(content[TRAINING].data.decode())
    served.commit(content | {TRAINING: Blob(text.encode(), False)})
    code, _, notes = run(*SCORE, "hf://org/first", "--out", "scored")
    assert code == 0
    assert (said or "scoring vgg16") in notes
    name = json.loads(Path("scored/config.json").read_text())["configuration"]["weights"]
    on = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--out", "second"]
    assert run(*on, "--init", name)[0] == 0
    outcome = publish("second", "--repo", "org/second", "--dry-run", "--before", name)
    refused(outcome, f"'{name}' has no training.json, so nobody knows its past")


def test_repositories_of_something_else_are_left_alone(hub, publish, trained):
    served = hub.repositories["model", "org/vgg"] = Served()
    for held, said in (
        ({"config.json": b"{}"}, "holds config.json, which isn't of weights"),
        ({"checkpoint.json": b"[]"}, "holds weights of something else than 'vgg16' trained on"),
        ({"checkpoint.json": b'{"model": "lgr", "dataset": "dots"}'}, "of something else than"),
    ):
        commit = served.commit({path: Blob(data, False) for path, data in held.items()})
        refused(publish(trained, "--repo", "org/vgg"), said)
        assert served.refs["main"] == commit


def test_the_shipped_weights_by_the_commands_that_a_user_types(hub, ffld_command, tmp_path, capsys):
    shipped = models.shipped("lgr", "ffld")
    module = "benchmark.publish-weights"
    sent = ffld_command("-m", module, shipped, "--repo", "org/lgr")
    assert sent.returncode == 0, sent.stderr
    name = re.search(r"--checkpoint (hf://org/lgr@[0-9a-f]{40})$", sent.stdout.strip())[1]
    photo = Path(__file__).parents[2] / "docs" / "predict.jpg"
    answers = []
    for weights in (name, "shipped"):
        assert (
            predict.main([str(photo), "--checkpoint", weights, "--box", "9", "9", "90", "90"]) == 0
        )
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    text = hub.repositories["model", "org/lgr"].commits[name[-40:]][CARD].data.decode()
    assert text == card(shipped, "org/lgr", "apache-2.0")
    assert text.endswith(card(shipped).split("\n", 2)[2])
    stated = ModelCard(text).data.eval_results
    held = json.loads((shipped / SCORES).read_text())
    assert [e.metric_value for e in stated if e.metric_name == "NE visible"] == [
        one["ne"]["visible"]["value"] for one in held.values()
    ]
