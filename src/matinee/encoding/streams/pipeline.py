"""From a source file to a finished folder: pure of the catalogue, and safe to stop at any moment.

Each rendition and sound track is a piece on the bench, kept when finished. What is quick (cutting into segments,
subtitles, pictures, manifests) is made anew by whoever comes to finish the film.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import av

from matinee.base.errors import InvalidInput, SettingsError
from matinee.base.progress import working
from matinee.encoding.bench import Bench
from matinee.encoding.ladder import MAX_ASPECT, Rung, ladder
from matinee.encoding.plans.assembly import assemble
from matinee.encoding.plans.originals import Original
from matinee.encoding.plans.renditions import Joined, Planned
from matinee.encoding.settings import EncodingSettings
from matinee.encoding.streams import dash, hls, stills, storyboard, texts, timed
from matinee.encoding.streams.encryption import KeyOf, Protection, encrypt
from matinee.encoding.streams.film import Film, Sidecar
from matinee.encoding.streams.fitting import fits, may_fit, sound_fits, sound_may_fit
from matinee.encoding.streams.levels import Heard, levels
from matinee.encoding.streams.package import Cut, Finished, cut
from matinee.encoding.streams.presentation import Presentation
from matinee.encoding.streams.progress import SoFar
from matinee.encoding.streams.transcode import Output, Sound, Timing, aspect, encoding_arguments, heard, timing
from matinee.media import run
from matinee.media.loudness import Loudness, gain_db
from matinee.media.packets import packets
from matinee.media.probe import probe
from matinee.media.records import Media
from matinee.media.subtitles import write_vtt


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be made of a film."""

    media: Media
    clock: Timing
    settings: EncodingSettings
    stop: threading.Event | None
    shape: Fraction
    """Width to height on the screen."""
    videos: dict[str, Rung | Joined]
    """By name of the piece."""
    sounds: dict[str, Sound]
    before: dict[int, Loudness]
    """Of the sound tracks of the source as stereo, by index; empty where loudness is left as it is."""
    taken: frozenset[str]
    """Pieces that are the source's own picture or sound."""

    @property
    def pieces(self) -> list[str]:
        return [*self.videos, *self.sounds]

    @property
    def mixed(self) -> list[str]:
        """Renditions whose size changes on the way."""
        return [name for name, one in self.videos.items() if isinstance(one, Joined) and one.head is not None]


@contextmanager
def encoded(
    source: Path,
    bench: Bench,
    settings: EncodingSettings,
    *,
    label: str,
    beside: Sequence[Sidecar] = (),
    language: str = "",
    key_of: KeyOf | None = None,
    planned: Planned | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Film]:
    """The encoded film, in a folder that is there until the block ends.

    `label` names the work for who watches its progress, which counts seconds of film. `language` is that of the film,
    for a single sound track that does not say. `planned` pictures are put together rather than encoded. `key_of` gives
    the keys that encryption needs. Setting `stop` ends it with `matinee.media.run.Stopped`. Raises `InvalidInput` where
    the source is no film or is damaged, and `Unavailable` where the disk is full or Shaka Packager is missing; what was
    finished stays on the bench either way.
    """
    protection = _protection(settings, key_of)
    media = _in_language(probe(source), language)
    plan = _plan(_Asked(media, bench, settings, label, stop), planned)
    made = _encode(plan, bench, label)
    after = _after(plan, bench, label)
    with bench.space() as folder:
        tracks = _segments(plan, bench, folder, after, protection)
        film = _finish(plan, bench, folder, beside, tracks)
        yield replace(film, made=tuple(made))


def _protection(settings: EncodingSettings, key_of: KeyOf | None) -> Protection | None:
    """How to encrypt. What is missing for it is told now, not after hours of encoding."""
    if settings.encryption == "none":
        return None
    if key_of is None:
        raise SettingsError(f"encryption = {settings.encryption!r} needs keys.", next_step="Hand over `key_of`.")
    run.packager_program()
    return Protection(settings.encryption, key_of)


