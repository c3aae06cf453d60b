"""Style sheets, scripts and fonts, served from memory under one address per content.

All files share one hash (``/static/HASH/js/home.js``), so that modules and style sheets may name each other by
relative paths. Such an answer never changes and is kept for ever; under another hash, as a page from before an
upgrade asks it, the file of today is sent and not kept.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from matinee.base.errors import NotFound
from matinee.server.media_types import media_type

FOLDER = Path(__file__).parent / "web"
_ZIPPED = (".css", ".js", ".mjs", ".svg", ".json", ".webmanifest", ".txt")


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes | None
    mime: str
    etag: str


class StaticFiles:
    """The files below ``static`` and ``vendor`` of a folder; vendor keeps its name in the address.

    `url` gives the address of a file: ``static.url("css/site.css")``.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = dict(_read(folder))
        whole = hashlib.sha256()
        for name, file in sorted(self._files.items()):
            whole.update(f"{name}\0{file.etag}\0".encode())
        self.hash = whole.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file. Raises `NotFound` for one that is not there."""
        self.get(name)
        return f"/static/{self.hash}/{name}"

    def get(self, name: str) -> _File:
        """A file by its path. Raises `NotFound`."""
        if name not in self._files:
            raise NotFound(f"There is no file {name[:200]!r}.", next_step="Reload the page.")
        return self._files[name]

    def answer(self, version: str, name: str, accept_encoding: str, known: str) -> Response:
        """The response for a file asked under `version`."""
        file = self.get(name)
        kept = "public, max-age=31536000, immutable" if version == self.hash else "no-cache"
        headers = {"ETag": file.etag, "Cache-Control": kept, "Vary": "Accept-Encoding"}
        if known == file.etag:
            return Response(status_code=304, headers=headers)
        if file.zipped is not None and "gzip" in accept_encoding:
            return Response(file.zipped, headers={**headers, "Content-Encoding": "gzip"}, media_type=file.mime)
        return Response(file.body, headers=headers, media_type=file.mime)


def _read(folder: Path) -> Iterator[tuple[str, _File]]:
    for root, prefix in ((folder / "static", ""), (folder / "vendor", "vendor/")):
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            if path.is_file():
                yield prefix + path.relative_to(root).as_posix(), _file(path)


def _file(path: Path) -> _File:
    body = path.read_bytes()
    zipped = gzip.compress(body, 9, mtime=0) if path.suffix in _ZIPPED and len(body) > 512 else None
    return _File(body, zipped, media_type(path.name), f'"{hashlib.sha256(body).hexdigest()[:16]}"')
