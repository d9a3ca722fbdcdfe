"""A submission is hostile until checked: each way to abuse one is refused, and harms nothing."""

import json
import multiprocessing
import os
import pickle
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leaderboard import stored, text
from leaderboard.__main__ import main
from leaderboard.verify import verify


def say(board, name, **fields):
    return board.edit(name, lambda content: content.update(fields))


def with_file(board, name, write):
    """Replace the predictions of an entry and state the new digest, as an attacker would."""
    folder = board.submissions / "made-up" / name
    write(folder / "seed-0.parquet")
    sha256 = stored.digest(folder / "seed-0.parquet")
    return board.edit(name, lambda content: content["predictions"][0].update(sha256=sha256))


@pytest.mark.parametrize(
    "path",
    ["../other/seed-0.parquet", "/etc/passwd", "sub/seed-0.parquet", "..\\x.parquet", "seed-0.pkl"]
    + ["~/x.parquet", ".hidden.parquet", "seed-0.parquet\0", "SEED-0.PARQUET"],
)
def test_paths_that_leave_the_folder(board, capsys, path):
    board.new("other", 0.2)
    folder = board.new("one")
    board.edit("one", lambda content: content["predictions"][0].update(path=path))
    assert any("expected a file name" in one for one in board.check(folder, capsys))
    folder = say(board, "other", reproduction={"by": "B", "date": "2026-01-01", "path": path,
                                               "sha256": "0" * 64})  # fmt: skip
    assert any("expected a file name" in one for one in board.check(folder, capsys))


def test_links(board, capsys, tmp_path):
    folder = board.new("one")
    shutil.move(folder / "seed-0.parquet", tmp_path / "elsewhere.parquet")
    (folder / "seed-0.parquet").symlink_to(tmp_path / "elsewhere.parquet")
    found = board.check(folder, capsys)
    assert any("'seed-0.parquet' is a link" in one for one in found)
    (tmp_path / "linked").symlink_to(folder)
    assert any("or a link" in one for one in board.check(tmp_path / "linked", capsys))
    (folder / "submission.json").rename(tmp_path / "s.json")
    (folder / "submission.json").symlink_to(tmp_path / "s.json")
    assert any("or a link" in one for one in board.check(folder, capsys))


def test_files_that_nobody_named_and_folders(board, capsys):
    folder = board.new("one")
    (folder / "evil.py").write_text("raise SystemExit")
    (folder / "more").mkdir()
    found = " ".join(board.check(folder, capsys))
    assert "'evil.py' is not named" in found
    assert "'more' is no file" in found


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path(os.environ["BOMB"]),))


