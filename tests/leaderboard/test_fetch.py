"""Predictions by address: what is fetched, and every way in which an address is an attack.

Names resolve as a test says, and connections to the addresses that pass lead to a server of this
machine; everything else is the real thing.
"""

import gzip
import hashlib
import json
import os
import pickle
import socket
import ssl
import stat
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leaderboard import fetch, stored
from leaderboard.__main__ import main
from leaderboard.fetch import FetchError, Network, fetched, is_public

HOST, ADDRESS = "files.example.org", "93.184.215.14"
BODY = b"PAR1" + os.urandom(50_000)
SHA256 = hashlib.sha256(BODY).hexdigest()


class World:
    """A server, what names resolve to, and who was connected to."""

    def __init__(self, server):
        self.pages, self.asked, self.resolved, self.dialled = {}, [], [], []
        self.names = {HOST: [ADDRESS]}
        self.server = server
        self.network = Network(self.resolve, self.connect)

    def resolve(self, host):
        self.resolved.append(host)
        found = self.names[host]
        return found(len(self.resolved)) if callable(found) else found

    def connect(self, address, port, host):
        assert port == 443
        self.dialled.append((address, host))
        return socket.create_connection(self.server.server_address)

    def get(self, path="/p.parquet", sha256=SHA256):
        return fetched(f"https://{HOST}{path}", sha256, self.network)


