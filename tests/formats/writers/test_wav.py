"""Properties of the written sound, measured in the samples."""

import io
import wave

import numpy as np
import pytest

from pipeline.core.music import Grid
from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout, ScoreError
from pipeline.formats.writers.wav import as_wav


def listen(*tokens: int, voices: int = 1) -> tuple[np.ndarray, int]:
    """Samples from -1 to 1, and how many there are a second; two steps a quarter: a step is 0.25 s."""
    grid = decode([START, *tokens, STOP], voices)
    with wave.open(io.BytesIO(as_wav(grid, Layout(2)))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 2**15
        return samples, sound.getframerate()


def strongest(samples: np.ndarray, rate: int, n: int = 1) -> list[float]:
    """The n strongest frequencies in Hertz, ascending, without neighbours of a stronger one."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 17))
    hertz = np.fft.rfftfreq(1 << 17, 1 / rate)
    found = []
    for _ in range(n):
        found.append(float(hertz[power.argmax()]))
        power[np.abs(hertz - found[-1]) < 15] = 0
    return sorted(found)


@pytest.mark.parametrize(("pitch", "hertz"), [(69, 440.0), (60, 261.63), (48, 130.81), (81, 880.0)])
def test_a_note_sounds_at_its_frequency(pitch: int, hertz: float) -> None:
    samples, rate = listen(pitch, 128 + pitch)
    assert strongest(samples, rate) == [pytest.approx(hertz, rel=0.002)]


def test_notes_follow_each_other_in_time() -> None:
    samples, rate = listen(60, 188, 67, 195)
    first, second = samples[: rate // 2], samples[rate // 2 : rate]
    assert strongest(first, rate) == [pytest.approx(261.63, rel=0.002)]
    assert strongest(second, rate) == [pytest.approx(392.0, rel=0.002)]


def test_silence_is_silent() -> None:
    samples, rate = listen(60, 0, 128, 62)
    assert np.abs(samples[: rate // 4]).max() > 0.1
    assert np.abs(samples[rate // 4 : 3 * rate // 4]).max() == 0


def test_a_repeated_note_has_a_new_attack_and_a_held_note_has_not() -> None:
    def loudness(samples: np.ndarray, rate: int, second: float) -> float:
        return float(np.abs(samples[int((second - 0.004) * rate) : int(second * rate)]).max())

    repeated, held = (loudness(*listen(*tokens), 0.25) for tokens in ((60, 60), (60, 188)))
    assert repeated < held / 3


def test_voices_sound_together() -> None:
    samples, rate = listen(76, 60, 204, 188, voices=2)
    assert strongest(samples, rate, 2) == [pytest.approx(261.63, rel=0.01), pytest.approx(659.26, rel=0.01)]


def test_nothing_is_clipped() -> None:
    samples, _ = listen(*[60, 64, 67, 72] * 2, voices=4)
    assert 0.85 < np.abs(samples).max() < 0.95


def test_hours_of_sound_are_refused() -> None:
    grid = Grid(np.full((20_000, 1), 60, np.uint8), np.arange(20_000)[:, None] > 0)
    with pytest.raises(ScoreError, match="10000 seconds of sound; allowed are 3600"):
        as_wav(grid, Layout(1))
