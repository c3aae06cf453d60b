"""Arguments with which FFmpeg makes the renditions of a film: pure, one list in, one list out.

All renditions have the same frames at the same times (constant rate), and a closed group of pictures begins exactly
every `gop` frames, so that a player can change between any two at any segment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path

from matinee.encoding.ladder import Rung
from matinee.encoding.plans.originals import recoloured, sized, steadied, thinned
from matinee.encoding.settings import AudioCodec, EncodingSettings
from matinee.media.containers import input_options
from matinee.media.records import AudioTrack, Media, VideoTrack

_FRAME: Mapping[AudioCodec, Fraction] = {"aac": Fraction(1024, 48000), "opus": Fraction(960, 48000)}
# Samples at 48 kHz that the encoder puts before what it is given.
_OPUS_PRIMING = 312
# Without this FFmpeg has the size from the first pictures, and not from the head of the file.
_AS_TOLD = ("-nofind_stream_info",)
_TAGS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]


@dataclass(frozen=True, slots=True)
class Timing:
    """The common clock of all renditions."""

    frame_rate: Fraction
    frames: int
    gop: int
    """Frames of a segment."""

    @property
    def duration(self) -> Fraction:
        """Of the stream, in seconds."""
        return self.frames / self.frame_rate


def timing(media: Media, settings: EncodingSettings) -> Timing:
    """The clock for a film: its own rate, thinned out where that is too fast, whole frames to its last."""
    rate = thinned(media.video.frame_rate, settings.max_frame_rate)
    length = media.video.start - media.start + media.video.duration
    return Timing(rate, max(1, round(length * rate)), max(1, round(Fraction(settings.segment_s) * rate)))


def aspect(media: Media) -> Fraction:
    """Width to height on the screen, with terms of at most 255: what FFmpeg keeps exactly."""
    width, height = media.video.display_size
    turned = Fraction(width, height)
    limit = 255
    while max(turned.limit_denominator(limit).as_integer_ratio()) > 255:
        limit -= 1
    return turned.limit_denominator(limit)


@dataclass(frozen=True, slots=True)
class Sound:
    """What is to be made of a sound track."""

    track: AudioTrack
    codec: AudioCodec = "aac"
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Output:
    """A track to be written to a file of its own."""

    path: Path
    track: Rung | Sound
    taken: bool = False
    """Whether the source's packets are taken as they are."""


def encoding_arguments(media: Media, outputs: Sequence[Output], clock: Timing, settings: EncodingSettings) -> list[str]:
    """One pass over the film that writes these renditions and sound tracks."""
    arguments = ["-y", *input_options(media.path)]
    scaled = [one.track for one in outputs if isinstance(one.track, Rung) and not one.taken]
    if scaled:
        arguments += ["-filter_complex", _graph(media, scaled, clock)]
    for one in outputs:
        arguments += [*_output(one, scaled, media.video, clock, settings), *_into(one.path)]
    return arguments


def _output(
    one: Output, scaled: Sequence[Rung], video: VideoTrack, clock: Timing, settings: EncodingSettings
) -> list[str]:
    if one.taken:
        return ["-map", f"0:{video.index if isinstance(one.track, Rung) else one.track.track.index}", "-c", "copy"]
    if isinstance(one.track, Rung):
        return ["-map", f"[v{scaled.index(one.track)}]", *_video(one.track, video, clock, settings)]
    return ["-map", f"0:{one.track.track.index}", *_sound(one.track, clock, settings)]


def _graph(media: Media, rungs: Sequence[Rung], clock: Timing) -> str:
    """Decoded once: made progressive, constant in rate and SDR, then scaled for each rung."""
    shape = aspect(media)
    common = [f"[0:{media.video.index}]{steadied(media.video, clock.frame_rate)}"]
    common.append(f"split={len(rungs)}" + "".join(f"[s{i}]" for i in range(len(rungs))))
    branches = [
        f"[s{i}]{sized(media.video, rung.width, rung.height, 'bicubic')},setdar=r={shape}:max=255,format=yuv420p[v{i}]"
        for i, rung in enumerate(rungs)
    ]
    return ";".join([",".join(common), *branches])


