"""A split: samples by position, runs of them by slices."""

import pickle

import numpy as np
import pytest

import ffld

NAME, LIMIT = "fld-procedural", 6


def load():
    return ffld.load(NAME, "test", limit=LIMIT)


@pytest.mark.parametrize("touched", [False, True])
def test_a_sample_s_arrays_are_its_own(touched):
    split, truth = load(), load().targets
    if touched:
        assert len(split.targets) == LIMIT
    for position in range(-LIMIT, LIMIT):
        sample = split[position]
        for array in (sample.box, sample.xy, sample.visibility, sample.image):
            array[:] = 0
    for name in ("box", "xy", "visibility"):
        np.testing.assert_array_equal(getattr(split.targets, name), getattr(truth, name))
        np.testing.assert_array_equal(getattr(split[1], name), getattr(truth, name)[1])


@pytest.mark.parametrize("run", [slice(2, 4), slice(None), slice(-2, None), slice(None, None, -2)])
def test_a_slice_is_a_split(run):
    split = load()
    part, rows = split[run], range(LIMIT)[run]
    assert isinstance(part, ffld.Split)
    assert part.targets.ids.tolist() == split.select(rows).targets.ids.tolist()
    assert [sample.id for sample in part] == split.targets.ids[run].tolist()
    assert (part.dataset, part.split, part.schema) == (NAME, "test", split.schema)
    assert len(split[4:2]) == 0


def test_positions_are_whole_numbers_of_any_kind():
    split = load()
    assert split[np.int64(2)].id == split[2].id == split[np.uint8(2)].id
    with pytest.raises(IndexError, match="sample 6 of a split of 6"):
        split[LIMIT]
    with pytest.raises(TypeError):
        split[1.0]


@pytest.fixture(scope="module")
def six():
    split = load()
    return {"split": split, "targets": split.targets}


def ids_of(selected):
    return getattr(selected, "targets", selected).ids.tolist()


@pytest.mark.parametrize("what", ["split", "targets"])
@pytest.mark.parametrize(
    ("chosen", "rows"),
    [
        ([True, False, False, True, True, False], [0, 3, 4]),
        (np.array([False, True] * 3), [1, 3, 5]),
        ([False] * LIMIT, []),
        (slice(1, None, 2), [1, 3, 5]),
        (np.array([5, 0, 5], np.uint8), [5, 0, 5]),
        ((-1, 2), [5, 2]),
        (range(2, 4), [2, 3]),
        ({3: "a", 1: "b"}.keys(), [3, 1]),
        ([], []),
    ],
)
def test_a_selection_is_positions_a_slice_or_a_mask(six, what, chosen, rows):
    names = ids_of(six["targets"])
    assert ids_of(six[what].select(chosen)) == [names[row] for row in rows]


@pytest.mark.parametrize("what", ["split", "targets"])
@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([True] * 5, "a mask has 5 entries for 6 samples; give one a sample"),
        ([0.0, 1.0], "holds float64 values; give whole numbers, a slice, or one bool a sample"),
        (["0", "1"], "holds <U1 values"),
        ([0, None], "holds object values"),
        ([0, 6], "there is no sample 6 among 6; give positions below 6"),
        ([-7], "there is no sample -7 among 6"),
        ([[0, 1]], r"has shape \(1, 2\)"),
        (3, r"has shape \(\)"),
        ([[0], [1, 2]], "a list selects no samples"),
        (None, "a NoneType selects no samples"),
    ],
)
def test_what_selects_nothing_is_refused(six, what, chosen, message):
    with pytest.raises(ffld.DataError, match=f"^{NAME} test: .*{message}"):
        six[what].select(chosen)


def test_samples_compare_and_hash_by_identity_and_pickle():
    split = load()
    one, again = split[0], split[0]
    assert one == one
    assert one != again
    assert len({one, again, one}) == 2
    back = pickle.loads(pickle.dumps(one))
    assert (back.id, back.garment_type, back.attributes) == (
        one.id,
        one.garment_type,
        one.attributes,
    )
    for name in ("image", "box", "xy", "visibility"):
        np.testing.assert_array_equal(getattr(back, name), getattr(one, name))


def test_a_sample_is_in_a_split_by_its_id(monkeypatch):
    split = load()
    one, rest = split[0], split[1:]
    monkeypatch.setattr(ffld.Split, "__getitem__", None)
    assert one in split
    assert one not in rest
    assert one.id not in split
    assert None not in split


def test_ids_are_known_without_labels():
    split, labelled = load(), load().targets.ids.tolist()
    assert split.ids == tuple(labelled)
    assert split[::-2].ids == tuple(labelled[::-2])
    assert all(type(name) is str for name in split.ids)
    assert "targets" not in vars(split)


def test_a_split_and_its_targets_print_in_a_line():
    split = load()
    revision = split.targets.revision
    assert repr(ffld.load("ffld")) == "Split of ffld test: 40,000 samples"
    assert repr(split[:1]) == f"Split of {NAME} test: 1 sample"
    assert repr(split.targets) == f"Targets of {NAME} test, {revision}: 6 samples"
    assert repr(split[:1].targets) == f"Targets of {NAME} test, {revision}: 1 sample"
