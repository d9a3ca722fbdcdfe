"""Random numbers that are the same on every platform and with every version of NumPy.

NumPy promises the words of its bit generators, not what `Generator` methods make of them; so the
words are turned into numbers here, with operations that IEEE arithmetic defines exactly.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_BLOCK = 128


class _Philox(threading.local):
    """The words of Philox4x64 under any key; to move one generator is faster than to make one."""

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        # plain numbers are taken over faster than arrays
        self._start = {**self._bits.state, "buffer": (0, 0, 0, 0)}

    def words(self, key: tuple[int, int], block: int) -> np.ndarray:
        """(_BLOCK,) uint64: the block of that number, 0 first."""
        state = {"counter": (block * _BLOCK // 4, 0, 0, 0), "key": key}
        self._bits.state = self._start | {"state": state}
        return self._bits.random_raw(_BLOCK)


_PHILOX = _Philox()


def _units(key: tuple[int, int]) -> Iterator[list[float]]:
    """Block after block of numbers in [0, 1), multiples of 2**-53; each is read from its end."""
    for block in count():
        words = _PHILOX.words(key, block)[::-1] >> np.uint64(11)
        yield (words * 2.0**-53).tolist()


class Stream:
    """A sequence of random numbers fixed by its seed (at least 16 bytes).

    Attributes:
        unit: called without arguments, the next number, uniform in [0, 1), a multiple of 2**-53.
    """

    def __init__(self, seed: bytes) -> None:
        units = chain.from_iterable(_units(struct.unpack("<2Q", seed[:16])))
        self.unit: Callable[[], float] = units.__next__

    def uniform(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.unit()

    def normal(self, mean: float, deviation: float) -> float:
        """Bell-shaped: the sum of four uniforms, so within 3.47 deviations of the mean."""
        unit = self.unit
        total = unit() + unit() + unit() + unit()
        return mean + deviation * (total - 2.0) * 1.7320508075688772

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.unit() < probability

    def integer(self, count: int) -> int:
        """0 … count - 1."""
        return int(self.unit() * count)

    def sign(self) -> float:
        """-1.0 or 1.0."""
        return -1.0 if self.unit() < 0.5 else 1.0

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, equally likely."""
        return choices[self.integer(len(choices))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, as likely as its weight."""
        threshold = self.unit() * sum(weights.values())
        for choice, weight in weights.items():
            threshold -= weight
            if threshold < 0:
                return choice
        return choice


class Streams:
    """The independent streams of one sample, so that its labels never depend on its fabric.

    Each is keyed by HMAC-SHA256(key, version | split | index) and its own name: knowing some
    samples tells nothing of the next without the key.
    """

    def __init__(self, version: str, split: str, index: int, key: str = "") -> None:
        message = f"{version}|{split}|{index}".encode()
        self._master = hmac.new(key.encode(), message, hashlib.sha256).digest()

    def stream(self, name: str) -> Stream:
        """A fresh stream of that name, from its start."""
        return Stream(hashlib.sha256(self._master + name.encode()).digest())
