"""Predictions at an address: fetched from public hosts alone, whoever wrote the address.

An address comes from a stranger, and whoever runs this may sit in a network that the stranger can't
reach. So it is https only, to the usual port; the host's addresses are looked up once, all of them
must be public, and the connection goes to one of those that were looked at, so that a name can't
stand for another host a moment later. The same holds after every redirect. What arrives is counted,
timed and hashed, never decompressed on the way, and is in the cache only when its SHA-256 is right.
Proxies of the environment are not used.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ffld.atomic import replacing
from ffld.cache import cache_folder, mark_used
from leaderboard import stored, text

SILENCE = 20.0  # seconds without a byte
WHOLE = 300.0  # seconds for all of it, redirects included
REDIRECTS = 5

_CHUNK = 2**16
_MOVED = (301, 302, 303, 307, 308)
_PORT = 443
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # whose last 32 bits are an IPv4 address


class FetchError(ValueError):
    """What an address names can't be had, or must not be."""


@dataclass(frozen=True)
class Network:
    """How a name becomes addresses, and an address a connection; tests put their own in place.

    Attributes:
        resolve: host -> its addresses, as text.
        connect: (address, port, host) -> a socket that speaks TLS with a certificate of that host.
    """

    resolve: Callable[[str], Sequence[str]]
    connect: Callable[[str, int, str], socket.socket]


def fetched(url: str, sha256: str, network: Network | None = None) -> Path:
    """A predictions file that an address names, in the cache; fetched where it isn't there.

    Raises:
        FetchError: it isn't public, not there, too large, too slow, or not the file stated.
    """
    path = cache_folder() / "submissions" / f"{sha256}.parquet"
    if path.is_file() and stored.digest(path) == sha256:
        mark_used(path)
        return path
    until = time.monotonic() + WHOLE
    try:
        with _answer(url, network or PUBLIC, until) as answer, replacing(path) as temporary:
            found = _saved(answer, temporary)
            if time.monotonic() >= until:
                raise TimeoutError
            if found != sha256:
                raise FetchError(f"its SHA-256 is {found}, the submission says {sha256}")
    except FetchError as error:
        raise FetchError(f"{url}: {error}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = isinstance(error, TimeoutError) or time.monotonic() >= until
        reason = f"no answer in time ({SILENCE:g} s a byte, {WHOLE:g} s in all)" if late else error
        raise FetchError(f"{url} can't be fetched: {' '.join(str(reason).split())}") from error
    return path


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also where it wraps an older one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip.sixtofour is not None or ip.teredo is not None or ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


@contextmanager
def _answer(url: str, network: Network, until: float) -> Iterator[http.client.HTTPResponse]:
    """The answer of the last address that redirects lead to."""
    for _ in range(REDIRECTS + 1):
        with _asked(url, network, until) as answer:
            if answer.status == 200:
                yield answer
                return
            if answer.status not in _MOVED:
                raise FetchError(f"the host answers {answer.status} {answer.reason[:40]!r}")
            url = urljoin(url, answer.headers.get("Location", ""))
    raise FetchError(f"it redirects more than {REDIRECTS} times")


@contextmanager
def _asked(url: str, network: Network, until: float) -> Iterator[http.client.HTTPResponse]:
    """What one address answers, with nothing of the body read."""
    if found := list(text.address_problems(url)):
        raise FetchError(f"leads to {ascii(url)[:200]}, which {'; '.join(found)}")
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, timeout=SILENCE)
    connection.auto_open = 0  # it has the connection that it is given, and opens none
    connection.sock = plug = _connected(parts.hostname, network, until)
    plug.settimeout(SILENCE)
    # A byte now and then would never be silence: at the end of its time the line is cut.
    watch = threading.Timer(max(0.0, until - time.monotonic()), _cut, [plug])
    watch.daemon = True
    watch.start()
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {"Accept-Encoding": "identity", "User-Agent": "ffld", "Connection": "close"}
        connection.request("GET", path, headers=headers)
        yield connection.getresponse()
    finally:
        watch.cancel()
        plug.close()
        connection.close()


def _connected(host: str, network: Network, until: float) -> socket.socket:
    """A connection to an address that has been looked at; never to a name."""
    addresses = list(dict.fromkeys(_looked_up(host, network, until)))
    if private := [address for address in addresses if not is_public(address)]:
        raise FetchError(f"host {host!r} is {private[0]}, which is no public address")
    failure: Exception = FetchError(f"host {host!r} has no address")
    for address in addresses:
        if time.monotonic() >= until:
            raise TimeoutError
        try:
            return network.connect(address, _PORT, host)
        except OSError as error:
            failure = error
    raise failure


def _looked_up(host: str, network: Network, until: float) -> Sequence[str]:
    """A host's addresses; the system's look-up has no limit of its own, and can't be stopped."""
    found: Future[Sequence[str]] = Future()

    def look() -> None:
        try:
            found.set_result(network.resolve(host))
        except Exception as error:  # is raised again where it is waited for
            found.set_exception(error)

    threading.Thread(target=look, daemon=True).start()  # which no exit of the process waits for
    return found.result(max(0.0, min(SILENCE, until - time.monotonic())))


def _saved(answer: http.client.HTTPResponse, path: Path) -> str:
    """Write an answer's body, as it comes; its SHA-256."""
    if (encoding := answer.headers.get("Content-Encoding", "identity")) != "identity":
        raise FetchError(f"it is sent as {encoding[:40]!r}, though only plain bytes were asked for")
    stated = answer.headers.get("Content-Length", "0")
    if stated.isdecimal() and int(stated) > stored.LARGEST_FILE:
        raise FetchError(f"has {stated} bytes, at most {stored.LARGEST_FILE} are allowed")
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        while chunk := answer.read1(_CHUNK):
            size += len(chunk)
            if size > stored.LARGEST_FILE:
                raise FetchError(f"has more than the {stored.LARGEST_FILE} bytes that are allowed")
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _cut(plug: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        # Not the TLS socket's own, which takes the keys away from whoever is reading.
        socket.socket.shutdown(plug, socket.SHUT_RDWR)


def _resolve(host: str) -> list[str]:
    found = socket.getaddrinfo(host, _PORT, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


def _connect(address: str, port: int, host: str) -> socket.socket:
    plain = socket.create_connection((address, port), timeout=SILENCE)
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


PUBLIC = Network(_resolve, _connect)
