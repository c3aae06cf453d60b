"""Objects in a folder: links, leftovers, full disks and kills."""

import fcntl
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.disks import fill, small_disk

from matinee.base.errors import Conflict, InvalidInput, NotFound, SettingsError, Unavailable
from matinee.base.objects.folder import FolderObjects
from matinee.base.objects.keys import RESERVED

__all__ = ["small_disk"]


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects.open("file://objects", tmp_path)


def test_objects_are_plain_files(objects: FolderObjects, tmp_path: Path) -> None:
    objects.put("titles/1/still.webp", b"picture")
    assert (tmp_path / "objects/titles/1/still.webp").read_bytes() == b"picture"
    assert objects.local("titles/1/still.webp") == tmp_path / "objects/titles/1/still.webp"


def test_a_file_put_there_by_hand_is_an_object(objects: FolderObjects, tmp_path: Path) -> None:
    (tmp_path / "objects/by").mkdir()
    (tmp_path / "objects/by/hand.txt").write_bytes(b"1")
    assert objects.get("by/hand.txt") == b"1"
    before = objects.info("by/hand.txt").etag
    (tmp_path / "objects/by/hand.txt").write_bytes(b"22")
    assert objects.info("by/hand.txt").etag != before


def test_a_link_that_leads_out_is_refused(objects: FolderObjects, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (tmp_path / "objects/folder").symlink_to(outside)
    (tmp_path / "objects/file").symlink_to(outside / "secret")
    (tmp_path / "objects/round").symlink_to("round")
    for key in ("folder/secret", "file"):
        for act in (objects.get, objects.info, objects.local, objects.stream):
            with pytest.raises(InvalidInput, match="leads out"):
                act(key)
    with pytest.raises(InvalidInput, match="leads out"):
        objects.put("folder/new", b"x")
    with pytest.raises(InvalidInput, match="leads out"):
        objects.delete("folder/secret")
    with pytest.raises(NotFound):
        objects.get("round")
    assert list(objects.list()) == []
    objects.put("file", b"a link is replaced, not followed")
    objects.delete("file")
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert (outside / "secret").read_bytes() == b"secret"


def test_a_link_that_stays_inside_is_followed(objects: FolderObjects, tmp_path: Path) -> None:
    objects.put("real/a", b"1")
    (tmp_path / "objects/linked").symlink_to(tmp_path / "objects/real")
    (tmp_path / "objects/b").symlink_to("real/a")
    assert objects.get("linked/a") == objects.get("b") == b"1"
    assert [info.key for info in objects.list()] == ["b", "real/a"]


def test_a_key_below_another_object_is_a_conflict(objects: FolderObjects) -> None:
    objects.put("a", b"1")
    objects.put("b/c", b"2")
    for key in ("a/b", "a/b/c", "b"):
        with pytest.raises(Conflict, match="another object lies"):
            objects.put(key, b"3")
    with pytest.raises(NotFound):
        objects.get("a/b")
    objects.delete("a/b")
    objects.delete("b")
    assert [info.key for info in objects.list()] == ["a", "b/c"]


def test_leftovers_are_invisible_and_swept_when_old_and_nobodys(objects: FolderObjects, tmp_path: Path) -> None:
    objects.put("a", b"1")
    incoming = tmp_path / "objects" / RESERVED
    for name in ("old", "young", "held"):
        (incoming / name).write_bytes(b"half")
    for name in ("old", "held"):
        os.utime(incoming / name, (time.time() - 600, time.time() - 600))
    with (incoming / "held").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        again = FolderObjects(tmp_path / "objects")
    assert [info.key for info in again.list()] == ["a"]
    assert sorted(path.name for path in incoming.iterdir()) == ["held", "young"]
    for act in (again.get, again.delete, again.exists):
        with pytest.raises(InvalidInput, match="unfinished"):
            act(f"{RESERVED}/young")


def test_folders_go_with_their_last_object(objects: FolderObjects, tmp_path: Path) -> None:
    objects.put("a/b/c", b"1")
    objects.put("a/d", b"1")
    objects.delete("a/b/c")
    assert sorted(path.name for path in (tmp_path / "objects/a").iterdir()) == ["d"]


def test_putting_and_deleting_side_by_side(objects: FolderObjects) -> None:
    def work(number: int) -> None:
        for _ in range(20):
            objects.put(f"a/b/{number}", b"x" * 100)
            objects.delete(f"a/b/{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(objects.list()) == []


@pytest.mark.parametrize("url", ["file://", "file://objects?x=1"])
def test_an_address_without_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"backends\.objects"):
        FolderObjects.open(url, tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("")
    with pytest.raises(Unavailable, match="objects cannot be used"):
        FolderObjects.open("file://objects", tmp_path)


def test_a_full_disk_is_told_and_leaves_what_was_there(small_disk: Path, tmp_path: Path) -> None:
    objects = FolderObjects.open("file://objects", small_disk)
    objects.put("a/b", b"before" * 1000)
    large = tmp_path / "large"
    large.write_bytes(b"x" * (4 << 20))
    with pytest.raises(Unavailable, match="no space left") as caught:
        objects.put("a/b", b"x" * (4 << 20))
    assert "Free some space" in caught.value.next_step
    with pytest.raises(Unavailable, match="no space left"):
        objects.put_file("a/c", large)
    rest = fill(small_disk / "objects")
    with pytest.raises(Unavailable, match="no space left"):
        objects.put("new/folder/x", b"x" * 10_000)
    assert objects.get("a/b") == b"before" * 1000
    assert list((small_disk / "objects" / RESERVED).iterdir()) == []
    objects.delete("a/b")
    rest.unlink()
    objects.put("a/b", b"after")
    assert [info.key for info in objects.list()] == ["a/b"]


def test_a_read_only_disk_is_told(small_disk: Path) -> None:
    objects = FolderObjects.open("file://objects", small_disk)
    objects.put("a", b"1")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Unavailable, match="read-only"):
        objects.put("a", b"2")
    with pytest.raises(Unavailable, match="read-only"):
        objects.delete("a")
    assert objects.get("a") == b"1"


@pytest.mark.parametrize("after_s", [0.01, 0.1, 0.3])
def test_an_object_is_whole_or_not_there_after_kill_9(tmp_path: Path, after_s: float) -> None:
    code = f"""
from pathlib import Path
from matinee.base.objects.folder import FolderObjects
objects = FolderObjects.open("file://objects", Path({str(tmp_path)!r}))
number = 0
while True:
    number += 1
    objects.put(f"many/{{number % 7}}", b"%07d" % number * 30_000)
    print(number, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    first = int(child.stdout.readline())
    time.sleep(after_s)
    child.kill()
    acknowledged = int((child.stdout.read().split() or [first])[-1])
    child.stdout.close()
    child.wait()
    objects = FolderObjects.open("file://objects", tmp_path)
    numbers = []
    for info in objects.list():
        content = objects.get(info.key)
        assert content == content[:7] * 30_000
        numbers.append(int(content[:7]))
    assert acknowledged <= max(numbers) <= acknowledged + 1
    assert set(range(max(1, acknowledged - 5), acknowledged + 1)) <= set(numbers)
