"""Random numbers: fixed for ever, and independent between samples and streams."""

import numpy as np
import pytest

from ffld.render.geometry.stream import Stream, Streams

FIRST = [0.5780398992384678, 0.43322018763305414, 0.4440334318856336]
DICE = [1, 3, 5, 2, 0, 2, 1, 3, 4, 4, 0, 2]


def test_numbers_are_fixed_for_ever():
    s = Stream(bytes(range(16)))
    assert [s.unit() for _ in range(3)] == FIRST
    assert [s.integer(6) for _ in range(12)] == DICE


def test_streams_read_in_turns_are_the_same_as_alone():
    seeds = [bytes([number] * 16) for number in range(3)]
    alone = [[s.unit() for _ in range(700)] for s in map(Stream, seeds)]
    streams = [Stream(seed) for seed in seeds]
    turns = [[s.unit() for s in streams] for _ in range(700)]
    assert [list(column) for column in zip(*turns, strict=True)] == alone
    words = np.random.Philox(key=int.from_bytes(seeds[1], "little")).random_raw(640) >> np.uint64(
        11
    )
    blocks = words.reshape(5, 128)[:, ::-1].ravel()  # each block is read from its end
    assert alone[1][:640] == (blocks * 2.0**-53).tolist()


def test_unit_is_uniform_and_normal_has_its_moments():
    s = Stream(b"moments of a sum")
    values = [s.unit() for _ in range(20_000)]
    assert 0 <= min(values) < 0.001
    assert 0.999 < max(values) < 1
    assert sum(values) / len(values) == pytest.approx(0.5, abs=0.01)
    bells = [s.normal(2.0, 0.5) for _ in range(20_000)]
    mean = sum(bells) / len(bells)
    assert mean == pytest.approx(2.0, abs=0.02)
    assert (sum((b - mean) ** 2 for b in bells) / len(bells)) ** 0.5 == pytest.approx(0.5, abs=0.02)


def test_weighted_follows_its_weights_and_never_takes_a_zero():
    s = Stream(b"weights and zero")
    drawn = [s.weighted({"a": 3, "b": 1, "never": 0}) for _ in range(8000)]
    assert drawn.count("a") / 8000 == pytest.approx(0.75, abs=0.02)
    assert "never" not in drawn


def test_streams_differ_by_version_split_index_key_and_name():
    def first(*arguments, name="scene"):
        return Streams(*arguments).stream(name).unit()

    base = first("v", "train", 1)
    assert first("v", "train", 1) == base
    others = [first("w", "train", 1), first("v", "test", 1), first("v", "train", 2),
              first("v", "train", 1, "secret"), first("v", "train", 1, name="camera")]  # fmt: skip
    assert len({base, *others}) == 6
