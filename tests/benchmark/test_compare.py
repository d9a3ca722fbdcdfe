"""Paired comparison: a pencil case, noise that must not stand, and the command."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmark import Predictions, evaluate
from benchmark.compare import Comparison, Difference, compare, main
from benchmark.evaluate import resampled
from tests.benchmark.tiny_model import QUICK, SHORT, TINY


def predictions(targets, error, seed=0):
    """The targets moved by `error` box widths to the right, with noise of half a pixel."""
    noise = np.random.default_rng(seed).normal(0, 0.5, targets.xy.shape)
    width = (targets.box[:, 2] - targets.box[:, 0])[:, None]
    xy = targets.xy + noise
    xy[..., 0] += error * width
    return Predictions(dataset="dots", split="test", ids=targets.ids, xy=xy)


@pytest.fixture
def targets(dots):
    return dots["test"].open().targets


def test_a_clear_difference_stands_with_its_size(targets):
    groups = {
        "good": {seed: predictions(targets, 0.1, seed) for seed in range(3)},
        "bad": {seed: predictions(targets, 0.15, seed + 9) for seed in range(3)},
    }
    comparison = compare(groups, targets)
    good, bad = comparison.rows
    assert good.differences == {}
    for subset in ("visible", "occluded", "all"):
        assert list(good.values[subset]) == [0, 1, 2]
        assert np.mean(list(good.values[subset].values())) == pytest.approx(0.1, abs=5e-3)
        difference = bad.differences[subset]
        assert difference.value == pytest.approx(0.05, abs=5e-3)
        assert difference.low < difference.value < difference.high
        assert difference.stands
    masked = sum(comparison.counts[subset] for subset in ("visible", "occluded"))
    assert comparison.counts["all"] == masked


def test_values_are_those_of_evaluate(targets):
    one = predictions(targets, 0.07)
    comparison = compare({"a": {0: one}}, targets)
    scores = evaluate(one, targets).scores["ne"]
    for subset in ("visible", "all"):
        assert comparison.rows[0].values[subset][0] == pytest.approx(scores[subset].value, rel=1e-9)


def test_resampling_is_that_of_evaluate(targets):
    """The interval of one model's error against nothing is the interval that evaluate states."""
    one = predictions(targets, 0.07, seed=3)
    score = evaluate(one, targets).scores["ne"]["visible"]
    width = targets.box[:, 2:] - targets.box[:, :2]
    errors = np.linalg.norm((one.xy - targets.xy) / width[:, None], axis=-1)
    from benchmark.evaluate import counted

    values = resampled(errors, counted(targets, "visible"), targets)
    assert values[0] == pytest.approx(score.value)
    assert np.quantile(values[1:], [0.025, 0.975]) == pytest.approx([score.low, score.high])


def test_a_difference_below_the_noise_of_seeds_does_not_stand():
    assert Difference(0.01, 0.002, 0.018, 0.004, freedom=20).stands
    assert not Difference(0.01, 0.002, 0.018, 0.004, freedom=2).stands  # 4.3 of them by chance
    assert not Difference(0.01, 0.002, 0.018, 0.006, freedom=20).stands
    assert not Difference(0.01, -0.001, 0.021, 0.001, freedom=20).stands
    assert Difference(-0.01, -0.018, -0.002, 0.001, freedom=20).stands


def test_nothing_stands_whose_noise_is_unknown(targets):
    assert not Difference(-0.01, -0.018, -0.002, None).stands
    assert not Difference(0.01, float("nan"), float("nan"), 0.001, freedom=20).stands
    groups = {"a": {0: predictions(targets, 0.1)}, "b": {0: predictions(targets, 0.2)}}
    table = compare(groups, targets).markdown()
    assert "*" not in table
    assert table.count("seeds unknown") == 2


@pytest.mark.parametrize(("seeds", "freedom"), [((0,), 2), ((7,), 2), ((7, 8), 3), ((1, 8), 3)])
def test_other_seeds_than_the_reference_s_are_held_against_the_rows_own_scatter(
    targets, seeds, freedom
):
    """0.1 apart where single runs lie 0.07 apart, though the images leave no doubt."""
    errors = {0: 0.06, 1: 0.13, 2: 0.11, 7: 0.23, 8: 0.17}
    groups = {
        label: {
            seed: predictions(targets, errors[seed] + 0.1 * (label == "b" and seed < 3), seed)
            for seed in chosen
        }
        for label, chosen in {"a": (0, 1, 2), "b": seeds}.items()
    }
    comparison = compare(groups, targets)
    found = comparison.rows[1].differences["visible"]
    own = [list(row.values["visible"].values()) for row in comparison.rows]
    squares = sum(np.var(values) * len(values) for values in own)
    assert found.freedom == freedom
    assert found.seeds == pytest.approx((squares / freedom * (1 / 3 + 1 / len(seeds))) ** 0.5)
    assert found.low > 0
    assert not found.stands


