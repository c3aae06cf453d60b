"""A title is encoded shot by shot and published: whole units in every segment, alike on all rungs and in all codecs."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from tests.encoding.shots import two_shots

from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings

SETTINGS = EncodingSettings(
    method="shots", codecs=("h264", "av1"), heights=(90, 180), segment_s=1, cap_vmaf=80, floor_vmaf=70
)


def test_a_title_is_encoded_shot_by_shot(
    workspace: Workspace, catalog: Catalog, add: Callable[[Path], int], tmp_path: Path
) -> None:
    service = Service(workspace.backends, SETTINGS)
    id_ = add(two_shots(tmp_path / "film.mp4"))
    stream = service.encode(id_)
    assert {one.codec.partition(".")[0] for one in stream.renditions} == {"avc1", "av01"}
    (row,) = catalog.assets(id_, AssetKind.STREAM)
    assert row.duration_s == 2.5
    starts = {_starts(workspace, f"{row.uri}/", i) for i in range(len(stream.renditions))}
    assert len(starts) == 1
    assert Fraction(1) in starts.pop()  # the cut
    assert not list((workspace.root / "work").rglob("*.mp4"))
    assert service.encode(id_).fresh is False


def test_another_cap_makes_another_stream_of_the_trials_that_were_made(
    workspace: Workspace, add: Callable[[Path], int], tmp_path: Path
) -> None:
    id_ = add(two_shots(tmp_path / "film.mp4"))
    settings = SETTINGS.model_copy(update={"codecs": ("h264",), "method": "title"})
    Service(workspace.backends, settings).encode(id_)
    known = set((workspace.root / "work").rglob("trials/*/*.json"))
    assert known
    again = Service(workspace.backends, settings.model_copy(update={"floor_vmaf": 60}))
    assert again.pending() == [id_]
    assert again.encode(id_).fresh
    assert known < set((workspace.root / "work").rglob("trials/*/*.json"))


def _starts(workspace: Workspace, prefix: str, rendition: int) -> tuple[Fraction, ...]:
    """When the segments of a rendition begin; each must decode with nothing before it."""
    objects = workspace.backends.objects
    names = sorted(one.key for one in objects.list(f"{prefix}segment-{rendition}-"))
    starts = []
    for name in names:
        joined = workspace.root / "joined.mp4"
        joined.write_bytes(objects.get(f"{prefix}init-{rendition}.mp4") + objects.get(name))
        with av.open(str(joined)) as container:
            frames = list(container.decode(video=0))
        assert frames[0].key_frame
        assert frames[0].pts is not None
        assert frames[0].time_base is not None
        starts.append(Fraction(frames[0].pts * frames[0].time_base).limit_denominator(48))
    return tuple(starts)


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_the_goal_follows_the_settings(codec: str) -> None:
    goal = SETTINGS.model_copy(update={"pooling": "harmonic", "peak_ratio": 2.0}).goal(codec)  # type: ignore[arg-type]
    assert (goal.codec, goal.pooling, goal.peak, goal.longest_s) == (codec, "harmonic", 2.0, 1.0)
    assert goal.heights == (90, 144, 180)
    assert (goal.placing.cap, goal.placing.floor) == (80, 70)
