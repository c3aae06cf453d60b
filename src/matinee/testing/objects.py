"""What every implementation of `matinee.base.objects.Objects` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from matinee.base.errors import InvalidInput, NotFound
from matinee.base.objects import Objects

BAD_KEYS = [
    "",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "a//b",
    "a/",
    ".",
    "a/./b",
    "a\\b",
    "a\x00b",
    "a\nb",
    "a?versionId=1",
]


class ObjectsContract:
    """Subclass it and give it the fixture `open_objects`."""

    @pytest.fixture
    def open_objects(self) -> Callable[[], Objects]:
        """A function that opens the objects, empty when the test begins."""
        raise NotImplementedError

    @pytest.fixture
    def objects(self, open_objects: Callable[[], Objects]) -> Iterator[Objects]:
        """The open port."""
        opened = open_objects()
        yield opened
        opened.close()

    def test_what_was_put_is_there_whole(self, objects: Objects) -> None:
        """Content, size and etag."""
        put = objects.put("titles/12/poster.webp", b"\x00picture\xff")
        assert objects.get("titles/12/poster.webp") == b"\x00picture\xff"
        assert put == objects.info("titles/12/poster.webp")
        assert (put.key, put.size_bytes) == ("titles/12/poster.webp", 9)
        assert put.modified_ms > 1_600_000_000_000
        assert put.etag

    def test_an_empty_object_is_an_object(self, objects: Objects) -> None:
        """Nothing in it, but there."""
        objects.put("empty", b"")
        assert objects.get("empty") == b""
        assert objects.read("empty", 0, 10) == b""
        assert [info.key for info in objects.list()] == ["empty"]

    def test_another_client_sees_it(self, open_objects: Callable[[], Objects], objects: Objects) -> None:
        """What was put outlives the client that put it."""
        objects.put("a/b", b"kept")
        other = open_objects()
        assert other.get("a/b") == b"kept"
        other.close()

    def test_putting_again_replaces_it_and_changes_the_etag(self, objects: Objects) -> None:
        """Also where the size stays."""
        etags = [objects.put("k", b"%d" % number).etag for number in range(5)]
        assert len(set(etags)) == 5
        assert objects.get("k") == b"4"
        assert len(list(objects.list())) == 1

    def test_a_file_is_copied(self, objects: Objects, tmp_path: Path) -> None:
        """The copy stays when the file goes."""
        source = tmp_path / "source of it.bin"
        source.write_bytes(bytes(range(256)) * 10_000)
        info = objects.put_file("streams/1/init.mp4", source)
        source.unlink()
        assert info.size_bytes == 2_560_000
        assert objects.get("streams/1/init.mp4") == bytes(range(256)) * 10_000

    def test_a_missing_file_is_told(self, objects: Objects, tmp_path: Path) -> None:
        """And nothing is stored."""
        with pytest.raises(NotFound, match="absent"):
            objects.put_file("k", tmp_path / "absent")
        assert not objects.exists("k")

    def test_a_range_is_read_without_the_rest(self, objects: Objects) -> None:
        """`stop` is excluded; beyond the end there is nothing."""
        objects.put("k", b"0123456789")
        assert objects.read("k", 2, 5) == b"234"
        assert objects.read("k", 0, 10) == b"0123456789"
        assert objects.read("k", 8, 100) == b"89"
        assert objects.read("k", 3, 3) == b""
        assert objects.read("k", 10, 20) == b""
        assert objects.read("k", 50, 60) == b""

    @pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 4)])
    def test_a_range_that_is_none_is_refused(self, objects: Objects, start: int, stop: int) -> None:
        """Counting from the end is nobody's wish here."""
        objects.put("k", b"0123456789")
        with pytest.raises(InvalidInput):
            objects.read("k", start, stop)

    def test_a_stream_reads_and_seeks(self, objects: Objects) -> None:
        """As a file does."""
        objects.put("k", b"0123456789" * 1000)
        with objects.stream("k") as stream:
            assert stream.read(3) == b"012"
            stream.seek(9_995)
            assert stream.read() == b"56789"

    def test_a_local_copy_has_the_content(self, objects: Objects) -> None:
        """And the suffix, and follows when the object changes."""
        objects.put("films/a.mp4", b"one")
        path = objects.local("films/a.mp4")
        assert path.read_bytes() == b"one"
        assert path.suffix == ".mp4"
        objects.put("films/a.mp4", b"two")
        assert objects.local("films/a.mp4").read_bytes() == b"two"

    def test_nothing_there_is_not_found(self, objects: Objects) -> None:
        """By every method that reads; a folder of objects is no object."""
        objects.put("folder/object", b"")
        for key in ("absent", "folder", "folder/object2", "folder/absent/deeper"):
            assert not objects.exists(key)
            for method in (objects.get, objects.info, objects.stream, objects.local):
                with pytest.raises(NotFound):
                    method(key)
            with pytest.raises(NotFound):
                objects.read(key, 0, 1)

    def test_deleting_removes_it_once_and_for_all(self, objects: Objects) -> None:
        """Deleting what is not there is no error, and its folder can be used again."""
        objects.put("a/b/c", b"1")
        objects.delete("a/b/c")
        objects.delete("a/b/c")
        objects.delete("never/was")
        assert not objects.exists("a/b/c")
        assert list(objects.list()) == []
        objects.put("a/b", b"2")
        assert objects.get("a/b") == b"2"

    def test_listing_is_by_beginning_and_sorted(self, objects: Objects) -> None:
        """By whole keys: a hyphen and a dot sort before a slash."""
        keys = [
            "titles/1/a",
            "titles/1-b",
            "titles/1.c",
            "titles/12/x",
            "titles/2",
            "zoo",
            "Zoo",
            "é/ü",
            "titles/1/b/c",
        ]
        for key in keys:
            objects.put(key, key.encode())
        assert [info.key for info in objects.list()] == sorted(keys)
        assert [info.key for info in objects.list("titles/1")] == sorted(k for k in keys if k.startswith("titles/1"))
        assert [info.key for info in objects.list("titles/1/")] == ["titles/1/a", "titles/1/b/c"]
        assert [info.key for info in objects.list("titles/12/x")] == ["titles/12/x"]
        assert list(objects.list("nothing")) == []
        assert list(objects.list("nothing/at/all")) == []
        assert all(info == objects.info(info.key) for info in objects.list())

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_a_key_that_is_none_is_refused(self, objects: Objects, key: str, tmp_path: Path) -> None:
        """By every method, before anything happens."""
        source = tmp_path / "file"
        source.write_bytes(b"x")
        for act in (objects.get, objects.info, objects.exists, objects.stream, objects.local, objects.delete):
            with pytest.raises(InvalidInput):
                act(key)
        with pytest.raises(InvalidInput):
            objects.put(key, b"x")
        with pytest.raises(InvalidInput):
            objects.put_file(key, source)
        with pytest.raises(InvalidInput):
            objects.read(key, 0, 1)
        assert list(objects.list()) == []

    @pytest.mark.parametrize("key", ["a b/c d", "ünï/cödé", "50%/a+b&c=d", "a?b=1", "-rf", "a:b", "..a", ".hidden"])
    def test_an_odd_key_is_a_key(self, objects: Objects, key: str) -> None:
        """Stored, listed and read under the very same name."""
        objects.put(key, key.encode())
        assert objects.get(key) == key.encode()
        assert [info.key for info in objects.list()] == [key]
        assert objects.local(key).read_bytes() == key.encode()

    def test_threads_share_it(self, objects: Objects) -> None:
        """Puts side by side, of the same key too: one of them stands, whole."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: objects.put(f"many/{number % 10}", b"%d" % number * 5000), range(40)))
        infos = list(objects.list("many/"))
        assert [info.key for info in infos] == [f"many/{digit}" for digit in range(10)]
        for info in infos:
            content = objects.get(info.key)
            assert content == content[: len(content) // 5000] * 5000