def test_rows_share_the_spread_of_their_differences_over_seeds(targets):
    """Two seeds that happen to lie together don't make a difference stand."""
    kept = {"reference": (0.10, 0.10), "near": (0.12, 0.12), "far": (0.10, 0.14)}
    groups = {
        label: {seed: predictions(targets, error, seed) for seed, error in enumerate(errors)}
        for label, errors in kept.items()
    }
    rows = compare(groups, targets).rows
    values = [row.values["visible"] for row in rows]
    table = np.array([list(of.values()) for of in values])
    left = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
    deviation = np.sqrt((left**2).sum() / 2)
    for row in rows[1:]:
        found = row.differences["visible"]
        assert found.freedom == 2
        assert found.seeds == pytest.approx(deviation)  # √(2 / 2) of a run's
        assert not found.stands
    alone = compare({name: groups[name] for name in ("reference", "near")}, targets)
    found = alone.rows[1].differences["visible"]
    assert (found.freedom, found.stands) == (1, True)
    groups["single"] = {0: predictions(targets, 0.3, 0)}
    rows = compare(groups, targets).rows
    assert [row.differences["visible"].seeds for row in rows[1:3]] == pytest.approx([deviation] * 2)
    own = np.var(table[0], ddof=1)
    assert rows[-1].differences["visible"].seeds == pytest.approx((own * 1.5) ** 0.5)


def test_resamples_in_which_nothing_counts_are_left_out(targets, tmp_path):
    """One occluded landmark in all: a third of the resamples lack its image."""
    seen = np.where(targets.visibility == 1, 2, targets.visibility)
    row = int(np.flatnonzero(targets.visibility.any(axis=1))[0])
    slot = int(np.flatnonzero(seen[row])[0])
    seen[row, slot] = 1
    rare = replace(targets, visibility=seen)
    groups = {
        label: {seed: predictions(rare, error, seed) for seed in (0, 1)}
        for label, error in (("a", 0.1), ("b", 0.1), ("c", 0.3))
    }
    comparison = compare(groups, rare)
    for of in comparison.rows[1:]:
        found = of.differences["occluded"]
        assert np.isfinite([found.low, found.high]).all()
    comparison.save(tmp_path / "c.json")
    json.loads((tmp_path / "c.json").read_text(), parse_constant=pytest.fail)  # no NaN
    none = replace(targets, visibility=np.where(seen == 1, 2, seen))
    comparison = compare(groups, none)
    assert not comparison.rows[-1].differences["occluded"].stands
    comparison.save(tmp_path / "c.json")
    content = json.loads((tmp_path / "c.json").read_text(), parse_constant=pytest.fail)
    assert content["rows"][1]["differences"]["occluded"]["low"] is None
    assert content["rows"][1]["values"]["occluded"] == {"0": None, "1": None}
    again = Comparison.load(tmp_path / "c.json")
    assert again.markdown() == comparison.markdown()
    assert comparison.markdown().splitlines()[-1].endswith("| – |")


def test_a_comparison_survives_its_file(targets, tmp_path):
    groups = {"a": {0: predictions(targets, 0.1)}, "b": {0: predictions(targets, 0.2)}}
    comparison = compare(groups, targets)
    comparison.save(tmp_path / "c.json")
    assert Comparison.load(tmp_path / "c.json") == comparison
    json.loads((tmp_path / "c.json").read_text(), parse_constant=pytest.fail)  # no NaN
    assert comparison.markdown().count("\n") == 3
    assert "| +0.09" in comparison.markdown()


