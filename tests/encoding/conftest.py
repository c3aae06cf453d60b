"""A catalogue with an encoding service over it, and films to encode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.encoding.coded import CODED, rendition, sound
from tests.media.clips import clip

from matinee.base.compute.local import LocalCompute
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind, ExternalId, Kind, TitleDraft
from matinee.catalog.service import Service as Catalog
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings
from matinee.subsystems import create_workspace

# Quick, and with enough segments to see them.
QUICK = EncodingSettings(preset="ultrafast", heights=(90, 180), segment_s=1)


@pytest.fixture(scope="session")
def compute() -> Iterator[LocalCompute]:
    """Two workers for all tests of encoding: they take a second to begin."""
    made = LocalCompute(2)
    yield made
    made.close()


@pytest.fixture
def quick() -> EncodingSettings:
    return QUICK


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with create_workspace(tmp_path / "workspace") as made:
        yield made


@pytest.fixture
def catalog(workspace: Workspace) -> Catalog:
    found: Catalog = workspace.service("catalog")
    return found


@pytest.fixture
def service(workspace: Workspace) -> Service:
    return Service(workspace.backends, QUICK)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four seconds with two tones."""
    return clip(tmp_path / "film.mp4", sounds=("sine=440",))


@pytest.fixture
def add(catalog: Catalog) -> Callable[[Path], int]:
    """Puts a film file into the catalogue; returns the title's id."""

    def add(path: Path) -> int:
        ids = (ExternalId(source="path", key=str(path)),)
        (id_,) = catalog.merge([TitleDraft(kind=Kind.FILM, name=path.stem, ids=ids, language="en")]).ids
        catalog.put_asset(id_, AssetKind.SOURCE, str(path))
        return id_

    return add


@pytest.fixture(scope="session")
def coded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A film of uneven units in two sizes of each codec, by codec and height, and its sound."""
    folder = tmp_path_factory.mktemp("coded")
    made = {f"{codec}-{height}": rendition(folder, codec, height) for codec in CODED for height in (90, 180)}
    return {**made, "sound": sound(folder)}
