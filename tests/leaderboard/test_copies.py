"""Predictions that are other entries' under noise, shifted or averaged, and seeds that are one."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmark import Predictions, boxes
from leaderboard import plausible
from leaderboard.check import Others
from leaderboard.entry import Answers, entries

OTHERS = "grace@example.org"


def points(board, name, seed=0):
    """The points of a run, as the entry of its name has them."""
    return Predictions.load(board.folder / "runs" / f"{name}-{seed}" / "predictions.parquet").xy


def entry(board, name, *several, contact=OTHERS):
    """An entry of other people, whose seeds predict these points."""
    folders = []
    for seed, xy in enumerate(several):
        folder = board.run(0.1, seed, name)
        made = Predictions.load(folder / "predictions.parquet")
        made.xy[:] = xy
        made.save(folder / "predictions.parquet")
        folders.append(folder)
    board.draft(name, folders)
    return board.edit(name, lambda content: content.update(contact=contact))


@pytest.fixture
def jitter(board):
    """A function of a number: noise of so many sides of the box."""
    rng = np.random.default_rng(0)
    sides = boxes.sides(board.targets.box)[:, None]
    return lambda size: rng.normal(0, size, board.targets.xy.shape) * sides


@pytest.fixture
def mean(board):
    """The mean of the points of three published entries, one of which has two seeds."""
    board.new("one", 0.1, 2)
    board.new("two", 0.12)
    board.new("three", 0.11)
    files = [("one", 0), ("one", 1), ("two", 0), ("three", 0)]
    return np.mean([points(board, *file) for file in files], axis=0)


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.008])
def test_a_mixture_of_other_entries(board, capsys, mean, jitter, noise):
    found = board.check(entry(board, "mixed", mean + jitter(noise)), capsys)
    assert len(found) == 1
    assert found[0].startswith("predictions [0] are mixed from other entries', most of all from ")
    assert "at most 92% are believed" in found[0]


@pytest.mark.parametrize("shift", [0.0011, 0.02])
def test_a_copy_that_was_moved(board, capsys, mean, shift):
    moved = points(board, "two") + shift * boxes.sides(board.targets.box)[:, None]
    found = board.check(entry(board, "moved", moved), capsys)
    assert len(found) == 1
    assert "most of all from made-up/two" in found[0]


def test_a_model_of_its_own_may_be_near_to_others(board, capsys, mean, jitter):
    assert board.check(entry(board, "near", mean + jitter(0.03)), capsys) == []


def test_a_mixture_of_ones_own_models(board, capsys, mean):
    folder = entry(board, "ensemble", mean, contact="ada@example.org")
    assert board.check(folder, capsys) == []


def trained_on(board, name, xy, origin):
    """An entry of other people that says where its weights came from."""
    entry(board, name, xy)
    return board.edit(name, lambda content: content.update(trained_from=origin))


def test_weights_trained_on_from_an_entry_say_so(board, capsys, mean, jitter):
    near = points(board, "two") + jitter(0.008)
    (found,) = board.check(entry(board, "near", near), capsys)
    assert found.endswith("of weights trained on from an entry's, trained_from must name it")
    folder = board.edit("near", lambda content: content.update(trained_from="two"))
    assert board.check(folder, capsys) == []
    board.build()
    assert "made-up/train; from two" in (board.tables / "made-up.md").read_text()


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_mixture_does_not_pass_for_weights_that_were_trained_on(board, capsys, mean, share):
    one, two = points(board, "one"), points(board, "two")
    mixed = two + share * (one - two)
    (found,) = board.check(trained_on(board, "mixed", mixed, "two"), capsys)
    assert "two, which it was trained on from, alone gives " in found


def test_a_copy_does_not_pass_for_weights_that_were_trained_on(board, capsys, mean):
    folder = trained_on(board, "copy", points(board, "two"), "two")
    assert board.check(folder, capsys) == ["its predictions are those of made-up/two"]


def test_new_reminds_of_weights_that_were_trained_on(board, capsys):
    folder = board.run(0.1)
    made = {"configuration": {"seed": 0, "init": {"sha256": "0123"}}}
    (folder / "config.json").write_text(json.dumps(made))
    board.draft("silent", [folder])
    assert '"trained_from": "ITS-NAME"' in capsys.readouterr().err
    drafted = board.draft("open", [folder], "--trained-from", "silent")
    assert "trained_from" not in capsys.readouterr().err
    assert json.loads((drafted / "submission.json").read_text())["trained_from"] == "silent"


def test_an_entry_that_nothing_can_have_been_trained_on_from(board, capsys):
    board.new("one", 0.1)
    folder = board.edit("one", lambda content: content.update(trained_from="one"))
    (found,) = board.check(folder, capsys)
    assert found.startswith("trained_from: there is no other entry 'one' of made-up")


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (["made-up/train", "ImageNet"], "training_data: lacks ImageNet, which one was trained on"),
        ("unknown", 'training_data: that of one, which it was trained on from, is "unknown"'),
    ],
)
def test_what_an_entry_saw_is_behind_what_was_trained_on_from_it(board, capsys, theirs, said):
    board.new("one", 0.1)
    board.edit("one", lambda content: content.update(training_data=theirs))
    board.new("two", 0.12)
    folder = board.edit("two", lambda content: content.update(trained_from="one"))
    (found,) = board.check(folder, capsys)
    assert found.startswith(said)
    board.edit("two", lambda content: content.update(training_data=theirs))
    assert board.check(folder, capsys) == []


@pytest.fixture(scope="module")
def project():
    """The probes of this project's own entries of ffld: (method, entry, probes) of each."""
    found = [one for one in entries() if one.submission.dataset == "ffld"]
    others = Others(found, Answers())
    return [(one.submission.method, one.folder.name, others.probes(one)) for one in found]


