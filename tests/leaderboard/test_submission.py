"""What an entry may state: every field is needed, no other is known, all problems are listed."""

import json

import pytest

from leaderboard import statement, submission, text
from leaderboard.submission import Submission, SubmissionError


@pytest.fixture
def content(board):
    return json.loads((board.new("one") / "submission.json").read_text())


def found(content):
    return list(statement.problems(content))


def test_what_comes_with_the_suite_has_no_address(content):
    own = {"code": content["code"] | {"url": "this project"}, "weights": "this project"}
    assert found(content | own) == []
    assert 'or "this project"' in found(content | {"code": content["code"] | {"url": "ours"}})[0]


def test_a_sound_submission_is_read(content, tmp_path):
    assert found(content) == []
    (tmp_path / "s.json").write_text(json.dumps(content))
    read = Submission.load(tmp_path / "s.json")
    assert (read.method, read.seeds, read.given.box) == ("Method one", [0], "annotated")
    assert (read.samples, read.latency_ms, read.extra_data) == (80, 2.5, False)


def test_each_field_is_needed_and_no_other_known(content):
    for name in statement.FIELDS:
        without = {key: value for key, value in content.items() if key != name}
        assert found(without) == [f"missing: {name}"]
    assert "unknown: 'state'" in found(content | {"state": "reproduced"})[0]
    assert "unknown: 'note'" in found(content | {"code": content["code"] | {"note": "x"}})[0]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("dataset", "../x", "expected the name of a dataset"),
        ("dataset", 3, "expected the name of a dataset"),
        ("split", "dev", "expected one of test, val"),
        ("samples", 0, "expected a whole number from 1"),
        ("samples", True, "expected a whole number from 1"),
        ("authors", [], "expected a list of 1 to 50"),
        ("authors", "Ada", "expected a list of 1 to 50"),
        ("date", "yesterday", "expected a UTC date"),
        ("date", "2999-01-01", "lies in the future"),
        ("kind", "best", "expected one of author, reimplementation, baseline"),
        ("code", "https://example.org", "expected an object of url, commit, command"),
        ("training_data", None, 'or "unknown"'),
        ("training_data", ["made-up/test"], "is what is scored"),
        ("given", {"box": "annotated"}, "missing: garment_type"),
        ("given", {"box": "ours", "garment_type": "no"}, "expected true or false"),
        ("input_size", [64], "expected a list of 2 to 2"),
        ("parameters", -1, "expected a whole number"),
        ("latency_ms", float("nan"), "expected a number from 0"),
        ("hardware", "", "expected text"),
        ("hardware", "x" * 2000, "2000 characters long"),
        ("claimed", {}, "ne must be among them"),
        ("claimed", {"ne": "0.1"}, "expected a number from 0"),
        ("predictions", [], "expected a list of 1 to 20"),
        ("predictions", [{"seed": 0, "sha256": "0" * 64}], "either a path or a url"),
        ("withdrawn", {"date": "2026-01-01"}, "missing: reason"),
    ],
)
def test_a_bad_value_is_named(content, field, value, problem):
    problems = found(content | {field: value})
    assert problems
    assert all(field in one for one in problems)
    assert problem in " ".join(problems)


def test_all_problems_are_listed_at_once(content):
    problems = found(content | {"kind": "best", "date": "x", "hardware": None, "split": "all"})
    assert sorted(one.split(":")[0] for one in problems) == ["date", "hardware", "kind", "split"]


def test_seeds_files_and_digests_are_given_once(content):
    twice = found(content | {"predictions": content["predictions"] * 2})
    assert [one.split()[1] for one in twice] == ["seed", "path", "sha256"]


@pytest.mark.parametrize(
    "text_", ["{", '{"a": 1, "a": 2}', "[" * 100_000, '{"a": "' + "x" * 70_000 + '"}']
)
def test_files_that_are_no_json_are_refused(text_, tmp_path):
    (tmp_path / "s.json").write_text(text_)
    with pytest.raises(SubmissionError, match=r"not readable JSON|larger than"):
        submission.read(tmp_path / "s.json")


def test_what_is_unknown_must_be_said_and_counts_as_extra_data(content, tmp_path):
    said = ("paper", "weights", "training_data", "input_size", "parameters", "hardware")
    content |= dict.fromkeys(said, "unknown")
    assert found(content) == []
    (tmp_path / "s.json").write_text(json.dumps(content))
    read = Submission.load(tmp_path / "s.json")
    assert (read.training_data, read.parameters, read.extra_data) == (None, None, True)


@pytest.mark.parametrize(
    "bad",
    ["<b>x</b>", "a | b", "[x](https://x.org)", "`x`", "&lt;b", "$(x)", "javascript:x", "a\\b"],
)
def test_markup_is_refused(bad):
    assert "markup" in " ".join(text.problems(bad))


@pytest.mark.parametrize("bad", ["=1+1", "+x", "-x", "@SUM(A1)", "  =x"])
def test_formulas_are_refused(bad):
    assert "formula" in " ".join(text.problems(bad))


@pytest.mark.parametrize(
    "bad",
    ["LGR\u202e", "L\u200bGR", "LGR\x07", "\ufb01t", "\u041bGR", "L\u0391B", "a\u00a0b", "a\nb"],
)
def test_letters_that_do_not_show_or_pass_for_others_are_refused(bad):
    assert list(text.problems(bad, ascii_only=False))


@pytest.mark.parametrize(
    "name", ["Zoë Núñez", "王小明", "Ольга Иванова", "O'Neil-Smith", "やまだ タロウ"]
)
def test_names_of_people_are_written_as_they_are(name):
    assert list(text.problems(name, ascii_only=False)) == []
    assert name.isascii() or list(text.problems(name))


def test_whatever_comes_through_is_escaped_all_the_same():
    bad = "=<script>|[x](y)`$_&%#@~^\\{}"
    assert not set("<>|[]`$&#@~") & set(text.for_markdown(bad).replace("&#", "").replace(";", ""))
    assert text.for_csv("=1").startswith("'=")
    assert text.for_csv("-1") == "'-1"
    assert text.for_tex("a_b & 5%") == r"a\_b \& 5\%"
    assert text.for_tex("\\") == r"\textbackslash{}"


@pytest.mark.parametrize(
    "name",
    ["made-up/test", "made-up/Test", "Made-up/test", "made-up test", "made-up/test/all"]
    + ["made-up-1.0 dials x/test", "made-up/test-labels", "MADE-UP_TEST"],
)
def test_the_scored_split_among_the_training_data(content, name):
    content["training_data"] = ["ImageNet", name]
    assert found(content) == [
        f"training_data: {name!r} is what is scored; such an entry is refused"
    ]


@pytest.mark.parametrize("name", ["made-up-procedural/test", "made-up/train", "other/test", "test"])
def test_training_data_that_only_look_like_it(content, name):
    content["training_data"] = [name]
    assert found(content) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"by": "ADA  Example"}, "by one of the authors"),
        ({"path": "seed-0.parquet"}, "'seed-0.parquet' is of the entry's own predictions"),
    ],
)
def test_a_reproduction_by_the_entry_itself(content, changed, expected):
    content["reproduction"] = {
        "by": "Grace Example", "date": "2026-01-02", "path": "again.parquet", "sha256": "0" * 64,
    } | changed  # fmt: skip
    (problem,) = found(content)
    assert expected in problem
