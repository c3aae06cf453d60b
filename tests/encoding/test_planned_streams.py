"""A title is encoded shot by shot and published: whole units in every segment, alike on all rungs and in all codecs."""

import hashlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest
from tests.encoding.shots import two_shots
from tests.media.clips import clip

from matinee.base.errors import SettingsError
from matinee.base.settings import load
from matinee.base.workspace import Workspace
from matinee.catalog.records import AssetKind
from matinee.catalog.service import Service as Catalog
from matinee.encoding.service import Service
from matinee.encoding.settings import EncodingSettings

SETTINGS = EncodingSettings(
    method="shots", codecs=("h264", "av1"), heights=(90, 180), segment_s=1, cap_vmaf=80, floor_vmaf=75
)
MIXED = SETTINGS.model_copy(update={"mixed": True, "codecs": ("h264",)})


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


def test_every_shot_has_the_size_that_suits_it_and_others_get_one_size(
    workspace: Workspace, catalog: Catalog, add: Callable[[Path], int], tmp_path: Path
) -> None:
    settings = MIXED.model_copy(update={"cap_vmaf": 70, "floor_vmaf": 60})
    service = Service(workspace.backends, settings)
    id_ = add(two_shots(tmp_path / "film.mp4"))
    stream = service.encode(id_)
    (row,) = catalog.assets(id_, AssetKind.STREAM)
    kinds = [one.codec.partition(".")[0] for one in stream.renditions]
    assert set(kinds) == {"avc1", "avc3"}
    assert len({_starts(workspace, f"{row.uri}/", i) for i in range(len(kinds))}) == 1
    sizes = {i: _sizes(workspace, f"{row.uri}/", i) for i in range(len(kinds))}
    assert all(len(sizes[i]) == 1 for i, kind in enumerate(kinds) if kind == "avc1")
    assert max(len(sizes[i]) for i, kind in enumerate(kinds) if kind == "avc3") > 1
    assert all(max(sizes[i]) == (one.width, one.height) for i, one in enumerate(stream.renditions))
    objects = workspace.backends.objects
    assert set(row.facts["families"]) == {"web", "android"}
    for name, kind in ((row.facts["dash"], "avc1"), (row.facts["families"]["web"]["dash"], "avc3")):
        manifest = objects.get(f"{row.uri}/{name}").decode()
        assert [one for one in ("avc1", "avc3") if one in manifest] == [kind]
    assert not list((workspace.root / "work").rglob("*.mp4"))
    found = service.planner.plan(tmp_path / "film.mp4", settings.goal("h264"))
    for rung, file in zip(
        found.rungs, service.planner.write(tmp_path / "film.mp4", found.rungs, tmp_path / "files"), strict=True
    ):
        with av.open(str(file)) as container:
            seen = [(frame.width, frame.height) for frame in container.decode(video=0)]
        assert seen == [size for unit, size in zip(found.units, rung.sizes, strict=True) for _ in range(unit.frames)]


def test_where_no_size_changes_nothing_is_kept_twice(
    workspace: Workspace, catalog: Catalog, add: Callable[[Path], int], tmp_path: Path
) -> None:
    id_ = add(clip(tmp_path / "film.mp4", seconds=0.5, sounds=()))  # a single shot
    stream = Service(workspace.backends, MIXED).encode(id_)
    assert {one.codec.partition(".")[0] for one in stream.renditions} == {"avc1"}
    assert len(set(stream.renditions)) == len(stream.renditions)
    (row,) = catalog.assets(id_, AssetKind.STREAM)
    assert row.facts["families"] == {}


def test_only_shots_have_sizes_of_their_own() -> None:
    flags = ["encoding.mixed=true"]
    with pytest.raises(SettingsError, match=r"encoding\.mixed = 'true' is refused.* only of encoding\.method = shots"):
        load({"encoding": EncodingSettings}, None, {}, flags)
    for method in ("ladder", "title"):
        with pytest.raises(SettingsError, match=r"only of encoding\.method = shots"):
            load({"encoding": EncodingSettings}, None, {}, [*flags, f"encoding.method={method}"])
    found = load({"encoding": EncodingSettings}, None, {}, [*flags, "encoding.method=shots"])
    assert found.table("encoding", EncodingSettings).goal("h264").mixed


def test_streams_of_before_keep_their_names() -> None:
    """Those that were encoded when there was no such setting are not pending again."""
    text = SETTINGS.model_dump_json(exclude={"work", "at_once", "together_s", "keep_replaced_h", "mixed", "grain"})
    assert SETTINGS.digest() == hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    others = (MIXED, *(SETTINGS.model_copy(update=one) for one in ({"codecs": ("h264",)}, {"grain": True})))
    assert len({one.digest() for one in (SETTINGS, *others)}) == 4


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
    starts = []
    for frames in _segments(workspace, prefix, rendition):
        assert frames[0].key_frame
        assert frames[0].pts is not None
        assert frames[0].time_base is not None
        starts.append(Fraction(frames[0].pts * frames[0].time_base).limit_denominator(48))
    return tuple(starts)


def _sizes(workspace: Workspace, prefix: str, rendition: int) -> set[tuple[int, int]]:
    """Of the pictures of a rendition, as they are decoded."""
    segments = _segments(workspace, prefix, rendition)
    return {(frame.width, frame.height) for frames in segments for frame in frames}


def _segments(workspace: Workspace, prefix: str, rendition: int) -> Iterator[list[av.VideoFrame]]:
    """The pictures of each segment, decoded by itself."""
    objects = workspace.backends.objects
    for name in sorted(one.key for one in objects.list(f"{prefix}segment-{rendition}-")):
        joined = workspace.root / "joined.mp4"
        joined.write_bytes(objects.get(f"{prefix}init-{rendition}.mp4") + objects.get(name))
        with av.open(str(joined)) as container:
            yield list(container.decode(video=0))


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_the_goal_follows_the_settings(codec: str) -> None:
    goal = SETTINGS.model_copy(update={"pooling": "harmonic", "peak_ratio": 2.0}).goal(codec)  # type: ignore[arg-type]
    assert (goal.codec, goal.pooling, goal.peak, goal.longest_s) == (codec, "harmonic", 2.0, 1.0)
    assert goal.heights == (90, 144, 180)
    assert (goal.placing.cap, goal.placing.floor) == (80, 75)
