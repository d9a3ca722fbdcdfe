"""SIGKILL in the midst of a transfer, at random: nothing half stays, and the next run finishes."""

import os
import random
import signal

import pytest

from ffld.__main__ import main
from ffld.hub.client import Repository
from ffld.hub.download import download
from tests.hub.conftest import files

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

DOCUMENTS = {"README.md", "croissant.json"}


def attempt(hub, arguments, after=None):
    """Run a command in a process that is killed when so many bytes have gone; its signal."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            code = main(arguments)
        finally:
            os._exit(code)
    if after is not None:
        hub.at_byte(after, lambda: os.kill(child, signal.SIGKILL))
    _, status = os.waitpid(child, 0)
    hub.at_byte(1 << 60, lambda: None)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


@pytest.mark.parametrize("seed", range(2))
def test_download(hub, published, whole, tmp_path, seed):
    _, commit = published
    served = hub.repositories["dataset", "org/set"].commits[commit]
    out, size = tmp_path / "out", sum(map(len, files(whole).values()))
    command = ["download", "--repo", "org/set", "--out", str(out)]
    moments = [random.Random(seed).randrange(size // 2) for _ in range(3)]
    signals = [attempt(hub, command, moment) for moment in moments]
    assert signal.SIGKILL in signals
    for path, data in files(out).items():
        if not path.startswith(".download/"):
            assert data == served[path].data
    hub.requests.clear()
    assert attempt(hub, command) == 0
    assert {k: v for k, v in files(out).items() if k not in DOCUMENTS} == files(whole)


@pytest.mark.parametrize("seed", range(2))
def test_publish(hub, whole, tmp_path, seed):
    size = sum(map(len, files(whole).values()))
    command = ["publish", str(whole), "--repo", "org/set"]
    moments = [random.Random(seed).randrange(size * 2 // 3) for _ in range(3)]
    signals = [attempt(hub, command, moment) for moment in moments]
    assert signal.SIGKILL in signals
    repository = hub.repositories["dataset", "org/set"]
    for commit in repository.commits.values():
        names = set(commit) - {".gitattributes"}
        assert names in (set(), {*files(whole), *DOCUMENTS})
    assert attempt(hub, command) == 0
    sent = hub.asked("PUT")
    assert attempt(hub, command) == 0
    assert hub.asked("PUT") == sent
    download(Repository("org/set"), tmp_path / "got")
    got = files(tmp_path / "got")
    assert {path: data for path, data in got.items() if path not in DOCUMENTS} == files(whole)
