"""The shelf: fitted models as versioned objects, published whole, swapped while serving, rolled back and forward.

    models/<name>/<version>/<model>.npz      arrays (NumPy, without pickle)
    models/<name>/<version>/manifest.json    what each file is, its size and SHA-256, and facts of the whole
    models/<name>/<version>/proposed.json    the same, of a version that is not served yet and may never be
    models/<name>/current.json               which version is served

A version is written before it is pointed to, and the pointer is one object, so a reader sees the old version or the
new one and never half of either. One that is only proposed is found by nobody who lists versions or goes back; it
becomes one of them as it is served, or is tidied away after a day. One version may hold several models that were
fitted together. Versions are named so that their names sort by age.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from matinee.base.clock import DAY_MS
from matinee.base.errors import InvalidInput, NotFound
from matinee.base.objects import Objects
from matinee.learning.stored import Stored, pack_arrays, unpack_arrays

FORMAT = 1
MANIFEST, PROPOSED = "manifest.json", "proposed.json"
UNFINISHED_MS = DAY_MS
"""Files without a manifest may be a publication under way for so long; after that they are what was left of one."""


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """What lies on the shelf under one version."""

    version: str
    created_ms: int
    models: Mapping[str, Stored]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Of the whole: how it was made, what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A version as a list of the shelf shows it, without its arrays."""

    version: str
    current: bool
    created_ms: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The kind of each of its models by name."""
    bytes: int = 0
    digest: str = ""
    """Of the bytes of its models: two trainings with one digest came out alike, whatever their names and times."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    damage: str = ""
    """What is wrong with it, in a sentence; empty where its manifest can be read."""


