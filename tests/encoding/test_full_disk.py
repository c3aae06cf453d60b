"""A disk that is too small: one clear sentence, nothing half shown, and what was finished is kept."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.encoding.conftest import QUICK
from tests.media.clips import clip

from matinee.base.errors import Unavailable
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.service import Service


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system in memory."""
    mounted = tmp_path / "tiny"
    mounted.mkdir()

    def mount(size: str) -> Path:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(mounted)], check=False, capture_output=True
        )
        if done.returncode:
            pytest.skip("this user may not mount a file system")
        return mounted

    yield mount
    subprocess.run(["umount", str(mounted)], check=False, capture_output=True)


def test_too_little_room_to_work(
    workspace: Workspace, catalog: Catalog, add: Callable[[Path], int], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    film = clip(tmp_path / "film.mp4", seconds=20)
    id_ = add(film)
    folder = tiny("300k")
    service = Service(workspace.backends, QUICK.model_copy(update={"work": str(folder), "take_fitting": False}))
    with pytest.raises(Unavailable, match="full") as caught:
        service.encode(id_)
    assert "Free some space" in caught.value.next_step
    assert catalog.assets(id_, AssetKind.STREAM) == []
    assert list(folder.rglob("draft*")) == []
    # With room enough, the same command finishes.
    assert Service(workspace.backends, QUICK).encode(id_).fresh
