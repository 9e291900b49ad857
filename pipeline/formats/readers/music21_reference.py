"""Read ABC, MusicXML and **kern with music21: slow, and the reference for the fast readers.

Some deviations of music21 10.5 from the scores are corrected here: accidentals last to
the end of the bar only if the text declares ABC 2, and an ABC bar that does not fill its
meter gets a new meter. Other faults are listed in ``tests/helpers/comparison.py``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from pipeline.core.music import TICKS_PER_QUARTER, Meter, Piece
from pipeline.core.text import message_of
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.source import ReadError, decode
from pipeline.formats.readers.base.staff import KeySign, Staff, Ticks, Written

ABC_2 = "%abc-2.1\n%%propagate-accidentals {}\n"

FORMATS = ("abc", "kern", "musicxml")


def read(format_name: str, content: bytes, carry: str = "octave", played: bool = False) -> Piece:
    """Read one piece.

    Args:
        format_name: one of FORMATS.
        content: one tune, or one unpacked score.
        carry: how far an accidental of ABC reaches in its bar.
        played: repeats are played out.

    Raises:
        ReadError: music21 fails on it, or it holds no note or a percussion staff.
    """
    text = decode(content)
    try:
        score = _parse_abc(ABC_2.format(carry) + text) if format_name == "abc" else _parse(text, format_name)
        score = _play_out(score, text) if played else score
        written_meters = _written_meters(text) if format_name == "abc" else None
        staves = [_staff(part, written_meters) for part in score.parts]
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # music21 may raise any exception
        raise ReadError("unreadable", f"music21: {type(error).__name__}: {message_of(error)}") from None
    if not any(staff.notes for staff in staves):
        raise ReadError("no_notes", "the piece holds no note")
    about = score.metadata
    return Piece(
        title=_line(about and (about.title if format_name == "abc" else about.bestTitle)),
        composer=_line(about and about.composer),
        parts=tuple(staff.part() for staff in staves),
        origin=_line(about and about.localeOfComposition),
    )


def _parse_abc(text: str) -> Any:
    from music21 import abcFormat

    translate: Any = abcFormat.translate
    return translate.abcToStreamScore(abcFormat.ABCFile().readstr(text))


def _parse(text: str, format_name: str) -> Any:
    from music21 import converter

    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)  # a decoded text has no encoding to declare
    names = {"kern": "humdrum"}
    score = converter.parseData(text, format=names.get(format_name, format_name), forceSource=True)
    score.toSoundingPitch(inPlace=True)
    return score


def _play_out(score: Any, text: str) -> Any:
    """Unfold repeats; music21 creates no bars for a short ABC tune, whose repeats would be lost."""
    if any(part.hasMeasures() for part in score.parts):
        return score.expandRepeats()
    if re.search(r":[|:]", text):
        raise ReadError("bad_repeats", "music21 makes no bars of so short a tune, so it cannot repeat them")
    return score


def _written_meters(text: str) -> set[tuple[int, int]]:
    """The meters that the M: fields name; music21 adds others of its own, and loses some."""
    named = re.findall(r"(?:^|\[)M:\s*([^\]\n%]*)", text, flags=re.MULTILINE)
    meters = {{"C": (4, 4), "C|": (2, 2)}.get(name.strip(), (0, 0)) for name in named}
    for name in named:
        fraction = re.search(r"(\d+)\s*/\s*(\d+)", name)
        if fraction:
            meters.add((int(fraction[1]), int(fraction[2])))
    return meters - {(0, 0)}


def _staff(part: Any, written_meters: set[tuple[int, int]] | None) -> Staff:
    from music21 import bar, chord, expressions, harmony, key, meter, note, stream

    flat = part.flatten()
    staff = Staff(name=_line(part.partName), end=_ticks(flat.highestTime))
    for element in flat.notes:
        if isinstance(element, note.Unpitched | chord.ChordBase) and not isinstance(element, chord.Chord):
            raise ReadError("percussion", f"the part '{staff.name}' is percussion: its notes have no pitch")
        if isinstance(element, harmony.Harmony):
            continue
        members = element.notes if isinstance(element, chord.Chord) else (element,)
        if element.duration.isGrace:
            staff.n_grace += len(members)
            continue
        fermata = any(isinstance(mark, expressions.Fermata) for mark in element.expressions)
        onset, duration = _ticks(element.offset), _ticks(element.quarterLength)
        for member in members:
            tie = member.tie.type if member.tie is not None else ""
            ties_on, tied_from = tie in ("start", "continue"), tie in ("stop", "continue")
            staff.notes.append(Written(onset, duration, member.pitch.midi, ties_on, tied_from, fermata))
    for signature in flat.getElementsByClass(key.KeySignature):
        mode = signature.mode if isinstance(signature, key.Key) else ""
        staff.keys.append(KeySign(signature.sharps, mode, _ticks(signature.offset)))
    if written_meters is not None and len(written_meters) == 1:
        staff.meters.append(Meter(0, *next(iter(written_meters))))
    for time in flat.getElementsByClass(meter.TimeSignature):
        if written_meters is None or (time.numerator, time.denominator) in written_meters:
            staff.meters.append(Meter(int(_ticks(time.offset)), time.numerator, time.denominator))
    if written_meters is None:
        staff.lines = []
        closed = True
        for measure in part.getElementsByClass(stream.Measure):
            left, right = measure.leftBarline, measure.rightBarline
            opens_repeat = isinstance(left, bar.Repeat)
            plain = closed and not opens_repeat and measure.showNumber != stream.enums.ShowNumber.NEVER
            staff.lines.append(BarLine(int(_ticks(measure.offset)), "plain" if plain else "sign"))
            closed = right is None or right.type == "regular"
    return staff


def _ticks(quarters: Any) -> Ticks:
    exact = Fraction(quarters) * TICKS_PER_QUARTER
    return exact.numerator if exact.denominator == 1 else exact


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
