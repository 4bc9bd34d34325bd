"""A Hub on this machine, for tests: it hands out what it was given, and notes what it was asked."""

import json
import re
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PHOTO_MODEL = ("config.json", "diffusion_pytorch_model.safetensors")


@dataclass
class FakeHub:
    """A Hub on this machine. files: contents by "owner/name/path". sizes: Content-Length where it is to be another.
    errors: status and error code by "owner/name". asked: method and path of every request. tokens: what came as
    Authorization. lists: whether it has an API
    that says what a repository holds."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    lists: bool = True

    def add(
        self,
        repo: str,
        folder: Path,
        below: str = "",
        names: tuple[str, ...] = ("config.json", "diffusion_pytorch_model.safetensors"),
    ) -> None:
        for name in names:
            self.files[f"{repo}/{below}{name}"] = (folder / name).read_bytes()


class Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_HEAD(self) -> None:
        hub = self.hub
        hub.asked.append(f"{self.command} {self.path}")
        hub.tokens.add(self.headers.get("Authorization"))
        if listed := re.fullmatch(r"/api/models/([^/]+/[^/?]+)\?.*", self.path):
            return self.list(listed[1])
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/main/(.+)", self.path)
        if match is None:
            return self.answer(200, b"The Hub")
        repo, name = match.groups()
        if self.refuses(repo):
            return None
        content = hub.files.get(f"{repo}/{name}")
        if content is None:
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": "c" * 40})
        return self.answer(200, content, {"ETag": f'"{zlib.crc32(content):040x}"', "X-Repo-Commit": "c" * 40})

    do_GET = do_HEAD  # noqa: N815

    def refuses(self, repo: str) -> bool:
        hub = self.hub
        if repo in hub.errors:
            status, code = hub.errors[repo]
            self.answer(status, b"", {"X-Error-Code": code})
        elif not any(file.startswith(f"{repo}/") for file in hub.files):
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        else:
            return False
        return True

    def list(self, repo: str) -> None:
        """What a repository holds, as the Hub's API says it; nothing of it where `lists` is off."""
        if not self.hub.lists:
            return self.answer(404, b"Not found")
        if self.refuses(repo):
            return None
        sizes = {file: self.hub.sizes.get(file, len(content)) for file, content in self.hub.files.items()}
        siblings = [
            {"rfilename": file.removeprefix(f"{repo}/"), "size": size}
            for file, size in sizes.items()
            if file.startswith(f"{repo}/")
        ]
        return self.answer(200, json.dumps({"id": repo, "siblings": siblings}).encode())

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        path = self.path.replace("/resolve/main", "").lstrip("/")
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(self.hub.sizes.get(path, len(content))))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve() -> Iterator[FakeHub]:
    handler = type("OwnHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.hub = hub = FakeHub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()
