"""The report as Markdown; every figure of the paper stands in a row and a column marked so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmark.code import DIRTY, UNKNOWN
from benchmark.compare import difference_of, mean, written

_SHOWN = ("visible", "occluded")  # whose differences stand in the table
_HEAD = """\
# The paper's tables

Tables 1 to 3 of *Layout-Graph Reasoning for Fashion Landmark Detection* (CVPR 2019), and our table
of repairs, at equal budgets under one protocol, {protocol}. This page is written by
`python -m benchmark.suite --report --out docs/paper_tables.md` from the runs in
`benchmark/suite/results/`; a test holds that it is.

**How to read it.** Columns of ours name the edition that was scored; its images are rendered. Rows
marked *reported* hold the paper's own figures, on photographs, by an evaluator that the paper does
not state: they can be compared with each other, not with ours. NE and swaps are defined in
[metrics.md](metrics.md); smaller is better. Swaps are of all landmarks, visible or occluded, where
the leaderboard's are of visible ones. Several seeds are their mean ± standard deviation; the
interval is a 95 % bootstrap interval over images of the mean over seeds. Δ is the difference from
the default of {reference}, paired over samples and seeds, with its interval and its standard error
over seeds. Two rows that have the same seeds are paired over these, and held against what row and
seed leave of the table's runs, whose spread the rows are taken to share, for two or three seeds say
little of their own; two rows that have not, against their own scatter. `*` stands where zero is
outside of that interval and of Student's 95 % interval over seeds; where the noise of seeds is
unknown, nothing stands. No star and no verdict is corrected for how many comparisons there are: of
those in which nothing is to be found, chance marks one in twenty. "Not told apart" is no proof of
equality. One recipe trains every row; none has a learning rate of its own.
"""


def markdown(content: Mapping[str, Any]) -> str:
    """The whole page."""
    sections = content["sections"]
    reference = sections[0]["reference"] if sections else "LGR"
    parts = [_HEAD.format(protocol=content["protocol"], reference=reference)]
    parts += ["\n\n".join(_section(section)) + "\n" for section in sections]
    if content["unused"]:
        parts.append(
            f"Runs of other data sets, settings or editions than these: {content['unused']}.\n"
        )
    return "\n".join(parts)


def _section(section: Mapping[str, Any]) -> Iterator[str]:
    run = [row for row in section["rows"] if "values" in row]
    able = [row for row in section["rows"] if not row["problem"]]
    where = section.get("revision", section["dataset"])
    title = f"Table {section['table']}: {section['title']}"
    yield f"## {title} (`{where}`, profile {section['profile']})"
    yield _budget(section) + f" {len(run)} of {len(able)} rows have run." + _code(section)
    yield _table(_results(section, where))
    if count := sum(len(_SHOWN) for row in run if "differences" in row):
        yield f"The {count} differences of this table are each tested by themselves."
    if any(row["reported_landmarks"] for row in section["rows"]):
        yield from _by_landmark(section, where)
    if costs := list(_costs(section)):
        yield _cost_note(section)
        yield _table(costs)
    if section["orders"]:
        yield from _orders(section)
    if waiting := [row["label"] for row in able if "values" not in row]:
        command = f"--table {section['table']} --dataset {section['dataset']}"
        yield (
            f"Not run yet: {'; '.join(waiting)}: "
            f"`python -m benchmark.suite {command} --profile {section['profile']}`."
        )


def _budget(section: Mapping[str, Any]) -> str:
    budget = section["budget"]
    text = (
        f"Every row sees {budget['images_seen']:,} images ({budget['train']:,} training images "
        f"{budget['epochs']} times) and has {budget['trials']} trials on {budget['val']:,} "
        f"validation images; input {budget['input_size']} x {budget['input_size']}, width "
        f"{budget['width']:g}."
    )
    if "samples" in section:
        counts = section["counts"]
        text += (
            f" Scored on {section['samples']:,} {section['split']} images: {counts['visible']:,} "
            f"visible and {counts['occluded']:,} occluded landmarks."
        )
    return text


def _code(section: Mapping[str, Any]) -> str:
    """Which commits of this project made the runs, as far as any says."""
    commits = section.get("commits", {})
    if not commits.keys() - {UNKNOWN}:
        return ""
    told = [f"{name if name == UNKNOWN else _commit(name)} {n}" for name, n in commits.items()]
    return f" Runs by the commit of their code: {', '.join(told)}."


def _commit(name: str) -> str:
    return f"`{name[:10]}{DIRTY if name.endswith(DIRTY) else ''}`"


def _results(section: Mapping[str, Any], where: str) -> Iterator[list[str]]:
    yield [
        "row", "`--model`, `--set`", "seeds", f"NE visible, {where}", "95 %",
        f"NE occluded, {where}", f"NE all, {where}", f"swaps, {where}", "Δ visible", "Δ occluded",
        "*NE reported, paper*",
    ]  # fmt: skip
    group = ""
    for row in section["rows"]:
        if row["group"] != group:
            group = row["group"]
            yield [f"**{group}**", *[""] * 10]
        yield _measured(row)
        if row["reported"]:
            figures = ", ".join(f"{name} {_short(v)}" for name, v in row["reported"].items())
            yield [f"*{row['label']}, reported*", *[""] * 9, f"*{figures}*"]


def _measured(row: Mapping[str, Any]) -> list[str]:
    how = " ".join([row["model"], *row["settings"]])
    name = f"{row['label']} ({row['remark']})" if row["remark"] and row["model"] else row["label"]
    if "values" not in row:
        why = row["problem"] or "not run yet"
        return [name, f"`{how}`" if how else "", "0", why, *[""] * 7]
    values = row["values"]
    low, high = row["intervals"]["visible"]
    apart = row.get("differences", {})
    cells = [mean(values["visible"]), _interval(low, high), mean(values["occluded"])]
    cells += [mean(values["all"]), mean(row["swaps"])]
    cells += [_difference(apart.get(subset)) for subset in _SHOWN]
    if row["is_reference"]:
        cells[-2:] = ["reference", ""]
    return [name, f"`{how}`", str(len(row["seeds"])), *cells, ""]


def _by_landmark(section: Mapping[str, Any], where: str) -> Iterator[str]:
    if not (names := section.get("landmarks")) or len(names) != 8:
        return
    head = [f"NE visible by landmark, {where}", *(name.replace("_", " ") for name in names)]
    rows = [head]
    for row in section["rows"]:
        if "values" in row:
            rows.append([row["label"], *(_figure(v) for v in row["per_landmark"])])
    for row in section["rows"]:
        if values := row["reported_landmarks"].get(section["paper"]):
            name = f"*{row['label']}, reported for {section['paper']}{_doubt(row, section)}*"
            rows.append([name, *("–" if v is None else f"*{_short(v)}*" for v in values)])
    yield _table(rows)


def _doubt(row: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    """Where the paper's average is not that of its own row by more than rounding can explain."""
    values = [v for v in row["reported_landmarks"][section["paper"]] if v is not None]
    average, own = row["reported"][section["paper"]], sum(values) / len(values)
    return f"; the row averages {_short(own)}" if abs(average - own) > 0.001 else ""


