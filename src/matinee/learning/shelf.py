"""The shelf: fitted models as versioned objects, published whole, swapped while serving, rolled back.

    models/<name>/<version>/<model>.npz      arrays (NumPy, without pickle)
    models/<name>/<version>/manifest.json    what each file is, its size and SHA-256
    models/<name>/current.json               which version is served

A version is written before it is pointed to, and the pointer is one object, so a reader sees the old version or the
new one and never half of either. One version may hold several models that were fitted together.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from matinee.base.errors import InvalidInput, NotFound
from matinee.base.objects import Objects
from matinee.learning.stored import Stored

FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """What lies on the shelf under one version."""

    version: str
    created_ms: int
    models: Mapping[str, Stored]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of the whole: how it was made, what was measured."""


class Shelf:
    """The versions of one name, in an object store. Holds nothing itself: several processes may share it."""

    def __init__(self, objects: Objects, name: str) -> None:
        self._objects = objects
        self.name = name

    def publish(self, version: Version) -> None:
        """Store a version and make it the current one.

        Raises `Unavailable` where the store fails; what was current before then stays so.
        """
        files = {}
        for name, stored in version.models.items():
            data = _packed(stored.arrays)
            key = f"{name}.npz"
            self._objects.put(self._key(version.version, key), data)
            digest = hashlib.sha256(data).hexdigest()
            files[name] = {
                "kind": stored.kind,
                "file": key,
                "bytes": len(data),
                "sha256": digest,
                "facts": dict(stored.facts),
            }
        manifest = {
            "format": FORMAT,
            "version": version.version,
            "created_ms": version.created_ms,
            "facts": dict(version.facts),
            "models": files,
        }
        self._objects.put(self._key(version.version, "manifest.json"), _json(manifest))
        self._point_to(version.version)

    def current(self) -> str | None:
        """The version that is served, None where nothing was published; one small read."""
        try:
            pointer = orjson.loads(self._objects.get(self._key("current.json")))
            return str(pointer["version"])
        except NotFound:
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise self._damaged("current.json", "does not say which version is current") from None

    def versions(self) -> list[str]:
        """All versions, oldest first."""
        manifests = (one.key for one in self._objects.list(self._key("")) if one.key.endswith("/manifest.json"))
        return sorted(key.split("/")[-2] for key in manifests)

    def load(self, version: str) -> Version:
        """A version with its arrays.

        Raises `NotFound` where there is none of that name, and `InvalidInput` where a file is damaged, or was written
        by a newer Matinee.
        """
        manifest = self._manifest(version)
        models = {name: self._stored(version, entry) for name, entry in manifest["models"].items()}
        return Version(version, int(manifest["created_ms"]), models, manifest["facts"])

    def roll_back(self) -> str:
        """Make the version before the current one current and return it. Raises `NotFound` where there is none."""
        current, versions = self.current(), self.versions()
        earlier = [one for one in versions if current is not None and one < current]
        if not earlier:
            raise NotFound(f"There is no version of {self.name} before {current}.", next_step="Train again instead.")
        self._manifest(earlier[-1])
        self._point_to(earlier[-1])
        return earlier[-1]

    def _manifest(self, version: str) -> dict[str, Any]:
        key = self._key(version, "manifest.json")
        try:
            manifest: dict[str, Any] = orjson.loads(self._objects.get(key))
            newer = manifest["format"] > FORMAT
            _ = manifest["models"], manifest["created_ms"], manifest["facts"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise self._damaged(f"{version}/manifest.json", "is no manifest") from None
        if newer:
            raise InvalidInput(f"{key} was written by a newer Matinee.", next_step="Upgrade, or train again.")
        return manifest

    def _stored(self, version: str, entry: Mapping[str, Any]) -> Stored:
        where = f"{version}/{entry['file']}"
        try:
            data = self._objects.get(self._key(where))
        except NotFound:
            raise self._damaged(where, "is missing") from None
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise self._damaged(where, "has changed since it was written")
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return Stored(entry["kind"], {name: arrays[name] for name in arrays.files}, entry["facts"])
        except (ValueError, OSError, zipfile.BadZipFile):
            raise self._damaged(where, "is no file of arrays") from None

    def _damaged(self, what: str, how: str) -> InvalidInput:
        return InvalidInput(
            f"The model file {self._key(what)} {how}.",
            next_step="Go back with `matinee recommendation rollback`, or train again.",
        )

    def _point_to(self, version: str) -> None:
        self._objects.put(self._key("current.json"), _json({"version": version}))

    def _key(self, *parts: str) -> str:
        return "/".join(("models", self.name, *parts))


def _packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _json(data: object) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_INDENT_2)
