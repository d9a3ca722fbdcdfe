"""What there is to call is listed where nothing is called."""

from pathlib import Path

import pytest

import ffld.__main__
import leaderboard.__main__
from benchmark.__main__ import commands, main

ROOT = Path(__file__).parents[2]


def test_every_command_of_the_benchmark_is_listed_with_a_line(capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "python -m benchmark.run              train a model on a dataset" in "\n".join(lines)
    found = {call for call, _ in commands()}
    files = {*(ROOT / "benchmark").glob("*.py"), *(ROOT / "benchmark").glob("*/__main__.py")}
    for path in files - {ROOT / "benchmark" / "__main__.py"}:
        if "sys.exit(main(" in path.read_text():
            name = path.parent.name if path.name == "__main__.py" else path.stem
            assert f"python -m benchmark.{name}" in found
    assert all(what for _, what in commands())
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("word", "said"), [("run", "call it as python -m benchmark.run"), ("rnu", "without it")]
)
def test_a_command_in_a_word_is_told_how_it_is_called(capsys, word, said):
    assert main([word, "--model", "lgr"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("package", [ffld.__main__, leaderboard.__main__])
def test_the_other_packages_list_theirs_before_they_ask_for_one(capsys, package):
    with pytest.raises(SystemExit) as stopped:
        package.main([])
    assert stopped.value.code == 2
    out, err = capsys.readouterr()
    assert "help" in out
    assert out.count("\n") > 10
    assert err.startswith("error: ")
