"""Random numbers that are the same on every platform and with every version of NumPy.

NumPy promises the words of its bit generators, not what `Generator` methods make of them; so the
words are turned into numbers here, with operations that IEEE arithmetic defines exactly.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_BLOCK = 128


class Stream:
    """A sequence of random numbers fixed by its seed (at least 16 bytes)."""

    def __init__(self, seed: bytes) -> None:
        self._bits = np.random.Philox(key=int.from_bytes(seed[:16], "little"))
        self._units: list[float] = []

    def unit(self) -> float:
        """Uniform in [0, 1), a multiple of 2**-53."""
        if not self._units:
            words = self._bits.random_raw(_BLOCK) >> np.uint64(11)
            self._units = (words * 2.0**-53).tolist()
        return self._units.pop()

    def uniform(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.unit()

    def normal(self, mean: float, deviation: float) -> float:
        """Bell-shaped: the sum of four uniforms, so within 3.47 deviations of the mean."""
        total = self.unit() + self.unit() + self.unit() + self.unit()
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