def _video(rung: Rung, video: VideoTrack, clock: Timing, settings: EncodingSettings) -> list[str]:
    return [
        *("-c:v", "libx264", "-preset", settings.preset, "-profile:v", "high"),
        *("-crf", f"{settings.crf:g}", "-maxrate", f"{rung.peak_kbps}k", "-bufsize", f"{2 * rung.peak_kbps}k"),
        *("-x264-params", f"keyint={clock.gop}:min-keyint={clock.gop}:scenecut=0:open-gop=0"),
        *("-frames:v", str(clock.frames)),
        *(_TAGS if recoloured(video) else []),
    ]


def heard(clock: Timing) -> str:
    """Filters to stereo, from the first frame to the last: late sound is preceded, short sound followed by silence.

    In floating point, where what two channels are mixed from may be above full scale until its gain is known.
    """
    length = f"{float(clock.duration):.6f}"
    stereo = "aformat=sample_fmts=fltp:channel_layouts=stereo"
    return f"aresample=48000:async=1:first_pts=0,{stereo},apad=whole_dur={length},atrim=end={length}"


def _sound(sound: Sound, clock: Timing, settings: EncodingSettings) -> list[str]:
    filters = f"{heard(clock)},volume={sound.gain_db:.2f}dB:precision=float"
    if sound.codec == "aac":
        return ["-af", filters, "-c:a", "aac", "-b:a", f"{settings.audio_kbps}k"]
    # With so much silence before the film, the priming fills a frame, which packaging drops as it does that of AAC.
    early = 960 - _OPUS_PRIMING
    filters += f",adelay={early}S:all=1,asetpts=PTS-{early}/48000/TB"
    return ["-af", filters, "-c:a", "libopus", "-b:a", f"{settings.opus_kbps}k"]


def _into(path: Path) -> list[str]:
    return ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-f", "mp4", f"file:{path}"]


def packaging_arguments(
    videos: Sequence[Path],
    sounds: Sequence[tuple[Path, AudioCodec]],
    shape: Fraction,
    clock: Timing,
    mixed: Collection[Path] = (),
) -> list[str]:
    """Cut finished renditions into CMAF segments, with a manifest to learn from; its path is to follow.

    `mixed` are those of `videos` whose size changes on the way.
    """
    inputs = [argument for path in videos for argument in (*(_AS_TOLD if path in mixed else ()), "-i", f"file:{path}")]
    inputs += [argument for path, codec in sounds for argument in ("-t", _until(codec, clock), "-i", f"file:{path}")]
    maps = [argument for i in range(len(videos) + len(sounds)) for argument in ("-map", f"{i}:0")]
    sets = ["id=0,streams=v", *(f"id={i + 1},streams={len(videos) + i}" for i in range(len(sounds)))]
    return [
        *("-y", *inputs, *maps, "-c", "copy", "-aspect", f"{shape.numerator}:{shape.denominator}"),
        # An encoder's priming lies before the film. Left in, it needs an edit list, which players treat differently
        # (some apply it to each segment anew); left out, sound and picture both begin at 0 with none.
        *("-bsf:a", r"noise=drop=lt(pts\,0)"),
        # Rounded down: a microsecond more than the group of pictures would put two of them into each segment.
        *("-fflags", "+bitexact", "-f", "dash", "-seg_duration", f"{floor(clock.gop / clock.frame_rate * 10**6)}us"),
        *("-use_template", "1", "-use_timeline", "1", "-dash_segment_type", "mp4"),
        # Without negative offsets every picture would be late by the depth of reordering, against the sound.
        *("-format_options", "movflags=+negative_cts_offsets+cmaf"),
        *("-adaptation_sets", " ".join(sets)),
        *("-init_seg_name", "init-$RepresentationID$.mp4"),
        *("-media_seg_name", "segment-$RepresentationID$-$Number%05d$.m4s"),
    ]


def _until(codec: AudioCodec, clock: Timing) -> str:
    """When the last frame of sound may begin: a few samples after the picture would make a segment of their own."""
    return f"{float(max(clock.duration - Fraction(3, 2) * _FRAME[codec], Fraction(1, 100))):.6f}"
