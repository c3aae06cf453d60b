"""The shelf: whole versions, one pointer, and damage told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
from tests.servers import s3, s3_url

from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.objects import Objects
from matinee.base.objects.folder import FolderObjects
from matinee.base.objects.s3 import S3Objects
from matinee.learning.shelf import Shelf, Version
from matinee.learning.stored import Stored

__all__ = ["s3", "s3_url"]


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.server)])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Objects]:
    if request.param == "folder":
        opened: Objects = FolderObjects.open("file://objects", tmp_path)
    else:
        opened = S3Objects.open(request.getfixturevalue("s3_url"), tmp_path)
    yield opened
    opened.close()


def version(name: str) -> Version:
    arrays = {"title_ids": np.arange(5), "factors": np.linspace(0, 1, 10, dtype=np.float32).reshape(5, 2)}
    return Version(name, 123, {"als": Stored("als", arrays, {"knob": 0.5})}, {"viewers": 7})


def test_a_version_comes_back_as_it_was(objects: Objects) -> None:
    shelf = Shelf(objects, "taste")
    assert (shelf.current(), shelf.versions()) == (None, [])
    shelf.publish(version("0001"))
    assert shelf.current() == "0001"
    found, put = shelf.load("0001"), version("0001")
    assert (found.version, found.created_ms, found.facts) == ("0001", 123, {"viewers": 7})
    stored, expected = found.models["als"], put.models["als"]
    assert (stored.kind, stored.facts) == (expected.kind, expected.facts)
    assert stored.arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        assert stored.arrays[name].dtype == array.dtype
        assert (stored.arrays[name] == array).all()


def test_a_later_version_is_current_and_can_be_rolled_back(objects: Objects) -> None:
    shelf = Shelf(objects, "taste")
    with pytest.raises(NotFound):
        shelf.roll_back()
    shelf.publish(version("0001"))
    shelf.publish(version("0002"))
    assert (shelf.current(), shelf.versions()) == ("0002", ["0001", "0002"])
    assert shelf.roll_back() == "0001"
    assert shelf.current() == "0001"
    with pytest.raises(NotFound, match="before 0001"):
        shelf.roll_back()


def test_a_version_half_written_is_never_current(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(objects, "taste")
    shelf.publish(version("0001"))
    put = objects.put

    def full(key: str, data: bytes) -> object:
        if key.endswith("manifest.json"):
            raise Unavailable("The disk is full.")
        return put(key, data)

    monkeypatch.setattr(objects, "put", full)
    with pytest.raises(Unavailable):
        shelf.publish(version("0002"))
    assert (shelf.current(), shelf.versions()) == ("0001", ["0001"])


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [flipped, lambda _: b"", lambda data: data[: len(data) // 2]])
@pytest.mark.parametrize("file", ["als.npz", "manifest.json"])
def test_damage_is_told_and_not_served(tmp_path: Path, file: str, damage: object) -> None:
    objects = FolderObjects.open("file://objects", tmp_path)
    shelf, key = Shelf(objects, "taste"), f"models/taste/0001/{file}"
    shelf.publish(version("0001"))
    assert callable(damage)
    damaged = damage(objects.get(key)) if file == "als.npz" else b"{" + damage(objects.get(key))
    objects.put(key, damaged)
    with pytest.raises(InvalidInput, match=f"0001/{file}") as caught:
        shelf.load("0001")
    assert "rollback" in caught.value.next_step


def test_a_missing_file_and_a_newer_format_are_told(tmp_path: Path) -> None:
    objects = FolderObjects.open("file://objects", tmp_path)
    shelf = Shelf(objects, "taste")
    shelf.publish(version("0001"))
    key = "models/taste/0001/manifest.json"
    manifest = orjson.loads(objects.get(key))
    objects.put(key, orjson.dumps({**manifest, "format": 2}))
    with pytest.raises(InvalidInput, match="newer Matinee"):
        shelf.load("0001")
    objects.put(key, orjson.dumps(manifest))
    objects.delete("models/taste/0001/als.npz")
    with pytest.raises(InvalidInput, match="is missing"):
        shelf.load("0001")
    with pytest.raises(NotFound):
        shelf.load("0009")
    objects.put("models/taste/current.json", b"[]")
    with pytest.raises(InvalidInput, match="does not say"):
        shelf.current()


def test_arrays_that_would_run_code_are_refused(tmp_path: Path) -> None:
    objects = FolderObjects.open("file://objects", tmp_path)
    shelf = Shelf(objects, "taste")
    evil = Version("0001", 1, {"als": Stored("als", {"objects": np.array([{"a": 1}], dtype=object)})})
    shelf.publish(evil)
    with pytest.raises(InvalidInput, match="no file of arrays"):
        shelf.load("0001")
