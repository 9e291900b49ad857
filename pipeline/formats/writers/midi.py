"""A grid as a Standard MIDI File.

Source: Standard MIDI Files 1.0, format 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

from pipeline.core.music import SILENCE, Grid
from pipeline.formats.writers.harmony import block_chord
from pipeline.formats.writers.layout import Layout, part_name, printable, sounds
from pipeline.formats.writers.time_signature import TimeSignature, of_length

TICKS_PER_STEP = 120
MICROSECONDS_PER_QUARTER = 500_000  # 120 quarters a minute
VELOCITY = 80
CHORD_VELOCITY = 56  # softer than the melody
CLOCKS_PER_WHOLE = 96  # MIDI clocks, 24 a quarter
MINOR_MODES = ("minor", "aeolian")  # MIDI names major and minor only
DRUM_CHANNEL = 9
CHANNELS = 16


def as_midi(grid: Grid, layout: Layout) -> bytes:
    """A Standard MIDI File: one track of title, tempo, key and meter, then one per voice."""
    tracks = [_conductor(layout, grid.n_steps)]
    tracks += [_voice_track(grid, voice) for voice in range(grid.voices)]
    if layout.play_chords and layout.chords:
        tracks.append(_chord_track(layout, grid))
    division = TICKS_PER_STEP * layout.steps_per_quarter
    header = b"MThd" + _integers(4, 6) + _integers(2, 1, len(tracks), division)
    return header + b"".join(b"MTrk" + _integers(4, len(track)) + track for track in tracks)


def _conductor(layout: Layout, n_steps: int) -> bytes:
    events = [
        (0, _meta(0x03, printable(layout.title).encode("utf-8"))),
        (0, _meta(0x51, _integers(3, MICROSECONDS_PER_QUARTER))),
    ]
    if layout.key_fifths is not None:
        minor = layout.key_mode in MINOR_MODES
        events.append((0, _meta(0x59, bytes([layout.key_fifths % 256, minor]))))
    events += [(step, _time_signature(signature)) for step, signature in _signatures(layout, n_steps)]
    if layout.mark is not None:
        events.append((layout.mark, _meta(0x06, printable(layout.mark_text).encode("utf-8"))))
    return _track(sorted(events, key=lambda event: event[0]), n_steps)


def _signatures(layout: Layout, n_steps: int) -> Iterator[tuple[int, TimeSignature]]:
    """Time signatures by step, so that bar lines fall where the score has them.

    MIDI knows no incomplete bars: an anacrusis, and a bar inside the piece that is longer or
    shorter than others, has a time signature of its own. Where no signature has its length,
    it has none, and the next bar begins with one. The last bar may be incomplete.
    """
    if layout.meter is None:
        return
    shown: TimeSignature | None = None
    bars = layout.bars(n_steps)
    for begin, end in pairwise(bars):
        incomplete_end = end == n_steps and begin > 0 and end - begin < layout.bar
        is_regular = end - begin == layout.bar or incomplete_end or (len(bars) == 2 and not layout.first_bar)
        signature: TimeSignature | None = layout.meter
        if not is_regular:
            signature = of_length(layout.wholes(end - begin), layout.meter.denominator)
        if signature is not None and signature != shown:
            yield begin, signature
        shown = signature


def _time_signature(signature: TimeSignature) -> bytes:
    """The event; a metronome clicks on the beats, three to a click in compound meters."""
    beat = Fraction(3 if signature.compound else 1, signature.denominator)
    clicks = min(max(1, int(CLOCKS_PER_WHOLE * beat)), 255)
    return _meta(0x58, bytes([signature.numerator, signature.denominator.bit_length() - 1, clicks, 8]))


def _voice_track(grid: Grid, voice: int) -> bytes:
    channel = voice % (CHANNELS - 1)
    channel += channel >= DRUM_CHANNEL
    events = [(0, _meta(0x03, part_name(voice, grid.voices).encode("utf-8")))]
    for sound in sounds(grid, voice):
        if sound.pitch != SILENCE:
            events.append((sound.onset, bytes([0x90 + channel, sound.pitch, VELOCITY])))
            events.append((sound.onset + sound.duration, bytes([0x80 + channel, sound.pitch, 0])))
    return _track(events, grid.n_steps)


def _chord_track(layout: Layout, grid: Grid) -> bytes:
    """Block chords, each until the next symbol."""
    channel = grid.voices % (CHANNELS - 1)
    channel += channel >= DRUM_CHANNEL
    events = [(0, _meta(0x03, b"Chords"))]
    steps = [step for step, _ in layout.chords]
    for (step, chord), end in zip(layout.chords, (*steps[1:], grid.n_steps), strict=True):
        pitches = block_chord(chord)
        events += [(step, bytes([0x90 + channel, pitch, CHORD_VELOCITY])) for pitch in pitches]
        events += [(end, bytes([0x80 + channel, pitch, 0])) for pitch in pitches]
    return _track(events, grid.n_steps)


def _track(events: Iterable[tuple[int, bytes]], n_steps: int) -> bytes:
    """Events in order of time, ended where the grid ends."""
    written, now = b"", 0
    for step, event in (*events, (n_steps, _meta(0x2F, b""))):
        written += _variable_length((step - now) * TICKS_PER_STEP) + event
        now = step
    return written


def _meta(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + _variable_length(len(content)) + content


def _variable_length(value: int) -> bytes:
    """Seven bits a byte, the highest first; all but the last byte have their top bit set."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


def _integers(size: int, *values: int) -> bytes:
    return b"".join(value.to_bytes(size, "big") for value in values)
