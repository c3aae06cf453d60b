import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from matinee.base.errors import Conflict, Unavailable
from matinee.encoding.bench import Bench, disk, in_use, locked


def _write(*texts: str):
    def maker(paths: list[Path]) -> None:
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)

    return maker


def test_finished_pieces_are_found_by_the_next_bench(tmp_path: Path) -> None:
    Bench(tmp_path).make(["a", "b"], _write("one", "two"))
    later = Bench(tmp_path)
    assert later.piece("a").read_text() == "one"
    assert later.piece("b").read_text() == "two"
    assert later.piece("c") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "finished.json"]


@pytest.mark.parametrize("damage", [b"", b"on", b"oNe", b"one more", None])
def test_a_piece_that_is_not_as_it_was_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    Bench(tmp_path).make(["a"], _write("one"))
    (tmp_path / "a").unlink() if damage is None else (tmp_path / "a").write_bytes(damage)
    assert Bench(tmp_path).piece("a") is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"a": 3}'])
def test_a_damaged_list_costs_the_work_and_nothing_else(tmp_path: Path, damage: bytes) -> None:
    Bench(tmp_path).make(["a"], _write("one"))
    (tmp_path / "finished.json").write_bytes(damage)
    bench = Bench(tmp_path)
    assert bench.piece("a") is None
    bench.make(["a"], _write("again"))
    assert bench.piece("a").read_text() == "again"


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def maker(paths: list[Path]) -> None:
        paths[0].write_text("half")
        raise ValueError("half way")

    bench = Bench(tmp_path)
    with pytest.raises(ValueError, match="half way"):
        bench.make(["a", "b"], maker)
    assert list(tmp_path.iterdir()) == []


def test_drafts_of_a_killed_run_are_swept(tmp_path: Path) -> None:
    (tmp_path / "draft-1-a").write_text("half")
    (tmp_path / "draft-2").mkdir()
    (tmp_path / "draft-2" / "x").touch()
    Bench(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_space_is_gone_afterwards(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with bench.space() as space:
        (space / "x").touch()
    assert not space.exists()
    with pytest.raises(ZeroDivisionError), bench.space() as space:
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []


def _hold(file: Path, held: object, release: object) -> None:
    with locked(file, "The film"):
        held.set()
        release.wait(60)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "locks" / "1.lock"
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(file, held, release))
    other.start()
    assert held.wait(60)
    assert in_use(file)
    with pytest.raises(Conflict, match="The film is being encoded by another process"), locked(file, "The film"):
        pass
    other.kill()
    other.join()
    # The kernel let go of it; the file that the dead left behind locks nothing.
    assert not in_use(file)
    with locked(file, "The film"):
        assert file.exists()
    assert not file.exists()


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "is full"), (errno.EDQUOT, "is full"), (errno.EACCES, "cannot be used")]
)
def test_complaints_of_the_disk(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(Unavailable, match=words) as caught, disk(tmp_path):
        raise OSError(number, os.strerror(number))
    assert caught.value.next_step


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "work").touch()
    with pytest.raises(Unavailable, match="work"):
        Bench(tmp_path / "work" / "1")