@pytest.fixture
def world(tmp_path, monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            made.asked.append((self.path, dict(self.headers)))
            try:
                made.pages[self.path](self)
            except OSError:  # the client has gone
                made.asked.append("gone")

        def log_message(self, *_):
            pass

    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        made = World(server)
        made.pages["/p.parquet"] = page(BODY)
        made.cache = tmp_path / "cache" / "submissions"
        yield made
        server.shutdown()
        thread.join()


def page(body, **headers):
    def answer(handler):
        handler.send_response(200)
        for name, value in {"Content_Length": len(body), **headers}.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def moved(to, status=302):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def refused(world, match, path="/p.parquet", sha256=SHA256):
    """Fetching fails, and leaves nothing behind."""
    with pytest.raises(FetchError, match=match):
        world.get(path, sha256)
    assert not world.cache.exists() or not list(world.cache.iterdir())


def test_a_file_is_fetched_once_and_is_no_program(world):
    path = world.get()
    assert path.read_bytes() == BODY
    assert world.get() == path
    assert [one[0] for one in world.asked] == ["/p.parquet"]
    assert world.asked[0][1]["Host"] == HOST
    assert world.dialled == [(ADDRESS, HOST)]
    assert not path.stat().st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    path.write_bytes(b"damaged")
    assert world.get().read_bytes() == BODY


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_among_public_hosts(world, status):
    world.names["cdn.example.net"] = ["8.8.8.8"]
    world.pages["/a?b=c"] = moved("/next", status)
    world.pages["/next"] = moved("https://cdn.example.net/p.parquet", status)
    assert world.get("/a?b=c").read_bytes() == BODY
    assert world.dialled == [(ADDRESS, HOST), (ADDRESS, HOST), ("8.8.8.8", "cdn.example.net")]


def test_a_redirect_to_a_signed_address(world):
    """As hosts of large files have them, with 1,400 characters and signs that look like markup."""
    signed = f"/p.parquet?Policy={'x' * 1400}&copy=1&Key-Pair-Id=K"
    world.names["cdn.example.net"] = ["8.8.8.8"]
    world.pages["/a"] = moved(f"https://cdn.example.net{signed}")
    world.pages[signed] = page(BODY)
    assert world.get("/a").read_bytes() == BODY
    world.pages["/b"] = moved(f"https://cdn.example.net/{'x' * 8192}")
    with pytest.raises(FetchError, match="is no address of at most 8192 printable"):
        world.get("/b", "0" * 64)


@pytest.mark.parametrize(
    "to",
    ["https://127.0.0.1/p.parquet", "https://[::1]/p.parquet", "https://localhost/p.parquet"]
    + ["http://files.example.org/p.parquet", "https://files.example.org:8080/p.parquet"]
    + ["file:///etc/passwd", "ftp://files.example.org/p", "https://2130706433/", "//127.0.0.1/p"]
    + ["https://user:word@files.example.org/p.parquet"],
)
def test_a_redirect_to_a_local_host_or_another_scheme(world, to):
    world.pages["/away"] = moved(to)
    refused(world, "leads to", "/away")
    assert len(world.dialled) == 1


def test_a_redirect_to_a_public_name_of_a_local_address(world):
    world.names["inner.example.org"] = ["10.0.0.1"]
    world.pages["/away"] = moved("https://inner.example.org/p.parquet")
    refused(world, "'inner.example.org' is 10.0.0.1, which is no public address", "/away")
    assert len(world.dialled) == 1


LOCAL = [
    "10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1",
    "64:ff9b::a00:1", "64:ff9b::7f00:1", "2002:a00:1::1", "2001:0:a00:1::1", "no address",
]  # fmt: skip


@pytest.mark.parametrize("address", LOCAL)
def test_a_name_that_resolves_to_an_address_that_is_not_public(world, address):
    world.names[HOST] = [address]
    refused(world, "no public address")
    world.names[HOST] = [ADDRESS, address]  # the other one might be tried next
    refused(world, "no public address")
    assert world.dialled == []


def test_public_addresses_are_public():
    for address in (ADDRESS, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"):
        assert is_public(address)


def test_a_name_that_resolves_to_another_address_a_moment_later(world):
    """The connection goes to the address that was looked at, for the name is asked once."""
    world.names[HOST] = lambda times: [ADDRESS if times == 1 else "127.0.0.1"]
    assert world.get().read_bytes() == BODY
    assert world.dialled == [(ADDRESS, HOST)]
    assert world.resolved == [HOST]


def test_a_body_without_an_end(world, monkeypatch):
    monkeypatch.setattr(stored, "LARGEST_FILE", 300_000)
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            sent.append(handler.wfile.write(bytes(10_000)))

    world.pages["/p.parquet"] = endless
    refused(world, "has more than the 300000 bytes that are allowed")
    for _ in range(100):
        if "gone" in world.asked:
            break
        time.sleep(0.02)
    assert "gone" in world.asked
    assert sum(sent) < 20_000_000


def test_a_body_that_says_that_it_is_too_large(world):
    world.pages["/p.parquet"] = page(b"", Content_Length=stored.LARGEST_FILE + 1)
    refused(world, "at most 16777216 are allowed")


def test_another_file_than_the_one_stated(world):
    refused(world, "its SHA-256 is", sha256="0" * 64)


def test_a_file_that_is_cut_off(world):
    world.pages["/p.parquet"] = page(BODY[:1000], Content_Length=len(BODY))
    refused(world, "SHA-256|can't be fetched")


def test_a_bomb_in_a_content_encoding(world):
    bomb = gzip.compress(bytes(50_000_000))
    world.pages["/p.parquet"] = page(bomb, Content_Encoding="gzip")
    refused(world, "sent as 'gzip'", sha256=hashlib.sha256(bomb).hexdigest())
    assert world.asked[0][1]["Accept-Encoding"] == "identity"
    world.pages["/plain"] = page(bomb)  # as what it is, it is small, and no Parquet
    path = world.get("/plain", hashlib.sha256(bomb).hexdigest())
    with pytest.raises(stored.StoredError, match="no Parquet"):
        stored.load(path, most=80, landmarks=8)


def _drip(write, until):
    while time.monotonic() < until:
        write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("where", ["silence", "headers", "body"])
def test_a_host_that_dawdles(world, monkeypatch, where):
    monkeypatch.setattr(fetch, "SILENCE", 0.3)
    monkeypatch.setattr(fetch, "WHOLE", 0.8)

    def slow(handler):
        until = time.monotonic() + 5
        if where == "silence":
            time.sleep(0.6)
        if where == "headers":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            _drip(handler.wfile.write, until)
        if where == "body":
            page(b"", Content_Length=len(BODY))(handler)
            _drip(handler.wfile.write, until)

    world.pages["/p.parquet"] = slow
    start = time.monotonic()
    refused(world, "no answer in time")
    assert time.monotonic() - start < 3


def test_a_look_up_that_does_not_end(world, monkeypatch):
    """The system's own has no time limit; nobody waits for it, not even at the end."""
    monkeypatch.setattr(fetch, "SILENCE", 0.3)
    answer = threading.Event()
    world.names[HOST] = lambda _: answer.wait(20) and []
    start = time.monotonic()
    refused(world, "no answer in time")
    assert time.monotonic() - start < 3
    assert world.dialled == []
    answer.set()
    assert all(one.daemon for one in threading.enumerate() if "look" in one.name)


def test_addresses_that_do_not_answer_are_not_all_tried(world, monkeypatch):
    monkeypatch.setattr(fetch, "WHOLE", 0.3)
    world.names[HOST] = [f"93.184.215.{n}" for n in range(1, 200)]

    def down(address, port, host):
        world.dialled.append(address)
        time.sleep(0.1)
        raise TimeoutError

    monkeypatch.setattr(world, "network", Network(world.resolve, down))
    refused(world, "no answer in time")
    assert len(world.dialled) < 10


def test_redirects_without_an_end_and_pages_that_are_not_there(world):
    world.pages["/p.parquet"] = moved("/p.parquet")
    refused(world, "redirects more than 5 times")
    assert len(world.dialled) == 6
    world.pages["/p.parquet"] = lambda handler: handler.send_error(404)
    refused(world, "the host answers 404")
    world.pages["/p.parquet"] = lambda handler: handler.wfile.write(b"\0" * 100)
    refused(world, "can't be fetched")


def test_a_name_without_an_address_and_a_host_that_is_down(world):
    world.names[HOST] = []
    refused(world, "has no address")

    def down(*_):
        raise ConnectionRefusedError("connection refused")

    world.network = Network(lambda _: [ADDRESS], down)
    refused(world, "connection refused")


def test_what_stands_in_for_the_network_is_the_tests_alone(world, board, capsys):
    assert Network(fetch._resolve, fetch._connect) == fetch.PUBLIC
    with pytest.raises(ssl.SSLError):  # the server here has no certificate, and speaks no TLS
        fetch._connect("127.0.0.1", world.server.server_address[1], HOST)
    folder = by_address(board, "one", network="local")
    assert any("unknown: 'network'" in one for one in board.check(folder, capsys))


def by_address(board, name, body=None, **fields):
    """An entry whose predictions are at an address, and no longer in its folder."""
    folder = board.new(name)
    file = folder / "seed-0.parquet"
    data = body or file.read_bytes()
    file.unlink()
    at = {"seed": 0, "url": f"https://{HOST}/{name}", "sha256": hashlib.sha256(data).hexdigest()}
    return board.edit(name, lambda content: content.update(predictions=[at | fields]))


def test_an_entry_by_address_is_verified_when_it_is_fetched(world, board, capsys, monkeypatch):
    data = (board.new("kept") / "seed-0.parquet").read_bytes()
    folder = by_address(board, "one", data)
    world.pages["/one"] = page(data)
    monkeypatch.setattr(fetch, "PUBLIC", world.network)
    capsys.readouterr()
    assert main(["verify", str(folder)]) == 2
    assert "nothing was verified" in capsys.readouterr().err
    where = ["--submissions", str(board.submissions)]
    assert main(["check", str(folder), *where]) == 0
    assert "its predictions were not fetched (--fetch)" in capsys.readouterr().out
    assert world.asked == []
    assert main(["verify", str(folder), "--fetch"]) == 0
    assert "every number of result.json follows" in capsys.readouterr().out
    assert main(["check", str(folder), *where, "--fetch"]) == 2  # they are those of "kept"
    assert "its predictions are those of made-up/kept" in capsys.readouterr().err
    assert len(world.asked) == 1
    built = board.build().files
    assert json.loads(built["made-up.json"])["entries"]["made-up/one"] == "claimed"


def test_what_is_fetched_is_hostile_until_checked(world, board, capsys, monkeypatch):
    class Bomb:
        def __reduce__(self):
            return (os._exit, (3,))

    data = pickle.dumps(Bomb())
    folder = by_address(board, "one", data)
    monkeypatch.setattr(fetch, "PUBLIC", world.network)
    world.pages["/one"] = page(data)
    capsys.readouterr()
    assert main(["check", str(folder), "--submissions", str(board.submissions), "--fetch"]) == 2
    assert "is no Parquet file" in capsys.readouterr().err
    assert main(["verify", str(folder), "--fetch"]) == 2
    assert "is no Parquet file" in capsys.readouterr().err
    world.names[HOST] = ["169.254.169.254"]
    folder = by_address(board, "two", b"other")
    assert main(["check", str(folder), "--submissions", str(board.submissions), "--fetch"]) == 2
    assert "no public address" in capsys.readouterr().err
