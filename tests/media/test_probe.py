import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from tests.media.clips import chaptered, clip, ffmpeg, scenes

from matinee.base.errors import InvalidInput, MatineeError, NotFound, Unavailable
from matinee.media.probe import probe


def test_a_plain_film(tmp_path: Path) -> None:
    media = probe(clip(tmp_path / "film.mp4", seconds=3, rate="24000/1001"))
    video = media.video
    assert (video.codec, video.display_size, video.rotation, video.dynamic) == ("h264", (320, 180), 0, "sdr")
    assert video.frame_rate == Fraction(24000, 1001)
    assert video.duration == 72 / video.frame_rate
    assert not video.variable
    assert not video.interlaced
    assert [(one.codec, one.channels) for one in media.audio] == [("aac", 1)]


@pytest.mark.parametrize("suffix", ["mkv", "mov", "avi", "ts", "webm"])
@pytest.mark.parametrize("rate", ["25", "30000/1001"])
def test_rate_and_duration_are_exact_in_every_container(tmp_path: Path, suffix: str, rate: str) -> None:
    codecs = ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"] if suffix == "webm" else []
    media = probe(clip(tmp_path / f"film.{suffix}", seconds=4, rate=rate, more=codecs))
    assert media.video.frame_rate == Fraction(rate)
    frames = media.video.duration * media.video.frame_rate
    # Matroska keeps milliseconds, AVI pads: half a frame at most.
    assert abs(frames - round(4 * Fraction(rate))) < Fraction(1, 2)


def test_a_phone_held_upright(tmp_path: Path) -> None:
    clip(tmp_path / "lying.mp4", sounds=())
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "lying.mp4", "-c", "copy", tmp_path / "upright.mp4")
    video = probe(tmp_path / "upright.mp4").video
    assert video.rotation == 90
    assert video.display_size == (180, 320)


def test_samples_that_are_not_square(tmp_path: Path) -> None:
    film = clip(tmp_path / "dvd.mkv", size="352x288", sounds=(), more=["-vf", "setsar=16/11"])
    video = probe(film).video
    assert video.sample_aspect == Fraction(16, 11)
    assert video.display_size == (512, 288)


def test_variable_rate_is_noticed(tmp_path: Path) -> None:
    film = clip(
        tmp_path / "phone.mkv",
        seconds=6,
        rate=30,
        sounds=(),
        more=["-vf", r"select=not(between(n\,60\,75))", "-fps_mode", "vfr"],
    )
    video = probe(film).video
    assert video.variable
    assert video.frame_rate == 30
    assert abs(video.duration - 6) < Fraction(1, 10)


