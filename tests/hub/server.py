"""A hub on this machine: as much of the Hugging Face Hub's HTTP as its Python clients use.

    with LocalHub() as hub:                      # hub.url is for HF_ENDPOINT
        hub.tokens["hf_w"] = Account("writer", writes=True)
        huggingface_hub.HfApi(hub.url, token="hf_w").create_repo("org/set", repo_type="dataset")

Datasets and models; tokens; private and gated repositories; commits with parents, branches, tags;
large files as LFS objects, whose SHA-256 is checked as they arrive; ranges. `hub.fault(...)` makes
requests fail, break off or arrive damaged, `hub.at_byte(n, action)` does something in the midst of
a transfer, `hub.requests` is what was asked. Uploads need HF_HUB_DISABLE_XET=1.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

CHUNK = 1 << 13


@dataclass(frozen=True)
class Account:
    """Whom a token belongs to; `terms`: gated repositories whose terms are accepted."""

    name: str
    writes: bool = False
    terms: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Blob:
    """A file of a commit; large ones are LFS objects."""

    data: bytes
    lfs: bool

    @property
    def git_id(self) -> str:
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Repository:
    """The commits of a repository; the last of `main` is its head."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, Blob]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, Blob], branch: str = "main") -> str:
        """Make these files the head of a branch; the commit's id."""
        content = [len(self.commits), sorted((path, blob.git_id) for path, blob in files.items())]
        name = hashlib.sha1(json.dumps(content).encode()).hexdigest()
        self.commits[name] = files
        self.refs[branch] = name
        return name

    def resolve(self, revision: str) -> str | None:
        """The commit of a branch, a tag or a commit's id."""
        return self.refs.get(revision, revision if revision in self.commits else None)


@dataclass
class Fault:
    """What happens to requests, METHOD /path, that match a pattern.

    Attributes:
        times: to so many of them.
        status: answered with this.
        cut: the connection is closed after so many bytes of the body.
        damage: a byte in the middle of the body is another one.
    """

    pattern: str
    times: int = 1
    status: int | None = None
    cut: int | None = None
    damage: bool = False


