"""Worker processes end with the process they work for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

_PARENT = """
import os, sys, time
from joblib import delayed
from ffld.workers import workers

def pid(_):
    time.sleep(0.2)
    return os.getpid()

found = workers(2)(delayed(pid)(n) for n in range(8))
print(*sorted(set(found)), flush=True)
time.sleep(600)
"""


def _runs(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_workers_of_a_killed_process_do_not_stay():
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True)
    try:
        pids = [int(text) for text in parent.stdout.readline().split()]
        assert pids
        assert all(map(_runs, pids))
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    end = time.monotonic() + 20
    while any(map(_runs, pids)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(map(_runs, pids))


_SLOW_START = """
import os, sys, time

if any("loky_posix" in word for word in sys.orig_argv):
    os.write(1, b"born\\n")
    time.sleep(3)  # as imports take on a busy machine
"""
_INTERRUPTED = """
import signal, time
from joblib import delayed
from ffld.workers import workers

signal.signal(signal.SIGINT, signal.default_int_handler)  # shells' background jobs ignore it
try:
    list(workers(2)(delayed(time.sleep)(60) for _ in range(2)))
except KeyboardInterrupt:
    raise SystemExit(130) from None
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are started in another way")
def test_ctrl_c_is_left_to_the_process_that_is_worked_for(tmp_path):
    """Which a terminal sends to all of them, here before a worker could be told to ignore it."""
    (tmp_path / "sitecustomize.py").write_text(_SLOW_START)
    parent = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    assert parent.stdout.readline() == "born\n"
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate(timeout=60)
    assert (parent.returncode, said) == (130, "")