def test_pickles_are_never_opened(board, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    folder = board.new("one")
    with_file(board, "one", lambda path: path.write_bytes(pickle.dumps(Bomb())))
    assert any("is no Parquet file" in one for one in board.check(folder, capsys))
    column = pa.array([pickle.dumps(Bomb())] * 80)
    with_file(board, "one", lambda path: pq.write_table(pa.table({"id": column}), path))
    assert any("'id' is binary, expected string" in one for one in board.check(folder, capsys))
    assert not (tmp_path / "exploded").exists()


def test_parquet_of_other_columns_types_and_metadata(board, capsys):
    folder = board.new("one")
    rows = pa.array([[0.0] * 14] * 80, pa.list_(pa.float64(), 14))
    wild = pa.table({"xy": rows, "label": pa.array(range(80))})
    wild = wild.replace_schema_metadata({"ARROW:extension:name": "x"})
    with_file(board, "one", lambda path: pq.write_table(wild, path))
    found = " ".join(board.check(folder, capsys))
    for problem in ("holds a column 'label'", "expected 16 floats a row", "holds metadata"):
        assert problem in found


def test_huge_files_and_bombs(board, capsys, monkeypatch):
    folder = board.new("one")
    many = {
        "id": pa.array(["x"] * 200_000),
        "xy": pa.array([[0.0] * 16] * 200_000, pa.list_(pa.float32(), 16)),
    }
    with_file(board, "one", lambda path: pq.write_table(pa.table(many), path, compression="zstd"))
    assert (folder / "seed-0.parquet").stat().st_size < 50_000  # 13 MB of nothing
    assert any("states 200000 rows, at most 80" in one for one in board.check(folder, capsys))
    long = {
        "id": pa.array(["x" * 500_000] * 80),
        "xy": pa.array([[0.0] * 16] * 80, pa.list_(pa.float32(), 16)),
    }
    with_file(board, "one", lambda path: pq.write_table(pa.table(long), path, compression="zstd",
                                                        use_dictionary=False))  # fmt: skip
    monkeypatch.setattr(stored, "LARGEST_CONTENT", 20 * 2**20)
    assert any("bytes of content, at most" in one for one in board.check(folder, capsys))
    with (folder / "seed-0.parquet").open("r+b") as file:
        file.truncate(stored.LARGEST_FILE + 1)
    assert any("bytes, at most" in one for one in board.check(folder, capsys))


def _write_long(path):
    long = {
        "id": pa.array(["x" * 2_000_000] * 80),
        "xy": pa.array([[0.0] * 16] * 80, pa.list_(pa.float64(), 16)),
    }
    pq.write_table(pa.table(long), path, use_dictionary=False, compression="zstd")


def _read_within(memory, path, pipe):
    stored.MEMORY = memory
    try:
        stored.load(path, most=80, landmarks=8)
        pipe.send("read")
    except stored.StoredError as error:
        pipe.send(str(error))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is Linux's")
def test_a_bomb_that_lies_about_its_size_runs_into_a_limit(board, monkeypatch):
    """What a file states is checked; should it lie, reading takes no more than a fixed memory."""
    path = board.new("one") / "seed-0.parquet"
    context = multiprocessing.get_context("fork")  # memory that was free before would be used again
    writer = context.Process(target=_write_long, args=(path,))
    writer.start()
    writer.join(60)
    monkeypatch.setattr(stored, "LARGEST_CONTENT", 10**12)  # as if it had lied
    receiver, sender = context.Pipe(duplex=False)
    reader = context.Process(target=_read_within, args=(64 * 2**20, path, sender))
    reader.start()
    assert receiver.poll(60)
    assert "malloc of size 160000000 failed" in receiver.recv()
    reader.join(60)


BAD_TEXT = ["<script>alert(1)</script>", "=HYPERLINK(1)", "[a](b)", "a | b", "L\u0393R", "a\u202eb"]


@pytest.mark.parametrize("bad", BAD_TEXT)
def test_markup_and_formulas_in_any_text_field(board, capsys, bad):
    folder = board.new("one")
    board.edit(
        "one",
        lambda content: content.update(
            method=bad,
            authors=[bad],
            contact=bad,
            hardware=bad,
            test_time_augmentation=bad,
            code={**content["code"], "command": bad},
            withdrawn={"date": "2026-01-01", "reason": bad},
            reproduction={"by": bad, "date": "2026-01-01", "path": "r.parquet", "sha256": "0" * 64},
        ),
    )
    found = board.check(folder, capsys)
    fields = {one.split(":")[0] for one in found}
    assert fields >= {"method", "authors", "contact", "hardware", "test_time_augmentation", "code"}
    assert fields >= {"withdrawn", "reproduction"}


def test_what_slips_through_is_escaped_in_every_output(board, monkeypatch):
    board.new("one")
    monkeypatch.setattr(text, "problems", lambda *_, **__: iter(()))
    monkeypatch.setattr("leaderboard.statement._CHECKS", {})
    bad = '=<img src=x onerror="alert(1)">|[x](javascript:1) \\input{x} $x$ <!-- /leaderboard -->'
    board.edit("one", lambda content: content.update(method=bad, authors=[bad], hardware=bad))
    files = board.build().files
    page = files["made-up-test-80-annotated-notype-own.html"]
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "&lt;img" in page
    assert "<img" not in files["made-up.md"]
    assert "[x]" not in files["made-up.md"]
    assert not re.search(r"(^|,)\"?=", files["made-up.csv"])
    assert "\\input" not in files["made-up.tex"]
    assert json.loads(files["made-up.json"])["boards"][0]["rows"][0]["submission"]["method"] == bad
    assert board.readme.read_text().count("<!-- /leaderboard -->") == 1
    assert board.readme.read_text().endswith("rest\n")


@pytest.mark.parametrize(
    "url",
    ["http://example.org/x", "file:///etc/passwd", "ftp://example.org/x", "data:text/html,x"]
    + ["https://localhost/x", "https://127.0.0.1/x", "https://10.0.0.1/x", "https://[::1]/x"]
    + ["https://2130706433/x", "https://0x7f.1/x", "https://printer.local/x", "https://intranet/x"]
    + ["https://user:word@example.org/x", "https://example.org:22/x", "//example.org/x"]
    + ["https://ex\u0430mple.org/x", "https://metadata.google.internal/x", "javascript:alert(1)"],
)
def test_addresses_of_local_hosts_and_other_schemes(board, capsys, url):
    folder = board.new("one")
    for field in ("paper", "weights"):
        say(board, "one", **{field: url})
    board.edit("one", lambda content: content["code"].update(url=url))
    board.edit("one", lambda content: content["predictions"][0].update(url=url))
    fields = {one.split(":")[0] for one in board.check(folder, capsys)}
    assert fields >= {"paper", "weights", "code", "predictions"}


@pytest.mark.parametrize("place", [("scores", "ne"), ("scores", "auc", "all"), ("per_type", "ne")])
def test_a_result_that_lacks_what_tables_ask_for(board, capsys, place):
    folder = board.new("one")
    content = json.loads((folder / "result.json").read_text())
    inner = content
    for name in place[:-1]:
        inner = inner[name]
    del inner[place[-1]]
    (folder / "result.json").write_text(json.dumps(content))
    assert any("found nothing, recomputed" in one for one in board.check(folder, capsys))
    assert main(["rank", "--submissions", str(board.submissions)]) == 2
    assert "result.json lacks numbers" in capsys.readouterr().err


def test_an_entry_is_never_overwritten(board, capsys):
    folder = board.new("one")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    run = board.run(0.3, 5)
    where = ["--name", "one", "--submissions", str(board.submissions)]
    assert main(["new", str(run), *where]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    for name in ("../one", "made-up/one", "One", "", ".one", "one.", "o\u0578e"):
        assert main(["new", str(run), "--name", name, "--submissions", str(board.submissions)]) == 2
    assert [path.name for path in board.submissions.rglob("*") if path.is_dir()] == [
        "made-up",
        "one",
    ]


@pytest.mark.parametrize(
    ("name", "method"), [("lgr-1", "LGR l"), ("igr-l", "Lgr 1"), ("lg-rl", "I G R 1")]
)
def test_names_that_pass_for_another(board, capsys, name, method):
    board.new("lgrl", 0.1)
    say(board, "lgrl", method="LGR 1")
    folder = board.new(name, 0.2)
    say(board, name, method=method, contact="mallory@example.org")
    found = " ".join(board.check(folder, capsys))
    assert f"entry {name!r} is easily taken for 'lgrl'" in found
    assert f"method {method!r} is easily taken for 'LGR 1'" in found


def test_a_method_that_is_there_already(board, capsys):
    board.new("one", 0.1)
    folder = board.new("two", 0.2)
    say(board, "two", method="Method one")
    again = "method 'Method one' is on this board already, as made-up/one"
    assert board.check(folder, capsys) == [again]
    say(board, "two", authors=["Mallory"])  # as if it were theirs
    taken = "method 'Method one' is easily taken for 'Method one' of made-up/one"
    assert board.check(folder, capsys) == [taken]
    say(board, "two", authors=["Ada Example"])
    say(board, "one", withdrawn={"date": "2026-01-03", "reason": "a defect"})
    assert board.check(folder, capsys) == []


def test_names_that_differ_by_a_number_are_not_taken_for_each_other(board, capsys):
    board.new("lgr-2", 0.1)
    assert board.check(board.new("lgr-3", 0.2), capsys) == []


def test_verify_and_build_at_once(board):
    folders = [board.new(name, error) for name, error in (("one", 0.1), ("two", 0.2))]
    with ThreadPoolExecutor(6) as pool:
        builds = [pool.submit(board.build) for _ in range(3)]
        checks = [pool.submit(verify, folder) for folder in folders * 2]
        files = [one.result().files for one in builds]
        assert {one.result().dataset for one in checks} == {"made-up"}
    assert files[0] == files[1] == files[2]
    assert {path.name: path.read_text() for path in board.tables.iterdir()} == files[0]


def _killed(board, after):
    """Build in a process that dies without a word while it stages its `after`-th file."""
    from leaderboard import build

    whole, count = build.replacing, iter(range(1000))

    def replacing(path):
        if next(count) == after:
            os._exit(9)
        return whole(path)

    build.replacing = replacing
    board.build()


@pytest.mark.parametrize("after", [0, 3, 12])
def test_a_killed_build_leaves_the_old_tables_whole(board, after):
    board.new("one")
    board.build()
    before = {path: path.read_bytes() for path in (*board.tables.iterdir(), board.readme)}
    board.new("two", 0.2)
    child = multiprocessing.get_context("fork").Process(target=_killed, args=(board, after))
    child.start()
    child.join(60)
    assert child.exitcode == 9
    assert {path: path.read_bytes() for path in before} == before
    files = board.build().files
    assert {path.name: path.read_text() for path in board.tables.iterdir()} == files
    assert "Method two" in files["made-up.md"]


def test_points_that_are_no_numbers(board, capsys):
    folder = board.new("one")
    path = folder / "seed-0.parquet"
    from benchmark import Predictions

    predictions = Predictions.load(path)
    xy = predictions.xy.copy()
    xy[:, 0] = np.inf
    Predictions(**{**vars(predictions), "xy": xy}).save(path)
    with_file(board, "one", lambda _: None)
    assert any("not finite" in one for one in board.check(folder, capsys))
