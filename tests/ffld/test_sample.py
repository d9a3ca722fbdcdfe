"""A split: samples by position, runs of them by slices."""

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
