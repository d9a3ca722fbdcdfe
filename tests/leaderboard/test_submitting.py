"""docs/submitting.md followed to the letter, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "submitting.md"


def steps():
    """The page's blocks of code, in their order: (language, text)."""
    return re.findall(r"```(bash|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def copy_of_the_project(folder):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "lgr/weights/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def test_the_page_leads_from_a_model_to_a_table(tmp_path):
    copy_of_the_project(tmp_path)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path),
        "FFLD_CACHE": str(tmp_path / "cache"),
    }
    done = []
    for language, text in steps():
        command = ["bash", "-euo", "pipefail", "-c", text]
        if language == "python":
            command = [sys.executable, "-c", text]
        one = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert one.returncode == 0, f"{text}\n{one.stderr}"
        done.append(one.stdout)
    assert len(done) == 6
    assert "centre: sound" in done[4]
    assert "mean-shape-try: every number of result.json follows" in done[4]
    assert "Centre of the box" in done[5]
    tables = tmp_path / "leaderboard" / "tables"
    assert "Mean shape, first try" in (tables / "fld-procedural.md").read_text(encoding="utf-8")
    assert "60 samples, a trial" in (tables / "fld-procedural.md").read_text(encoding="utf-8")
    assert "Centre of the box" not in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert len(list(tables.glob("fld-procedural-test-60-*.html"))) == 2
