"""Content keys in a folder that only its owner may read: one small file for each key."""

from __future__ import annotations

import json
import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path

from matinee.base import urls
from matinee.base.disk import disk_errors, make_folder, sync_folder, write_all
from matinee.base.errors import Unavailable
from matinee.base.keys import ContentKey
from matinee.base.keys.names import check_name

_BYTES = 16


class FolderKeys:
    """Keys in a folder. A key that is there never changes: two who make it at once agree on the first."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when the first key is."""
        self.folder = folder

    @classmethod
    def open(cls, url: str, root: Path) -> FolderKeys:
        """Open ``file://FOLDER``; a relative folder is taken from `root`."""
        return cls(urls.parse("backends.keys", url, ()).path(root))

    def key(self, content_id: str, kind: str) -> ContentKey:
        """The key of a part: made when it is first asked for, durable on return, the same ever after."""
        path = self.folder / check_name(content_id) / f"{check_name(kind)}.json"
        with disk_errors(path):
            if not path.is_file():
                self._make(path)
            return _read(path)

    def keys(self, content_id: str) -> tuple[ContentKey, ...]:
        """Every key that was made for a content, in the order of the names of its kinds; none are made."""
        folder = self.folder / check_name(content_id)
        with disk_errors(folder):
            return tuple(_read(path) for path in sorted(folder.glob("[!.]*.json")))

    def close(self) -> None:
        """Nothing is held open."""

    def _make(self, path: Path) -> None:
        for folder in (self.folder, path.parent):
            make_folder(folder)
            folder.chmod(0o700)
        draft = path.with_name(f".{uuid.uuid4().hex}.tmp")
        made = {"kid": uuid.uuid4().hex, "key": secrets.token_hex(_BYTES)}
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_all(fd, json.dumps(made).encode(), 0)
            os.fsync(fd)
            # A link, unlike a rename, leaves what another process has put there meanwhile.
            with suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            os.close(fd)
            draft.unlink()
        sync_folder(path.parent)


def _read(path: Path) -> ContentKey:
    try:
        found = json.loads(path.read_text("utf-8"))
        key = ContentKey(bytes.fromhex(found["kid"]), bytes.fromhex(found["key"]))
        if len(key.kid) != _BYTES or len(key.key) != _BYTES:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise Unavailable(
            f"The content key {path} is damaged.",
            next_step="Put it back from a backup; if there is none, delete it and encode the title again with --force.",
        ) from None
    return key
