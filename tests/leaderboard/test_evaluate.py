"""python -m leaderboard evaluate: from an export over COCO results to numbers that verify."""

import json

import pytest

from ffld.__main__ import main as ffld_main
from leaderboard.__main__ import main
from tests.ffld import miniature


def _results(annotations, path):
    kept = ("image_id", "category_id", "keypoints")
    entries = [
        {**{key: one[key] for key in kept}, "annotation_id": one["id"], "score": 1.0}
        for one in json.loads(annotations.read_text())["annotations"]
    ]
    path.write_text(json.dumps(entries))
    return str(path)


def test_scores_of_results_are_kept_and_verify(tmp_path, capsys):
    export = ["export", "--dataset", "fld-procedural", "--limit", "5", "--out", str(tmp_path)]
    assert ffld_main(export) == 0
    annotations = tmp_path / "annotations/fld-procedural_test.json"
    results = _results(annotations, tmp_path / "results.json")
    run = str(tmp_path / "run")
    assert main(["evaluate", results, "--annotations", str(annotations), "--out", run]) == 0
    assert "fld-procedural test" in capsys.readouterr().out
    assert main(["verify", run]) == 0
    assert "NE 0.0000" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:deepfashion2")
def test_photographs_with_approximate_landmarks_need_their_root(tmp_path, capsys):
    garments = miniature.content(miniature.item(4), miniature.item(13), miniature.item(13))
    root = miniature.write_deepfashion2(tmp_path / "tree", validation={"000001": garments})
    about = ["--dataset", "deepfashion2", "--root", str(root), "--approximate"]
    assert ffld_main(["export", *about, "--out", str(tmp_path)]) == 0
    annotations = tmp_path / "annotations/deepfashion2_test.json"
    command = ["evaluate", _results(annotations, tmp_path / "r.json")]
    command += ["--annotations", str(annotations)]
    run = tmp_path / "run"
    assert main([*command, "--root", str(root), "--out", str(run)]) == 0
    assert "deepfashion2 test, revision 1.0+approximate, 3 samples" in capsys.readouterr().out
    assert main(["verify", str(run), "--root", str(root)]) == 0
    assert main(command) == 2
    assert "pass its folder as root" in capsys.readouterr().err


def test_bad_results_are_one_line(tmp_path, capsys):
    (tmp_path / "annotations.json").write_text("{}")
    (tmp_path / "results.json").write_text("[]")
    files = (str(tmp_path / "results.json"), "--annotations", str(tmp_path / "annotations.json"))
    assert main(["evaluate", *files]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