def _costs(section: Mapping[str, Any]) -> Iterator[list[str]]:
    rows = {row["model"] + " ".join(row["settings"]): row for row in section["rows"]}
    rows = [row for row in rows.values() if "cost" in row]
    timed = any(row["latency"] for row in rows)
    if rows:
        yield ["`--model`, `--set`", "parameters", "GFLOP an image",
               *(["ms an image", "quartiles", "time over vgg16's"] if timed else [])]  # fmt: skip
    for row in rows:
        cells = [f"`{' '.join([row['model'], *row['settings']])}`"]
        cells += [f"{row['cost']['parameters']:,}", f"{row['cost']['flops'] / 1e9:.3f}"]
        if timed and (time := row["latency"]):
            cells += [f"{time['milliseconds']:.2f}", f"{time['low']:.2f}–{time['high']:.2f}"]
            cells.append(f"{time['ratio']:.2f}")
        elif timed:
            cells += ["", "", ""]
        yield cells


def _cost_note(section: Mapping[str, Any]) -> str:
    text = (
        "What they cost, for the prediction of one image; a multiplication and an addition are two"
    )
    if time := section["latency"]:
        text += (
            f". Times are of one image at a time, awaited, all models in turn in {time['rounds']} "
            f"rounds, on {time['machine']} with torch {time['torch']}"
        )
    return text + "."


def _orders(section: Mapping[str, Any]) -> Iterator[str]:
    orders = section["orders"]
    count = {verdict: sum(one["verdict"] == verdict for one in orders)
             for verdict in ("holds", "reversed", "not told apart")}  # fmt: skip
    yield (
        f"Orders in the paper between two of these rows: {len(orders)}. Hold beyond the noise: "
        f"{count['holds']}; reversed beyond it: {count['reversed']}; not told apart: "
        f"{count['not told apart']}."
    )
    lines = [["better in the paper", "worse in the paper", "*by, reported*",
              "by, here, visible", "verdict"]]  # fmt: skip
    for one in orders:
        found = _difference(one["found"])
        reported = f"*{one['reported']:+.4f}*"
        unknown = one["found"]["seeds"] is None
        verdict = one["verdict"] + (", seeds unknown" if unknown else "")
        lines.append([one["better"], one["worse"], reported, found, verdict])
    yield _table(lines)
    for group in dict.fromkeys(row["group"] for row in section["rows"]):
        rows = [r for r in section["rows"] if r["group"] == group and "values" in r]
        known = all(row["reported"] and None not in row["values"]["visible"] for row in rows)
        if len(rows) > 1 and known:
            ranked = sorted(rows, key=lambda r: sum(r["values"]["visible"]) / len(r["seeds"]))
            yield f"Found, best first ({group}): {', '.join(row['label'] for row in ranked)}."


def _difference(content: Mapping[str, Any] | None) -> str:
    if content is None:
        return ""
    return written(difference_of(content))


def _table(rows: Iterator[list[str]] | Sequence[list[str]]) -> str:
    head, *others = rows
    lines = [head, ["---"] * len(head), *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _interval(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.4f}–{high:.4f}"


def _short(value: float) -> str:
    return f"{value:.4f}".lstrip("0")