def _in_language(media: Media, language: str) -> Media:
    if len(media.audio) != 1 or media.audio[0].language:
        return media
    return replace(media, audio=(replace(media.audio[0], language=language),))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came in."""

    media: Media
    bench: Bench
    settings: EncodingSettings
    label: str
    stop: threading.Event | None


def _plan(asked: _Asked, planned: Planned | None) -> _Plan:
    media, settings = asked.media, asked.settings
    size = media.video.display_size
    if max(size) > MAX_ASPECT * min(size):
        raise InvalidInput(
            f"The pictures of {media.path} are {size[0]} by {size[1]}, a ribbon rather than a film.",
            next_step=f"Pad them to less than {MAX_ASPECT} to 1.",
        )
    clock = _clock(planned.original, settings) if planned else timing(media, settings)
    videos: dict[str, Rung | Joined] = (
        {one.name: one for one in planned.rungs} if planned else dict(_rungs(media, clock, settings))
    )
    before = _before(asked, clock) if settings.loudness_lufs else {}
    sounds = {
        f"sound-{one.index}-{codec}.mp4": Sound(one, codec, _gain(before.get(one.index), settings))
        for codec in settings.audio_codecs
        for one in media.audio
    }
    shape = planned.original.aspect if planned else aspect(media)
    taken = frozenset(_taken(media, videos, sounds, clock, settings) if settings.take_fitting else ())
    return _Plan(media, clock, settings, asked.stop, shape, videos, sounds, before, taken)


def _clock(original: Original, settings: EncodingSettings) -> Timing:
    return Timing(original.rate, original.frames, max(1, round(Fraction(settings.segment_s) * original.rate)))


def _rungs(media: Media, clock: Timing, settings: EncodingSettings) -> Iterator[tuple[str, Rung]]:
    for rung in ladder(media.video.display_size, clock.frame_rate, settings.heights, settings.peak_kbps):
        yield f"video-{rung.width}x{rung.height}.mp4", rung


def _before(asked: _Asked, clock: Timing) -> dict[int, Loudness]:
    """How loud each sound track of the source is, as it will be heard: in stereo."""
    media, length_s = asked.media, float(clock.duration)
    tracks = [Heard(f"loudness-{one.index}.json", media.path, one.index, heard(clock)) for one in media.audio]
    found = levels(asked.bench, tracks, label=asked.label, length_s=length_s, stop=asked.stop)
    return {one.track: loudness for one, loudness in zip(tracks, found, strict=True)}


def _after(plan: _Plan, bench: Bench, label: str) -> dict[str, Loudness]:
    """How loud each finished sound track is, by its piece; nothing where nothing was measured before."""
    if not plan.before:
        return {}
    tracks = [Heard(f"loudness-{Path(name).stem}.json", bench.folder / name) for name in plan.sounds]
    found = levels(bench, tracks, label=label, length_s=float(plan.clock.duration), stop=plan.stop)
    return dict(zip(plan.sounds, found, strict=True))


def _gain(found: Loudness | None, settings: EncodingSettings) -> float:
    return 0.0 if found is None else gain_db(found, settings.loudness_lufs, settings.true_peak_dbtp)


def _taken(
    media: Media,
    videos: Mapping[str, Rung | Joined],
    sounds: Mapping[str, Sound],
    clock: Timing,
    settings: EncodingSettings,
) -> Iterator[str]:
    """Pieces for which the source's own picture or sound serves."""
    largest, rung = list(videos.items())[-1]
    picture, start = media.video.index, media.video.start
    if (
        not isinstance(rung, Joined)
        and may_fit(media, rung, clock)
        and fits(packets(media.path, picture), start, rung, clock)
    ):
        yield largest
    for name, sound in sounds.items():
        found = packets(media.path, sound.track.index)
        if sound_may_fit(media, sound) and sound_fits(found, media, sound.track, clock, settings.audio_kbps):
            yield name


def _encode(plan: _Plan, bench: Bench, label: str) -> list[str]:
    """Make the pieces that are not finished, and name them."""
    missing = [name for name in plan.pieces if bench.piece(name) is None]
    joined = {name: one for name, one in plan.videos.items() if isinstance(one, Joined) and name in missing}
    for name, one in joined.items():
        bench.make([name], partial(_join, plan, one))
    passes = _passes([name for name in missing if name not in joined], plan)
    length = float(plan.clock.duration)
    with working(label, len(passes) * length, "s") as task:
        for names in passes:
            told = SoFar(task.advance, length)
            bench.make(names, partial(_one_pass, plan, told, names))
            told.rest()
    return missing


def _join(plan: _Plan, rung: Joined, paths: Sequence[Path]) -> None:
    assemble(rung.encodes, paths[0], plan.shape, head=rung.head, stop=plan.stop)


