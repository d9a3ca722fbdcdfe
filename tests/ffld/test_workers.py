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
