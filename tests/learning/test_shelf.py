"""The shelf: whole versions, one pointer, and damage told."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest

from matinee.base.clock import now_ms
from matinee.base.errors import InvalidInput, NotFound, Unavailable
from matinee.base.objects import Objects
from matinee.base.objects.folder import FolderObjects
from matinee.base.objects.s3 import S3Objects
from matinee.learning.shelf import UNFINISHED_MS, Shelf, Version
from matinee.learning.stored import Stored


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


def test_what_is_proposed_is_found_by_nobody_until_it_is_served(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(objects, "taste")
    shelf.publish(version("0001"))
    shelf.propose(version("0002"))
    shelf.note("0002", viewers=8)
    assert (shelf.versions(), shelf.proposed(), shelf.current()) == (["0001"], ["0002"], "0001")
    with pytest.raises(NotFound, match="after 0001"):
        shelf.roll_forward()
    assert shelf.load("0002").facts == {"viewers": 8}
    put = objects.put
    for broken in ("manifest.json", "current.json"):

        def full(key: str, data: bytes, broken: str = broken) -> object:
            if key.endswith(broken):
                raise Unavailable("The disk is full.")
            return put(key, data)

        with monkeypatch.context() as patch:
            patch.setattr(objects, "put", full)
            with pytest.raises(Unavailable):
                shelf.serve("0002")
        assert shelf.current() == "0001"
    shelf.serve("0002")
    assert (shelf.versions(), shelf.proposed(), shelf.current()) == (["0001", "0002"], [], "0002")
    assert shelf.load("0002").facts == {"viewers": 8}
    assert shelf.entry("0001").digest == shelf.entry("0002").digest != ""


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
    evil = np.array([{"a": 1}], dtype=object)
    with pytest.raises(InvalidInput, match="Python objects"):
        shelf.publish(Version("0001", 1, {"als": Stored("als", {"objects": evil})}))
    assert shelf.versions() == []
    shelf.publish(version("0001"))
    buffer = io.BytesIO()
    np.savez(buffer, objects=evil)
    forge(objects, "0001", als=buffer.getvalue())
    with pytest.raises(InvalidInput, match="no file of arrays"):
        shelf.load("0001")


def forge(objects: Objects, name: str, als: bytes) -> None:
    """Put other bytes in a model's place, with the checksum that goes with them."""
    key = f"models/taste/{name}/manifest.json"
    manifest = orjson.loads(objects.get(key))
    manifest["models"]["als"]["sha256"] = hashlib.sha256(als).hexdigest()
    objects.put(key, orjson.dumps(manifest))
    objects.put(f"models/taste/{name}/als.npz", als)


@pytest.mark.parametrize(
    "change",
    [
        {"models": []},
        {"models": {"als": {}}},
        {"models": {"als": {"kind": "als", "file": "../../secret", "sha256": "", "bytes": 1, "facts": {}}}},
        {"facts": "none"},
        {"created_ms": "yesterday"},
        {"format": "one"},
    ],
)
def test_a_foreign_manifest_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    objects = FolderObjects.open("file://objects", tmp_path)
    shelf, key = Shelf(objects, "taste"), "models/taste/0001/manifest.json"
    shelf.publish(version("0001"))
    objects.put(key, orjson.dumps({**orjson.loads(objects.get(key)), **change}))
    with pytest.raises(InvalidInput, match="is no manifest"):
        shelf.load("0001")
    assert "is no manifest" in shelf.entries()[0].damage


def test_the_shelf_is_listed_with_what_was_measured(objects: Objects) -> None:
    shelf = Shelf(objects, "taste")
    shelf.publish(version("0001"))
    shelf.publish(version("0002"))
    shelf.note("0001", metrics={"als": {"ndcg@10": np.float32(0.5)}})
    first, second = shelf.entries()
    assert (first.version, first.current, first.damage, first.created_ms) == ("0001", False, "", 123)
    assert first.facts == {"viewers": 7, "metrics": {"als": {"ndcg@10": 0.5}}}
    assert (second.current, second.facts, second.kinds) == (True, {"viewers": 7}, {"als": "als"})
    assert second.bytes == len(objects.get("models/taste/0002/als.npz"))
    assert shelf.load("0001").facts == first.facts  # the arrays are the same, and the model still loads
    with pytest.raises(NotFound):
        shelf.note("0003", metrics={})
    assert shelf.versions() == ["0001", "0002"]


def test_one_goes_back_and_forth_and_to_any(objects: Objects) -> None:
    shelf = Shelf(objects, "taste")
    for name in ("0001", "0002", "0003"):
        shelf.publish(version(name))
    with pytest.raises(NotFound, match="after 0003"):
        shelf.roll_forward()
    assert (shelf.roll_back(), shelf.roll_back(), shelf.roll_forward()) == ("0002", "0001", "0002")
    shelf.serve("0003")
    assert shelf.current() == "0003"
    with pytest.raises(NotFound):
        shelf.serve("0004")
    objects.put("models/taste/0002/als.npz", b"")
    with pytest.raises(InvalidInput, match="has changed"):
        shelf.roll_back()
    assert shelf.current() == "0003"


def test_old_versions_go_and_the_current_one_stays(objects: Objects) -> None:
    shelf = Shelf(objects, "taste")
    for name in ("0001", "0002", "0003", "0004"):
        shelf.publish(version(name))
    shelf.serve("0001")
    assert shelf.prune(2, now_ms()) == ["0002"]
    assert (shelf.versions(), shelf.current()) == (["0001", "0003", "0004"], "0001")
    assert not list(objects.list("models/taste/0002/"))
    shelf.load("0001")
    shelf.serve("0004")
    assert shelf.prune(1, now_ms()) == ["0001", "0003"]
    assert shelf.prune(1, now_ms()) == []
    shelf.load("0004")
    with pytest.raises(InvalidInput, match="cannot keep 0"):
        shelf.prune(0, now_ms())


def test_what_a_broken_publication_left_goes_in_time(objects: Objects) -> None:
    shelf = Shelf(objects, "taste")
    shelf.publish(version("0001"))
    objects.put("models/taste/0002/als.npz", b"half of it")  # no manifest: killed, or still at it
    shelf.prune(3, now_ms())
    assert objects.exists("models/taste/0002/als.npz")
    shelf.prune(3, now_ms() + 2 * UNFINISHED_MS)
    assert not objects.exists("models/taste/0002/als.npz")
    shelf.load("0001")
