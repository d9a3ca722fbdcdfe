"""What validation finds: problems, each by a rule, with its place and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

_LONGEST = 200  # characters of what was found that are kept


class Rule(NamedTuple):
    """What is expected, and what to do where it isn't so."""

    expected: str
    remedy: str


_LABEL = "correct the annotation, or remove the sample"
_BUILD = "delete it and run the same build again, or download it again"
_OBTAIN = "unpack the official archive again"
_PAIR = "keep one of the two"

RULES = {
    # files
    "file-missing": Rule("the file to be there", _OBTAIN + ", or build again"),
    "file-unexpected": Rule("only files of the set", "move it elsewhere; it is never opened"),
    "file-outside": Rule(
        "a relative path inside the folder, and no link that leads out of it",
        "put the file itself there, or remove the entry",
    ),
    "file-unreadable": Rule("a readable file of its format", _OBTAIN + ", or build again"),
    "file-size": Rule("the size of the manifest", _BUILD),
    "file-hash": Rule("the SHA-256 of the manifest", _BUILD),
    "file-too-large": Rule(
        "what validation may hold in memory", "write it with smaller row groups"
    ),
    # manifests and tables
    "manifest": Rule("a manifest as `python -m ffld build` writes it", "build again"),
    "revision": Rule("the revision that this version of the project has", "build again"),
    "fingerprint": Rule("the fingerprint of the dataset's schema", "build again"),
    "count": Rule("the number that is stated", "correct the number, or restore what is missing"),
    "column-missing": Rule("all columns of the layout", _BUILD),
    "column-type": Rule("the layout's type", _BUILD),
    "column-null": Rule("a value in every row", _BUILD),
    "metadata": Rule("the same as the manifest states", _BUILD),
    # rows of lists and items of JSON files
    "row-malformed": Rule("a row as the official files have it", "correct or remove the row"),
    "row-missing": Rule("a row for every image that is listed", "add the row, or unlist the image"),
    "row-unlisted": Rule("rows of listed images alone", "list the image, or remove the row"),
    # annotations
    "id-duplicate": Rule("every id once", "remove one of the two, or rename it"),
    "id-empty": Rule("an id", "name the sample"),
    "id-unsafe": Rule(
        "an id that can name a file inside a folder: a relative path without ..",
        "rename the sample",
    ),
    "type-unknown": Rule("a garment type of the schema", _LABEL),
    "visibility-code": Rule("0 absent, 1 occluded or 2 visible", _LABEL),
    "not-owned": Rule("only landmarks that the garment type owns", _LABEL),
    "coordinate-missing": Rule("finite coordinates where visibility isn't 0", _LABEL),
    "coordinate-of-absent": Rule("NaN where visibility is 0", _LABEL),
    "size-invalid": Rule("a width and a height of at least 1", _LABEL),
    "box-not-finite": Rule("four finite numbers", _LABEL),
    "box-inverted": Rule("x1 < x2 and y1 < y2", _LABEL),
    "box-small": Rule("sides of at least 4 pixels", _LABEL),
    "box-outside": Rule("a box inside the image", _LABEL),
    "landmark-outside": Rule("visible landmarks inside the image", _LABEL),
    # layouts
    "points-identical": Rule("landmarks at different points", _LABEL),
    "far-from-box": Rule("landmarks within a box diagonal of their box", _LABEL),
    "pairs-opposed": Rule("left and right on the same sides all along the trunk", _LABEL),
    "left-right-exchanged": Rule("left at image-left where the front is seen", _LABEL),
    "part-order": Rule("parts in their order along the body", _LABEL),
    "garments-identical": Rule("other landmarks than another garment of the image has", _LABEL),
    # images
    "image-missing": Rule("the image file to be there", _OBTAIN),
    "image-undecodable": Rule("an image that can be decoded whole", _OBTAIN + ", or build again"),
    "image-too-large": Rule("at most 100 million pixels", "scale the image down, or remove it"),
    "image-size": Rule("the size that the annotation states", "restore the annotated image"),
    "image-identical": Rule("every image once", _PAIR),
    "image-near-duplicate": Rule("images that differ", "look at the two, and " + _PAIR),
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, as `--json` prints it.

    Attributes:
        rule: a key of RULES.
        file: relative to what was validated, where it can be.
        row: a row of a table counted from 0, a line of a text counted from 1, an item's key; "" for
            the file as a whole.
        sample: its id; "" where there is none.
    """

    rule: str
    file: str
    row: str
    sample: str
    field: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        place = ":".join(part for part in (self.file, self.row) if part)
        about = " ".join(part for part in (self.sample, self.field) if part)
        return (
            f"{place}: [{self.rule}] {about + ': ' if about else ''}found {self.found}; "
            f"expected {self.expected}; {self.remedy}"
        )


class Report:
    """Counts problems by rule and passes each on, so that none has to be kept.

    Attributes:
        samples: how many were looked at.
        counts: rule -> problems.
    """

    def __init__(self, tell: Callable[[Problem], None]) -> None:
        self.samples = 0
        self.counts: Counter[str] = Counter()
        self._tell = tell

    def add(
        self,
        rule: str,
        file: object,
        found: object,
        *,
        row: object = "",
        sample: object = "",
        field: str = "",
        expected: str = "",
    ) -> None:
        """One problem; `expected` where it can be said more closely than by the rule."""
        self.counts[rule] += 1
        general = RULES[rule]
        self._tell(
            Problem(
                rule=rule,
                file=_printable(file),
                row=_printable(row),
                sample=_printable(sample),
                field=field,
                found=_printable(found),
                expected=expected or general.expected,
                remedy=general.remedy,
            )
        )

    def merge(self, problems: Iterable[Problem], samples: int) -> None:
        """What was found elsewhere."""
        self.samples += samples
        for problem in problems:
            self.counts[problem.rule] += 1
            self._tell(problem)

    @property
    def sound(self) -> bool:
        """Whether there is no problem."""
        return not self.counts

    def summary(self) -> dict[str, Any]:
        """Samples, problems by rule, and whether all is sound; JSON values."""
        counts = dict(self.counts.most_common())
        return {"sound": self.sound, "samples": self.samples, "counts": counts}


def _printable(value: object) -> str:
    """Text of one line without control characters, cut where it is gigantic."""
    text = str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