class Shelf:
    """The versions of one name, in an object store. Holds nothing itself: several processes may share it."""

    def __init__(self, objects: Objects, name: str) -> None:
        self._objects = objects
        self.name = name

    def publish(self, version: Version) -> None:
        """Store a version and make it the current one.

        Raises what `propose` raises; what was current before then stays so.
        """
        self.propose(version)
        self._point_to(version.version)

    def propose(self, version: Version) -> None:
        """Store a version that is served only once `serve` names it.

        Raises `Unavailable` where the store fails and `InvalidInput` for arrays of Python objects.
        """
        files = {name: self._put(version.version, name, stored) for name, stored in version.models.items()}
        manifest = {
            "format": FORMAT,
            "version": version.version,
            "created_ms": version.created_ms,
            "facts": dict(version.facts),
            "models": files,
        }
        self._objects.put(self._key(version.version, PROPOSED), _json(manifest))

    def note(self, version: str, **facts: Any) -> None:
        """Add facts to a version that lies there, as what was measured of it since. Raises as `load` does."""
        file, manifest = self._manifest(version)
        manifest["facts"] = {**manifest["facts"], **facts}
        self._objects.put(self._key(version, file), _json(manifest))

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
        """All versions that are or were served, oldest first."""
        return self._holding(MANIFEST)

    def proposed(self) -> list[str]:
        """Versions that nobody has been served, oldest first."""
        return self._holding(PROPOSED)

    def entries(self) -> list[Entry]:
        """Every version with its facts and without its arrays, oldest first; one that is damaged says so."""
        current = self.current()
        return [self._entry(one, current=one == current) for one in self.versions()]

    def entry(self, version: str) -> Entry:
        """One version with its facts and without its arrays; one that is damaged, or not there, says so."""
        return self._entry(version, current=version == self.current())

    def load(self, version: str) -> Version:
        """A version with its arrays.

        Raises `NotFound` where there is none of that name, and `InvalidInput` where a file is damaged, or was written
        by a newer Matinee.
        """
        _, manifest = self._manifest(version)
        models = {name: self._stored(version, entry) for name, entry in manifest["models"].items()}
        return Version(version, int(manifest["created_ms"]), models, manifest["facts"])

    def serve(self, version: str) -> None:
        """Make a version that lies there the current one, also one that was only proposed.

        Raises as `load` does, before anything is changed.
        """
        self.load(version)
        self._point_to(version)

    def roll_back(self) -> str:
        """Make the version before the current one current and return it.

        Raises `NotFound` where there is none, `InvalidInput` where it is damaged.
        """
        current = self.current()
        return self._move([one for one in self.versions() if current is not None and one < current][-1:], "before")

    def roll_forward(self) -> str:
        """Make the version after the current one current again and return it. Raises as `roll_back` does."""
        current = self.current()
        return self._move([one for one in self.versions() if current is not None and one > current][:1], "after")

    def prune(self, keep: int, now_ms: int) -> list[str]:
        """Delete the oldest versions beyond `keep`, never the current one, and what broken publications left.

        Returns the versions that went, oldest first. Raises `InvalidInput` where `keep` is below 1.
        """
        if keep < 1:
            raise InvalidInput(f"A shelf cannot keep {keep} versions.", next_step="Keep at least one.")
        versions, current = self.versions(), self.current()
        gone = [one for one in versions[:-keep] if one != current]
        for version in gone:
            # Without its manifest it is no version any more; whatever happens next, nobody finds half of one.
            self._objects.delete(self._key(version, MANIFEST))
        kept = {*versions, current} - set(gone)
        for info in list(self._objects.list(self._key(""))):
            version, _, file = info.key.removeprefix(self._key("")).partition("/")
            broken = version not in versions and now_ms - info.modified_ms > UNFINISHED_MS
            if file and version not in kept and (version in gone or broken):
                self._objects.delete(info.key)
        return gone

    def _put(self, version: str, name: str, stored: Stored) -> dict[str, Any]:
        data, file = pack_arrays(stored.arrays), f"{name}.npz"
        self._objects.put(self._key(version, file), data)
        digest = hashlib.sha256(data).hexdigest()
        facts = dict(stored.facts)
        return {"kind": stored.kind, "file": file, "bytes": len(data), "sha256": digest, "facts": facts}

    def _move(self, found: Sequence[str], where: str) -> str:
        if not found:
            raise NotFound(
                f"There is no version of {self.name} {where} {self.current()}.", next_step="Train again instead."
            )
        self.serve(found[0])
        return found[0]

    def _entry(self, version: str, *, current: bool) -> Entry:
        try:
            _, manifest = self._manifest(version)
        except (InvalidInput, NotFound) as error:
            return Entry(version=version, current=current, damage=error.message)
        models = manifest["models"]
        return Entry(
            version=version,
            current=current,
            created_ms=int(manifest["created_ms"]),
            kinds={name: entry["kind"] for name, entry in models.items()},
            bytes=sum(entry["bytes"] for entry in models.values()),
            digest=_digest(models),
            facts=manifest["facts"],
        )

    def _holding(self, file: str) -> list[str]:
        keys = (one.key for one in self._objects.list(self._key("")))
        return sorted(key.split("/")[-2] for key in keys if key.endswith(f"/{file}"))

    def _manifest(self, version: str) -> tuple[str, dict[str, Any]]:
        """The manifest of a version, and the file that it lies in."""
        file = MANIFEST if self._objects.exists(self._key(version, MANIFEST)) else PROPOSED
        key = self._key(version, file)
        try:
            manifest: dict[str, Any] = orjson.loads(self._objects.get(key))
            newer = manifest["format"] > FORMAT
            whole = newer or _is_manifest(manifest)
        except NotFound:
            raise NotFound(
                f"There is no version {version} of {self.name}.",
                next_step="`matinee recommendation shelf` lists those that there are.",
            ) from None
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            whole = newer = False
        if not whole:
            raise self._damaged(f"{version}/{file}", "is no manifest")
        if newer:
            raise InvalidInput(f"{key} was written by a newer Matinee.", next_step="Upgrade, or train again.")
        return file, manifest

    def _stored(self, version: str, entry: Mapping[str, Any]) -> Stored:
        where = f"{version}/{entry['file']}"
        try:
            data = self._objects.get(self._key(where))
        except NotFound:
            raise self._damaged(where, "is missing") from None
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise self._damaged(where, "has changed since it was written")
        try:
            return Stored(entry["kind"], unpack_arrays(data), entry["facts"])
        except InvalidInput:
            raise self._damaged(where, "is no file of arrays") from None

    def _damaged(self, what: str, how: str) -> InvalidInput:
        return InvalidInput(
            f"The model file {self._key(what)} {how}.",
            next_step="Go back with `matinee recommendation rollback`, or train again.",
        )

    def _point_to(self, version: str) -> None:
        with suppress(NotFound):
            self._objects.put(self._key(version, MANIFEST), self._objects.get(self._key(version, PROPOSED)))
            self._objects.delete(self._key(version, PROPOSED))
        self._objects.put(self._key("current.json"), _json({"version": version}))

    def _key(self, *parts: str) -> str:
        return "/".join(("models", self.name, *parts))


def _digest(models: Mapping[str, Any]) -> str:
    told = "".join(f"{name} {entry['sha256']}\n" for name, entry in sorted(models.items()))
    return hashlib.sha256(told.encode()).hexdigest()


def _is_manifest(manifest: Mapping[str, Any]) -> bool:
    """Whether everything that is read of a manifest is there; raises what goes wrong on looking."""
    entries = manifest["models"].values()
    texts = [entry[name] for entry in entries for name in ("kind", "file", "sha256")]
    facts = [manifest["facts"], *(entry["facts"] for entry in entries)]
    sizes = [manifest["created_ms"], *(entry["bytes"] for entry in entries)]
    return (
        all(isinstance(one, str) and ".." not in one for one in texts)
        and all(isinstance(one, dict) for one in facts)
        and all(isinstance(one, int) for one in sizes)
    )


def _json(data: object) -> bytes:
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
