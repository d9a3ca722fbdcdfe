"""Rules of the whole project: style, sizes, imports, and no path of anybody's machine."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ffld", "benchmark", "baselines", "lgr", "leaderboard")
SOURCES = sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py"))
FILE_LINES, FUNCTION_LINES = 300, 60


def _run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_ruff_finds_nothing():
    check = _run(sys.executable, "-m", "ruff", "check", ".")
    assert check.returncode == 0, check.stdout
    layout = _run(sys.executable, "-m", "ruff", "format", "--check", ".")
    assert layout.returncode == 0, layout.stdout


def test_packages_import_only_what_they_may():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    lint = _run(sys.executable, "-c", code, "--no-cache")
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_files_and_functions_stay_small():
    long = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > FILE_LINES:
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and _length(node) > FUNCTION_LINES:
                long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {_length(node)}")
    assert not long, long


def _length(node: ast.FunctionDef) -> int:
    return node.end_lineno - node.lineno + 1


def test_public_names_are_documented():
    silent = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert not silent, silent


@pytest.mark.parametrize("name", ["utils", "common", "helpers", "manager"])
def test_no_module_is_named_for_nothing(name):
    assert not [p for p in SOURCES if name in p.stem]


def test_no_path_of_a_machine_is_written_down():
    listed = _run("git", "ls-files", "-z").stdout.split("\0")
    private = re.compile(r"/(home|root|work|Users)/\w")
    found = []
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".jpg", ".png", ".parquet", ".safetensors"} or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if private.search(line) and name != "tests/test_project.py":
                found.append(f"{name}:{number}: {line.strip()}")
    assert not found, found
