"""A season from its first to its last day: opened, verified, closed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

import ffld
from benchmark import evaluate
from benchmark.predictions import listed
from ffld import sealed, shards
from ffld.atomic import replacing
from ffld.sample import DataError, Split, Targets
from ffld.sealed import Sealed
from leaderboard import fields, keys, stored
from leaderboard.entry import RESULT, SUBMISSIONS, Answers, Entry, EntryError, entries
from leaderboard.season_record import Facts, SeasonError
from leaderboard.seasons import SEASONS, Season, record_path, sheet_path

LOOKS = 64  # pictures that are compared with what the key gives
ALIKE = 6.0  # levels of 255, mean over a picture: JPEG and other arithmetic differ by up to 2,
# pictures of other scenes by tens

_GIVEN = ("ids", "garment_type", "box", "size")


@dataclass(frozen=True)
class Opening:
    """What the organiser decides.

    Attributes:
        closes: the last UTC date on which entries may be dated.
        key_file: where the secret goes.
        images: folder of the image set that participants get.
    """

    name: str
    dataset: str
    samples: int
    closes: str
    key_file: Path
    images: Path


def open_season(opening: Opening, folder: Path = SEASONS, *, processes: int = -1) -> Season:
    """Draw a key, render the images, write the image set, then the record, which comes last.

    A call that was killed is completed by the same call.

    Raises:
        SeasonError, DataError: a season that cannot be opened, or not there.
    """
    name, today = opening.name, fields.today().isoformat()
    if record_path(name, folder).exists():
        raise SeasonError(f"season {name} exists; a season is opened once: take another name")
    if found := list(fields.day(opening.closes)):
        raise SeasonError(f"closes: {found[0]}")
    if opening.closes <= today:
        raise SeasonError(f"closes: {opening.closes} is not after today, {today}")
    about = {"dataset": opening.dataset, "samples": opening.samples}
    Sealed(**about, name=name, key="")  # refuses what no season can be, before a key is drawn
    key = keys.draw(
        opening.key_file,
        [opening.images, folder],
        season=name,
        **about,
        opens=today,
        closes=opening.closes,
    )
    made = Sealed(**about, name=name, key=key.key)
    sealed.write_images(opening.images, made, processes=processes)
    sheet = sheet_path(name, folder)
    with replacing(sheet) as temporary:
        sealed.write_sheet(temporary, opening.images)
    facts = Facts(
        **{"season": name, **about, "opens": key.opens, "closes": key.closes},
        revision=made.revision,
        schema=ffld.spec(opening.dataset).schema.fingerprint,
        split=made.split,
        images=stored.digest(opening.images / shards.MANIFEST),
        sheet=stored.digest(sheet),
        labels=sealed.labels_digest(key.key, _labels(made)),
    )
    season = Season(folder, facts, facts.commitment(key.key))
    season.save()
    return season


def verify_season(
    season: Season, images: Path | None = None, *, key: str | None = None, every: bool = False
) -> None:
    """Check a season by all that is known of it.

    Args:
        images: the image set; without it only the record is checked.
        key: the secret; that of the record where it is revealed.
        every: compare all pictures with what the key gives, not `LOOKS` of them.

    Raises:
        SeasonError: lists what does not fit.
    """
    key = key or (season.revealed.key if season.revealed else None)
    if key is not None and not season.fits(key):
        raise SeasonError(
            f"season {season.name}: the commitment is not that of this key and this record; it is "
            "another key, or the record was altered"
        )
    found, of = [], season.facts
    if season.sheet.ids.tolist() != sealed.ids(of.dataset, of.season, of.samples):
        found.append("the ids of the record's sheet are not those of its samples")
    if images is not None:
        found += _image_problems(season, images)
    if key is not None and not found:
        made = season.samples(key)
        found += _label_problems(season, made)
        if images is not None and not found:
            found += _picture_problems(season, made.open(), sealed.open_images(images), every)
    if found:
        raise SeasonError(f"season {season.name}: {'; '.join(found)}")


@dataclass(frozen=True)
class Closed:
    """What closing a season did.

    Attributes:
        results: entries whose result was written.
        left: why the results of others were not.
    """

    season: Season
    results: Sequence[str]
    left: Sequence[str]


def close_season(
    name: str,
    key_file: Path,
    images: Path,
    folder: Path = SEASONS,
    submissions: Path = SUBMISSIONS,
    *,
    every: bool = False,
) -> Closed:
    """Verify a season by its key, write the key into its record, then every entry's result.

    The record also gets the SHA-256 of all predictions that are in by now: what comes once the key
    is out counts for nothing. A call that was killed is completed by the same call.

    Raises:
        SeasonError: the season is still open, or something does not fit; then nothing is revealed.
        SubmissionError: a submission cannot be read, so that nobody could say what is in.
    """
    season = Season.load(name, folder)
    key = keys.read(key_file)
    if key.season != name:
        raise SeasonError(f"{key_file} holds the key of season {key.season}, not of {name}")
    if not season.over:
        raise SeasonError(
            f"season {name} takes entries until {season.facts.closes}; its key stays secret till "
            "that day is over (UTC)"
        )
    verify_season(season, images, key=key.key, every=every)
    found = [one for one in entries(submissions) if _is_of(one, name)]
    if season.revealed is None:
        in_time = [one for one in found if not list(season.faults(one.submission))]
        season = season.revealing(key.key, {one.name: one.submission.stated for one in in_time})
        season.save()
    answers = Answers(seasons=folder)
    results, left = [], []
    for entry in tqdm(found, desc="scoring", unit="entry", file=sys.stderr, leave=False):
        if entry.submission.withdrawn or (entry.folder / RESULT).exists():
            continue
        try:
            _write_result(entry, answers)
            results.append(entry.name)
        except EntryError as error:
            left.append(f"{entry.name}: {error}")
    return Closed(season, results, left)


def _is_of(entry: Entry, name: str) -> bool:
    return entry.submission.season is not None and entry.submission.season.name == name


def _write_result(entry: Entry, answers: Answers) -> None:
    targets = answers.of(entry.submission)
    if not entry.ranked:
        raise EntryError("its predictions are not in its folder")
    evaluate(entry.predictions(targets), targets).save(entry.folder / RESULT)


def _image_problems(season: Season, images: Path) -> Iterator[str]:
    """Whether an image set is the one of the record, and holds what it may hold."""
    manifest = images / shards.MANIFEST
    if not manifest.is_file() or stored.digest(manifest) != season.facts.images:
        yield f"{manifest} is missing, or not the file whose SHA-256 the record states"
        return
    try:
        split = sealed.open_images(images)
    except DataError as error:
        yield str(error)
        return
    for name in _GIVEN:
        if not np.array_equal(getattr(split.targets, name), getattr(season.sheet, name)):
            yield f"{images} and the record's sheet differ in {name}"
    for path in sorted((images / "data").glob("*.parquet")):
        try:
            names = tuple(pq.read_schema(path).names)
        except (OSError, pa.ArrowException) as error:
            yield f"{path} can't be read: {error}"
            continue
        if names != sealed.COLUMNS:
            yield f"{path} has columns {', '.join(names)}, expected {', '.join(sealed.COLUMNS)}"


def _labels(made: Sealed) -> Iterator[Targets]:
    """The labels in parts, with a progress bar."""
    with tqdm(
        total=made.samples, desc="labels", unit="sample", file=sys.stderr, leave=False
    ) as bar:
        for part in made.parts():
            yield part
            bar.update(len(part))


def _label_problems(season: Season, made: Sealed) -> Iterator[str]:
    """Whether the key gives the labels that were committed to, and what was said of the samples."""
    parts = list(_labels(made))
    if sealed.labels_digest(made.key, parts) != season.facts.labels:
        yield (
            "the labels that the key gives are not those that it was opened with; use the version "
            "of the project that it was opened with"
        )
    for name in _GIVEN:
        given = np.concatenate([getattr(part, name) for part in parts])
        if not np.array_equal(given, getattr(season.sheet, name)):
            yield f"what the key gives and the record's sheet differ in {name}"


def _picture_problems(
    season: Season, rendered: Split, published: Split, every: bool
) -> Iterator[str]:
    """Whether pictures are those that the key gives; which, nobody could choose."""
    rows = np.arange(len(published))
    if not every and len(rows) > LOOKS:
        rng = np.random.default_rng(int(season.commitment[:16], 16))
        rows = np.sort(rng.choice(rows, LOOKS, replace=False))
    others = []
    for row in tqdm(rows.tolist(), desc="pictures", file=sys.stderr, leave=False):
        one, other = rendered.image(row), published.image(row)
        if one.shape != other.shape or np.abs(one - other.astype(float)).mean() > ALIKE:
            others.append(str(published.targets.ids[row]))
    if others:
        yield f"pictures that are not those that the key gives: {listed(others)}"
