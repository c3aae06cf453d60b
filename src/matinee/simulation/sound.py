"""Music and noises for a film, synthesised: chords by mood, arpeggios, rain, wind, waves, a heart, steps.

Sound is float32, samples by 2 channels, at 48 kHz. Everything depends on the arguments and the generator alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

RATE = 48_000
Sound = NDArray[np.float32]
Rng = np.random.Generator

# Chords as semitones over the root, by mood; one list is one turn of the harmony.
HARMONY: Mapping[str, Sequence[Sequence[int]]] = {
    "warm": ((0, 4, 7, 11), (-3, 0, 4, 7), (5, 9, 12, 16), (-5, -1, 2, 5)),
    "wistful": ((0, 3, 7, 10), (-4, 0, 3, 7), (3, 7, 10, 14), (-2, 2, 5, 9)),
    "dark": ((0, 3, 7), (-4, 0, 3), (1, 5, 8), (0, 3, 6)),
    "tense": ((0, 1, 7), (0, 3, 6), (-1, 2, 5), (0, 1, 6)),
    "wonder": ((0, 4, 7, 14), (2, 6, 9, 14), (-3, 0, 4, 11), (5, 9, 12, 19)),
    "playful": ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    "epic": ((0, 7, 12), (-4, 3, 8), (-2, 5, 10), (3, 7, 12)),
    "cool": ((0, 3, 7, 10, 14), (5, 9, 12, 15), (-2, 2, 5, 9), (0, 3, 7, 10)),
}


def score(music: Mapping[str, Any], duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    """The sound of a film.

    `music` says ``mood`` (a key of `HARMONY`), ``root`` (Hz), ``tempo`` (beats a minute), ``voices`` (keys of
    `VOICES`) and ``noises`` (keys of `NOISES`). It peaks at -1.5 dB and is about -20 dB on average.
    """
    count = round(duration_s * RATE)
    dry = np.zeros((count, 2), np.float32)
    beat_s = 60 / float(music.get("tempo", 72))
    harmony = HARMONY[music["mood"]]
    for name, level in dict(music.get("voices", {})).items():
        _add(dry, VOICES[name](harmony, float(music.get("root", 110)), beat_s, duration_s, rng), float(level))
    wet = _hall(dry, rng) * float(music.get("hall", 0.5)) + dry
    for name, level in dict(music.get("noises", {})).items():
        _add(wet, NOISES[name](duration_s, cuts_s, rng), float(level))
    return _mastered(wet[:count])


def _add(to: Sound, what: Sound, level: float) -> None:
    count = min(len(to), len(what))
    to[:count] += what[:count] * level


def _mastered(sound: Sound) -> Sound:
    """Faded at both ends, about -20 dB on average, its peaks bent softly below -1.5 dB."""
    edge = min(RATE // 2, len(sound) // 4)
    ramp = np.linspace(0, 1, edge, dtype=np.float32)[:, None]
    sound[:edge] *= ramp
    sound[-edge:] *= ramp[::-1]
    power = float(np.sqrt(np.mean(np.square(sound)))) or 1.0
    sound = sound * np.float32(0.1 / power)
    return np.asarray(np.tanh(sound / 0.84) * 0.84, np.float32)


def _hall(sound: Sound, rng: Rng) -> Sound:
    """The sound in a large room: convolved with noise that dies away."""
    length = round(1.8 * RATE)
    decay = np.exp(-np.arange(length) / (0.42 * RATE))[:, None]
    tail = rng.standard_normal((length, 2)) * decay
    tail[: round(0.018 * RATE)] = 0
    tail = signal.lfilter([0.35], [1, -0.65], tail, axis=0)
    tail *= 0.9 / np.sqrt(np.sum(tail**2, axis=0))
    return np.asarray(signal.oaconvolve(sound, tail.astype(np.float32), axes=0)[: len(sound)], np.float32)


def _hertz(root: float, semitones: float) -> float:
    return root * 2 ** (semitones / 12)


def _tone(hertz: float, length: int, partials: Sequence[float], bright: float = 1.0) -> NDArray[np.float32]:
    at = np.arange(length, dtype=np.float32) / RATE
    total = np.zeros(length, np.float32)
    for number, level in enumerate(partials, 1):
        if hertz * number > 9000:
            break
        total += np.sin(np.float32(2 * np.pi * hertz * number) * at) * np.float32(level * bright ** (number - 1))
    return total


def _place(to: Sound, at_s: float, mono: NDArray[np.float32], side: float) -> None:
    start = round(at_s * RATE)
    count = min(len(mono), len(to) - start)
    if count > 0:
        to[start : start + count, 0] += mono[:count] * np.float32(np.cos((side + 1) * np.pi / 4))
        to[start : start + count, 1] += mono[:count] * np.float32(np.sin((side + 1) * np.pi / 4))


def _pad(harmony: Sequence[Sequence[int]], root: float, beat_s: float, duration_s: float, rng: Rng) -> Sound:
    """Long chords that swell into one another."""
    out = np.zeros((round(duration_s * RATE), 2), np.float32)
    bar_s = beat_s * 4
    length = round((bar_s + 1.6) * RATE)
    at = np.arange(length) / RATE
    shape = (np.clip(at / 1.4, 0, 1) * np.clip((bar_s + 1.6 - at) / 1.6, 0, 1)).astype(np.float32)
    made: dict[int, list[NDArray[np.float32]]] = {}
    for bar in range(int(duration_s / bar_s) + 1):
        which = bar % len(harmony)
        if which not in made:
            made[which] = [
                _tone(_hertz(root, note) * detune, length, (1, 0.5, 0.33, 0.2, 0.12), 0.75) * shape
                for note in harmony[which]
                for detune in (0.9985, 1.0017)
            ]
        for number, tone in enumerate(made[which]):
            _place(out, bar * bar_s, tone, -0.7 if number % 2 else 0.7)
    return out * np.float32(0.16 + 0.02 * rng.random())


def _plucked(partials: Sequence[float], decay_s: float, octave: int, steps: Sequence[float]) -> Callable[..., Sound]:
    """An arpeggio of struck notes."""

    def voice(harmony: Sequence[Sequence[int]], root: float, beat_s: float, duration_s: float, rng: Rng) -> Sound:
        out = np.zeros((round(duration_s * RATE), 2), np.float32)
        length = round(min(decay_s * 5, 3.0) * RATE)
        fade = np.exp(-np.arange(length, dtype=np.float32) / np.float32(decay_s * RATE))
        fade[:96] *= np.linspace(0, 1, 96, dtype=np.float32)
        cache: dict[int, NDArray[np.float32]] = {}
        beat, number = 0.0, 0
        while beat * beat_s < duration_s - 0.3:
            chord = harmony[int(beat // 4) % len(harmony)]
            note = chord[int(rng.integers(len(chord)))] if number % 3 else chord[number // 3 % len(chord)]
            note += 12 * octave + (12 if rng.random() < 0.2 else 0)
            if note not in cache:
                cache[note] = _tone(_hertz(root, note), length, partials) * fade
            _place(out, beat * beat_s, cache[note] * np.float32(rng.uniform(0.55, 1)), float(rng.uniform(-0.6, 0.6)))
            beat += steps[number % len(steps)]
            number += 1
        return out * np.float32(0.5)

    return voice


def _bass(harmony: Sequence[Sequence[int]], root: float, beat_s: float, duration_s: float, rng: Rng) -> Sound:
    """The root of each chord, twice a bar, swinging a little."""
    out = np.zeros((round(duration_s * RATE), 2), np.float32)
    length = round(beat_s * 1.8 * RATE)
    fade = np.exp(-np.arange(length, dtype=np.float32) / np.float32(0.5 * RATE))
    for step in range(int(duration_s / (2 * beat_s)) + 1):
        note = min(harmony[step // 2 % len(harmony)])
        tone = _tone(_hertz(root / 2, note), length, (1, 0.5, 0.2)) * fade
        _place(out, step * 2 * beat_s + float(rng.uniform(0, 0.01)), tone, 0.0)
    return out * np.float32(0.7)


def _drums(harmony: Sequence[Sequence[int]], root: float, beat_s: float, duration_s: float, rng: Rng) -> Sound:
    """A low drum on one and three, a brush between."""
    del harmony, root
    out = np.zeros((round(duration_s * RATE), 2), np.float32)
    length = round(0.5 * RATE)
    at = np.arange(length) / RATE
    kick = (np.sin(2 * np.pi * (48 * at + 3.2 * (1 - np.exp(-at * 30)))) * np.exp(-at * 9)).astype(np.float32)
    brush = (rng.standard_normal(length) * np.exp(-at * 28)).astype(np.float32)
    brush = np.asarray(signal.lfilter([1, -0.9], [1], brush), np.float32)
    for step in range(int(duration_s / (beat_s / 2)) + 1):
        if step % 4 == 0:
            _place(out, step * beat_s / 2, kick, 0.0)
        elif step % 4 == 2 or rng.random() < 0.3:
            _place(out, step * beat_s / 2, brush * np.float32(rng.uniform(0.1, 0.3)), 0.3)
    return out


VOICES: Mapping[str, Callable[[Sequence[Sequence[int]], float, float, float, Rng], Sound]] = {
    "pad": _pad,
    "piano": _plucked((1, 0.45, 0.25, 0.12, 0.08, 0.04), 0.55, 1, (1, 0.5, 0.5, 1, 1)),
    "harp": _plucked((1, 0.3, 0.1), 0.4, 2, (0.5,)),
    "bells": _plucked((1, 0, 0.35, 0, 0, 0.2), 0.9, 3, (1, 1.5, 0.5, 1)),
    "marimba": _plucked((1, 0, 0, 0.28), 0.12, 1, (0.5, 0.25, 0.25, 0.5, 0.5)),
    "pulse": _plucked((1, 0.7, 0.5, 0.35, 0.25, 0.2, 0.15), 0.09, 0, (0.25,)),
    "bass": _bass,
    "drums": _drums,
}


def _coloured(duration_s: float, rng: Rng, low: float, high: float) -> Sound:
    """Stereo noise between two frequencies, about 1 on average."""
    count = round(duration_s * RATE)
    bands = signal.butter(2, [low, high], "bandpass", fs=RATE, output="sos")
    noise = np.asarray(signal.sosfilt(bands, rng.standard_normal((count, 2), dtype=np.float32), axis=0), np.float32)
    return noise / (noise.std() or 1)


def _swelling(duration_s: float, rng: Rng, period_s: float, floor: float) -> NDArray[np.float32]:
    """A slow rise and fall, never the same twice."""
    knots = rng.uniform(floor, 1, int(duration_s / period_s * 2) + 4)
    at = np.arange(round(duration_s * RATE)) / RATE / period_s * 2
    left = at.astype(int)
    share = (1 - np.cos((at - left) * np.pi)) / 2
    return np.asarray(knots[left] * (1 - share) + knots[left + 1] * share, np.float32)[:, None]


def _knocks(times_s: Sequence[float], duration_s: float, make: Callable[[], NDArray[np.float32]]) -> Sound:
    out = np.zeros((round(duration_s * RATE), 2), np.float32)
    for number, at in enumerate(times_s):
        _place(out, at, make(), 0.25 if number % 2 else -0.25)
    return out


def _thump(hertz: float, decay: float) -> NDArray[np.float32]:
    at = np.arange(round(0.3 * RATE)) / RATE
    return (np.sin(2 * np.pi * hertz * at) * np.exp(-at * decay) * np.clip(at * 200, 0, 1)).astype(np.float32)


def _rain(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    drops = np.zeros((round(duration_s * RATE), 2), np.float32)
    tick = (np.exp(-np.arange(200) / 40) * np.sin(np.arange(200) * 0.9)).astype(np.float32)
    for _ in range(int(duration_s * 30)):
        _place(
            drops,
            float(rng.uniform(0, duration_s)),
            tick * np.float32(rng.uniform(0.2, 1.5)),
            float(rng.uniform(-1, 1)),
        )
    return _coloured(duration_s, rng, 900, 9000) * 0.10 + drops * np.float32(0.2)


def _wind(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    low = _coloured(duration_s, rng, 120, 500) * _swelling(duration_s, rng, 4, 0.2)
    return low * 0.16 + _coloured(duration_s, rng, 600, 1400) * _swelling(duration_s, rng, 2.6, 0) * np.float32(0.05)


def _waves(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    wash = _coloured(duration_s, rng, 200, 4000) * _swelling(duration_s, rng, 3.4, 0.1) ** 2
    return wash * 0.16 + _coloured(duration_s, rng, 40, 160) * _swelling(duration_s, rng, 5, 0.3) * np.float32(0.14)


def _heart(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    times = [at + second for at in np.arange(0.4, duration_s, 0.92 + 0.04 * rng.random()) for second in (0, 0.24)]
    return _knocks(times, duration_s, lambda: _thump(52, 14))


def _steps(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s

    def step() -> NDArray[np.float32]:
        scrape = rng.standard_normal(round(0.09 * RATE)) * np.exp(-np.arange(round(0.09 * RATE)) / 700)
        return (
            np.asarray(signal.lfilter([0.3], [1, -0.7], scrape), np.float32) + _thump(90, 40)[: round(0.09 * RATE)]
        ) * (np.float32(0.5))

    return _knocks(
        [float(at + rng.uniform(-0.02, 0.02)) for at in np.arange(0.5, duration_s - 0.3, 0.56)], duration_s, step
    )


def _rails(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    times = [at + part for at in np.arange(0.3, duration_s, 0.86) for part in (0, 0.11, 0.3, 0.41)]
    clatter = _knocks(times, duration_s, lambda: _thump(75, 32) * np.float32(rng.uniform(0.6, 1)))
    return clatter * np.float32(0.6) + _coloured(duration_s, rng, 60, 320) * np.float32(0.12)


def _thunder(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    out = np.zeros((round(duration_s * RATE), 2), np.float32)
    for at in cuts_s[::2] or (1.0,):
        rumble = _coloured(3.0, rng, 30, 220)[:, 0] * np.exp(-np.arange(3 * RATE) / (0.8 * RATE)).astype(np.float32)
        _place(out, at + 0.8, rumble * np.float32(0.5), float(rng.uniform(-0.4, 0.4)))
    return out


def _crickets(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    at = np.arange(round(duration_s * RATE)) / RATE
    chirp = np.sin(2 * np.pi * 4300 * at) * (np.sin(2 * np.pi * 31 * at) > 0.1) * (np.sin(2 * np.pi * 1.7 * at) > 0.3)
    other = (
        np.sin(2 * np.pi * 3900 * at) * (np.sin(2 * np.pi * 27 * at) > 0.2) * (np.sin(2 * np.pi * 1.3 * at + 1) > 0.2)
    )
    soft = np.stack([chirp + 0.3 * other, other + 0.3 * chirp], axis=1).astype(np.float32)
    return soft * np.float32(0.03 + 0.005 * rng.random())


def _fire(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    times = np.sort(rng.uniform(0, duration_s, int(duration_s * 9)))
    crack = _knocks(
        [float(t) for t in times],
        duration_s,
        lambda: (rng.standard_normal(400) * np.exp(-np.arange(400) / 50) * rng.uniform(0.1, 0.8)).astype(np.float32),
    )
    return crack * np.float32(0.3) + _coloured(duration_s, rng, 80, 700) * _swelling(duration_s, rng, 1.2, 0.4) * (
        np.float32(0.07)
    )


def _room(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    return _coloured(duration_s, rng, 50, 400) * np.float32(0.06)


def _hum(duration_s: float, cuts_s: Sequence[float], rng: Rng) -> Sound:
    del cuts_s
    at = np.arange(round(duration_s * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * hertz * at) / number for number, hertz in enumerate((55, 82.6, 110.4, 165.2), 1))
    slow = _swelling(duration_s, rng, 3, 0.5)
    return np.repeat(np.asarray(tone, np.float32)[:, None], 2, axis=1) * slow * np.float32(0.12)


NOISES: Mapping[str, Callable[[float, Sequence[float], Rng], Sound]] = {
    "rain": _rain, "wind": _wind, "waves": _waves, "heart": _heart, "steps": _steps, "rails": _rails,
    "thunder": _thunder, "crickets": _crickets, "fire": _fire, "room": _room, "hum": _hum,
}  # fmt: skip
