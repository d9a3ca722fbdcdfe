"""Conditions: what a model is scored under; clean, a corruption at a severity, or given boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.plan import RunError
from benchmark.robustness.corruptions import CORRUPTIONS, View, clipped, generator
from benchmark.robustness.given import GivenBoxes

CLEAN, BOXES = "clean", "boxes"


@dataclass(frozen=True)
class Condition:
    """One point of a curve.

    Attributes:
        corruption: a name of `CORRUPTIONS`, "clean" or "boxes".
        severity: in the corruption's unit; None for the others.
        boxes: those that are given, for "boxes".
    """

    corruption: str
    severity: float | None = None
    boxes: GivenBoxes | None = None

    @property
    def name(self) -> str:
        """Such as blur-0.5; what its files are called."""
        if self.boxes is not None:
            return f"{BOXES}-{self.boxes.sha256[:8]}"
        return CLEAN if self.severity is None else f"{self.corruption}-{self.severity:g}"

    @property
    def repaints(self) -> bool:
        """Whether it changes pixels, not the box or the frame."""
        known = CORRUPTIONS.get(self.corruption)
        return known is not None and known.repaints

    def view(self, image: np.ndarray, box: np.ndarray, sample: str, seed: int) -> View:
        """What a model is shown of a sample, by its image (H, W, 3), its true box and its id."""
        if self.boxes is not None:
            height, width = image.shape[:2]
            given = self.boxes.of[sample]
            whole = np.array([0.0, 0.0, width, height])
            return View(image, whole if given is None else clipped(given, image), np.eye(3))
        view = View(image, np.asarray(box, np.float64), np.eye(3))
        if self.severity is None:
            return view
        rng = generator(seed, sample, self.corruption)
        return CORRUPTIONS[self.corruption].apply(view, self.severity, rng)


def declared() -> dict[str, list[float]]:
    """Corruption -> its severities, as the summary number needs them all."""
    return {name: list(map(float, one.severities)) for name, one in CORRUPTIONS.items()}


def chosen(names: Sequence[str], assignments: Sequence[str]) -> dict[str, list[float]]:
    """Corruption -> severities, as `--corruption` and `--set NAME=S,S,…` ask for.

    Raises:
        RunError: lists the names and severities that there are not.
    """
    problems = [f"unknown corruption {name!r}" for name in names if name not in CORRUPTIONS]
    found = {name: one for name, one in declared().items() if not names or name in names}
    for text in assignments:
        name, _, values = text.partition("=")
        if name not in CORRUPTIONS:
            problems.append(f"unknown corruption {name!r}")
            continue
        try:
            found[name] = [float(value) for value in values.split(",")]
        except ValueError:
            problems.append(f"--set takes {name}=NUMBER,NUMBER,…, not {text!r}")
            continue
        problems += _severity_problems(name, found[name])
    if problems:
        raise RunError("; ".join(problems) + f"; there are {', '.join(CORRUPTIONS)}")
    return found


def conditions(
    severities: Mapping[str, Sequence[float]], boxes: GivenBoxes | None
) -> list[Condition]:
    """Clean first, then every corruption at every severity, then the boxes from elsewhere."""
    found = [Condition(CLEAN)]
    found += [Condition(name, one) for name, several in severities.items() for one in several]
    return found + ([Condition(BOXES, boxes=boxes)] if boxes is not None else [])


def _severity_problems(name: str, severities: Sequence[float]) -> Iterator[str]:
    one = CORRUPTIONS[name]
    for severity in severities:
        if not one.least <= severity <= one.most:
            yield (
                f"{name} {severity:g} is not from {one.least:g} to {one.most:g} ({one.unit}; "
                "clean is always scored)"
            )
    if len(set(severities)) < len(severities):
        yield f"{name}: a severity is given twice"
