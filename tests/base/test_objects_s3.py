"""Objects in S3 when the server is gone, the bucket missing or the copies too many."""

import os
import time
from pathlib import Path

import pytest
from tests.servers import Server, free_port, new_bucket, running_s3

from matinee.base.errors import NotFound, SettingsError, Unavailable
from matinee.base.objects import ObjectInfo
from matinee.base.objects.cache import Copies
from matinee.base.objects.s3 import S3Objects


@pytest.mark.parametrize("url", ["s3://", "s3://bucket?region_name=x", "s3://bucket?cache_mib=0"])
def test_an_address_without_sense_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"backends\.objects"):
        S3Objects.open(url, tmp_path)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    url = f"s3://films?endpoint_url=http://127.0.0.1:{free_port()}&key=a&secret=b"
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:\d+ failed") as caught:
        S3Objects.open(url, tmp_path)
    assert "Check that the server is running" in caught.value.next_step


@pytest.mark.server
def test_a_missing_bucket_is_told(tmp_path: Path, s3: Server) -> None:
    url = f"s3://absent-films?endpoint_url=http://127.0.0.1:{s3.port}&key=a&secret=b&region=us-east-1"
    with pytest.raises(Unavailable, match="no bucket 'absent-films'"):
        S3Objects.open(url, tmp_path)


@pytest.mark.server
def test_a_prefix_keeps_to_itself(tmp_path: Path, s3_url: str) -> None:
    films = S3Objects.open(s3_url, tmp_path)
    other = S3Objects.open(s3_url.replace("/films", "/film"), tmp_path)
    films.put("a", b"1")
    assert list(other.list()) == []
    with pytest.raises(NotFound):
        other.get("a")
    whole = S3Objects.open(s3_url.replace("/films", ""), tmp_path)
    assert [info.key for info in whole.list()] == ["films/a"]
    for one in (films, other, whole):
        one.close()


@pytest.mark.server
def test_many_objects_are_listed_in_pages(tmp_path: Path, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = S3Objects.open(s3_url, tmp_path)
    for number in range(25):
        objects.put(f"{number:03}", b"")
    call = objects._files.call_s3
    monkeypatch.setattr(
        objects._files, "call_s3", lambda name, **kw: call(name, **kw, **({"MaxKeys": 10} if "list" in name else {}))
    )
    assert [info.key for info in objects.list()] == [f"{number:03}" for number in range(25)]
    objects.close()


@pytest.mark.server
def test_a_server_that_goes_is_told(tmp_path: Path) -> None:
    with running_s3() as server:
        objects = S3Objects.open(new_bucket(server), tmp_path)
        objects.put("a.mp4", b"1")
        objects.local("a.mp4")
        server.kill()
        for act in (objects.get, objects.local):
            with pytest.raises(Unavailable, match="failed for s3://"):
                act("a.mp4")
        with pytest.raises(Unavailable):
            objects.put("a.mp4", b"2")
        objects.close()


@pytest.mark.server
def test_a_local_copy_is_fetched_once(tmp_path: Path, s3_url: str) -> None:
    objects = S3Objects.open(s3_url, tmp_path)
    objects.put("a.mp4", b"film")
    path = objects.local("a.mp4")
    path.chmod(0o600)
    os.utime(path, (1, 1))
    assert objects.local("a.mp4") == path
    assert path.stat().st_mtime > 1
    path.write_bytes(b"")  # as a power cut may leave it
    assert objects.local("a.mp4").read_bytes() == b"film"
    objects.close()


def copy(copies: Copies, name: str, size_bytes: int) -> Path:
    info = ObjectInfo(name, size_bytes, 0, "etag")
    return copies.get("bucket", info, lambda path: path.write_bytes(b"x" * size_bytes) and None)


def test_copies_are_bounded_and_the_longest_unused_go_first(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 300)
    paths = [copy(copies, f"{number}.bin", 100) for number in range(3)]
    for age, path in enumerate(paths):
        os.utime(path, (time.time() - 7200 + age, time.time() - 7200 + age))
    copy(copies, "0.bin", 100)
    paths.append(copy(copies, "3.bin", 100))
    assert [path.exists() for path in paths] == [True, False, True, True]


def test_a_copy_that_may_be_in_use_stays(tmp_path: Path) -> None:
    copies = Copies(tmp_path, 100)
    paths = [copy(copies, f"{number}.bin", 100) for number in range(3)]
    assert all(path.exists() for path in paths)


def test_half_a_download_leaves_nothing(tmp_path: Path) -> None:
    def broken(path: Path) -> None:
        path.write_bytes(b"ha")
        raise Unavailable("gone")

    with pytest.raises(Unavailable):
        Copies(tmp_path, 100).get("bucket", ObjectInfo("a", 4, 0, "e"), broken)
    assert list(tmp_path.iterdir()) == []