def test_slices_are_scored_as_their_samples_alone(targets, tmp_path):
    """The value of a part is that of a split of its samples; so is its interval, nearly."""
    views = np.array(["front", "back", ""])[np.arange(len(targets)) % 3]
    known = replace(targets, attributes={"viewpoint": views})
    groups = {
        "a": {seed: predictions(known, 0.1, seed) for seed in (0, 1)},
        "b": {0: predictions(known, 0.2)},
    }
    comparison = compare(groups, known, by="viewpoint")
    assert [one.name for one in comparison.slices] == ["unknown", "back", "front"]
    for one in comparison.slices:
        rows = np.flatnonzero(views == one.name.replace("unknown", ""))
        part = known.select(rows)
        chosen = [Predictions("dots", "test", part.ids, p.xy[rows]) for p in groups["a"].values()]
        expected = evaluate(chosen, part).scores["ne"]["visible"]
        value, low, high = one.scores["a"]
        assert (one.samples, one.count) == (len(rows), expected.count)
        assert value == pytest.approx(expected.value)
        width = expected.high - expected.low
        assert [low, high] == pytest.approx([expected.low, expected.high], abs=width)
        assert low < value < high
        assert one.scores["b"][0] == pytest.approx(0.2, abs=0.02)
    comparison.save(tmp_path / "c.json")
    assert Comparison.load(tmp_path / "c.json") == comparison