def test_high_dynamic_range(tmp_path: Path) -> None:
    tags = ["-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"]
    hdr = ["-c:v", "libx265", "-x265-params", "log-level=error", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"]
    video = probe(clip(tmp_path / "hdr.mkv", seconds=1, sounds=(), more=[*hdr, *tags])).video
    assert (video.dynamic, video.bit_depth, video.codec) == ("pq", 10, "hevc")


def test_interlaced(tmp_path: Path) -> None:
    film = clip(
        tmp_path / "tv.mkv", sounds=(), more=["-vf", "setfield=tff", "-flags", "+ilme+ildct", "-x264opts", "tff=1"]
    )
    assert probe(film).video.interlaced


def test_several_languages_and_subtitles(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nHello\n")
    silent = clip(tmp_path / "a.mp4", sounds=("sine=440", "sine=660"))
    film = tmp_path / "film.mkv"
    ffmpeg(
        *("-i", silent, "-i", tmp_path / "words.srt", "-map", 0, "-map", 1, "-c", "copy", "-c:s", "ass", "-ac:a:1", 6),
        *("-c:a:1", "ac3", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"),
        *("-metadata:s:s:0", "language=fre", "-metadata:s:s:0", "title=Malentendants"),
        *("-disposition:s:0", "hearing_impaired", "-disposition:a:1", "visual_impaired", film),
    )
    media = probe(film)
    assert [(one.language, one.channels, one.layout) for one in media.audio] == [
        ("en", 1, "mono"),
        ("de", 6, "5.1(side)"),
    ]
    assert [one.described for one in media.audio] == [False, True]
    (words,) = media.subtitles
    assert (words.codec, words.text, words.language, words.title) == ("ssa", True, "fr", "Malentendants")
    assert words.hearing_impaired


def test_a_cover_is_not_the_film(tmp_path: Path) -> None:
    clip(tmp_path / "a.mp4")
    ffmpeg("-i", tmp_path / "a.mp4", "-frames:v", 1, tmp_path / "cover.png")
    film = tmp_path / "film.mp4"
    ffmpeg("-i", tmp_path / "cover.png", "-i", tmp_path / "a.mp4", "-map", 0, "-map", 1, "-c", "copy",
           "-disposition:v:0", "attached_pic", film)  # fmt: skip
    assert probe(film).video.codec == "h264"


# What is wrong with a file, and the word by which the message says so.
BAD = {
    "empty.mp4": "the file is empty",
    "text.mp4": "it is a text",
    "picture.mkv": "it is a JPEG picture",
    "archive.avi": "it is a ZIP archive",
    "playlist.mp4": "it is a playlist",
    "sound.mp4": "holds only sound",
    "song.mp3": "holds only sound",
    "album.m4a": "holds only sound",
    "cut.mp4": "index is missing",
    "cut-after-index.mp4": "cut off",
    "cut.mkv": "cut off",
    "noise.webm": "no film container",
    "header-only.mkv": "",
    "one-frame.mp4": "a single picture",
    "zeros.mp4": "",
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    film = clip(folder / "good.mp4", seconds=8)
    ffmpeg("-i", film, "-c", "copy", "-movflags", "faststart", folder / "fast.mp4")
    ffmpeg("-i", film, "-c", "copy", folder / "good.mkv")
    ffmpeg("-i", film, "-frames:v", 1, folder / "cover.jpg")
    ffmpeg("-i", film, "-vn", "-c:a", "copy", folder / "sound.mp4")
    ffmpeg("-i", film, "-vn", folder / "song.mp3")
    ffmpeg("-i", folder / "cover.jpg", "-i", folder / "sound.mp4", "-map", 0, "-map", 1, "-c", "copy",
           "-disposition:v:0", "attached_pic", folder / "album.m4a")  # fmt: skip
    ffmpeg("-i", film, "-frames:v", 1, "-an", folder / "one-frame.mp4")
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is a letter, not a film.\n" * 50)
    shutil.copy(folder / "cover.jpg", folder / "picture.mkv")
    (folder / "archive.avi").write_bytes(b"PK\x03\x04" + bytes(200))
    (folder / "playlist.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:8,\n{film}\n#EXT-X-ENDLIST\n")
    (folder / "cut.mp4").write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    fast, matroska = (folder / "fast.mp4").read_bytes(), (folder / "good.mkv").read_bytes()
    (folder / "cut-after-index.mp4").write_bytes(fast[: len(fast) // 2])
    (folder / "cut.mkv").write_bytes(matroska[: len(matroska) // 2])
    (folder / "header-only.mkv").write_bytes(matroska[:500])
    (folder / "noise.webm").write_bytes(bytes((7 * i * i + 31 * i) % 251 for i in range(20_000)))
    (folder / "zeros.mp4").write_bytes(fast[: fast.index(b"mdat") + 4] + bytes(len(fast) - fast.index(b"mdat") - 4))
    return folder


@pytest.mark.parametrize(("name", "why"), BAD.items())
def test_what_is_no_film_is_told_in_one_sentence(bad: Path, name: str, why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        probe(bad / name)
    assert name in caught.value.message
    assert why in caught.value.message
    assert caught.value.next_step
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there_or_not_files(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.mp4"):
        probe(tmp_path / "none.mp4")
    with pytest.raises(InvalidInput, match="is a folder"):
        probe(tmp_path)
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    with pytest.raises(Unavailable, match="cannot be read"):
        probe(tmp_path / "loop.mp4")


def test_names_are_never_options_or_addresses(tmp_path: Path) -> None:
    for name in ("-i.mp4", "http:film.mp4", "concat:a|b.mp4", "100%d.mp4", 'fi\'lm "x".mp4'):
        assert probe(scenes(tmp_path / "plain.mp4", ["red"]).rename(tmp_path / name)).video.width == 320


def test_every_real_clip(real_data: Path) -> None:
    rates = {
        path.name: probe(path).video.frame_rate for path in (real_data / "clips").iterdir() if path.suffix != ".md"
    }
    assert rates["bbb_720p25_118s.mp4"] == 25
    assert rates["cta_wave_tos_1080p30_8s.mp4"] == Fraction(30000, 1001)
    assert rates["tears_of_steel_battle_800x332_70s.webm"] == 24
    assert rates["intel_car_768x432_30s.mp4"] == Fraction(25, 2)
    assert len(rates) == 11


def test_every_cut_of_a_real_clip_is_a_film_or_one_clear_sentence(real_data: Path, tmp_path: Path) -> None:
    whole = (real_data / "clips" / "bikes_640x272_10s.mp4").read_bytes()
    for parts in range(20):
        path = tmp_path / "cut.mp4"
        path.write_bytes(whole[: len(whole) * parts // 20])
        with pytest.raises(MatineeError):
            probe(path)


# MP4 as FFmpeg writes it has no chapters without a title.
@pytest.mark.parametrize(("name", "second"), [("film.mkv", ""), ("film.mp4", "Chapter 2")])
def test_chapters(tmp_path: Path, name: str, second: str) -> None:
    told = [(0, 1, "One"), (1, 2.5, second), (2.5, 60, "Two  three")]
    found = probe(chaptered(clip(tmp_path / "plain.mp4"), tmp_path / name, told)).chapters
    assert [(one.start, one.end, one.title) for one in found] == [
        (0, 1, "One"), (1, Fraction(5, 2), "Chapter 2"), (Fraction(5, 2), 4, "Two three"),
    ]  # fmt: skip


def test_chapters_begin_with_the_film(tmp_path: Path) -> None:
    """Where the clock of the file does not begin at nought, nor do its chapters."""
    told, late = [(10, 12, "One"), (12, 14, "Two")], ("-output_ts_offset", 10)
    media = probe(chaptered(clip(tmp_path / "plain.mp4"), tmp_path / "late.mp4", told, late))
    assert media.start == pytest.approx(10, abs=0.1)
    assert [(one.title, float(one.start)) for one in media.chapters] == [
        ("One", pytest.approx(0, abs=0.1)), ("Two", pytest.approx(2, abs=0.1)),
    ]  # fmt: skip


def test_a_film_without_chapters(tmp_path: Path) -> None:
    assert probe(clip(tmp_path / "film.mp4")).chapters == ()