class LocalHub:
    """The server; a context manager. Everything in it may be looked at and changed at any time."""

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.tokens: dict[str, Account] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.page = 1000
        self.actions: list[tuple[str, Callable[[], object]]] = []
        self._lock = threading.Lock()
        self._bytes = 0
        self._alarm: tuple[int, Callable[[], object]] | None = None
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LocalHub:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Listen no longer, as if there were no network."""
        self._server.shutdown()
        self._server.server_close()
        for connection in self._server.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def fault(self, pattern: str, **what: object) -> Fault:
        """Add a `Fault`."""
        self.faults.append(Fault(pattern, **what))
        return self.faults[-1]

    def on(self, pattern: str, action: Callable[[], object]) -> None:
        """Call `action` before the next request that matches is answered."""
        self.actions.append((pattern, action))

    def at_byte(self, count: int, action: Callable[[], object]) -> None:
        """Call `action` once, when so many more bytes of bodies have gone either way."""
        with self._lock:
            self._bytes, self._alarm = 0, (count, action)

    def asked(self, pattern: str) -> list[str]:
        """The requests so far that match."""
        return [line for line in self.requests if re.search(pattern, line)]

    def traffic(self, count: int) -> None:
        """Bytes have gone by."""
        with self._lock:
            self._bytes += count
            due = self._alarm is not None and self._bytes >= self._alarm[0]
            action, self._alarm = (self._alarm[1], None) if due else (None, self._alarm)
        if action:
            action()

    def fault_for(self, line: str) -> Fault | None:
        """The fault that a request meets."""
        with self._lock:
            due = [pair for pair in self.actions if re.search(pair[0], line)][:1]
            self.actions = [pair for pair in self.actions if pair not in due]
        for _, action in due:
            action()
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.pattern, line):
                    fault.times -= 1
                    return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), OSError):  # clients that were killed are no news
            super().handle_error(request, client_address)


class _Refusal(Exception):
    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(status)
        self.status, self.code, self.message = status, code, message


class _Handler(BaseHTTPRequestHandler):
    hub: LocalHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def _answer(self) -> None:
        self.body = self._read()
        address = urlsplit(self.path)
        path, self.query = unquote(address.path), parse_qs(address.query)
        line = f"{self.command} {path}"
        requested = self.headers.get("Range")
        self.hub.requests.append(f"{line} {requested}" if requested else line)
        self.fault = self.hub.fault_for(line)
        try:
            if self.fault and self.fault.status:
                raise _Refusal(self.fault.status, message="out of order")
            for method, pattern, answer in _ROUTES:
                found = method == self.command and re.fullmatch(pattern, path)
                if found:
                    answer(self, **found.groupdict())
                    return
            raise _Refusal(404)
        except _Refusal as refusal:
            headers = {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message}
            error = json.dumps({"error": refusal.message}).encode()
            self._send(refusal.status, error, {k: v for k, v in headers.items() if v})

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer

    def _read(self) -> bytes:
        data, wanted = bytearray(), int(self.headers.get("Content-Length") or 0)
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        while chunked or len(data) < wanted:
            step = int(self.rfile.readline(), 16) if chunked else min(CHUNK, wanted - len(data))
            part = self.rfile.read(step)
            if len(part) < step:
                raise ConnectionError("the client has gone")
            if chunked:
                self.rfile.readline()
            if not step:
                break
            data += part
            self.hub.traffic(len(part))
        return bytes(data)

    def _send(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        fault = self.fault
        if fault and fault.damage and data:
            middle = len(data) // 2
            data = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        end = len(data) if fault is None or fault.cut is None else fault.cut
        for start in range(0, end, CHUNK):
            part = data[start : min(start + CHUNK, end)]
            self.wfile.write(part)
            self.hub.traffic(len(part))
        if end < len(data):
            self.close_connection = True
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def _json(self, content: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(content).encode()
        self._send(200, data, {"Content-Type": "application/json", **(headers or {})})

    # Who may do what, with the answers that the hub gives those who may not.

    def _account(self) -> Account | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self.hub.tokens:
            raise _Refusal(401, message="Invalid credentials in Authorization header")
        return self.hub.tokens.get(token)

    def _writer(self) -> None:
        account = self._account()
        if account is None:
            raise _Refusal(401, message="Invalid username or password.")
        if not account.writes:
            raise _Refusal(403, message="You don't have the rights to do this")

    def _repository(self, kind: str, name: str) -> Repository:
        account = self._account()
        found = self.hub.repositories.get((kind.removesuffix("s"), name))
        if found is None or (found.private and account is None):
            raise _Refusal(404 if account else 401, "RepoNotFound", "Repository not found")
        return found

    def _files(self, kind: str, name: str, revision: str) -> tuple[str, dict[str, Blob]]:
        repository = self._repository(kind, name)
        commit = repository.resolve(revision)
        if commit is None:
            raise _Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit, repository.commits[commit]

    # Reading.

    def whoami(self) -> None:
        account = self._account()
        if account is None:
            raise _Refusal(401)
        self._json({"type": "user", "name": account.name, "orgs": [], "auth": {}})

    def info(self, kind: str, name: str, revision: str = "main") -> None:
        commit, files = self._files(kind, name, revision)
        repository = self._repository(kind, name)
        content = {
            "id": name,
            "sha": commit,
            "private": repository.private,
            "gated": "auto" if repository.gated else False,
            "siblings": [{"rfilename": path} for path in files],
            "tags": [],
        }
        self._json(content)

    def tree(self, kind: str, name: str, revision: str, folder: str | None = None) -> None:
        _, files = self._files(kind, name, revision)
        deep, prefix = self.query.get("recursive") == ["true"], f"{folder}/" if folder else ""
        entries: dict[str, dict] = {}
        for path, blob in files.items():
            inner, _, rest = path.removeprefix(prefix).partition("/")
            if not path.startswith(prefix):
                continue
            if rest and not deep:
                entries[prefix + inner] = {"type": "directory", "path": prefix + inner, "oid": ""}
                continue
            entry = {"type": "file", "path": path, "size": len(blob.data), "oid": blob.git_id}
            if blob.lfs:
                entry["lfs"] = {"oid": blob.sha256, "size": len(blob.data), "pointerSize": 130}
            entries[path] = entry
        if folder and not entries:
            raise _Refusal(404, "EntryNotFound", "no such folder")
        first = int(self.query.get("cursor", ["0"])[0])
        more, address = first + self.hub.page, self.path.split("?")[0]
        query = "recursive=true&" if deep else ""
        link = {"Link": f'<{self.hub.url}{address}?{query}cursor={more}>; rel="next"'}
        listed = list(entries.values())
        self._json(listed[first:more], link if more < len(listed) else {})

    def file(self, name: str, revision: str, path: str, kind: str = "models") -> None:
        commit, files = self._files(kind, name, revision)
        if self._repository(kind, name).gated:
            account = self._account()
            if account is None or name not in account.terms:
                message = f"Access to {name} is restricted"
                raise _Refusal(403 if account else 401, "GatedRepo", message)
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if path not in files:
            self.fault = None
            message = {**headers, "X-Error-Code": "EntryNotFound", "X-Error-Message": "no entry"}
            self._send(404, b"", message)
            return
        blob = files[path]
        data = self.hub.objects.get(blob.sha256, blob.data) if blob.lfs else blob.data
        headers["ETag"] = f'"{blob.sha256 if blob.lfs else blob.git_id}"'
        if blob.lfs:
            headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(len(blob.data))}
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(found[1]), int(found[2] or len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            self._send(206, data[first : last + 1], headers)
        else:
            self._send(200, data, headers)

    # Writing.

    def create(self) -> None:
        self._writer()
        wanted = json.loads(self.body)
        name = "/".join(filter(None, (wanted.get("organization"), wanted["name"])))
        key = (wanted.get("type", "model"), name)
        address = f"{self.hub.url}/{'' if key[0] == 'model' else key[0] + 's/'}{name}"
        if key in self.hub.repositories:
            refusal = {"error": "You already created this repo", "url": address}
            self._send(409, json.dumps(refusal).encode())
            return
        private = wanted.get("private") or wanted.get("visibility") == "private"
        self.hub.repositories[key] = Repository(private=bool(private))
        self.hub.repositories[key].commit({".gitattributes": Blob(b"*.parquet lfs\n", False)})
        self._json({"url": address, "name": name})

    def validate(self) -> None:
        text = json.loads(self.body)["content"]
        _, header, _ = text.split("---\n", 2) if text.startswith("---\n") else ("", "", "")
        try:
            content = yaml.safe_load(header)
            errors = _header_errors(content) if isinstance(content, dict) else ["no YAML header"]
        except yaml.YAMLError as error:
            errors = [str(error)]
        answer = {"errors": [{"message": error} for error in errors], "warnings": []}
        self._send(400 if errors else 200, json.dumps(answer).encode())

    def preupload(self, kind: str, name: str, revision: str) -> None:
        self._writer()
        _, files = self._files(kind, name, revision)
        answers = []
        for asked in json.loads(self.body)["files"]:
            large = asked["path"].endswith((".parquet", ".safetensors")) or asked["size"] > 1e7
            there = files.get(asked["path"])
            oid = there and (there.sha256 if there.lfs else there.git_id)
            answer = {"uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
            answers.append({"path": asked["path"], "oid": oid, **answer})
        self._json({"files": answers})

    def batch(self, name: str, kind: str = "models") -> None:
        self._writer()
        self._repository(kind, name)
        objects = json.loads(self.body)["objects"]
        for item in objects:
            if item["oid"] not in self.hub.objects:
                item["actions"] = {"upload": {"href": f"{self.hub.url}/objects/{item['oid']}"}}
        self._json({"transfer": "basic", "objects": objects})

    def put(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            raise _Refusal(400, message="this is not the object announced")
        self.hub.objects[oid] = self.body
        self._send(200, b"")

    def commit(self, kind: str, name: str, revision: str) -> None:
        self._writer()
        head, files = self._files(kind, name, revision)
        files = dict(files)
        for operation in map(json.loads, self.body.splitlines()):
            key, value = operation["key"], operation["value"]
            if key == "header" and value.get("parentCommit", head) != head:
                raise _Refusal(412, message="A commit has happened since. Please refresh.")
            if key == "file":
                files[value["path"]] = Blob(base64.b64decode(value["content"]), False)
            elif key == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    raise _Refusal(400, message="LFS pointer pointed to a file that does not exist")
                files[value["path"]] = Blob(self.hub.objects[value["oid"]], True)
            elif key == "deletedFile":
                del files[value["path"]]
        made = self._repository(kind, name).commit(files, revision)
        self._json({"commitOid": made, "commitUrl": f"{self.hub.url}/{name}/commit/{made}"})

    def tag(self, kind: str, name: str, revision: str) -> None:
        self._writer()
        commit, _ = self._files(kind, name, revision)
        self._repository(kind, name).refs[json.loads(self.body)["tag"]] = commit
        self._json({})


def _header_errors(header: dict) -> list[str]:
    """What the hub requires of a card's header, as far as it is written down."""
    errors = [] if re.fullmatch(r"[a-z0-9.-]+", header.get("license", "")) else ['"license"']
    for model in header.get("model-index", []):
        for result in model["results"]:
            needed = [(result, "task", "type"), (result, "dataset", "type")]
            needed += [(result, "dataset", "name")]
            needed += [({"metric": metric}, "metric", key) for metric in result["metrics"]
                       for key in ("type", "value")]  # fmt: skip
            errors += [f'"{a}.{b}" is required' for at, a, b in needed if b not in at.get(a, {})]
    return errors