def test_the_command_scores_slices(run, tmp_path, capsys):
    assert run(*QUICK, "--model", "mean-shape", "--out", tmp_path / "a")[0] == 0
    assert main([str(tmp_path / "a"), "--by", "garment_type"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[4] == "| garment_type | samples | points | ne visible, mean-shape |"
    assert sum(int(line.split(" | ")[1]) for line in lines[6:]) == 16
    assert main([str(tmp_path / "a"), "--by", "viewpoint"]) == 2
    assert "--by: dots has no 'viewpoint'; it has garment_type" in capsys.readouterr().err


def test_the_command_groups_seeds_and_names_what_differs(run, tmp_path, capsys):
    runs = []
    for seed in (0, 1):
        for channels in (8, 16):
            out = tmp_path / f"{channels}-{seed}"
            arguments = [*SHORT, "--seed", seed, "--set", f"channels={channels}", "--out", out]
            assert run(*arguments)[0] == 0
            runs.append(str(out))
    assert main([*runs, "--out", str(tmp_path / "c.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "tiny_model:build channels=8 | 2 |" in lines[2]
    assert "tiny_model:build channels=16 | 2 |" in lines[3]
    assert Comparison.load(tmp_path / "c.json").metric == "ne"
    assert main([*runs, "--metric", "swap"]) == 0
    assert "each of the 2 differences by itself, uncorrected" in capsys.readouterr().err
    assert main([*runs, "--metric", "ense"]) == 2


def test_runs_that_cannot_be_compared_are_one_error_line(run, tmp_path, capsys):
    mean = [*QUICK, "--model", "mean-shape", "--out"]
    assert run(*mean, tmp_path / "a")[0] == 0
    assert run(*mean, tmp_path / "b", "--limit", 5)[0] == 0
    assert run(*mean, tmp_path / "c", "--split", "val")[0] == 0
    (tmp_path / "c" / "result.json").rename(tmp_path / "c" / "kept")
    (tmp_path / "e").mkdir()
    (tmp_path / "f").touch()
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "config.json").write_text("{")
    names = {name: str(tmp_path / name) for name in "abcdefg"}
    for others, said in (
        (["b"], "b: settings.test_limit 5, not 800"),
        (["a"], "a: the same run as"),
        (["c"], "this run is not finished"),
        (["d"], f"error: {names['d']}: there is no such folder\n"),
        (["e"], f"error: {names['e']} is no run's folder: it has no config.json\n"),
        (["f"], f"error: {names['f']}: there is no such folder\n"),
        (["g"], "is not readable JSON"),
    ):
        assert main([names["a"], *(names[other] for other in others)]) == 2
        error = capsys.readouterr().err
        assert error.count("error: ") == 1
        assert said in error


def test_folders_of_other_commands_are_left_out(run, tmp_path, capsys):
    """As `runs/*` names them; the first run among the others is the reference."""
    for name in "bc":
        assert run(*QUICK, "--model", "mean-shape", "--seed", "bc".index(name), "--out",
                   tmp_path / name)[0] == 0  # fmt: skip
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "config.json").write_text('{"dataset": "dots", "seed": 0}')
    assert main([str(tmp_path / name) for name in "abc"]) == 0
    captured = capsys.readouterr()
    assert "a is no run's folder; left out" in captured.err
    assert "| mean-shape | 2 |" in captured.out
    assert main([str(tmp_path / "a")]) == 2
    assert "none of these folders is a run's" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["file/c.json", "folder", "c.csv"])
def test_a_file_that_cannot_be_written_is_one_line_before_the_work(tmp_path, capsys, out):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert main([str(tmp_path / "nowhere"), "--out", str(tmp_path / out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --out: ")
    assert error.count("\n") == 1


def test_scored_weights_are_rows_of_their_training_with_its_seeds(run, tmp_path, capsys):
    scored = []
    for samples in (8, 24):
        for seed in (3, 4):
            trained = tmp_path / f"trained-{samples}-{seed}"
            sizes = ["--set", f"train_limit={samples}", "--seed", seed, "--out", trained]
            assert run(*SHORT, *sizes)[0] == 0
            out = tmp_path / f"scored-{samples}-{seed}"
            few = ["--dataset", "dots", "--device", "cpu", "--checkpoint", trained, "--out", out]
            assert run(*few)[0] == 0
            scored.append(str(out))
    assert main([*scored, "--out", str(tmp_path / "c.json")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "tiny_model:build samples=8 | 2 |" in lines[2]
    assert "tiny_model:build samples=24 | 2 |" in lines[3]
    rows = Comparison.load(tmp_path / "c.json").rows
    assert [list(row.values["visible"]) for row in rows] == [[3, 4], [3, 4]]


def test_weights_that_only_their_folders_tell_apart_are_a_row_each(run, tmp_path, capsys):
    scored = []
    for rate in ("1e-3", "1e-2"):
        trained, out = tmp_path / f"trained-{rate}", tmp_path / f"scored-{rate}"
        assert run(*SHORT, "--set", f"lr={rate}", "--out", trained)[0] == 0
        forget_recipe(trained)
        few = ["--dataset", "dots", "--device", "cpu", "--checkpoint", trained, "--out", out]
        assert run(*few)[0] == 0
        scored.append(str(out))
    assert main(scored) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [scored[i] in lines[2 + i] for i in (0, 1)] == [True, True]


def forget_recipe(trained):
    """Make a run's weights older than the note of how they were trained."""
    about = trained / "checkpoint" / "checkpoint.json"
    content = json.loads(about.read_text())
    assert len(content.pop("recipe")) == 8
    about.write_text(json.dumps(content))


def test_weights_that_were_trained_in_other_ways_are_no_seeds_of_one(run, tmp_path, capsys):
    scored = []
    for rate, seed in (("1e-3", 0), ("1e-3", 1), ("1e-2", 2), ("1e-2", 3)):
        trained, out = tmp_path / f"trained-{seed}", tmp_path / f"scored-{seed}"
        assert run(*SHORT, "--set", f"lr={rate}", "--seed", seed, "--out", trained)[0] == 0
        if seed == 3:
            forget_recipe(trained)
        few = ["--dataset", "dots", "--device", "cpu", "--checkpoint", trained, "--out", out]
        assert run(*few)[0] == 0
        scored.append(str(out))
    assert main(scored) == 0
    rows = [line.split("|")[1:3] for line in capsys.readouterr().out.splitlines()[2:5]]
    assert [seeds.strip() for _, seeds in rows] == ["2", "1", "1"]
    assert rows[0][0].strip().startswith(f"{TINY} recipe=")
    assert rows[2][0].strip() == f"{TINY} recipe=unknown"


def test_samples_under_other_dials_are_not_compared(run, tmp_path, capsys):
    few = ["--dataset", "fld-procedural", "--device", "cpu", "--model", "mean-shape", "--limit", 6]
    sizes = ["--set", "train_limit=8", "--set", "input_size=48"]
    for name, dials in (("plain", []), ("turned", ["--dial", "company=0"])):
        assert run(*few, *sizes, *dials, "--out", tmp_path / name)[0] == 0
    assert main([str(tmp_path / "plain"), str(tmp_path / "turned")]) == 2
    assert "turned: dials {'company': 0}, not {}" in capsys.readouterr().err
    assert main([str(tmp_path / "turned")]) == 0


def test_runs_that_began_from_other_weights_are_no_seeds_of_one(run, tmp_path, capsys):
    first = {rate: tmp_path / f"first-{rate}" for rate in ("1e-3", "1e-2")}
    for rate, out in first.items():
        assert run(*SHORT, "--set", f"lr={rate}", "--out", out)[0] == 0

    def trained_on(rate, seed):
        out = tmp_path / f"on-{rate}-{seed}"
        words = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--set", "batch_size=16"]
        assert run(*words, "--init", first[rate], "--seed", seed, "--out", out)[0] == 0
        return str(out)

    one, again, other = trained_on("1e-3", 0), trained_on("1e-3", 1), trained_on("1e-2", 1)
    assert main([one, other]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all("tiny_model:build init=" in line and "| 1 |" in line for line in lines[2:])
    assert main([one, again]) == 0
    assert "tiny_model:build | 2 |" in capsys.readouterr().out
