"""Known differences of the reference readers of MusicXML: rewritings as in :mod:`abc_known`.

They work on the text of a partwise score; a score that is no XML is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tests.benchmarks.judging.xml_bars import (
    empty_bar,
    fill_bars,
    fill_staves,
    sign_lengths,
    signs_in_all_parts,
)
from tests.benchmarks.judging.xml_notes import (
    at_sounding_pitch,
    cut_ties,
    exact_ties,
    rests_by_type,
    spell_hidden_rests,
    types_by_duration,
    whole_chords,
    with_staves,
    without_accidentals,
    without_unpitched,
)
from tests.benchmarks.judging.xml_signs import (
    brackets_to_the_repeat,
    closed_endings,
    endings_of_one_pass,
    explicit_starts,
    numbered_endings,
    sounding_jumps,
    without_jumps_in_words,
    without_open_endings,
)

Rewrite = Callable[[str], str]


def _on_score(change: Callable[[Element], None]) -> Rewrite:
    """A rewriting of the whole score."""

    def rewrite(text: str) -> str:
        try:
            root = ElementTree.fromstring(text.encode())
        except ElementTree.ParseError:
            return text
        before = ElementTree.tostring(root)
        change(root)
        after = ElementTree.tostring(root)
        return after.decode() if after != before else text

    return rewrite


def _on_parts(change: Callable[[list[Element]], None]) -> Rewrite:
    """A rewriting of the measures of each part."""

    def change_all(root: Element) -> None:
        for part in root.iterfind("part"):
            change(part.findall("measure"))

    return _on_score(change_all)


def _ties_apart(measures: list[Element]) -> None:
    """No tie leads over a bar line that has a sign, or to a jump."""
    for measure, following in zip(measures, measures[1:] + measures[:1], strict=True):
        if _has_sign(measure) or _has_sign(following):
            _cut_ties(measure, "start")
            _cut_ties(following, "stop")


def _has_sign(measure: Element) -> bool:
    signs = (
        "barline/repeat",
        "barline/ending",
        "direction/direction-type/coda",
        "direction/direction-type/segno",
    )
    return any(measure.find(sign) is not None for sign in signs) or any(
        word in (words.text or "").lower()
        for words in measure.iterfind("direction/direction-type/words")
        for word in ("d.c", "d.s", "fine", "coda")
    )


def _cut_ties(measure: Element, kind: str) -> None:
    for note in measure.iterfind("note"):
        cut_ties(note, kind)


def _without_ties(measures: list[Element]) -> None:
    for measure in measures:
        _cut_ties(measure, "start")
        _cut_ties(measure, "stop")


def _without_octave_lines(measures: list[Element]) -> None:
    for measure in measures:
        for direction in measure.findall("direction"):
            if direction.find("direction-type/octave-shift") is not None:
                measure.remove(direction)


def _duplets_dotted(measures: list[Element]) -> None:
    """Two notes in the time of three: a dot instead."""
    for note in (note for measure in measures for note in measure.iterfind("note")):
        change, kind = note.find("time-modification"), note.find("type")
        if change is None or kind is None:
            continue
        if (change.findtext("actual-notes"), change.findtext("normal-notes")) == ("2", "3"):
            note.remove(change)
            note.insert(list(note).index(kind) + 1, Element("dot"))
            for notations in note.iterfind("notations"):
                for tuplet in notations.findall("tuplet"):
                    notations.remove(tuplet)


def _has_nested_tuplet(measure: Element) -> bool:
    return any(tuplet.get("number", "1") != "1" for tuplet in measure.iterfind("note/notations/tuplet"))


def _without_nested_tuplets(measures: list[Element]) -> None:
    """A bar that holds a tuplet inside a tuplet is a rest; no tie leads over its bar lines."""
    for place, measure in enumerate(measures):
        if _has_nested_tuplet(measure):
            for other in measures[max(0, place - 1) : place + 2]:
                _cut_ties(other, "start")
                _cut_ties(other, "stop")
            empty_bar(measure)


def _without_tuplets(measures: list[Element]) -> None:
    """A bar that holds a tuplet is a rest; no tie leads over its bar lines."""
    for place, measure in enumerate(measures):
        if measure.find("note/time-modification") is not None:
            for other in measures[max(0, place - 1) : place + 2]:
                _cut_ties(other, "start")
                _cut_ties(other, "stop")
            empty_bar(measure)


EARLY_BRACKET = "an ending whose bracket stops before its repeat sign: the bars after it are played again"
SECTION_START = "a section without forward repeat is played from an earlier one"
NUMBERS = "endings of one section are numbered 1 and 1, or 1 and 3, by a slip; the judge leaves one out"
NO_CLOSE = "an ending that another follows has no backward repeat; the judge leaves it out"
PASSES = "of endings for several passes (1, 3 and 2, 4) the last pass is not played"
PRINTED_JUMPS = "jumps that words or symbols alone print are not played"
OTHER_JUMPS = "jumps that words or symbols alone print are played otherwise"
TIED_OVER_SIGN = "a note tied over a repeat sign or a jump sounds on into the bar that is played next"
UNTOUCHED_TIES = "a tie to a note that it does not touch, or of which one end is missing, is joined otherwise"
OTHER_TIES = "ties between voices, or in unison, are joined otherwise"
UNPITCHED = "a percussion staff is played as pitches; MusicXML: <unpitched> has none"
TYPE = "the type of a note counts where it contradicts the duration; MusicXML: the duration is what sounds"
REST_TYPE = "the type of a rest counts where it contradicts the duration; MusicXML: the duration counts"
SIGN_SOUNDS = "an accidental without <alter> changes the pitch; MusicXML: <alter> is what sounds"
HIDDEN_RESTS = "hidden rests (<forward>) in tuplets take other time"
TRANSPOSED = "a change of transposition inside a part is lost"
TUPLETS = "a tuplet without bracket, or of other display, is not taken in its written duration"
SIGNS_IN_ONE_PART = "repeats and endings that one part has are not played in the others"
UNEQUAL_BARS = (
    "a part that leaves a bar short, or has rests of another type than their time, "
    "drifts away from the others"
)
OCTAVE_LINE = "an octave line is added to <pitch>; MusicXML: <pitch> is what sounds"
UNEQUAL_STAVES = "a staff that leaves a bar short drifts away from the others"
SHORT_BARS = "a bar of another length than its time signature, or than that of another part, takes other time"
DUPLETS = "a duplet without bracket is not taken in its written duration"
NESTED = "a tuplet inside a tuplet is not taken in its written duration"
OPEN_ENDINGS = "endings that no repeat sign closes, or a last ending that one closes, are played otherwise"
BOTH_STAVES = "a note without <staff> is put on both staves of its part"
CUT_CHORD = "a chord is cut off by a direction between its notes"

_SIGNS: dict[str, Rewrite] = {
    EARLY_BRACKET: _on_parts(brackets_to_the_repeat),
    SECTION_START: _on_parts(explicit_starts),
}
MUSESCORE_EQUIVALENT: dict[str, Rewrite] = _SIGNS | {
    NUMBERS: _on_parts(numbered_endings),
    NO_CLOSE: _on_parts(closed_endings),
    PRINTED_JUMPS: _on_parts(sounding_jumps),
    UNTOUCHED_TIES: _on_score(exact_ties),
    OCTAVE_LINE: _on_parts(_without_octave_lines),
    UNPITCHED: _on_score(without_unpitched),
    TYPE: _on_score(types_by_duration),
}
MUSESCORE_SIMPLER: dict[str, Rewrite] = {
    TIED_OVER_SIGN: _on_parts(_ties_apart),
    OTHER_TIES: _on_parts(_without_ties),
    OTHER_JUMPS: _on_parts(without_jumps_in_words),
    PASSES: _on_parts(endings_of_one_pass),
    REST_TYPE: _on_score(rests_by_type),
    TUPLETS: _on_parts(_without_tuplets),
}
VEROVIO_EQUIVALENT: dict[str, Rewrite] = _SIGNS | {
    NUMBERS: _on_parts(numbered_endings),
    UNTOUCHED_TIES: _on_score(exact_ties),
    SIGNS_IN_ONE_PART: _on_score(signs_in_all_parts),
    HIDDEN_RESTS: _on_score(spell_hidden_rests),
    UNEQUAL_BARS: _on_score(fill_bars),
    DUPLETS: _on_parts(_duplets_dotted),
    SHORT_BARS: _on_score(sign_lengths),
    OCTAVE_LINE: _on_parts(_without_octave_lines),
    UNPITCHED: _on_score(without_unpitched),
    SIGN_SOUNDS: _on_score(without_accidentals),
    TYPE: _on_score(types_by_duration),
    TRANSPOSED: _on_score(at_sounding_pitch),
}
VEROVIO_SIMPLER: dict[str, Rewrite] = {
    PRINTED_JUMPS: _on_parts(without_jumps_in_words),
    OPEN_ENDINGS: _on_parts(without_open_endings),
    TIED_OVER_SIGN: _on_parts(_ties_apart),
    OTHER_TIES: _on_parts(_without_ties),
    NESTED: _on_parts(_without_nested_tuplets),
    REST_TYPE: _on_score(rests_by_type),
    TUPLETS: _on_parts(_without_tuplets),
}
MUSIC21_EQUIVALENT: dict[str, Rewrite] = _SIGNS | {
    SIGNS_IN_ONE_PART: _on_score(signs_in_all_parts),
    UNEQUAL_BARS: _on_score(fill_bars),
    UNEQUAL_STAVES: _on_score(fill_staves),
    SHORT_BARS: _on_score(sign_lengths),
    BOTH_STAVES: _on_score(with_staves),
    CUT_CHORD: _on_score(whole_chords),
    SIGN_SOUNDS: _on_score(without_accidentals),
}
MUSIC21_SIMPLER: dict[str, Rewrite] = {OTHER_JUMPS: _on_parts(without_jumps_in_words)}
