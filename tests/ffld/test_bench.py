"""python -m ffld bench: what is timed adds up, and nothing is left behind."""

import json
from dataclasses import replace

import pytest

from ffld import bench, bench_loading
from ffld.__main__ import main
from ffld.build import build
from ffld.datasets.fld_procedural import EDITION
from ffld.render import image, labels
from ffld.render.edition import annotate_one


class Clock:
    """Time that passes only in functions that a test slows, so no other work shows in it."""

    def __init__(self):
        self.now = 0.0

    def process_time(self):
        return self.now

    perf_counter = process_time

    def slow(self, monkeypatch, module, name, seconds):
        original = getattr(module, name)

        def slowed(*arguments):
            self.now += seconds
            return original(*arguments)

        monkeypatch.setattr(module, name, slowed)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (bench, bench_loading):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture(scope="module")
def result():
    return bench.bench("fld-procedural", limit=6, processes=[1, 2])


def test_rates_and_stages_are_those_of_what_was_made(clock, monkeypatch):
    """Each attempt at a scene takes its time; images that warm up take none of it."""
    clock.slow(monkeypatch, labels, "draw_scene", 0.003)

    def geometry(edition, count):
        before = clock.now
        for index in range(count):
            annotate_one(edition, "train", "", index)
        return (clock.now - before) / count

    label = geometry(EDITION, 30)
    scene = geometry(replace(EDITION, mix=replace(EDITION.mix, long_side=(bench.SIDE,))), 6)
    clock.slow(monkeypatch, image, "draw_backdrop", 0.002)
    clock.slow(monkeypatch, image, "photograph", 0.006)
    clock.slow(monkeypatch, bench, "_encode", 0.004)
    found = bench.bench("fld-procedural", limit=6, processes=[1])
    assert min(label, scene) > 0.0029
    assert found["labels_per_second_and_core"] == pytest.approx(1 / label)
    assert found["images_per_second_and_core"] == pytest.approx(1 / (scene + 0.012))
    assert found["milliseconds_per_image"] == pytest.approx(
        {
            "scene geometry": 1000 * scene,
            "identity map": 0,
            "landmarks, box, rivals": 0,
            "background": 2,
            "layers and shading": 0,
            "camera": 6,
            "JPEG file": 4,
        }
    )


def test_every_stage_takes_time(result):
    assert min(result["milliseconds_per_image"].values()) > 0
    assert result["labels_per_second_and_core"] > 0


def test_the_whole_dataset_is_estimated_with_most_processes(result):
    assert [row["processes"] for row in result["scaling"]] == [1, 2]
    rate = result["scaling"][-1]["images_per_second"]
    assert result["dataset_images"] == 83_033 + 19_992 + 19_991
    assert result["dataset_hours"] * 3600 * rate == pytest.approx(result["dataset_images"])
    assert all(20 < row["peak_mb"] < 10_000 for row in result["scaling"])


def test_a_slow_stage_is_blamed(clock, monkeypatch):
    clock.slow(monkeypatch, labels, "draw_scene", 0.001)
    clock.slow(monkeypatch, image, "draw_backdrop", 0.05)
    slowed = image.draw_backdrop
    stages = bench.bench("ffld", limit=2, processes=[1])["milliseconds_per_image"]
    assert max(stages, key=stages.get) == "background"
    assert stages["background"] == pytest.approx(50)
    assert image.draw_backdrop is slowed


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
        assert min(row["decoding_share"].values()) > 0
    assert main([*command, "--limit", "4", "--processes", "1"]) == 0
    assert "cropped to 224" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.*this is a subset")
def test_what_reading_adds_shows(built, clock, monkeypatch):
    clock.slow(monkeypatch, bench_loading.shards, "decode", 0.01)
    clock.slow(monkeypatch, bench_loading, "warp", 0.04)
    result = bench_loading.bench_loading("fld-procedural", built, limit=4, processes=[1])
    row = result["loading"][0]
    rates = {"decoded": 100, "read": 100, "cropped to 96": 20, "cropped to 224": 20}
    assert row["images_per_second"] == pytest.approx(rates)
    assert row["decoding_share"] == pytest.approx({s: rate / 100 for s, rate in rates.items()})


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
