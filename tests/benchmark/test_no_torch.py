"""Scores are computed without torch: importing the measure and the record does not load it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
import benchmark, benchmark.coco, benchmark.metrics
import leaderboard, leaderboard.__main__, leaderboard.verify
assert len(benchmark.metrics.available()) >= 9
loaded = {"torch", "torchvision", "cv2"}.intersection(sys.modules)
sys.exit(f"loaded: {sorted(loaded)}" if loaded else 0)
"""


def test_importing_benchmark_and_leaderboard_loads_no_torch():
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
