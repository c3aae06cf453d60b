"""Archives from strangers are read without harm, or refused in one sentence."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from matinee.base.errors import InvalidInput, NotAllowed, NotFound
from matinee.catalog import archive
from matinee.catalog.archive import open_files


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name, (2003, 2, 28, 0, 0, 0)), data, method)
    return path


def refused(path: Path, name: str = "movies.csv") -> str:
    with pytest.raises(InvalidInput) as caught, open_files(path) as files:
        files.read(name)
    assert str(path) in caught.value.message
    assert caught.value.next_step
    return caught.value.message


def test_members_are_found_by_their_last_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"ml-x/deep/movies.csv": b"deep", "ml-x/Movies.CSV": b"shallow", "ml-x/": b""})
    with open_files(path) as files:
        assert files.names() == ["ml-x/Movies.CSV", "ml-x/deep/movies.csv"]
        where = files.find("movies.csv")
        assert where == "ml-x/Movies.CSV"
        assert files.read(where) == b"shallow"
        assert files.modified_ms(where) == 1_046_390_400_000
        assert files.find("none.csv") is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../movies.csv", "climbs out"),
        ("a/../../movies.csv", "climbs out"),
        ("..\\movies.csv", "climbs out"),
        ("/etc/movies.csv", "absolute"),
        ("C:/movies.csv", "absolute"),
        ("C:\\movies.csv", "absolute"),
        ("\\\\host\\movies.csv", "absolute"),
    ],
)
def test_names_that_leave_the_archive(tmp_path: Path, name: str, why: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        info = zipfile.ZipInfo("placeholder")
        info.filename = info.orig_filename = name
        file.writestr(info, b"1")
    assert why in refused(path)


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        link = zipfile.ZipInfo("movies.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert "symbolic link" in refused(path)


def test_encryption_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"movies.csv": b"x" * 100}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + offset
        data[at] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(path)


def test_a_bomb_is_stopped_while_it_grows(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", {"movies.csv": bytes(64 << 20)})
    assert path.stat().st_size < 100_000
    with open_files(path) as files, files.open("movies.csv") as stream:
        taken: list[int] = []
        with pytest.raises(InvalidInput, match="made to fill the disk"):
            taken.extend(len(chunk) for chunk in iter(lambda: stream.read(1 << 16), b""))
    assert 0 < sum(taken) < 16 << 20


def test_the_whole_of_an_archive_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "TOTAL_BYTES", 3_000)
    path = zipped(tmp_path / "a.zip", {f"{n}.csv": os.urandom(1_000) for n in range(5)})
    with open_files(path) as files, pytest.raises(InvalidInput, match="unpacks to over"):
        [files.read(name) for name in files.names()]


def test_overlapping_members_are_stopped_by_what_they_grow_to(tmp_path: Path) -> None:
    """Fifield's trick: many entries of the table of contents that share one packed kernel."""
    path = zipped(tmp_path / "a.zip", {"movies.csv": bytes(4 << 20)})
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"movies.csv", f"m{n:05}.csv".encode()) for n in range(50))
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 50, 50, len(entries))
    path.write_bytes(data[:start] + entries + bytes(tail))
    refused(path, "m00001.csv")


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"movies.csv": b"1,2,3\n" * 1000})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 10)
    path.write_bytes(data)
    assert "damaged" in refused(path)


@pytest.mark.parametrize("keep", [0, 3, 30, 200, -1])
def test_truncated_archives(tmp_path: Path, keep: int) -> None:
    path = zipped(tmp_path / "a.zip", {"movies.csv": os.urandom(400)})
    path.write_bytes(path.read_bytes()[:keep])
    message = refused(path)
    assert any(word in message for word in ("truncated", "empty", "not a ZIP"))


def test_any_flipped_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", {"movies.csv": b"movieId,title,genres\n1,A (1999),Drama\n" * 5}).read_bytes()
    path = tmp_path / "b.zip"
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        with contextlib.suppress(InvalidInput), open_files(path) as files:
            for name in files.names():
                files.read(name)


def test_what_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"%PDF-1.7 nothing to see")
    assert "not a ZIP archive" in refused(path)
    with pytest.raises(NotFound, match="There is no"):
        open_files(tmp_path / "none.zip")


def test_names_that_come_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("movies.csv", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("movies.csv", "2")
    assert "twice" in refused(path)


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MEMBERS", 3)
    assert "holds 4 files" in refused(zipped(tmp_path / "a.zip", {f"{n}.csv": b"" for n in range(4)}))


def test_an_archive_in_an_archive_is_never_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("movies.csv", "1")
    with open_files(zipped(tmp_path / "a.zip", {"inner.zip": inner.getvalue()})) as files:
        assert files.find("movies.csv") is None


def test_a_folder_is_read_like_an_archive(tmp_path: Path) -> None:
    (tmp_path / "ml-x").mkdir()
    (tmp_path / "ml-x" / "movies.csv").write_bytes(b"1")
    (tmp_path / "out").symlink_to("/etc/passwd")
    with open_files(tmp_path) as files:
        assert files.names() == ["ml-x/movies.csv"]
        assert files.read("ml-x/movies.csv") == b"1"
        assert files.modified_ms("ml-x/movies.csv") > 1_600_000_000_000


def test_what_may_not_be_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"movies.csv": b"1"})
    if os.geteuid() != 0:
        path.chmod(0)
        with pytest.raises(NotAllowed, match="may not be read"):
            open_files(path)
        return
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(NotAllowed, match="may not be read"):
            open_files(path)
    finally:
        os.seteuid(0)
