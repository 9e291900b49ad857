"""A grid as sound: a WAV file, one channel of 16 bits.

Every note is a plucked tone: a few partials of its frequency (equal temperament,
A4 = 440 Hz), the higher ones weaker and shorter. It begins within ATTACK_SECONDS
and is damped at its end on the grid, so adjacent notes of one pitch are audibly
separate. All voices are equally loud.
"""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

from pipeline.core.music import SILENCE, Grid
from pipeline.formats.writers.layout import Layout, ScoreError, sounds

SAMPLES_PER_SECOND = 22_050
SECONDS_PER_QUARTER = 0.5
ATTACK_SECONDS = 0.005
DAMPING_SECONDS = 0.03
PARTIALS = 5
HALVING_SECONDS = 0.6  # of the first partial; the k-th fades k times as fast
LOUDEST = 0.9  # of full scale
MAX_SECONDS = 3600


def as_wav(grid: Grid, layout: Layout) -> bytes:
    """A WAV file at 120 quarter notes a minute.

    Raises:
        ScoreError: longer than an hour.
    """
    samples = np.rint(heard(grid, layout) * (2**15 - 1)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLES_PER_SECOND)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def heard(grid: Grid, layout: Layout) -> NDArray[np.float64]:
    """The samples, from -LOUDEST to LOUDEST; all zero for silence alone."""
    seconds_per_step = SECONDS_PER_QUARTER / layout.steps_per_quarter
    seconds = grid.n_steps * seconds_per_step
    if seconds > MAX_SECONDS:
        raise ScoreError(f"{seconds:.0f} seconds of sound; allowed are {MAX_SECONDS}")
    samples = np.zeros(_place(seconds) + 1)
    for voice in range(grid.voices):
        for sound in sounds(grid, voice):
            if sound.pitch != SILENCE:
                begin, end = (
                    _place(step * seconds_per_step) for step in (sound.onset, sound.onset + sound.duration)
                )
                samples[begin:end] += _tone(sound.pitch, end - begin)
    loudest = np.abs(samples).max()
    return np.asarray(samples * (LOUDEST / loudest) if loudest else samples)


def frequency(pitch: int) -> float:
    """Hertz of a MIDI note number.

    >>> frequency(69)
    440.0
    """
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def _tone(pitch: int, n_samples: int) -> NDArray[np.float64]:
    time = np.arange(n_samples) / SAMPLES_PER_SECOND
    tone = np.zeros(n_samples)
    for partial in range(1, PARTIALS + 1):
        hertz = partial * frequency(pitch)
        if hertz < SAMPLES_PER_SECOND / 2:
            fading = 0.5 ** (time * partial / HALVING_SECONDS)
            tone += np.sin(2 * np.pi * hertz * time) * fading / partial**2
    rise = np.minimum(time / ATTACK_SECONDS, 1)
    fall = np.minimum((n_samples - np.arange(n_samples)) / SAMPLES_PER_SECOND / DAMPING_SECONDS, 1)
    return np.asarray(tone * rise * fall)


def _place(seconds: float) -> int:
    return round(seconds * SAMPLES_PER_SECOND)
