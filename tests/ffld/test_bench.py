"""python -m ffld bench: what is timed adds up, and nothing is left behind."""

import json
import time

import pytest

from ffld import bench, bench_loading
from ffld.__main__ import main
from ffld.build import build
from ffld.render import image, labels


@pytest.fixture(scope="module")
def result():
    return bench.bench("fld-procedural", limit=6, processes=[1, 2])


def test_rates_and_stages_agree(result):
    stages = result["milliseconds_per_image"]
    assert min(stages.values()) > 0
    whole = 1000 / result["images_per_second_and_core"]
    assert 0.4 * whole < sum(stages.values()) < 2.5 * whole
    assert result["labels_per_second_and_core"] > 3 * result["images_per_second_and_core"]


def test_the_whole_dataset_is_estimated_with_most_processes(result):
    assert [row["processes"] for row in result["scaling"]] == [1, 2]
    rate = result["scaling"][-1]["images_per_second"]
    assert result["dataset_images"] == 83_033 + 19_992 + 19_991
    assert result["dataset_hours"] * 3600 * rate == pytest.approx(result["dataset_images"])
    assert all(20 < row["peak_mb"] < 10_000 for row in result["scaling"])


def test_a_slow_stage_is_blamed(monkeypatch):
    def slow(*arguments):
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return original(*arguments)

    original = image.draw_backdrop
    monkeypatch.setattr(image, "draw_backdrop", slow)
    result = bench.bench("ffld", limit=2, processes=[1])
    stages = result["milliseconds_per_image"]
    assert max(stages, key=stages.get) == "background"
    assert 50 <= stages["background"] < 100
    assert image.draw_backdrop is slow


def test_the_renderer_is_left_as_it_was():
    before = [getattr(*place) for place in bench._STAGES.values()]
    with bench._watched():
        assert labels.target_map is not before[1]
    assert [getattr(*place) for place in bench._STAGES.values()] == before


def test_table_and_json(result, capsys, monkeypatch):
    monkeypatch.setattr(bench, "bench", lambda *arguments: result)
    assert main(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == result
    assert main(["bench"]) == 0
    out = capsys.readouterr().out
    assert "All 123,016 images take" in out
    assert all(stage in out for stage in result["milliseconds_per_image"])


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "set"
    build("fld-procedural", out, splits=["train"], limit=8, processes=1)
    return out


@pytest.mark.filterwarnings("ignore:.*this is a subset")
def test_reading_is_timed_beside_decoding_alone(built, capsys):
    command = ["bench", "--dataset", "fld-procedural", "--source", str(built)]
    assert main([*command, "--limit", "4", "--processes", "1", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["images"] == 4
    assert [row["processes"] for row in result["loading"]] == [1, 2]
    for row in result["loading"]:
        rates = row["images_per_second"]
        assert list(rates) == ["decoded", "read", "cropped to 96", "cropped to 224"]
        assert min(rates.values()) > 0
        assert row["decoding_share"]["decoded"] == 1
        assert row["decoding_share"]["cropped to 96"] < 1
    assert main([*command, "--limit", "4", "--processes", "1"]) == 0
    assert "cropped to 224" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.*this is a subset")
def test_what_reading_adds_shows(built, monkeypatch):
    def slow(*arguments):
        time.sleep(0.05)
        return read(*arguments)

    read = bench_loading.warp
    monkeypatch.setattr(bench_loading, "warp", slow)
    result = bench_loading.bench_loading("fld-procedural", built, limit=4, processes=[1])
    rates = result["loading"][0]["images_per_second"]
    assert rates["cropped to 96"] < 20 < rates["decoded"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "fld"], "time one of deepfashion-procedural, ffld, fld-procedural"),
        (["--limit", "0"], "give at least 1"),
        (["--processes", "2", "0"], "give at least 1"),
        (["--source", "nowhere"], "no finished build"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, capsys):
    assert main(["bench", *arguments]) == 2
    assert message in capsys.readouterr().err
