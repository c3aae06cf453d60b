"""Objects in S3, or in any server that speaks its protocol, through s3fs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import s3fs
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from matinee.base import urls
from matinee.base.disk import unavailable
from matinee.base.errors import NotFound, SettingsError, Unavailable
from matinee.base.objects import ObjectInfo
from matinee.base.objects.cache import Copies
from matinee.base.objects.folder import check_range
from matinee.base.objects.keys import check_key, check_prefix

_OPTIONS = ("endpoint_url", "key", "secret", "token", "region", "profile", "cache", "cache_mib")
_ATTEMPTS = 3


class S3Objects:
    """Objects in a bucket, below a prefix. Methods may be called from any thread."""

    def __init__(self, files: Any, place: str, copies: Copies) -> None:
        """Use the open `files` system; `place` is ``bucket`` or ``bucket/prefix``."""
        self._files = files
        self._place = place
        self._bucket, _, prefix = place.partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._copies = copies

    @classmethod
    def open(cls, url: str, root: Path) -> S3Objects:
        """Open ``s3://BUCKET/PREFIX``.

        Options: `endpoint_url` of a server other than Amazon's, `region`, `key`, `secret` and `token` (else those of
        the environment, of `profile` or of the machine's role are used), `cache` (a folder for local copies, inside
        `root`) and `cache_mib` (its size). Raises `Unavailable` where the bucket cannot be reached.
        """
        address = urls.parse("backends.objects", url, _OPTIONS)
        place = address.place.strip("/")
        if not place:
            raise SettingsError(f"backends.objects = {url!r} names no bucket.", next_step="Write s3://BUCKET/PREFIX.")
        options = address.options
        files = s3fs.S3FileSystem(
            **{
                name: options[name] for name in ("endpoint_url", "key", "secret", "token", "profile") if name in options
            },
            client_kwargs={"region_name": options["region"]} if "region" in options else {},
            config_kwargs={"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        copies = Copies(root / options.get("cache", "cache/objects"), address.number("cache_mib", 4096) << 20)
        opened = cls(files, place, copies)
        opened._check_bucket()
        return opened

    def put(self, key: str, data: bytes) -> ObjectInfo:
        """Store `data`, replacing what lay there; durable on return."""
        with self._asking(key) as path:
            self._files.pipe_file(path, data)
        return self.info(key)

    def put_file(self, key: str, path: Path) -> ObjectInfo:
        """Store a copy of a local file; durable on return."""
        if not path.is_file():
            raise NotFound(f"There is no file {path}.", next_step="Check its name.")
        with self._asking(key) as target:
            self._files.put_file(str(path), target)
        return self.info(key)

    def get(self, key: str) -> bytes:
        """The whole object."""
        with self._asking(key) as path:
            return cast("bytes", self._files.cat_file(path, max_concurrency=1))

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Bytes `start` (included) to `stop` (excluded), fewer where the object ends before."""
        check_range(start, stop)
        stop = min(stop, self.info(key).size_bytes)
        if start >= stop:
            return b""
        with self._asking(key) as path:
            return cast("bytes", self._files.cat_file(path, start=start, end=stop))

    def stream(self, key: str) -> BinaryIO:
        """The object as a readable, seekable file; close it."""
        self.info(key)
        with self._asking(key) as path:
            return cast("BinaryIO", self._files.open(path, "rb"))

    def info(self, key: str) -> ObjectInfo:
        """Size, time and etag."""
        with self._asking(key):
            found = self._files.call_s3("head_object", Bucket=self._bucket, Key=self._prefix + key)
        return _info(key, found["ContentLength"], found)

    def exists(self, key: str) -> bool:
        """Whether something lies there."""
        try:
            self.info(key)
        except NotFound:
            return False
        return True

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix`, sorted by key."""
        start = self._prefix + check_prefix(prefix)
        page: dict[str, str] = {}
        while True:
            with self._asking(None):
                found = self._files.call_s3("list_objects_v2", Bucket=self._bucket, Prefix=start, **page)
            for one in found.get("Contents", ()):
                key = one["Key"].removeprefix(self._prefix)
                if key and not key.endswith("/"):  # other programs mark folders with empty objects
                    yield _info(key, one["Size"], one)
            if not found.get("IsTruncated"):
                return
            page = {"ContinuationToken": found["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        with self._asking(key):
            self._files.call_s3("delete_object", Bucket=self._bucket, Key=self._prefix + key)

    def local(self, key: str) -> Path:
        """A local copy of this very content. Read it, never write it."""
        for _ in range(_ATTEMPTS):
            info = self.info(key)
            path = self._copies.get(self._place, info, lambda temporary: self._download(key, temporary))
            if path.stat().st_size == info.size_bytes and self.info(key).etag == info.etag:
                return path
        raise Unavailable(f"{key!r} changes more quickly than it can be copied.", next_step="Try again.")

    def close(self) -> None:
        """Close the connections."""
        client = getattr(self._files, "_s3", None)
        if client is not None:
            self._files.close_session(self._files.loop, client)

    def _download(self, key: str, path: Path) -> None:
        with self._asking(key) as source:
            self._files.get_file(source, str(path), max_concurrency=1)

    def _check_bucket(self) -> None:
        try:
            with self._asking(None):
                self._files.call_s3("head_bucket", Bucket=self._bucket)
        except NotFound:
            raise Unavailable(
                f"There is no bucket {self._bucket!r} at {self._server}.", next_step="Create it or check its name."
            ) from None

    @property
    def _server(self) -> str:
        return str(self._files.endpoint_url or "Amazon S3")

    @contextmanager
    def _asking(self, key: str | None) -> Iterator[str]:
        """The object's path for s3fs; what goes wrong on the way is told in our words."""
        if key is not None:
            check_key(key)
        try:
            yield f"{self._bucket}/{self._prefix}{key}"
        except FileNotFoundError:
            raise NotFound(f"There is no object {key!r}.", next_step="Check the key.") from None
        except PermissionError as error:
            raise Unavailable(
                f"{self._server} refuses access to s3://{self._place}: {_reason(error)}.",
                next_step="Check the credentials and what they allow.",
            ) from error
        except (OSError, BotoCoreError, ClientError) as error:
            if isinstance(error, OSError) and error.filename:  # the local disk's, not the server's
                raise unavailable(Path(os.fsdecode(error.filename)), error) from error
            raise Unavailable(
                f"{self._server} failed for s3://{self._place}: {_reason(error)}.",
                next_step="Check that the server is running, its address and your credentials.",
            ) from error


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def _info(key: str, size_bytes: int, found: Any) -> ObjectInfo:
    modified_ms = round(found["LastModified"].timestamp() * 1000)
    return ObjectInfo(key, size_bytes, modified_ms, found["ETag"].strip('"'))