_API = r"/api/(?P<kind>datasets|models)/(?P<name>[^/]+/[^/]+)"
_PLAIN = r"/(?:(?P<kind>datasets)/)?(?P<name>[^/]+/[^/]+)"


def _optional(method: Callable[..., None]) -> Callable[..., None]:
    """A route's method without the groups that did not match."""
    return lambda self, **found: method(self, **{k: v for k, v in found.items() if v is not None})


_ROUTES = [
    (method, pattern, _optional(answer))
    for method, pattern, answer in (
        ("GET", "/api/whoami-v2", _Handler.whoami),
        ("GET", _API, _Handler.info),
        ("GET", _API + r"/revision/(?P<revision>.+)", _Handler.info),
        ("GET", _API + r"/tree/(?P<revision>[^/]+)(?:/(?P<folder>.+))?", _Handler.tree),
        ("GET", _PLAIN + r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)", _Handler.file),
        ("HEAD", _PLAIN + r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)", _Handler.file),
        ("POST", "/api/repos/create", _Handler.create),
        ("POST", "/api/validate-yaml", _Handler.validate),
        ("POST", _API + r"/preupload/(?P<revision>.+)", _Handler.preupload),
        ("POST", _PLAIN + r"\.git/info/lfs/objects/batch", _Handler.batch),
        ("PUT", r"/objects/(?P<oid>[0-9a-f]{64})", _Handler.put),
        ("POST", _API + r"/commit/(?P<revision>.+)", _Handler.commit),
        ("POST", _API + r"/tag/(?P<revision>.+)", _Handler.tag),
    )
]


def _handler(hub: LocalHub) -> type[_Handler]:
    return type("Handler", (_Handler,), {"hub": hub})