def _passes(missing: Sequence[str], plan: _Plan) -> list[list[str]]:
    """What is made in one reading of the source: everything of a short film; of a long one each size by itself."""
    if not missing:
        return []
    if plan.clock.duration <= plan.settings.together_s:
        return [list(missing)]
    sounds = [name for name in missing if name in plan.sounds]
    return [*([sounds] if sounds else []), *([name] for name in missing if name in plan.videos)]


def _one_pass(plan: _Plan, told: SoFar, names: Sequence[str], paths: Sequence[Path]) -> None:
    rungs = {name: one for name, one in plan.videos.items() if isinstance(one, Rung)}
    tracks: dict[str, Rung | Sound] = {**rungs, **plan.sounds}
    places = dict(zip(names, paths, strict=True))
    outputs = [Output(path, tracks[name], name in plan.taken) for name, path in places.items()]
    arguments = encoding_arguments(plan.media, outputs, plan.clock, plan.settings)
    run.ffmpeg(arguments, about=str(plan.media.path), progress=told, stop=plan.stop)
    for name in rungs.keys() & places.keys():
        _whole(places[name], plan)


def _whole(path: Path, plan: _Plan) -> None:
    """Refuse a rendition that ends early: the source is damaged where its header says that there is more."""
    with av.open(str(path)) as container:
        frames = container.streams.video[0].frames if container.streams.video else 0
    if frames < plan.clock.frames - max(3, plan.clock.frames // 50):
        raise InvalidInput(
            f"{plan.media.path} is damaged: of {float(plan.clock.duration):.1f} s only "
            f"{float(frames / plan.clock.frame_rate):.1f} s can be decoded.",
            next_step="Copy it again from where it came, or replace it.",
        )


def _segments(
    plan: _Plan, bench: Bench, folder: Path, after: Mapping[str, Loudness], protection: Protection | None
) -> Cut:
    """The finished pieces cut into `folder`, and encrypted there where that is asked for. Sizes are smallest first."""
    videos = [bench.folder / name for name in plan.videos]
    sounds = [
        Finished(bench.folder / name, sound, plan.before.get(sound.track.index), after.get(name))
        for name, sound in plan.sounds.items()
    ]
    about, mixed = str(plan.media.path), [bench.folder / name for name in plan.mixed]
    tracks = cut(folder, videos, sounds, clock=plan.clock, shape=plan.shape, about=about, mixed=mixed, stop=plan.stop)
    return encrypt(folder, tracks, protection, about=about, stop=plan.stop) if protection else tracks


def _finish(plan: _Plan, bench: Bench, folder: Path, beside: Sequence[Sidecar], tracks: Cut) -> Film:
    """Everything around the segments."""
    # What is drawn from the pictures is shown in standard range, from files of one size.
    found = zip(plan.videos, tracks.video, strict=True)
    videos = [bench.folder / name for name, one in found if one.colour.dynamic == "sdr" and name not in plan.mixed]
    duration = tracks.video[0].duration
    segment = plan.clock.gop / plan.clock.frame_rate
    with bench.space() as space:
        words, refused = texts.gather(plan.media, beside, timed.lengths(duration, segment), space, plan.stop)
    fragments, imsc = timed.fragmented(words) if plan.settings.imsc else ({}, ())
    step = storyboard.interval(duration, plan.settings.thumbnail_s, segment)
    stream = Presentation(
        duration=duration,
        segment_s=segment,
        aspect=plan.shape,
        video=tracks.video,
        sound=tracks.sound,
        subtitles=tuple(words),
        imsc=imsc,
        scheme=plan.settings.encryption,
    )
    segments = sorted(path.name for path in folder.iterdir())
    written = {
        **{one.file: write_vtt(cues).encode() for one, cues in words.items()},
        **timed.webvtt(words),
        **fragments,
        **texts.chapters(plan.media, duration),
        **storyboard.draw(videos[0], duration, step, plan.settings.thumbnail_width),
        **_manifests(stream),
    }
    for name, data in written.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return Film(
        folder=folder,
        files=(*segments, *written),
        presentation=stream,
        pictures=stills.draw(videos[0], videos[-1], duration),
        made=(),
        refused=tuple(refused),
    )


def _manifests(stream: Presentation) -> dict[str, bytes]:
    """All manifests, the ones that players open last."""
    texts_ = {**hls.playlists(stream), **dash.manifests(stream)}
    texts_[hls.MASTER] = texts_.pop(hls.MASTER)
    return {name: text.encode() for name, text in texts_.items()}
