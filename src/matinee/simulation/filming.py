"""Films one film: paints its shots, moves the camera, mixes the sound, and writes an MP4 that is whole or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from matinee.simulation import scenes, sound
from matinee.simulation.camera import MOVES
from matinee.simulation.films import FORMAT, Film, Format, Shot
from matinee.simulation.finish import Finish, zoomed
from matinee.simulation.layers import Moment, Scene
from matinee.simulation.lettering import Title
from matinee.simulation.paint import Canvas, Picture
from matinee.simulation.weather import Palette

FPS = 24
GROUP = FPS * 4
"""Frames from one key frame to the next."""


def seeded(*parts: object) -> np.random.Generator:
    """A generator that depends on the parts alone, on any machine."""
    text = "\x1f".join(str(part) for part in parts)
    return np.random.default_rng(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big"))


def frame_of(at_s: float) -> int:
    """Number of the frame that begins at `at_s`."""
    return round(at_s * FPS)


def shoot(film: Film, seed: int, to: Path, form: Format = FORMAT) -> None:
    """Write the film to `to`. A file of that name appears when it is finished, never before."""
    cv2.setNumThreads(1)
    part = to.with_name(f".{to.name}.part")
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        picture, audio = _streams(out, form)
        _write_sound(out, audio, film, seed)
        for number, planes in enumerate(frames(film, seed, form)):
            _write_frame(out, picture, planes, number)
        out.mux(picture.encode())
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(to)


def frames(film: Film, seed: int, form: Format = FORMAT) -> Iterator[Picture]:
    """Every frame of the film in order, as I420."""
    finish = Finish(form.width, form.height, seeded(seed, film.key, "grain"))
    frame: Picture = np.zeros((form.height, form.width, 3), np.uint8)
    title = Title(film.name, form.width, form.height, seconds=film.lead_in_s) if film.lettering else None
    for number in range(frame_of(film.lead_in_s)):
        card = np.zeros_like(frame)
        if title:
            title.draw(card, number / FPS)
        yield finish(card, number, 1.0 if title else 0.0)
    ends = [*film.starts_s, film.duration_s]
    for shot, (start_s, end_s) in zip(film.shots, pairwise(ends), strict=True):
        scene = stage(film, shot, seed, form)
        for number in range(frame_of(start_s), frame_of(end_s)):
            seen = look(scene, shot, number / FPS - start_s, form, frame)
            yield finish(seen, number, _fade(film, number / FPS))


def stage(film: Film, shot: Shot, seed: int, form: Format) -> Scene:
    """The shot's scene, painted. Shots of one film that show the same scene show the same place."""
    canvas = Canvas(form.width, form.height, shot.lens, shot.focus, margin=round(form.height * 0.11))
    rng = seeded(seed, film.series or film.name, shot.scene)
    return scenes.paint(shot.scene, canvas, rng, Palette.of(shot.palette or film.palette), shot.knobs)


def look(scene: Scene, shot: Shot, at_s: float, form: Format, frame: Picture) -> Picture:
    """The scene as the camera sees it `at_s` seconds into the shot; drawn on `frame`."""
    view = MOVES[shot.move](min(1.0, at_s / shot.seconds))
    reach = form.height * 0.10
    scene.draw(frame, Moment(at_s, (view.across * reach, view.down * reach)))
    return zoomed(frame, view.zoom)


def _fade(film: Film, at_s: float) -> float:
    """How bright the picture is: dark at either end of the film."""
    if film.fade_s <= 0:
        return 1.0
    return max(0.0, min(1.0, (at_s - film.lead_in_s) / film.fade_s, (film.duration_s - 1 / FPS - at_s) / film.fade_s))


def _streams(out: Any, form: Format) -> tuple[Any, Any]:
    picture = out.add_stream("libx264", rate=FPS)
    picture.width, picture.height, picture.pix_fmt = form.width, form.height, "yuv420p"
    picture.options = {
        "preset": form.preset,
        "crf": str(form.crf),
        "threads": "1",
        "x264-params": f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:open-gop=0:"
        f"vbv-maxrate={form.peak_kbps}:vbv-bufsize={form.peak_kbps * 8 // 7}:"
        # What the quickest preset leaves out, for a quarter more time: 2 dB for rain, and skies without blocks.
        "no-deblock=0:deblock=0,0:cabac=1:aq-mode=1",
    }
    context = picture.codec_context
    context.colorspace, context.color_range = 6, 1  # SMPTE 170M, limited: what `finish` computes
    context.color_primaries, context.color_trc = 1, 1
    audio = out.add_stream("aac", rate=sound.RATE, layout="stereo")
    audio.bit_rate = 160_000
    audio.options = {"aac_coder": "fast"}
    return picture, audio


def _write_frame(out: Any, stream: Any, planes: Picture, number: int) -> None:
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    frame.colorspace, frame.color_range = 6, 1
    out.mux(stream.encode(frame))


def _write_sound(out: Any, stream: Any, film: Film, seed: int) -> None:
    music = sound.score(film.music, film.duration_s, film.cuts_s, seeded(seed, film.key, "music"))
    samples = np.ascontiguousarray(music.T)
    for start in range(0, samples.shape[1], 48_000):
        piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + 48_000]), "fltp", "stereo")
        piece.sample_rate, piece.pts, piece.time_base = sound.RATE, start, Fraction(1, sound.RATE)
        out.mux(stream.encode(piece))
    out.mux(stream.encode())