def test_a_training_on_is_told_from_a_mixture(project):
    """Of the weights that came with the project, each trained on from those before."""
    probes = {name: several for _, name, several in project}
    rest = [p for name, all_ in probes.items() if "as-it-comes" not in name for p in all_]

    def beside(own, origin):
        whole = plausible.explained(own, [origin, *rest])
        return whole - plausible.explained(own, [origin])

    for before, after in (("", "-2"), ("-2", "-3")):
        first, second = (probes[f"lgr-as-it-comes{version}"][0] for version in (before, after))
        assert beside(second, first) < plausible.MOST_BESIDE - 0.01
        for name in ("lgr", "vgg16", "pyranet"):
            errors = 0.8 * first.errors + 0.2 * probes[name][0].errors
            mixed = replace(first, errors=errors)
            assert beside(mixed, first) > plausible.MOST_BESIDE + 0.01


def test_trainings_of_this_project_are_far_from_both_bounds(project):
    """Each beside all others, so that whoever trains one of these models again is not refused.

    Weights that were trained on, entered by the method's name again, are near to what they began
    with: within the bounds, and far from them beside all that is no part of their past.
    """
    methods = [(method, p) for method, _, several in project for p in several]
    for method, name, own in project:
        for number, probe in enumerate(own):
            rest = [p for _, p in methods if p is not probe]
            assert plausible.explained(probe, rest) < plausible.MOST_EXPLAINED, name
            apart = own[:number] + own[number + 1 :] + [p for of, p in methods if of != method]
            assert plausible.explained(probe, apart) < plausible.MOST_EXPLAINED - 0.1, name
            correlations = [plausible.correlation(probe, p) for p in own[:number]]
            assert all(c < plausible.SAME_ERRORS - 0.1 for c in correlations), name


def test_what_models_that_learned_little_share_is_no_copy(board, capsys):
    """Two that answer with the mean place and a little of their own."""
    mean, sides = (f(board.targets.box)[:, None] for f in (_middle, boxes.sides))
    size = board.targets.xy.shape
    rng = np.random.default_rng(1)
    one, two = (mean + rng.normal(0, 0.01, size) * sides for _ in range(2))
    entry(board, "one", one)
    assert board.check(entry(board, "two", two, contact="two@example.org"), capsys) == []


def _middle(box):
    return (box[:, :2] + box[:, 2:]) / 2


def test_one_model_as_many_seeds(board, capsys, mean, jitter):
    model = board.targets.xy + jitter(0.08)
    folder = entry(board, "many", *(model + jitter(0.002) for _ in range(3)))
    found = board.check(folder, capsys)
    for (first, second), line in zip([(0, 1), (0, 2), (1, 2)], found, strict=True):
        assert line.startswith(f"predictions [{first}] and [{second}] have the same errors (")


def test_a_mixture_is_found_on_a_board_of_many():
    """Of four among 300, more than there are points to tell apart at once."""
    rng = np.random.default_rng(2)
    ids, shape = np.array([f"made-up/{n}" for n in range(400)]), (400, 8, 2)
    common = rng.normal(0, 0.1, shape)  # what is hard is hard for all

    def probe(errors):
        return plausible.Probe(ids, errors, errors)

    others = [probe(common + rng.normal(0, 0.08, shape)) for _ in range(300)]
    mixture = np.mean([one.errors for one in others[100:104]], axis=0)
    mixed = plausible.explained(probe(mixture + rng.normal(0, 0.005, shape)), others)
    own = plausible.explained(probe(common + rng.normal(0, 0.08, shape)), others)
    assert own < 0.7 < plausible.MOST_EXPLAINED < mixed
